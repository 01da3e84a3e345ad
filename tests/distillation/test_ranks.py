"""Several processes distil one student: they stay alike, and go from phase to phase together."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from hot.training.ranks import launch

WORKER = str(Path(__file__).with_name("two_ranks.py"))


@pytest.mark.slow
def test_two_ranks_share_the_student_and_its_course(tmp_path):
    assert launch([sys.executable, WORKER, str(tmp_path)], 2) == 0
    first, second = (torch.load(tmp_path / f"rank{rank}.pth", weights_only=True) for rank in range(2))
    for name, value in first["model"].items():
        assert torch.equal(value, second["model"][name]), name
    assert first["agent"]["course"] == second["agent"]["course"]
    assert first["agent"]["course"]["rewarded_from"] is not None
    assert torch.equal(first["agent"]["survival"], second["agent"]["survival"])
