"""Which controller commands take where none is named, and how one of the library is named."""

import dataclasses
from pathlib import Path

import pytest

from hot import presets
from hot.errors import BadFileError, UnknownNameError
from hot.policies import library
from hot.runs import Run
from hotcli import controllers, subjects
from tests.policies.test_policy import SPEC, fresh


@pytest.fixture
def shipped(workplace, monkeypatch):
    """A policy of the bottle and a student of bottle and box ship."""
    package = workplace / "package"
    monkeypatch.setattr(library, "packaged", lambda *parts: package.joinpath(*parts))
    monkeypatch.setattr("hot.assets.packaged", lambda *parts: package.joinpath(*parts))
    keep(package / "policies/mano/Bottle.safetensors", ["Bottle"])
    keep(package / "policies/mano/student.safetensors", ["Bottle", "Box"], teachers={"a": "digest"})
    return package / "policies/mano"


def keep(path, objects, **more):
    trained = {"objects": objects, "skills": ["grasp", "move", "place"], **more}
    fresh(dataclasses.replace(SPEC, hand="mano", trained=trained)).save(Path(path))


def finish(name, object_name):
    preset = presets.resolve("mano", object_name, 1)
    made = {"hand": "mano", "object": object_name, "stage": 1}
    run = Run.create(Path("runs") / name, presets.dump(preset), made)
    keep(run.policy_path, [object_name])
    run.set_status("finished")
    return run


def asked(*objects):
    return subjects.Asked(None, objects, ("grasp",), "mujoco", {}, {})


def test_a_run_of_ones_own_goes_before_the_student_that_ships(shipped):
    assert controllers.find(None, None, None, None).path == shipped / "student.safetensors"
    run = finish("mine", "Bottle")
    assert controllers.find(None, None, None, None).path == run.policy_path
    assert controllers.find(None, None, "mano", "Box").path == shipped / "student.safetensors"


def test_plain_eval_judges_the_student_on_the_default_object_and_says_so(shipped, capsys):
    ((subject,), _) = subjects.find(asked(), {})
    assert subject.leading.object == "Bottle"
    assert subject.controllers["policy"].path == shipped / "student.safetensors"
    assert "Judging the shipped policy mano/student, of 2 objects (hot policies shows" in capsys.readouterr().err


def test_an_object_that_the_student_never_saw_is_judged_with_a_warning(shipped, capsys, monkeypatch):
    monkeypatch.setattr("hotcli.choices.load_specs", lambda preset: (SPEC_OF["mano"], SPEC_OF["Hammer"]))
    ((subject,), _) = subjects.find(asked("Hammer"), {})
    assert subject.controllers["policy"].path == shipped / "student.safetensors"
    assert "was trained on Bottle, Box, not on Hammer" in capsys.readouterr().err


SPEC_OF = {name: type("Spec", (), {"name": name})() for name in ("mano", "Hammer")}


@pytest.mark.parametrize("name", ["mano/Bottle", "MANO/bottle"])
def test_a_policy_of_the_library_is_named_by_hand_and_name(shipped, name):
    found = controllers.find(None, Path(name), None, None)
    assert found.path == shipped / "Bottle.safetensors" and found.trained_objects == ("Bottle",)
    assert controllers.load(Path(name)).path == found.path


def test_a_path_that_exists_is_no_name(shipped):
    run = finish("Bottle", "Bottle")
    run.path.rename("mano")  # not in runs/, or it would be taken as the newest run
    assert controllers.policy_path(Path("mano")) == Path("mano")
    Path("mano/Bottle").mkdir()
    assert controllers.policy_path(Path("mano/Bottle")) == Path("mano/Bottle")


def test_a_name_that_is_none_lists_those_that_are(shipped):
    with pytest.raises(UnknownNameError, match=r"unknown policy 'mano/Botle'; did you mean 'mano/Bottle'\?"):
        controllers.find(None, Path("mano/Botle"), None, None)


def test_a_name_in_the_place_of_a_run_is_pointed_to_its_option(shipped):
    with pytest.raises(BadFileError, match="mano/student: is a policy's name, not a run: --policy mano/student"):
        controllers.find(Path("mano/student"), None, None, None)


def test_a_policy_of_several_objects_is_tried_on_the_default_object_if_it_knows_that_one(shipped):
    student = controllers.find(None, Path("mano/student"), None, None)
    assert controllers.preset_of(student, {}, {}).object == "Bottle"
    keep("other.safetensors", ["Sword", "Box"])
    other = controllers.find(None, Path("other.safetensors"), None, None)
    assert controllers.preset_of(other, {}, {}).object == "Sword"
