"""What may be written in a script, and what is said when it is wrong."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hot.composition import Script, load_script, script_names
from hot.composition.order import FLYING, ORDER, RESTING, followers, problem
from hot.errors import BadFileError, UnknownNameError


@st.composite
def walks(draw):
    """Skills in an order that is possible: what is thrown is caught or lands."""
    skills = [draw(st.sampled_from(sorted(ORDER)))]
    while len(skills) < draw(st.integers(1, 12)):
        state = ORDER[skills[-1]][1]
        options = followers(state) + (followers(RESTING) if state == FLYING else ())
        skills.append(draw(st.sampled_from(options)))
    return skills


@given(walks())
def test_possible_orders_pass_and_survive_writing_and_reading(skills):
    script = Script.model_validate({"steps": [{"skill": skill} for skill in skills]})
    again = Script.model_validate(yaml.safe_load(yaml.safe_dump(script.model_dump(mode="json", exclude_unset=True))))
    assert again == script
    assert [step.skill for step in again.flat()] == skills


@given(st.lists(st.sampled_from(sorted(ORDER)), min_size=2, max_size=6))
def test_an_order_is_impossible_exactly_if_some_pair_is(skills):
    pairs = zip(skills, skills[1:])
    meets = [ORDER[b][0] == ORDER[a][1] or (a == "throw" and ORDER[b][0] == RESTING) for a, b in pairs]
    assert bool(problem(skills)) == (not all(meets))


def test_what_cannot_follow_names_the_step_and_what_could():
    with pytest.raises(ValidationError, match=r"step 2 \(grasp\) needs .* rests .* after step 1 \(grasp\) it is held"):
        Script.model_validate({"steps": [{"skill": "grasp"}, {"skill": "grasp"}]})


def test_repeats_are_written_out_and_judged_as_a_whole():
    toss = [{"skill": "throw"}, {"skill": "catch"}]
    script = Script.model_validate({"steps": [{"skill": "grasp"}, {"repeat": 3, "steps": toss}]})
    assert [step.skill for step in script.flat()] == ["grasp"] + ["throw", "catch"] * 3
    with pytest.raises(ValidationError, match=r"step 3 \(grasp\)"):
        Script.model_validate({"steps": [{"repeat": 2, "steps": [{"skill": "grasp"}, {"skill": "move"}]}]})


@pytest.mark.parametrize("name", script_names())
def test_packaged_scripts_are_scripts_with_a_description_and_an_object(name):
    script = load_script(name)
    assert script.description and script.object


def test_the_asked_for_examples_ship():
    assert {"bottle_arranging", "hammering", "catch_rotate_throw"} <= set(script_names())
    assert load_script("catch-rotate-throw").seconds == 30


def test_the_schema_names_every_skill_and_refuses_what_it_does_not_know():
    schema = Script.model_json_schema()
    skills = {
        entry["properties"]["skill"]["const"] for entry in schema["$defs"].values() if "skill" in entry["properties"]
    }
    assert skills == set(ORDER)
    assert all(entry["additionalProperties"] is False for entry in schema["$defs"].values())


WRONG = {
    "steps: [{skill: trow}]": (UnknownNameError, r"unknown skill 'trow'; did you mean 'throw'\?.*steps\.0"),
    "steps: [{skill: grasp, sped: 1}]": (BadFileError, r"steps\.0\.sped: Extra inputs"),
    "steps: [{skill: move, to: [0, 0, -1]}]": (BadFileError, r"steps\.0\.to\.2: Input should be greater"),
    "steps: [{skill: move, to: [0, 0, 1], shift: [0, 0, 0]}]": (BadFileError, "give to or shift, not both"),
    "steps: [{skill: place, pose: upside}]": (BadFileError, r"steps\.0\.pose"),
    "steps: [": (BadFileError, "is not YAML"),
    "[1, 2]": (BadFileError, "is not a script"),
    "steps: []": (BadFileError, "steps"),
    "seconds: 3": (BadFileError, "needs a list called steps"),
}


@pytest.mark.parametrize("text", WRONG)
def test_a_bad_script_is_named_with_its_fault(text, tmp_path):
    path = tmp_path / "script.yaml"
    path.write_text(text)
    error, words = WRONG[text]
    with pytest.raises(error, match=words) as caught:
        load_script(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_an_unknown_name_list_what_ships(tmp_path):
    with pytest.raises(BadFileError, match=r"no such script.*hammering"):
        load_script(tmp_path / "none.yaml")
    with pytest.raises(UnknownNameError, match="did you mean 'hammering'"):
        load_script("hamering")
