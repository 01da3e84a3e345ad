import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import hot.evaluation
import hot.policies
from hot import presets
from hot.errors import MissingDependencyError
from hot.evaluation import ClipScore, Difference, Rate, SkillReport, read_report
from hot.motions import save_motions
from hot.runs import Run

EVAL = "eval --hand allegro --object Bottle"
RULES = ("hot", "spider", "strict", "skill")
MEANS = ("e_op_cm", "e_or_deg", "e_h_cm", "add_auc", "reward")


def report_of(skill, clips, controller, successes):
    rate = Rate(successes=successes, clips=clips, low=0.25, high=0.75)
    score = ClipScore(clip_id=0, means=dict.fromkeys(MEANS, 1.5), success=dict.fromkeys(RULES, True))
    return SkillReport(
        hand="allegro",
        object="Bottle",
        skill=skill,
        controller=controller,
        clips=clips,
        frames=180,
        nonfinite_clips=0,
        rates=dict.fromkeys(RULES, rate),
        means=dict.fromkeys(MEANS, 1.5),
        scores=(score,),
    )


@pytest.fixture
def judge(monkeypatch, planner):
    """Stands in for evaluation and for loading policies; remembers every call."""
    calls = []

    def evaluate(policy, task, hand, object_spec, motions, frames, seed, progress):
        calls.append(SimpleNamespace(policy=policy, task=task, motions=motions, frames=frames, seed=seed))
        name = "open loop" if policy is None else "policy"
        return report_of(motions.skills[0], motions.num_clips, name, motions.num_clips // 2), f"trace of {name}"

    policy = SimpleNamespace(spec=SimpleNamespace(hand="allegro"))
    monkeypatch.setattr(hot.policies.Policy, "load", staticmethod(lambda path: policy))
    monkeypatch.setattr(hot.evaluation, "evaluate", evaluate, raising=False)
    monkeypatch.setattr(hot.evaluation, "compare", lambda mine, baseline: compared(mine, baseline))
    return SimpleNamespace(calls=calls, policy=policy, planner=planner)


def compared(mine, baseline):
    return hot.evaluation.Comparison(
        hand=mine.hand,
        object=mine.object,
        skill=mine.skill,
        first=mine.controller,
        second=baseline.controller,
        rates=dict.fromkeys(RULES, Difference(clips=4, value=0.125, low=-0.25, high=0.5)),
        means=dict.fromkeys(MEANS, Difference(clips=4, value=-1.5, low=None, high=None)),
    )


@pytest.fixture
def finished():
    """A finished run of Allegro and Bottle that trained grasp."""
    preset = presets.resolve("allegro", "Bottle", 1, ("grasp",), {"reward.finger": 3})
    run = Run.create(
        Path("runs/x"), presets.dump(preset), {"hand": "allegro", "object": "Bottle", "stage": 1, "seed": 1}
    )
    run.set_status("finished")
    return run


def test_without_a_run_the_open_loop_is_judged_alone_and_it_says_so(hot, judge):
    result = hot(EVAL, "--skill grasp,place --clips 8")
    assert result.exit_code == 0, result.stderr
    assert "No finished run of allegro and Bottle in runs/: open loop only." in result.stderr
    assert [(call.policy, call.motions.skills, call.frames) for call in judge.calls] == [
        (None, ("grasp",), 180),
        (None, ("place",), 220),
    ]
    assert "open loop" in result.stdout and "50 [25, 75]" in result.stdout


def test_clips_are_held_out_and_drawn_from_the_evaluations_seed(hot, judge):
    hot(EVAL, "--skill grasp --clips 8 --seed 99")
    assert judge.planner.args[2:5] == ("grasp", 8, 99)
    assert judge.planner.args[6] == "test"
    assert judge.calls[0].seed == 99


def test_noise_is_the_evaluations_own(hot, judge):
    hot(EVAL, "--skill grasp --clips 2")
    hot(EVAL, "--skill grasp --clips 2 --noise 0.5")
    assert [call.task.reset.noise for call in judge.calls] == [0.0, 0.5]


def test_the_newest_finished_run_is_judged_beside_the_open_loop_with_its_own_preset(hot, judge, finished):
    result = hot(EVAL, "--clips", "4")
    assert "Judging runs/x" in result.stderr
    assert [call.policy for call in judge.calls] == [None, judge.policy]
    assert judge.calls[0].task.reward.finger == 3.0
    assert judge.calls[0].motions is judge.calls[1].motions
    report = read_report(finished.path)
    assert [row.controller for row in report.skills] == ["open loop", "policy"]
    assert report.policy == "runs/x/policy.safetensors" and len(report.comparisons) == 1


def test_the_table_ends_each_skill_with_the_paired_difference(hot, judge, finished):
    table = hot(EVAL, "--clips 4").stdout
    rates, means = (line for line in table.splitlines() if "policy - open loop" in line)
    assert "+12 [-25, +50]" in rates  # percentage points; a difference without interval is a dash
    assert "-1.5" not in means


def test_the_tables_fit_a_narrow_window(hot, judge, finished):
    assert max(map(len, hot(EVAL, "--clips 4").stdout.splitlines())) <= 120


def test_a_named_run_needs_no_hand(hot, judge, finished):
    assert hot("eval", "runs/x", "--clips", "4").exit_code == 0
    assert judge.calls[1].policy is judge.policy


def test_a_policy_file_brings_its_hand(hot, judge):
    assert hot("eval --policy p.safetensors --skill grasp --clips 4").exit_code == 0
    assert judge.calls[1].policy is judge.policy


@pytest.mark.parametrize("words", [["runs/x"], ["--policy", "p.safetensors"]])
def test_a_policy_for_another_hand_is_refused(hot, judge, finished, words):
    judge.policy.spec.hand = "shadow"
    result = hot("eval", *words, "--hand", "allegro")
    assert result.exit_code == 1
    assert "drives the shadow hand, not allegro; choose --hand shadow" in result.stderr
    assert not judge.calls


def test_a_file_given_as_a_run_is_told_to_be_a_policy(hot, judge):
    Path("p.safetensors").write_text("")
    result = hot("eval", "p.safetensors")
    assert result.exit_code == 1 and "--policy p.safetensors" in result.stderr


def test_a_missing_policy_is_one_line(hot):
    result = hot(EVAL, "--policy none.safetensors")
    assert result.exit_code == 1
    assert "none.safetensors" in result.stderr and len(result.stderr.splitlines()) == 1


def test_clips_can_come_from_a_file(hot, judge, clip_set):
    save_motions("mine.safetensors", clip_set("grasp", 5))
    hot(EVAL, "--skill grasp --motions mine.safetensors --clips 3")
    assert judge.planner.count == 0
    assert judge.calls[0].motions.num_clips == 3


def test_the_report_is_written_to_out_as_json_and_csv(hot, judge):
    hot(EVAL, "--skill grasp,move --clips 4 --out there")
    assert [row.skill for row in read_report(Path("there")).skills] == ["grasp", "move"]
    rows = list(csv.DictReader(io.StringIO(Path("there/report.csv").read_text())))
    assert [(row["skill"], row["clips"]) for row in rows] == [("grasp", "4"), ("move", "4")]


def test_json_is_all_that_is_printed(hot, judge):
    report = json.loads(hot(EVAL, "--skill grasp --clips 4 --json").stdout)
    assert (report["hand"], report["objects"], report["engine"]) == ("allegro", ["Bottle"], "mujoco")
    assert report["physics"]["substeps"] == 4


def test_a_dry_run_judges_nothing(hot, judge):
    result = hot(EVAL, "--skill place --dry-run")
    assert "# test length [frames]: place 220" in result.stdout
    assert not judge.calls


def test_videos_are_of_the_policy_if_there_is_one_and_one_a_skill(hot, judge, finished, monkeypatch):
    drawn = []
    monkeypatch.setattr("hot.evaluation.write_clip_video", lambda path, trace, *_: drawn.append((str(path), trace)))
    hot(EVAL, "--clips 4 --video v/a.mp4")
    hot(EVAL, "--clips 4 --video v/a.mp4 --skill grasp,move")
    names = ["v/a.mp4", "v/a_grasp.mp4", "v/a_move.mp4"]
    assert drawn == [(name, "trace of policy") for name in names]


def test_a_machine_that_cannot_draw_still_gets_its_report(hot, judge, monkeypatch):
    def fails(*_):
        raise MissingDependencyError("OpenGL is missing: apt-get install libegl1")

    monkeypatch.setattr("hot.evaluation.write_clip_video", fails)
    result = hot(EVAL, "--skill grasp --clips 4 --out there --video v.mp4")
    assert result.exit_code == 1 and "libegl1" in result.stderr
    assert read_report(Path("there")).skills and "open loop" in result.stdout
