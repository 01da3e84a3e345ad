import json
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from hot.errors import MissingDependencyError
from hot.objects import load_object, packaged_names
from hot.synthesis import RestingPoses
from hotcli import objects


@pytest.fixture
def few_drops(monkeypatch):
    """Resting poses from few and short drops."""
    import hot.synthesis

    search, config = hot.synthesis.find_resting_poses, hot.synthesis.RestingConfig(drops=20, settle_frames=90)
    monkeypatch.setattr(
        hot.synthesis, "find_resting_poses", lambda hand, spec, _, seed, progress: search(hand, spec, config, seed)
    )


@pytest.fixture
def no_physics(monkeypatch):
    """Stands in for the drops and the picture."""
    import hot.synthesis

    found = RestingPoses("brick", torch.tensor([0.05]), torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([1.0]))
    monkeypatch.setattr(hot.synthesis, "find_resting_poses", lambda *_: found)
    monkeypatch.setattr(objects, "_draw", lambda *_: None)


@pytest.fixture
def block():
    """A mesh file in millimetres."""
    path = Path("brick.stl")
    trimesh.creation.box([40, 60, 100]).export(path)
    return path


def test_list_names_every_object_with_its_facts(hot):
    rows = {row["name"]: row for row in json.loads(hot("objects list --json").stdout)}
    assert set(rows) == set(packaged_names())
    bottle = rows["Bottle"]
    assert (bottle["from"], bottle["parts"], bottle["mass_kg"]) == ("packaged", 4, 0.4)
    assert bottle["symmetry"] == "axis" and bottle["grasps"]["mano"] == 100
    assert all(row["resting_poses"] for row in rows.values())


def test_list_is_a_table(hot, monkeypatch):
    monkeypatch.setattr("hot.objects.object_names", lambda: ("Box", "Wineglass"))
    text = hot("objects list").stdout
    assert "Wineglass" in text and "24 turns" in text and "allegro 100" in text


def test_show_says_how_an_object_lies(hot):
    text = hot("objects show bottle").stdout
    assert "Bottle (packaged): 0.4 kg, 5.5 x 19.0 x 5.5 cm, 4 parts" in text
    assert "standing" in text and "lying" in text


def test_show_draws(hot):
    pytest.importorskip("mujoco", reason="MuJoCo is not installed")
    result = hot("objects show Mug --png here/mug.png --json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["name"] == "Mug"
    picture = np.asarray(Image.open("here/mug.png"))
    assert picture.ndim == 3 and picture.std() > 5


def test_show_of_an_unknown_object_points_to_the_list(hot):
    result = hot("objects show Mgu")
    assert result.exit_code == 1
    assert "did you mean 'Mug'" in result.stderr and "hot objects list" in result.stderr


def test_a_mesh_becomes_an_object_that_every_command_knows(hot, few_drops, block):
    result = hot("objects add brick.stl --name Brick --scale 0.001 --mass 0.2")
    assert result.exit_code == 0, result.stderr
    assert "Brick: 0.2 kg, 4.0 x 6.0 x 10.0 cm, symmetry 4 turns, 1 parts" in result.stdout
    spec = load_object("brick")
    np.testing.assert_allclose(spec.mesh.extents, [0.04, 0.06, 0.10])
    np.testing.assert_allclose(np.diag(spec.inertia), 0.2 / 12 * np.array([0.0136, 0.0116, 0.0052]), rtol=1e-6)
    assert Path("data/resting/Brick.safetensors").is_file() and Path("data/objects/Brick.png").is_file()
    facts = json.loads(hot("objects show BRICK --json").stdout)
    assert facts["from"] == "own" and len(facts["resting_poses"]) == 3
    assert "object: Brick" in hot("data generate --object brick --dry-run").stdout
    again = hot("objects add brick.stl --name brick --scale 0.001")
    assert again.exit_code == 1 and "an object named Brick is in data/objects" in again.stderr


def test_the_name_is_the_files_and_the_density_the_default(hot, no_physics, block):
    result = hot("objects add brick.stl --scale 0.001 --symmetry none")
    assert "brick: 0.12 kg" in result.stdout and "symmetry none" in result.stdout


def test_repairs_are_said_and_written(hot, no_physics):
    inverted = trimesh.creation.box([0.05, 0.06, 0.08])
    inverted.faces = np.array([face[::-1] if i < 4 else face for i, face in enumerate(inverted.faces)])
    inverted.export("odd.ply")
    result = hot("objects add odd.ply")
    assert "Repair: turned triangles that faced inward." in result.stderr
    assert "# Repair: turned triangles" in Path("data/objects/odd.yaml").read_text()


def test_without_opengl_there_is_no_picture_but_an_object(hot, no_physics, block, monkeypatch):
    def refuse(*_):
        raise MissingDependencyError("no OpenGL")

    monkeypatch.setattr(objects, "_draw", refuse)
    result = hot("objects add brick.stl --scale 0.001")
    assert result.exit_code == 0 and "No picture: no OpenGL" in result.stderr
    assert load_object("brick").name == "brick"


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        ("none.stl", 1, "no such mesh file"),
        ("brick.stl", 1, "--scale 0.001 makes it 10 cm"),
        ("brick.stl --scale 0", 2, "must be positive"),
        ("brick.stl --scale 0.001 --mass 1 --density 2", 1, "not both"),
        ("brick.stl --scale 0.001 --mass -1", 1, "must be positive"),
        ("brick.stl --scale 0.001 --name Mug", 1, "ships with the package"),
        ("brick.stl --scale 0.001 --name ../mug", 1, "cannot name an object"),
        ("brick.stl --scale 0.001 --symmetry round", 1, "known: guess, none"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(hot, block, options, code, problem):
    result = hot(f"objects add {options}")
    assert result.exit_code == code
    assert problem in result.stderr
    assert not Path("data").exists()


def test_grasps_of_an_earlier_object_of_that_name_are_not_taken_over(hot, block, monkeypatch):
    monkeypatch.setattr(objects, "_grasp_counts", lambda name: {"mano": 24})
    result = hot("objects add brick.stl --scale 0.001")
    assert result.exit_code == 1 and "grasps of an earlier object named brick" in result.stderr
