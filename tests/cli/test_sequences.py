import json
from types import SimpleNamespace

import pytest

import hot.composition
import hot.evaluation
import hot.policies
from hot.evaluation import Rate, SequenceReport, SequenceScore, SkillLoss
from hot.motions import load_motions, save_motions
from hotcli import sequences
from tests.policies.test_policy import fresh

SCRIPT = "object: Bottle\nsteps: [{skill: grasp}, {skill: move}]\n"


@pytest.fixture
def composer(monkeypatch, clip_set):
    """Stands in for the composer; remembers what it was asked."""
    calls = []

    def of(kind):
        def make(hand, object_spec, what, clips, seed, config, split, progress):
            calls.append(SimpleNamespace(kind=kind, what=what, clips=clips, seed=seed, split=split))
            motions = clip_set("grasp", clips)
            return motions.concatenate([motions, clip_set("move", 1)]).select(range(clips))

        return make

    monkeypatch.setattr(hot.composition, "compose", of("script"))
    monkeypatch.setattr(hot.composition, "compose_random", of("random"))
    return calls


@pytest.fixture
def judge(monkeypatch, composer):
    calls = []

    def judge_(policy, exam, progress):
        calls.append(SimpleNamespace(policy=policy, **vars(exam)))
        rate = Rate(successes=1, clips=2, low=0.1, high=0.9)
        score = SequenceScore(clip_id=0, seconds=20.0, tracked_seconds=12.3, lost_in="move", strict=False, e_op_cm=1.0)
        loss = SkillLoss(skill="move", stretches=4, lost=1, median_second=12.3)
        report = SequenceReport(
            hand="allegro", object="Bottle", controller="open loop" if policy is None else "policy", engine="mujoco",
            noise=0.0, clips=2, seconds=20.0, tracked=rate, strict=rate, tracked_seconds=0.6, skills=(loss,),
            scores=(score,),
        )  # fmt: skip
        return report, "trace"

    monkeypatch.setattr(hot.evaluation, "judge_sequences", judge_)
    monkeypatch.setattr(hot.policies, "suitable", lambda hand, object_name, skills: [])
    return SimpleNamespace(calls=calls, composer=composer)


@pytest.fixture
def policies(tmp_path):
    """Two policies that may take turns."""
    for name in ("a", "b"):
        fresh().save(tmp_path / f"{name}.safetensors")
    return "a.safetensors", "b.safetensors"


def test_the_schema_is_printed_as_json(hot):
    result = hot("data compose --schema")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["title"] == "Script"


def test_the_packaged_scripts_are_listed(hot):
    text = hot("data compose --list").stdout
    assert all(name in text for name in ("bottle_arranging", "hammering", "catch_rotate_throw", "random"))
    assert json.loads(hot("data compose --list --json").stdout)["hammering"]["object"] == "Hammer"


def test_a_script_becomes_a_file_of_its_name(hot, composer, workplace):
    (workplace / "mine.yaml").write_text(SCRIPT)
    result = hot("data compose mine.yaml --hand allegro --clips 3 --seed 7 --split test --seconds 4")
    assert result.exit_code == 0, result.stderr
    path = "data/sequences/allegro/bottle/mine.safetensors"
    assert result.stdout.strip() == path
    assert load_motions(path).num_clips == 3
    (call,) = composer
    assert (call.kind, call.clips, call.seed, call.split) == ("script", 3, 7, "test")
    assert call.what.seconds == 4 and call.what.object == "Bottle"


def test_random_sequences_are_twenty_seconds_unless_told_otherwise(hot, composer):
    assert hot("data compose random --out x").exit_code == 0
    assert hot("data compose random --seconds 9 --out x").exit_code == 0
    assert [(call.kind, call.what) for call in composer] == [("random", 20.0), ("random", 9.0)]


def test_json_tells_the_skills_of_every_clip(hot, composer):
    result = json.loads(hot("data compose hammering --clips 2 --out x --json").stdout)
    assert result["clips"] == [[{"skill": "grasp", "start": 0, "frames": 4}]] * 2


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("data compose hamering", "did you mean 'hammering'"),
        ("data compose none.yaml", "none.yaml: no such script"),
        ("data compose bad.yaml", "bad.yaml: is not YAML"),
        ("eval --sequence hamering", "did you mean 'hammering'"),
    ],
)
def test_a_script_that_does_not_exist_is_one_message(hot, workplace, command, words):
    (workplace / "bad.yaml").write_text("steps: [")
    result = hot(command)
    assert result.exit_code == 1 and words in result.stderr and result.stderr.count("error:") == 1


def test_a_command_without_a_script_is_bad_usage(hot):
    assert hot("data compose").exit_code == 2


def test_sequences_are_judged_on_held_out_grasps_and_told_as_a_table(hot, judge, workplace):
    result = hot("eval --hand allegro --sequence bottle_arranging --clips 5 --seed 9 --out here")
    assert result.exit_code == 0, result.stderr
    (made,) = judge.composer
    assert (made.clips, made.seed, made.split) == (5, 9, "test")
    (call,) = judge.calls
    assert call.policy is None and call.frames == 4
    assert "50 [10, 90]" in result.stdout and "12.3" in result.stdout
    assert json.loads((workplace / "here/sequences.json").read_text())["sequence"] == "bottle_arranging"


def test_json_holds_everything(hot, judge):
    report = json.loads(hot("eval --hand allegro --sequence random --json").stdout)
    assert report["controllers"][0]["skills"][0]["lost"] == 1 and report["policies"] == {}


def test_one_policy_acts_throughout(hot, judge, policies):
    result = hot("eval --sequence random --policy a.safetensors --json")
    assert [call.policy is None for call in judge.calls] == [True, False]
    assert json.loads(result.stdout)["policies"] == {"all": "a.safetensors"}


def test_policies_take_turns_by_skill(hot, judge, policies):
    result = hot("eval --sequence random --policy grasp,place=a.safetensors --policy b.safetensors --json")
    switched = judge.calls[-1].policy
    assert set(switched.by_skill) == {"grasp", "place"} and switched.others is not None
    named = {"grasp": "a.safetensors", "place": "a.safetensors", "all": "b.safetensors"}
    assert json.loads(result.stdout)["policies"] == named


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("--policy place=a.safetensors", "skills without a policy: grasp, move"),
        ("--policy trow=a.safetensors", "unknown skill 'trow'"),
        ("--policy grasp=a.safetensors --policy grasp=b.safetensors", "two policies for grasp"),
    ],
)
def test_policies_that_do_not_serve_are_refused(hot, judge, policies, given, words):
    result = hot("eval --sequence random", given)
    assert result.exit_code == 1 and words in result.stderr
    assert not judge.calls


@pytest.mark.parametrize(
    "given",
    [
        "--sequence random --motions mixed.safetensors",
        "--sequence random --robustness",
        "--seconds 4",
        "--policy grasp=a.safetensors",
    ],
)
def test_options_that_do_not_go_together_are_bad_usage(hot, judge, policies, given):
    assert hot("eval", given).exit_code == 2


def test_a_path_with_an_equals_sign_is_a_path():
    assert sequences.names_skills("grasp,move=x.safetensors")
    assert not sequences.names_skills("runs/lr=0.1/policy.safetensors")


def test_composed_clips_are_no_training_clips(hot, clip_set, workplace):
    import dataclasses

    clips = clip_set("grasp", 2)
    save_motions("mixed.safetensors", dataclasses.replace(clips, frame_skill=clips.skill_of_frames))
    result = hot("eval --hand allegro --skill grasp --motions mixed.safetensors")
    assert result.exit_code == 1 and "composed sequences" in result.stderr
