"""Which of the policies at hand is asked first to track an object."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hot.errors import BadFileError
from hot.policies import kept, library, names, suitable
from tests.policies.test_policy import SPEC, fresh

USUAL = ("grasp", "move", "place")


@pytest.fixture
def keep(tmp_path, monkeypatch):
    """Keeps a policy in the data folder, or in the package."""
    monkeypatch.setenv("HOT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(library, "packaged", lambda *parts: tmp_path.joinpath("package", *parts))

    def keep(name: str, objects=(), skills=USUAL, student=False, ships=True, hand="mano") -> Path:
        teachers = {"teachers": {"mano/Bottle.safetensors": "digest"}} if student else {}
        sizes = [*objects, *(f"{each}@1.2" for each in objects)]
        trained = {"objects": sizes, "skills": list(skills), **teachers}
        path = tmp_path / ("package" if ships else "data") / "policies" / hand / f"{name}.safetensors"
        fresh(dataclasses.replace(SPEC, trained=trained, hand=hand)).save(path)
        return path

    return keep


def first(object_name: str, skills=USUAL):
    found = suitable("mano", object_name, skills)
    return found[0].path if found else None


def test_a_student_goes_before_the_policy_of_one_object_where_it_knows_the_object(keep):
    bottle, sword = keep("Bottle", ["Bottle"]), keep("Sword", ["Sword"])
    student = keep("student", ["Bottle", "Box"], student=True)
    assert first("Bottle") == first("box") == student
    assert first("Sword") == sword
    assert [each.path for each in suitable("mano", "Bottle", USUAL)] == [student, bottle]


def test_an_object_that_no_policy_was_trained_on_is_for_those_of_several_objects(keep):
    keep("Bottle", ["Bottle"])
    keep("Bottle-student", ["Bottle"], student=True)
    assert first("Mug") is None
    teacher = keep("teacher", ["Bottle", "Box"])
    assert first("Mug") == teacher
    student = keep("student", ["Bottle", "Box"], student=True)
    assert first("mine/Mug.yaml") == student
    assert suitable("shadow", "Mug", USUAL) == []


def test_without_a_student_a_policy_of_ones_own_hides_the_shipped_one(keep):
    shipped = keep("Bottle", ["Bottle"])
    assert first("Bottle") == shipped
    own = keep("Bottle", ["Bottle"], ships=False)
    assert [each.path for each in suitable("mano", "Bottle", USUAL)] == [own]


def test_what_is_ones_own_goes_before_what_ships(keep):
    keep("student", ["Bottle", "Box"], student=True)
    own = keep("Bottle", ["Bottle"], ships=False)
    assert first("Bottle") == own
    mine = keep("mine", ["Bottle", "Box"], student=True, ships=False)
    assert first("Bottle") == first("Mug") == mine


def test_a_shipped_policy_that_knows_the_object_goes_before_ones_own_that_does_not(keep):
    keep("mine", ["Bottle", "Box"], student=True, ships=False)
    sword = keep("Sword", ["Sword"])
    assert first("Sword") == sword


def test_a_policy_that_knows_more_of_the_skills_goes_first(keep):
    many = keep("student", ["Bottle", "Box", "Mug"], student=True)
    eight = keep("Bottle-student", ["Bottle"], (*USUAL, "throw"), student=True)
    teacher = keep("Box", ["Box"], (*USUAL, "throw"))
    assert first("Bottle") == many
    assert first("Bottle", ("throw",)) == first("Bottle", (*USUAL, "throw")) == eight
    assert first("Box", ("throw",)) == teacher
    assert first("Mug", ("throw",)) == many  # the object counts more


def test_of_teachers_the_one_of_fewer_objects_goes_first(keep):
    keep("teacher", ["Bottle", "Box"])
    one = keep("Bottle", ["Bottle"])
    assert first("Bottle") == one


def test_a_policy_that_says_nothing_is_of_the_object_that_it_is_called_like(keep):
    path = keep("Mug", [], [])
    assert first("mug", ("throw",)) == path
    assert kept("mano")[0].objects == ("Mug",)


def test_a_damaged_policy_is_an_error_where_it_is_meant_and_left_out_elsewhere(keep, caplog):
    keep("Bottle", ["Bottle"]).write_text("damaged")
    student = keep("student", ["Bottle", "Box"], student=True)
    with pytest.raises(BadFileError, match=r"Bottle\.safetensors: is damaged"):
        suitable("mano", "Bottle", USUAL)
    assert first("Box") == student and "Bottle.safetensors: is damaged" in caplog.text


def test_names_are_hand_and_file(keep):
    keep("student", ["Bottle", "Box"], ships=False)
    keep("Bottle", ["Bottle"], hand="shadow")
    assert names() == ["mano/student", "shadow/Bottle"] and kept("mano")[0].name == "mano/student"
    assert [each.ships for hand in ("mano", "shadow") for each in kept(hand)] == [False, True]
