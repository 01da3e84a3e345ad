"""Several processes train one network: they stay alike where they must, differ where they may, and end together."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hot.errors import ConfigError
from hot.policies import Policy
from hot.runs import Run
from hot.training.checkpoints import load_checkpoint
from hot.training.ranks import ALONE, Ranks, check_gpus, joined, launch, launched

WORKER = str(Path(__file__).with_name("two_ranks.py"))


def worker(folder: Path, epochs: int, how: str = "new") -> list:
    return [sys.executable, WORKER, str(folder), str(epochs), how]


def test_a_process_that_nobody_launched_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert not launched()
    with joined() as ranks, ranks.leader_first():
        assert ranks == ALONE and ranks.leads and ranks.seed(7) == 7 and ranks.share({"a": 1}) == {"a": 1}
        tensor = torch.ones(3)
        ranks.average([tensor])
        ranks.copy([tensor])
        assert torch.equal(tensor, torch.ones(3))


def test_every_rank_has_a_seed_of_its_own():
    assert len({Ranks(rank, 8).seed(seed) for rank in range(8) for seed in range(1, 1000)}) == 8 * 999


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)
    check_gpus(1)
    with pytest.raises(ConfigError, match="2 GPUs are asked for, and PyTorch sees 1"):
        check_gpus(2)


@pytest.mark.slow
def test_two_ranks_share_weights_and_normalisers_but_not_worlds(tmp_path):
    assert launch(worker(tmp_path, 3), 2) == 0
    first, second = (torch.load(tmp_path / f"rank{rank}.pth", weights_only=True) for rank in range(2))
    assert float(first["model"]["running_mean_std.count"]) == 1 + 2 * (8 + 3 * 8 * 4)
    for name, value in first["model"].items():
        assert torch.equal(value, second["model"][name]), name
    assert not torch.equal(first["worlds"], second["worlds"])
    run = Run.open(tmp_path / "run")
    assert run.status == "finished"
    assert Policy.load(run.policy_path).spec.trained["samples"] == 2 * 3 * 8 * 4
    assert len(run.metrics_path.read_text().splitlines()) == 1 + 3
    assert launch(worker(tmp_path, 4, "resume"), 2) == 0
    assert load_checkpoint(run.checkpoint_path)["epoch"] == 4


@pytest.mark.slow
def test_ctrl_c_stops_both_ranks_and_keeps_the_epoch(tmp_path):
    code = "import sys; from hot.training.ranks import launch; sys.exit(launch(sys.argv[1:], 2))"
    command = [sys.executable, "-c", code, *worker(tmp_path, 100000)]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while process.stdout.readline().strip() != "3":
        assert process.poll() is None, process.stderr and process.stderr.read()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    run = Run.open(tmp_path / "run")
    assert run.status == "interrupted"
    assert load_checkpoint(run.checkpoint_path)["epoch"] >= 3


@pytest.mark.slow
def test_a_failing_rank_ends_the_others(tmp_path):
    assert launch(worker(tmp_path, 3, "resume"), 2) not in (0, 130)  # there is no run to go on with
