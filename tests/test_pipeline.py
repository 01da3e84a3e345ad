"""The whole pipeline through the command line, small: what one stage writes, the next one reads."""

from __future__ import annotations

import csv
import json
import math
import shlex

import pytest
import torch
from typer.testing import CliRunner

from hot.hands import load_hand
from hot.motions import save_upstream
from hotcli.app import app
from tests.conftest import hover_motions

TINY = "--num-envs 16 --epochs 2 --set ppo.horizon=4 --set ppo.minibatches=2 --set ppo.network.hidden=[16]"
SHORT = "--clips 3 --set evaluation.frames=60"


@pytest.fixture
def hot(tmp_path, monkeypatch):
    """Runs a command in an empty working folder and insists that it succeeds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOT_DATA", raising=False)

    def run(command: str, code: int = 0):
        result = CliRunner().invoke(app, shlex.split(command), prog_name="hot")
        assert result.exit_code == code, result.output
        return result

    return run


def test_from_grasps_to_a_report(hot, tmp_path):
    hot("data generate --hand allegro --object bottle --skill move,freemove --clips 6 --seed 2")
    folder = tmp_path / "data" / "motions" / "allegro" / "bottle"
    assert sorted(path.name for path in folder.iterdir()) == ["freemove.safetensors", "move.safetensors"]
    told = json.loads(hot("data info --json").stdout)
    assert {row["skill"]: row["clips"] for row in told} == {"freemove": 6, "move": 6}

    first = hot(f"train teacher --hand allegro --object bottle --skill move,freemove --out runs/one {TINY}")
    assert "planning" not in first.stderr  # the clips of the data folder are taken
    second = hot(f"train teacher --hand allegro --object bottle --skill move --stage 2 --out runs/two {TINY}")
    assert "Starting from runs/one" in second.stderr

    hot(f"eval runs/two --skill move,freemove {SHORT} --video clip.mp4")
    report = json.loads((tmp_path / "runs" / "two" / "report.json").read_text())
    rows = {(row["skill"], row["controller"]): row for row in report["skills"]}
    assert set(rows) == {(s, c) for s in ("move", "freemove") for c in ("open loop", "policy")}
    for row in rows.values():
        assert row["clips"] == 3
        assert all(math.isfinite(value) for value in row["means"].values())
    with open(tmp_path / "runs" / "two" / "report.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 4
    assert (tmp_path / "clip_move.mp4").stat().st_size > 10_000


def test_a_run_goes_on_where_it_was_told_to_stop(hot, tmp_path):
    start = f"train teacher --hand allegro --object bottle --skill freemove --out runs/one {TINY}"
    hot(f"{start} --set synthesis.train_clips=4")
    hot("train teacher --resume --out runs/one --epochs 4")
    provenance = json.loads((tmp_path / "runs" / "one" / "state.json").read_text())
    assert provenance["status"] == "finished"
    refused = hot("train teacher --resume --out runs/one --num-envs 32", code=1)
    assert "only ppo.epochs and ppo.seconds may change" in refused.stderr
    again = hot(f"{start} --set synthesis.train_clips=4", code=1)
    assert "--resume" in again.stderr


def test_without_a_policy_the_open_loop_is_judged_alone(hot, tmp_path):
    result = hot(f"eval --hand allegro --object box --skill freemove {SHORT} --out judged")
    assert "open loop only" in result.stderr
    report = json.loads((tmp_path / "judged" / "report.json").read_text())
    assert [row["controller"] for row in report["skills"]] == ["open loop"]
    assert report["skills"][0]["rates"]["skill"]["successes"] == 3


def test_the_policy_that_ships_is_judged_where_there_is_no_run(hot, tmp_path):
    result = hot(f"eval --skill move {SHORT} --out judged")
    assert "Judging the shipped policy mano/student, of 20 objects" in result.stderr
    open_loop, policy = json.loads((tmp_path / "judged" / "report.json").read_text())["skills"]
    assert (open_loop["controller"], policy["controller"]) == ("open loop", "policy")
    assert policy["rates"]["hot"]["successes"] == 3


def test_what_a_policy_really_did_is_tracked_and_learnt_from(hot, tmp_path):
    hot("data generate --hand allegro --skill move --clips 3 --seed 3")
    result = hot("export refined --hand allegro --skill move --json")
    (row,) = json.loads(result.stdout)["skills"]
    assert row["clips"] == 3 and row["kept"] >= 2
    folder = "data/refined/allegro/bottle"
    (told,) = json.loads(hot(f"data info {folder} --json").stdout)
    assert (told["clips"], told["refined"]) == (row["kept"], f"{row['kept']} of 3")

    errors = {}
    for name, motions in (("planned", "data/motions/allegro/bottle"), ("refined", folder)):
        hot(f"eval --hand allegro --skill move --motions {motions} {SHORT} --out {name}")
        open_loop, policy = json.loads((tmp_path / name / "report.json").read_text())["skills"]
        errors[name] = open_loop["means"]["e_op_cm"]
        assert policy["rates"]["hot"]["successes"] == policy["clips"]
    assert errors["refined"] < 0.1 * errors["planned"]  # what was sent leads again to what happened

    hot(f"train teacher --hand allegro --skill move --motions {folder} --out runs/one {TINY}")
    assert (tmp_path / "runs" / "one" / "policy.safetensors").exists()


@pytest.mark.parametrize(
    "name", ["allegro", pytest.param("mano", marks=pytest.mark.slow), pytest.param("shadow", marks=pytest.mark.slow)]
)
def test_upstreams_dictionaries_and_tables_train_and_evaluate_as_they_are(hot, tmp_path, bottle, name):
    hand = load_hand(name)
    files = save_upstream(tmp_path / "set", hover_motions(hand, bottle), raised=True)
    for file in files[::2]:
        record = torch.load(file, weights_only=True)
        record["body_pos"] = record["body_pos"][:, :-3]  # the older form leaves the wrist out
        torch.save(torch.cat([value for key, value in record.items() if key != "obj_pos_vel"], dim=1), file)
    options = f"--hand {name} --skill freemove --motions set"
    trained = hot(f"train teacher {options} --out run {TINY}")
    assert "planning" not in trained.stderr
    told = json.loads(hot(f"eval run {options} {SHORT} --json").stdout)
    assert {(row["controller"], row["clips"]) for row in told["skills"]} == {("open loop", 3), ("policy", 3)}
    open_loop = next(row for row in told["skills"] if row["controller"] == "open loop")
    assert open_loop["rates"]["hot"]["successes"] == 3
