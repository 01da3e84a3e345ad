import csv
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import hot.evaluation
import hot.policies
from hot import presets
from hot.assets import packaged
from hot.errors import MissingDependencyError
from hot.evaluation import ClipScore, Difference, Rate, SkillReport, Still, read_report
from hot.motions import save_motions
from hot.policies import KeptPolicy
from hot.runs import Run

EVAL = "eval --hand allegro --object Bottle"
RULES = ("hot", "spider", "strict", "end", "skill")
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

    def judge_(policy, exam, condition, progress):
        call = {"policy": policy, "condition": condition.name, "engine": exam.task.physics.engine}
        calls.append(SimpleNamespace(**call, **vars(exam)))
        name = "open loop" if policy is None else "policy"
        row = report_of(exam.motions.skills[0], exam.motions.num_clips, name, exam.motions.num_clips // 2)
        facts = {"condition": condition.name, "engine": exam.task.physics.engine}
        return row.model_copy(update=facts), f"trace of {name}"

    policy = SimpleNamespace(spec=SimpleNamespace(hand="allegro", trained={"objects": ["Bottle"]}))
    monkeypatch.setattr(hot.policies.Policy, "load", staticmethod(lambda path: policy))
    monkeypatch.setattr(hot.evaluation, "judge", judge_)
    monkeypatch.setattr(hot.policies, "suitable", lambda hand, object_name, skills: [])
    monkeypatch.setattr(hot.evaluation, "draw_still", lambda *_: Still(b"a picture", "a clip"))
    monkeypatch.setattr("hot.evaluation.page.draw_plots", lambda shown: {})
    monkeypatch.setattr(hot.evaluation, "compare", lambda mine, baseline: compared(mine, baseline))
    return SimpleNamespace(calls=calls, policy=policy, planner=planner)


def compared(mine, baseline):
    return hot.evaluation.Comparison(
        hand=mine.hand,
        object=mine.object,
        skill=mine.skill,
        condition=mine.condition,
        first=f"{mine.controller}",
        second=f"{baseline.controller}",
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
    assert "no policy of theirs is kept or shipped: open loop only." in result.stderr
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
    assert "+12 [-25,+50]" in rates  # percentage points; a difference without interval is a dash
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
    assert (report["hand"], report["objects"]) == ("allegro", ["Bottle"])
    assert report["physics"]["mujoco"]["substeps"] == 4


def test_a_dry_run_judges_nothing(hot, judge):
    result = hot(EVAL, "--skill place --dry-run")
    assert "# test length [frames]: place 220" in result.stdout
    assert not judge.calls


def test_videos_are_of_the_policy_if_there_is_one_and_one_a_skill(hot, judge, finished, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "hot.evaluation.write_clip_video", lambda path, trace, *_, clip: drawn.append((str(path), trace))
    )
    hot(EVAL, "--clips 4 --video v/a.mp4")
    hot(EVAL, "--clips 4 --video v/a.mp4 --skill grasp,move")
    names = ["v/a.mp4", "v/a_grasp.mp4", "v/a_move.mp4"]
    assert drawn == [(name, "trace of policy") for name in names]


def test_a_machine_that_cannot_draw_still_gets_its_report(hot, judge, monkeypatch):
    def fails(*_, clip):
        raise MissingDependencyError("OpenGL is missing: apt-get install libegl1")

    monkeypatch.setattr("hot.evaluation.write_clip_video", fails)
    result = hot(EVAL, "--skill grasp --clips 4 --out there --video v.mp4")
    assert result.exit_code == 1 and "libegl1" in result.stderr
    assert read_report(Path("there")).skills and "open loop" in result.stdout


def test_a_robustness_table_judges_every_condition(hot, judge, finished):
    result = hot(EVAL, "--clips 4 --robustness --set evaluation.robustness.mass=[3]")
    names = [call.condition for call in judge.calls]
    assert names[::2] == names[1::2]  # the open loop and the policy meet the same
    assert names[::2] == [
        "plain",
        "push 1 N for 0.2 s",
        "mass x 3",
        "friction x 0.5",
        "friction x 1.5",
        "start noise 0.5",
    ]
    assert "robustness, success [%]" in result.stdout and "mass x 3" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 120
    assert len(read_report(finished.path).comparisons) == 6


def test_without_robustness_only_the_plain_condition_is_judged(hot, judge, finished):
    assert "robustness" not in hot(EVAL, "--clips 4").stdout
    assert {call.condition for call in judge.calls} == {"plain"}


def test_two_engines_judge_the_same_clips_and_are_compared(hot, judge, finished, monkeypatch):
    monkeypatch.setattr("hotcli.choices.engine_of", lambda name: {"physics.engine": name or "mujoco"})
    result = hot(EVAL, "--clips 4 --engine warp,mujoco")
    assert result.exit_code == 0, result.stderr
    assert [call.engine for call in judge.calls] == ["warp", "warp", "mujoco", "mujoco"]
    assert len({id(call.motions) for call in judge.calls}) == 1
    assert set(read_report(finished.path).physics) == {"warp", "mujoco"}
    assert "policy on warp" in result.stdout and "policy on mujoco" in result.stdout


def test_an_unknown_engine_is_one_line(hot, judge):
    result = hot(EVAL, "--engine mujoco,isaac")
    assert result.exit_code == 1 and "unknown engine 'isaac'" in result.stderr and not judge.calls


def test_a_shipped_policy_is_judged_where_there_is_no_run(hot, judge, monkeypatch):
    path = packaged("policies", "mano", "Bottle.safetensors")
    kept = KeptPolicy(path, ("Bottle",), ("place",), False)
    monkeypatch.setattr("hot.policies.suitable", lambda hand, object_name, skills: [kept] if hand == "mano" else [])
    judge.policy.spec.hand = "mano"
    monkeypatch.setattr(
        "hotcli.choices.load_specs", lambda preset: (SimpleNamespace(name="mano"), SimpleNamespace(name="Bottle"))
    )
    result = hot("eval --skill place --clips 4")
    assert result.exit_code == 0, result.stderr
    assert "Judging the shipped policy mano/Bottle (hot policies shows its card)" in result.stderr
    assert [call.policy for call in judge.calls] == [None, judge.policy]


def test_a_policy_on_an_object_it_never_saw_is_judged_with_a_warning(hot, judge, finished):
    judge.policy.spec.trained = {"objects": ["Hammer@0.75", "Hammer"]}
    result = hot("eval runs/x --clips 4")
    assert result.exit_code == 0 and "was trained on Hammer, not on Bottle" in result.stderr


def test_a_policy_on_a_skill_it_never_saw_is_judged_with_a_warning(hot, judge, finished):
    judge.policy.spec.trained = {"objects": ["Bottle"], "skills": ["grasp", "move"]}
    assert "Warning" not in hot("eval runs/x --clips 4 --skill move").stderr
    result = hot("eval runs/x --clips 4 --skill grasp,place")
    assert result.exit_code == 0 and "was trained on grasp, move, not on place" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"), [("--video a.avi", "*.webp"), ("--video a.gif --video-clip first", "median")]
)
def test_what_cannot_be_drawn_is_said_before_anything_is_judged(hot, judge, words, message):
    result = hot(EVAL, words)
    assert result.exit_code == 1 and message in result.stderr and not judge.calls


def test_one_clip_can_be_drawn_alone(hot, judge, monkeypatch):
    drawn = []
    monkeypatch.setattr("hot.evaluation.write_clip_video", lambda *_, clip: drawn.append(clip))
    hot(EVAL, "--skill grasp --clips 4 --video v.webp --video-clip median")
    assert drawn == ["median"]
