import dataclasses
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hot import distillation, presets
from hot.motions import save_motions
from hot.runs import Run, newest_finished
from hotcli import choices
from tests.cli.conftest import HAND, Call
from tests.policies.test_policy import SPEC, fresh

DISTILL = "distill --hand allegro --set scaling.factors=[] --set synthesis.train_clips=4"


@pytest.fixture
def student(monkeypatch, workplace, clip_set):
    """Stands in for the planner and for distillation, and hides the policies that ship."""
    import hot.planning
    import hot.policies.library

    def planned(hand, object_spec, skill, clips, *rest):
        return dataclasses.replace(clip_set(skill, clips), objects=(object_spec.name,))

    def distilled(data, teachers, task, ppo, distillation, run, seed, **rest):
        run.checkpoint_path.write_text("checkpoint")
        keep(run.policy_path, ("Bottle", "Box"), ("grasp", "move"))
        run.set_status("finished")

    def specs(preset):
        return HAND, [SimpleNamespace(name=name) for name in preset.objects]

    monkeypatch.setattr(choices, "load_all_specs", specs)
    monkeypatch.setattr(hot.policies.library, "packaged", lambda kind: workplace / "nothing")
    monkeypatch.setattr(hot.planning, "generate", planned)
    call = Call(distilled)
    monkeypatch.setattr(distillation, "distill_student", call)
    return call


def keep(path, objects=("Bottle",), skills=("grasp", "move"), **changes):
    """A policy's file."""
    trained = {"objects": [*objects, *(f"{name}@1.2" for name in objects)], "skills": list(skills)}
    fresh(dataclasses.replace(SPEC, **{"trained": trained, **changes})).save(Path(path))
    return Path(path)


def keep_own(name, skills=("grasp", "move")):
    """A policy among the user's own."""
    return keep(Path("data/policies/allegro") / f"{name}.safetensors", (name,), skills)


def keep_run(name, objects=("Bottle",), skills=("grasp", "move"), stage=2):
    """A finished run."""
    made = {"hand": "allegro", "object": objects[0], "stage": stage}
    run = Run.create(Path("runs") / name, presets.dump(presets.resolve("allegro", objects[0], stage)), made)
    run.set_status("finished")
    return keep(run.policy_path, objects, skills)


def taught(call):
    return {teacher.name: set(teacher.subjects) for teacher in call.args[1]}


def pairs(names, skills):
    return {(name, skill) for name in names for skill in skills}


def test_the_exact_call(hot, student):
    keep_own("Bottle")
    keep_own("Box")
    words = "--objects bottle,BOX --skills grasp,move --num-envs 64 --epochs 9 --minutes 2 --seed 7 --out runs/x"
    result = hot(DISTILL, words, "--set distillation.handover=0.3 --set ppo.learning_rate=1e-3")
    assert result.exit_code == 0, result.stderr
    data, _, task, ppo, distillation, run, seed = student.args
    assert data.motions.objects == ("Bottle", "Box") and data.shares == {"Bottle": 0.5, "Box": 0.5}
    assert data.motions.skills == ("grasp", "move") and data.motions.num_clips == 16
    assert task.reset.noise == 0.5 and task.observation.points == 200
    assert (ppo.num_envs, ppo.epochs, ppo.seconds, ppo.learning_rate, seed) == (64, 9, 120.0, 1e-3, 7)
    assert distillation.handover == 0.3
    assert student.kwargs["resume"] is False and result.stdout.strip() == "runs/x/policy.safetensors"
    made = run.provenance
    assert (made["object"], made["objects"], made["stage"], made["refined"]) == ("Bottle", ["Bottle", "Box"], 3, None)
    assert [entry["teaches"] for entry in made["teachers"]] == [
        {"Bottle": ["grasp", "move"]},
        {"Box": ["grasp", "move"]},
    ]
    assert "Teacher: data/policies/allegro/Box.safetensors (Box: grasp, move)" in result.stderr


def test_a_dry_run_prints_a_preset_that_loads(hot, student):
    result = hot("distill --hand allegro --objects Box,Bottle --skills place --dry-run")
    Path("p.yaml").write_text(result.stdout)
    loaded = presets.load(Path("p.yaml"))
    assert (loaded.objects, loaded.stage) == (("Box", "Bottle"), 3)
    assert student.count == 0 and not Path("runs").exists()


def test_teachers_are_the_newest_runs_that_know_the_skills_then_own_policies(hot, student):
    old, own = keep_run("old"), keep_own("Box")
    keep_run("narrow", skills=("grasp",))
    keep_run("student", objects=("Bottle", "Box"), stage=3)
    result = hot(DISTILL, "--objects Bottle,Box --skills grasp,move")
    assert result.exit_code == 0, result.stderr
    assert taught(student) == {
        str(old): pairs(["Bottle"], ["grasp", "move"]),
        str(own): pairs(["Box"], ["grasp", "move"]),
    }


def test_a_kept_student_teaches_only_if_it_is_named(hot, student):
    own, path = keep_own("Bottle"), Path("data/policies/allegro/student.safetensors")
    taught_by = {"objects": ["Bottle", "Box"], "skills": ["grasp", "move"], "teachers": {"a": "digest"}}
    keep(path, trained=taught_by)
    assert hot(DISTILL, "--objects all --skills grasp").exit_code == 0
    assert taught(student) == {str(own): {("Bottle", "grasp")}}
    lacks = hot(DISTILL, "--objects Box --skills grasp")
    assert lacks.exit_code == 1 and "no teacher of Box knows grasp. At hand for allegro and Box: none" in lacks.stderr
    assert hot(DISTILL, "--objects Bottle,Box --skills grasp --teacher allegro/student").exit_code == 0
    assert taught(student) == {str(path): pairs(["Bottle", "Box"], ["grasp"])}


def test_a_kept_teacher_of_several_objects_teaches_each_but_one_of_the_object_alone_goes_first(hot, student):
    several = keep("data/policies/allegro/teacher.safetensors", ("Bottle", "Box"))
    own = keep_own("Bottle")
    assert hot(DISTILL, "--objects all --skills grasp").exit_code == 0
    assert taught(student) == {str(own): {("Bottle", "grasp")}, str(several): {("Box", "grasp")}}


def test_named_teachers_count_by_how_much_is_said_of_them(hot, student):
    a, b, c = (keep(f"{name}.safetensors", ("Bottle", "Box"), ("grasp", "move")) for name in "abc")
    named = f"--teacher {a} --teacher move={b} --teacher Box,move={c}"
    assert hot(DISTILL, "--objects Bottle,Box --skills grasp,move", named).exit_code == 0
    assert taught(student) == {
        "a.safetensors": pairs(["Bottle", "Box"], ["grasp"]),
        "b.safetensors": {("Bottle", "move")},
        "c.safetensors": {("Box", "move")},
    }


def test_a_teacher_without_names_teaches_what_it_was_trained_on_and_the_rest_is_at_hand(hot, student):
    keep("a.safetensors", ("Box",), ("grasp",))
    keep_own("Bottle")
    keep_run("box", ("Box",), ("move", "place"))
    assert hot(DISTILL, "--objects Bottle,Box --skills grasp,move --teacher a.safetensors").exit_code == 0
    assert taught(student)["a.safetensors"] == {("Box", "grasp")}
    assert taught(student)["runs/box/policy.safetensors"] == {("Box", "move")}
    assert hot(DISTILL, "--objects Box --skills move --teacher runs/box").exit_code == 0


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (
            "",
            "no teacher of Bottle knows grasp, move. At hand for allegro and Bottle: none; for allegro and others: Box",
        ),
        ("--teacher a.safetensors --teacher b.safetensors", "names two policies for Bottle grasp: a.safetensors and b"),
        ("--teacher throw=a.safetensors", "unknown object or skill in --teacher 'throw' Known: Bottle, grasp, move."),
        ("--teacher none.safetensors", "none.safetensors"),
        ("--teacher grasp=far.safetensors", "the policy never learnt grasp; it knows catch with Cup"),
        ("--teacher far.safetensors", "far.safetensors teaches nothing that is asked for: it knows catch with Cup"),
        ("--teacher mano.safetensors", "mano.safetensors drives the mano hand, not allegro"),
    ],
)
def test_teachers_that_are_missing_or_do_not_fit_are_one_line(hot, student, named, said):
    keep_own("Box")
    keep("a.safetensors")
    keep("b.safetensors")
    keep("mano.safetensors", hand="mano")
    keep("far.safetensors", ("Cup",), ("catch",))
    result = hot(DISTILL, "--skills grasp,move", named)
    assert result.exit_code == 1 and said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1 and student.count == 0


def test_a_teacher_that_lacks_a_skill_is_named_with_what_it_knows(hot, student):
    keep_own("Bottle", ("grasp",))
    result = hot(DISTILL, "--skills grasp,move")
    assert result.exit_code == 1 and "Bottle.safetensors (grasp)" in result.stderr
    assert "hot train teacher --hand allegro --object Bottle --skill grasp,move" in result.stderr


def test_all_objects_are_those_with_a_policy(hot, student):
    assert "no object has a policy of allegro" in hot(DISTILL, "--objects all").stderr
    keep_own("Box")
    keep_run("cup", ("Cup",))
    assert hot(DISTILL, "--objects all --skills grasp").exit_code == 0
    assert list(student.args[0].objects) == ["Box", "Cup"]


def test_an_object_twice_or_unknown_is_refused(hot, student):
    assert "names Box twice" in hot(DISTILL, "--objects box,Box").stderr
    assert "unknown object 'Boxx'" in hot(DISTILL, "--objects Boxx").stderr


def test_refined_clips_replace_planned_ones_skill_by_skill(hot, student, clip_set):
    keep_own("Bottle")
    save_motions("refined/grasp.safetensors", clip_set("grasp", 7))
    result = hot(DISTILL, "--skills grasp,move --refined refined")
    assert result.exit_code == 0 and "Refined: refined (grasp; move as planned)" in result.stderr
    assert student.args[0].motions.num_clips == 7 + 4
    assert hot(DISTILL, "--skills grasp --refined refined --set distillation.clips=3").exit_code == 0
    assert student.args[0].motions.num_clips == 3
    assert student.args[0].motions.clip_grasp.tolist() == [0, 2, 4]
    none = hot(DISTILL, "--skills place --refined refined --teacher", str(keep("p.safetensors", skills=("place",))))
    assert none.exit_code == 1 and "refined: holds no place.safetensors" in none.stderr


def test_of_several_objects_each_has_a_folder_of_refined_clips(hot, student, clip_set):
    keep_own("Bottle")
    keep_own("Box")
    save_motions("refined/bottle/grasp.safetensors", clip_set("grasp", 7))
    lacks = hot(DISTILL, "--objects Bottle,Box --skills grasp --refined refined")
    assert lacks.exit_code == 1 and "refined: holds no folder box; folders there: bottle" in lacks.stderr
    save_motions("refined/Box/grasp.safetensors", dataclasses.replace(clip_set("grasp", 2), objects=("Box",)))
    assert hot(DISTILL, "--objects Bottle,Box --skills grasp --refined refined").exit_code == 0
    assert student.args[0].motions.num_clips == 9


def test_the_same_command_goes_on_with_resume_and_its_own_teachers(hot, student):
    keep_own("Bottle")
    words = "--objects Bottle --skills grasp --epochs 5 --out runs/x"
    hot(DISTILL, words)
    keep_run("newer")  # would be the teacher of a new run
    assert hot(DISTILL, words, "--resume --minutes 3").exit_code == 0
    assert student.kwargs["resume"] is True and student.args[3].seconds == 180.0
    assert [Path(name).parent.name for name in taught(student)] == ["allegro"]
    assert hot("distill --resume --out runs/x").exit_code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--seed 8", "only ppo.epochs and ppo.seconds may change"),
        ("--objects Box", "only ppo.epochs and ppo.seconds may change"),
        ("--teacher b.safetensors", "was begun with other teachers"),
        ("--refined elsewhere", "was begun with --refined None, not elsewhere"),
    ],
)
def test_a_resumed_distillation_keeps_its_choices(hot, student, words, said):
    keep("a.safetensors")
    keep("b.safetensors", trained={"skills": ["grasp"], "objects": ["Bottle"], "seed": 2})
    assert hot(DISTILL, "--skills grasp --teacher a.safetensors --out runs/x").exit_code == 0
    result = hot("distill --resume --out runs/x", words)
    assert result.exit_code == 1 and said in result.stderr and student.count == 1


def test_a_teacher_that_changed_meanwhile_is_noticed(hot, student):
    keep("a.safetensors")
    hot(DISTILL, "--skills grasp --teacher a.safetensors --out runs/x")
    keep("a.safetensors", skills=("grasp", "throw"))
    result = hot("distill --resume --out runs/x")
    assert result.exit_code == 1 and "a.safetensors: has changed since it began to teach" in result.stderr


def test_ctrl_c_prints_how_to_go_on(hot, student):
    keep_own("Bottle")

    def interrupted(data, teachers, task, ppo, distillation, run, seed, **rest):
        run.checkpoint_path.write_text("checkpoint")
        raise KeyboardInterrupt

    student.answer = interrupted
    result = hot(DISTILL, "--skills grasp --out runs/x")
    assert result.exit_code == 130 and "hot distill --resume --out runs/x" in result.stderr


def test_students_and_teachers_go_on_each_by_its_own_command(hot, student, stages):
    keep_own("Bottle")
    hot(DISTILL, "--skills grasp --out runs/x")
    wrong = hot("train teacher --resume --out runs/x")
    assert wrong.exit_code == 1 and "hot distill --resume --out runs/x" in wrong.stderr
    fresh_one = hot("train teacher --hand allegro --stage 3")
    assert fresh_one.exit_code == 1 and "hot distill trains one" in fresh_one.stderr
    hot("train teacher --hand allegro --object Bottle --skill grasp --out runs/t")
    other = hot("distill --resume --out runs/t")
    assert other.exit_code == 1 and "hot train teacher --resume --out runs/t" in other.stderr


def test_a_student_is_a_run_of_each_of_its_objects(hot, student):
    keep_own("Bottle")
    keep_own("Box")
    hot(DISTILL, "--objects Bottle,Box --skills grasp --out runs/x")
    for name in ("Bottle", "Box"):
        found = newest_finished(Path("runs"), "allegro", (name,))
        assert found is not None and found.path == Path("runs/x")
    assert newest_finished(Path("runs"), "allegro", ("Box",), 2) is None
    assert json.loads(Path("runs/x/provenance.json").read_text())["teachers"][0]["sha256"]


@pytest.mark.mujoco
def test_several_gpus_start_the_same_command_once_for_each(hot, student, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    launch = Call(lambda command, count: 0)
    monkeypatch.setattr("hot.training.ranks.launch", launch)
    monkeypatch.setattr(sys, "argv", ["hot", "distill", "--gpus", "2"])
    assert hot("distill --hand allegro --gpus 2").exit_code == 0
    assert launch.args == ([sys.executable, "-m", "hotcli", "distill", "--gpus", "2"], 2) and student.count == 0
