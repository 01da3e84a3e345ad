import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import hot.evaluation
import hot.policies.library
import hot.synthesis
import hotcli.card_results
from hot import presets
from hot.errors import HotError
from hot.evaluation import PoseReport, Rate, SkillReport
from hot.policies import Policy, PolicySpec, read_card, write_card
from hot.runs import Run
from hotcli import choices
from tests.cli.conftest import HAND

RULES = ("hot", "spider", "strict", "end", "skill", "hot_symmetric")
SPEC = PolicySpec(
    hand="allegro",
    joint_names=("a", "b"),
    layout=(("joints", 4),),
    points=0,
    hidden=(8,),
    point_features=2,
    action={},
    observation={},
    trained={"samples": 777},
)


@pytest.fixture
def judge(monkeypatch, planner, workplace):
    """Stands in for the planner and for evaluation, which says that 8 of 10 clips succeed, 6 of 10 perturbed ones."""
    calls = []

    def judge(policy, exam, condition, progress):
        calls.append((exam.motions.skills[0], condition.noise, exam.frames))
        rate = Rate(successes=6 if condition.noise else 8, clips=10, low=0.4, high=0.9)
        rates: dict = dict.fromkeys(RULES, rate)
        poses = [PoseReport(pose=pose, clips=5, share=0.5, rates=rates) for pose in ("standing", "lying")]
        return SkillReport(
            hand="allegro",
            object="Bottle",
            skill=exam.motions.skills[0],
            controller="policy",
            clips=10,
            frames=exam.frames,
            nonfinite_clips=0,
            rates=rates,
            means={},
            scores=(),
            poses=tuple(poses) if exam.motions.skills[0] == "grasp" else (),
        ), None

    monkeypatch.setattr(hot.evaluation, "judge", judge)
    monkeypatch.setattr(hot.synthesis, "load_grasps", lambda *_: range(128))
    monkeypatch.setattr(hot.policies.library, "packaged", lambda *parts: workplace.joinpath("package", *parts))
    monkeypatch.setattr("hotcli.card_results.choices.engine_of", lambda name: {"physics.engine": _ENGINE_OF[name]})
    return SimpleNamespace(calls=calls, planner=planner)


_ENGINE_OF = {"auto": "mujoco", "mujoco": "mujoco", "warp": "warp", None: "mujoco"}


def finished(name: str, stage: int, started_from=None, objects=("Bottle",)) -> Run:
    first, *others = objects
    changes = {"reward.finger": 3, "seed": 5, "others": others}
    preset = presets.resolve("allegro", first, stage, ("grasp", "move"), changes)
    made = {"hand": "allegro", "object": first, "stage": stage, "machine": "M", "started_from": started_from}
    run = Run.create(Path("runs") / name, presets.dump(preset), made)
    torch.manual_seed(0)
    trained = {**SPEC.trained, "objects": list(objects), "skills": ["grasp", "move"]}
    trained.update({"teachers": {"allegro/Bottle.safetensors": "digest"}} if stage == 3 else {})
    spec = dataclasses.replace(SPEC, trained=trained)
    Policy(spec, Policy.make_actor(spec), torch.zeros(4), torch.ones(4)).save(run.policy_path)
    run.metrics_path.write_text(f"epoch,perf/samples,perf/seconds\n1,10,1\n2,{1000 * stage},{60.0 * stage}\n")
    run.set_status("finished")
    return run


@pytest.fixture
def run():
    """A finished stage-2 run of Allegro and Bottle that was started from a stage-1 run."""
    finished("one", 1)
    return finished("two", 2, "runs/one")


CARD = Path("data/policies/allegro/Bottle.safetensors")


def test_without_policies_the_list_says_how_to_make_one(hot, judge):
    result = hot("policies")
    assert result.exit_code == 0 and "hot policies add RUN" in result.stderr
    assert json.loads(hot("policies --json").stdout) == []


def test_a_run_is_added_with_a_card_of_all_its_trainings(hot, judge, run):
    result = hot("policies add runs/two --clips 10")
    assert result.exit_code == 0, result.stderr
    card = read_card(CARD)
    assert [(s.stage, s.seed, s.samples, s.seconds) for s in card.stages] == [(1, 5, 1000, 60.0), (2, 5, 2000, 120.0)]
    assert card.stages[0].changed == {"reward.finger": 3.0, "seed": 5}
    assert (card.skills, card.grasps, card.held_out) == (("grasp", "move"), {"Bottle": 128}, 4)
    assert Policy.load(CARD).spec.hand == "allegro"
    assert CARD.stat().st_size < run.policy_path.stat().st_size


def test_every_skill_is_judged_with_and_without_noise_on_held_out_clips(hot, judge, run):
    hot("policies add runs/two --clips 10")
    assert judge.calls == [
        ("grasp", 0.0, 180),
        ("move", 0.0, 120),
        ("grasp", 0.5, 180),
        ("move", 0.5, 120),
    ]
    assert (judge.planner.args[3], judge.planner.args[6]) == (10, "test")
    results = {(r.skill, r.noise): r for r in read_card(CARD).results}
    assert results["grasp", 0.0].rates["hot"].successes == 8 and results["move", 0.5].rates["end"].successes == 6
    assert set(results["grasp", 0.0].poses) == {"standing", "lying"} and not results["move", 0.0].poses
    assert "hot_symmetric" not in results["grasp", 0.0].rates


def test_judging_again_leaves_the_other_engines_results(hot, judge, run):
    hot("policies add runs/two --clips 10 --engine warp")
    hot("policies judge allegro bottle --clips 10 --engine mujoco")
    card = read_card(CARD)
    assert [result.engine for result in card.results] == ["mujoco"] * 4 + ["warp"] * 4
    assert len(card.stages) == 2


def test_skills_are_judged_again_alone(hot, judge, run):
    hot("policies add runs/two --clips 10 --engine mujoco")
    judge.calls.clear()
    assert hot("policies judge allegro bottle --clips 10 --engine mujoco --skill move").exit_code == 0
    assert [call[0] for call in judge.calls] == ["move", "move"]
    assert [result.skill for result in read_card(CARD).results] == ["grasp", "move"] * 2
    judge.calls.clear()
    hot("policies judge allegro bottle --clips 10 --engine mujoco --skill all")
    assert {call[0] for call in judge.calls} == {"grasp", "move"}


def test_a_skill_that_the_policy_does_not_know_is_refused(hot, judge, run):
    hot("policies add runs/two --clips 10 --engine mujoco")
    result = hot("policies judge allegro bottle --skill throw")
    assert result.exit_code == 1 and "throw" in result.stderr and "grasp, move" in result.stderr
    assert hot("policies judge --skill throw").exit_code == 2


def test_the_list_shows_a_line_for_each_skill_and_engine(hot, judge, run):
    hot("policies add runs/two --clips 10 --engine warp,mujoco")
    lines = [line for line in hot("policies").stdout.splitlines() if "allegro" in line]
    assert len(lines) == 4 and all("80.0" in line and "60.0" in line for line in lines)
    page = hot("policies --markdown").stdout.splitlines()
    assert page[0] == "| hand | object | engine | starts | grasp | move | clips | samples [M] | minutes |"
    assert page[2] == "| allegro | Bottle | mujoco | plain | 80.0 / 80.0 | 80.0 / 80.0 | 10 | 0.0 | 3.0 |"
    assert page[3] == "| allegro | Bottle | mujoco | perturbed | 60.0 / 60.0 | 60.0 / 60.0 | 10 | 0.0 | 3.0 |"
    assert len(page) == 6 and page[4].startswith("| allegro | Bottle | warp | plain |")
    assert json.loads(hot("policies --json").stdout)[0]["results"][0]["rates"]["hot"]["successes"] == 8


def test_the_page_tells_the_range_of_clips_if_skills_differ(hot, judge, run):
    hot("policies add runs/two --clips 10 --engine mujoco")
    card = read_card(CARD)
    wide = [
        result.model_copy(
            update={
                "rates": {n: r.model_copy(update={"clips": 1000, "successes": 990}) for n, r in result.rates.items()}
            }
        )
        if result.skill == "move"
        else result
        for result in card.results
    ]
    write_card(CARD, card.model_copy(update={"results": tuple(wide)}))
    page = hot("policies --markdown").stdout.splitlines()
    assert page[2] == "| allegro | Bottle | mujoco | plain | 80.0 / 80.0 | 99.0 / 99.0 | 10 to 1000 | 0.0 | 3.0 |"


def test_a_card_is_shown_with_its_intervals_and_resting_poses(hot, judge, run):
    hot("policies add runs/two --clips 10")
    text = hot("policies show allegro bottle").stdout
    assert "80.0 [40.0, 90.0]" in text and "lying" in text and "every 4th held out" in text


def test_an_unknown_policy_lists_the_known_ones(hot, judge, run):
    hot("policies add runs/two --clips 10")
    result = hot("policies show mano Bottle")
    assert result.exit_code == 1 and "unknown policy 'mano Bottle'" in result.stderr
    assert "Known: allegro Bottle." in result.stderr


def test_a_damaged_card_is_one_line_that_names_it(hot, judge, run):
    hot("policies add runs/two --clips 10")
    CARD.with_suffix(".json").write_text("{}")
    result = hot("policies")
    assert result.exit_code == 1 and f"{CARD.with_suffix('.json')}: is not a policy's card" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_an_unfinished_run_is_refused(hot, judge, run):
    run.set_status("interrupted")
    result = hot("policies add runs/two")
    assert result.exit_code == 1 and "hot train teacher --resume --out runs/two" in result.stderr
    assert not CARD.exists()


def test_a_run_without_learning_curve_has_no_known_time(hot, judge, run):
    run.metrics_path.unlink()
    hot("policies add runs/two --clips 10")
    assert (read_card(CARD).stages[1].samples, read_card(CARD).stages[1].seconds) == (777, None)
    assert read_card(CARD).seconds is None


def test_a_hand_without_an_object_is_wrong_usage(hot, judge):
    assert hot("policies judge allegro").exit_code == 2


def test_an_object_of_ones_own_is_judged_by_its_file(hot, judge, run, monkeypatch):
    hot("policies add runs/two --clips 10")
    loaded = []
    real = hotcli.card_results.choices.load_specs
    monkeypatch.setattr(
        hotcli.card_results.choices, "load_specs", lambda preset: loaded.append(preset.object) or real(preset)
    )
    assert hot("policies judge allegro mine/Bottle.yaml --clips 10").exit_code == 0
    assert set(loaded) == {"mine/Bottle.yaml"}


@pytest.fixture
def several(judge, monkeypatch):
    """Of a finished student's three objects one has no clips; others have."""
    real = judge.planner.answer

    def planned(hand, spec, *rest):
        if spec.name == "Hammer":
            raise HotError("no grasps of Hammer")
        return dataclasses.replace(real(hand, spec, *rest), objects=(spec.name,))

    def specs(preset):
        return HAND, SimpleNamespace(name=Path(preset.object).stem)

    judge.planner.answer = planned
    monkeypatch.setattr(choices, "load_specs", specs)
    finished("student", 3, objects=("Bottle", "Box", "Hammer"))
    return judge


STUDENT = Path("data/policies/allegro/student.safetensors")


def test_a_student_is_kept_under_a_name_and_judged_on_each_of_its_objects(hot, several):
    result = hot("policies add runs/student --engine mujoco")
    assert result.exit_code == 0, result.stderr
    card = read_card(STUDENT)
    assert (card.objects, card.teachers) == (("Bottle", "Box", "Hammer"), ("allegro/Bottle.safetensors",))
    assert {(r.object, r.skill, r.noise) for r in card.results} == {
        (name, skill, noise) for name in ("Bottle", "Box") for skill in ("grasp", "move") for noise in (0.0, 0.5)
    }
    assert several.planner.args[3] == 333  # a thousand clips over three objects
    assert "Left out: Hammer, grasp: no grasps of Hammer" in result.stderr
    assert card.stages[0].changed == {"reward.finger": 3.0, "seed": 5}
    page = hot("policies --markdown").stdout.splitlines()
    assert page[2].startswith("| allegro | student: 2 of 3 objects | mujoco | plain | 80.0 / 80.0 | 80.0 / 80.0 | 20 |")


def test_objects_that_it_never_saw_are_judged_when_asked_for_and_named_as_unseen(hot, several):
    hot("policies add runs/student --engine mujoco --object Bottle --clips 10")
    result = hot("policies judge allegro STUDENT --engine mujoco --object Mug,cup --clips 5")
    assert result.exit_code == 0, result.stderr
    card = read_card(STUDENT)
    assert card.unseen == ("Cup", "Mug") and len(card.results) == 12
    assert "unseen in training: Cup, Mug" in result.stdout and "Mug (unseen)" in result.stdout
    listed = hot("policies").stdout
    assert "student: 1 of 3 objects" in listed and "student: 2 unseen" in listed
    assert several.planner.args[3] == 5


def test_an_object_that_does_not_exist_is_refused_before_anything_is_kept(hot, several):
    result = hot("policies add runs/student --object Bottle,Hammr")
    assert result.exit_code == 1 and "unknown object 'Hammr'" in result.stderr and not STUDENT.exists()


def test_without_any_clips_there_is_no_result_and_one_line_says_so(hot, several):
    def none(*_):
        raise HotError("no grasps")

    several.planner.answer = none
    result = hot("policies add runs/student --engine mujoco")
    assert result.exit_code == 1 and "Bottle, Box, Hammer have no clips" in result.stderr
    assert STUDENT.exists() and not read_card(STUDENT).results


@pytest.mark.parametrize(
    ("stage", "objects", "name"),
    [
        (2, ("Bottle",), "Bottle"),
        (3, ("Bottle",), "Bottle-student"),
        (2, ("Bottle", "Box"), "teacher"),
        (3, ("Bottle", "Box"), "student"),
    ],
)
def test_a_name_says_what_a_policy_is_of(hot, judge, several, stage, objects, name):
    finished("x", stage, objects=objects)
    assert hot("policies add runs/x --clips 4 --engine mujoco").exit_code == 0
    assert Path(f"data/policies/allegro/{name}.safetensors").exists()
    again = hot("policies add runs/x --clips 4 --engine mujoco")
    assert f"Replaces data/policies/allegro/{name}.safetensors" in again.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Bottle", "is an object's"),
        ("sword", "is an object's"),
        ("a/b", "letters, digits"),
        ("v1.2", "letters, digits"),
    ],
)
def test_a_name_that_would_mislead_is_refused(hot, several, name, said):
    result = hot(f"policies add runs/student --name {name}")
    assert result.exit_code == 1 and said in result.stderr and not Path("data/policies").exists()
    assert hot("policies add runs/student --name twenty_1 --clips 4 --engine mujoco").exit_code == 0
    assert hot("policies show allegro twenty_1").exit_code == 0


def test_objects_without_a_policy_to_judge_on_them_are_wrong_usage(hot, judge):
    assert hot("policies judge --object Mug").exit_code == 2
