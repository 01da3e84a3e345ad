import json

import numpy as np
import pytest
from PIL import Image

import hot.physics.canvas as canvas
from hot.errors import MissingDependencyError
from tests.adoption.conftest import published

pytest.importorskip("mujoco")


@pytest.fixture
def model(workplace):
    """A hand as others publish it."""
    path = workplace / "Grabber.xml"
    path.write_text(published())
    return path


@pytest.fixture
def no_opengl(monkeypatch):
    """A machine that cannot draw."""

    def refuse(*_):
        raise MissingDependencyError("no OpenGL to draw with")

    monkeypatch.setattr(canvas, "_context_class", refuse)


def test_added_hand_is_listed_shown_and_taken_by_name(hot, model, workplace, no_opengl):
    added = hot(f"hands add {model} --origin 'Ours, Apache-2.0.'")
    assert added.exit_code == 0
    assert added.stdout.strip() == "data/hands/grabber.xml"
    assert "8 joints, 4 fingers" in added.stderr and "No preview: no OpenGL" in added.stderr
    assert "Ours, Apache-2.0." in (workplace / "data/hands/grabber.xml").read_text()
    rows = {row["name"]: row for row in json.loads(hot("hands list --json").stdout)}
    assert rows["grabber"]["from"] == "own" and rows["allegro"]["from"] == "packaged"
    assert rows["grabber"]["joints"] == 8 and rows["grabber"]["fingers"] == 4
    assert rows["allegro"]["mass_kg"] == pytest.approx(0.7789, abs=1e-4)
    assert "grabber" in hot("hands list").stdout
    preset = hot("data generate --hand GRABBER --object Box --dry-run")
    assert preset.exit_code == 0
    assert "hand: grabber" in preset.stdout


def test_replacing_a_hand_says_what_was_made_for_the_old_one(hot, model, workplace, no_opengl):
    assert "older hand" not in hot(f"hands add {model}").stderr
    (workplace / "data/grasps/grabber").mkdir(parents=True)
    again = hot(f"hands add {model}")
    assert again.exit_code == 1 and "--replace" in again.stderr
    assert (
        "older hand of this name, so better removed: data/grasps/grabber" in hot(f"hands add {model} --replace").stderr
    )


def test_show_prints_joints_as_a_table_and_as_json(hot):
    text = hot("hands show leap").stdout
    assert "4 fingers (index, middle, ring, thumb)" in text and "if_rot" in text
    facts = json.loads(hot("hands show leap --json").stdout)
    joints = {joint["joint"]: joint for joint in facts["joint"]}
    assert len(joints) == 22
    assert joints["if_rot"]["lower"] == pytest.approx(-1.047)
    assert joints["if_rot"]["force_limit"] == pytest.approx(0.8)


def test_pictures_are_drawn_where_they_can_be(hot, model, workplace):
    added = hot(f"hands add {model}")
    if "No preview" in added.stderr:
        pytest.skip("no OpenGL here")
    assert Image.open(workplace / "data/hands/grabber.png").size == (960, 480)
    assert hot("hands show grabber --png open.png").exit_code == 0
    picture = Image.open(workplace / "open.png")
    assert picture.size == (480, 480)
    assert np.asarray(picture).std() > 10


def test_options_reach_the_hand(hot, model, no_opengl):
    options = "--name mine --thumb third_near --fix first_curl --open first_bend=0.5 --range second_bend=0,1"
    assert hot(f"hands add {model} {options} --palm '0 0 0.01 1 0 0 0'").exit_code == 0
    joints = {joint["joint"]: joint for joint in json.loads(hot("hands show mine --json").stdout)["joint"]}
    assert "first_curl" not in joints
    assert joints["first_bend"]["open"] == pytest.approx(0.5)
    assert joints["second_bend"]["upper"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        ("--name Up/there", 1, "--name 'Up/there'"),
        ("--name leap", 1, "'leap' ships with the package"),
        ("--thumb thump_near", 1, "did you mean 'thumb_near'"),
        ("--palm '0 0 1'", 2, "not 7 numbers"),
        ("--open first_bend", 2, "not JOINT=VALUE"),
        ("--range first_bend=1", 2, "not 2 numbers"),
    ],
)
def test_wrong_options_are_refused(hot, model, workplace, options, code, problem):
    result = hot(f"hands add {model} {options}")
    assert result.exit_code == code
    assert problem in " ".join(result.stderr.replace("│", " ").split())
    assert not (workplace / "data").exists() or not list((workplace / "data/hands").glob("*.xml"))


def test_unknown_hand_points_to_adding_one(hot):
    result = hot("hands show grubber")
    assert result.exit_code == 1
    assert "hot hands add FILE" in result.stderr
