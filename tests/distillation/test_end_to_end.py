"""From the policies that ship to a student that ``hot eval`` judges."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hot.policies import Policy
from hotcli.app import app


def hot(words: str):
    result = CliRunner().invoke(app, shlex.split(words), prog_name="hot", catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result


@pytest.mark.slow
def test_two_shipped_teachers_make_one_student(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOT_DATA", str(tmp_path / "data"))
    sizes = "--set synthesis.train_clips=6 --set scaling.factors=[1.2] --set ppo.network.hidden=[128,64]"
    course = "--set distillation.handover=0.7 --set distillation.explained_variance=-9 --set ppo.mini_epochs=8"
    words = (
        "--hand mano --objects Bottle,Box --skills grasp,move --num-envs 32 --epochs 12 --engine mujoco --out runs/x"
    )
    told = hot(f"distill {words} {sizes} {course} --set distillation.learning_rate=2e-3").stderr
    assert "Bottle.safetensors (Bottle: grasp, move)" in told and "Box.safetensors (Box: grasp, move)" in told
    with Path("runs/x/metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["loss/phase"] for row in rows] == ["1"] * 9 + ["2"] + ["3"] * 2
    lost = [float(row["loss/cloning"]) for row in rows]
    assert sum(lost[-3:]) / 3 < 0.7 * lost[0]  # that of the student before it learnt anything
    trained = Policy.load(Path("runs/x/policy.safetensors")).spec.trained
    assert set(trained["objects"]) == {"Bottle", "Bottle@1.2", "Box", "Box@1.2"}
    assert set(trained["teachers"]) == {"mano/Bottle.safetensors", "mano/Box.safetensors"}
    for name in ("Bottle", "Box"):
        report = json.loads(hot(f"eval runs/x --object {name} --clips 3 --engine mujoco --out {name} --json").stdout)
        assert {(row["object"], row["skill"]) for row in report["skills"]} == {(name, "grasp"), (name, "move")}
