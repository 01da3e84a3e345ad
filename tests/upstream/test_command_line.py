"""Users of the original release, with their checkpoints, objects and clips, by the command line."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from typer.testing import CliRunner

from hot import presets, synthesis
from hot.hands import load_hand
from hot.motions import moved_along, save_motions
from hot.objects import load_object
from hot.objects.foreign import object_of_urdf
from hot.policies import Policy
from hot.progress import silent
from hotcli import clips, objects
from hotcli.app import app
from tests.conftest import hover_motions
from tests.objects.test_urdf import inertial, link, put
from tests.upstream.test_end_to_end import servo

MESH = '<geometry><mesh filename="top.obj"/></geometry>'
OFF_CENTRE = np.array([0.0, 0.01, 0.0])


def hot(*pieces):
    return CliRunner().invoke(app, shlex.split(" ".join(map(str, pieces))), prog_name="hot")


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A working folder with upstream's things: objects, a checkpoint that follows the reference, and clips."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOT_DATA", raising=False)
    for name in ("Jar", "Bottle"):
        put(Path("urdf") / name, link(inside=inertial(com="0 0.01 0"), shape=MESH), name=name)
        trimesh.creation.box([0.05, 0.1, 0.05]).export(f"urdf/{name}/top.obj")
    hand = load_hand("allegro")
    torch.save(servo(hand, gain=5.0), "allegro.pth")
    motions = hover_motions(hand, load_object("Bottle"), clips=2)
    named = dataclasses.replace(motions, objects=("Jar",), meta={"origin": "upstream"})
    save_motions("clips.safetensors", named)
    return tmp_path


ASKED = "eval --hand allegro --skill freemove --clips 2 --motions clips.safetensors --engine mujoco"
POLICY = "--policy allegro.pth --layout upstream --set action.mode=delta"


def test_one_command_judges_a_checkpoint_on_an_object_and_clips(place):
    result = hot(ASKED, "--assets urdf --object jar", POLICY, "--json")
    assert result.exit_code == 0, result.stderr
    assert "Object: urdf/Jar/Jar.urdf" in result.stderr
    assert "sees 1083 numbers, action.mode=delta action.drives=upstream" in " ".join(result.stderr.split())
    report = json.loads(result.stdout)
    assert report["objects"] == ["Jar"]
    judged = {row["controller"]: row for row in report["skills"]}
    assert judged["policy"]["means"]["e_h_cm"] < 2.0 and judged["policy"]["clips"] == 2
    assert list(Path("data/assets").glob("*/Jar.yaml"))


def test_upstreams_clips_tell_where_the_meshs_origin_is(place):
    path, _ = object_of_urdf(Path("urdf/Jar/Jar.urdf"))
    spec = load_object(path)
    hand = load_hand("allegro")
    preset = presets.resolve("allegro", str(path), 1, ["freemove"])
    read = clips.read(Path("clips.safetensors"), hand, spec, preset, silent)["freemove"]
    plain = hover_motions(hand, load_object("Bottle"), clips=2)
    torch.testing.assert_close(read.object_pos_w, moved_along(plain, OFF_CENTRE).object_pos_w)
    torch.testing.assert_close(clips.about_origin(read, spec).object_pos_w, plain.object_pos_w)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            "--policy allegro.pth",
            "allegro.pth: is a checkpoint, no policy file; .*hot policies import.* --layout upstream",
        ),
        ("--policy allegro.pth --layout isaac", "unknown layout 'isaac'"),
        ("--policy x.safetensors --layout upstream", "says itself what it sees: leave out --layout"),
        ("--policy none.pth --layout upstream", "none.pth: no such checkpoint"),
        ("--policy allegro.pth --layout upstream --set action.finger=1", "action.finger has no meaning"),
        ("--policy allegro.pth --layout upstream --hand mano", "drives the allegro hand, not mano"),
        ("--assets none --object Jar", "none: no such folder of objects"),
        ("--assets urdf --object Cup", "unknown object in urdf 'Cup'"),
        ("--assets urdf", "urdf holds several objects, choose with --object: Bottle, Jar"),
    ],
)
def test_what_does_not_fit_is_one_line(place, words, problem):
    result = hot("eval --skill freemove --motions clips.safetensors", words)
    assert result.exit_code == 1
    assert re.search(problem, " ".join(result.stderr.split())), result.stderr


def test_a_layout_without_a_policy_is_wrong_usage(place):
    result = hot("eval --layout upstream")
    assert result.exit_code == 2 and "name one" in result.stderr


def test_packaged_grasps_are_not_for_an_asset_of_the_same_name(place):
    for command in ("eval --skill grasp", "train teacher", "data generate"):
        result = hot(command, "--hand allegro --assets urdf --object Bottle")
        assert result.exit_code == 1
        assert "hot objects add urdf/Bottle/Bottle.urdf --name MyBottle" in " ".join(result.stderr.split())


def test_training_and_generating_take_assets(place):
    trained = hot("train teacher --hand allegro --assets urdf --object Jar --motions clips.safetensors --dry-run")
    assert trained.exit_code == 0 and "Jar.yaml" in trained.stdout
    assert "Jar.yaml" in hot("data generate --hand allegro --assets urdf --object Jar --dry-run").stdout
    several = hot("data generate --assets urdf --object all --dry-run")
    assert several.exit_code == 2 and "choose one" in several.stderr


def test_a_checkpoint_becomes_a_policy_file(place):
    result = hot("policies import allegro.pth --set action.mode=delta")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip().endswith("allegro.safetensors")
    policy = Policy.load(Path("allegro.safetensors"))
    assert policy.spec.observation["layout"] == "upstream"
    judged = hot(ASKED, "--assets urdf --object Jar --policy allegro.safetensors --json")
    assert judged.exit_code == 0, judged.stderr
    assert {row["controller"] for row in json.loads(judged.stdout)["skills"]} == {"open loop", "policy"}
    again = hot("policies import allegro.pth")
    assert again.exit_code == 1 and "allegro.safetensors: exists" in again.stderr
    wrong = hot("policies import allegro.pth --out x.pt")
    assert wrong.exit_code == 1 and "ends in .safetensors, not '.pt'" in wrong.stderr


def test_an_imported_policy_can_be_deployed_and_names_its_numbers(place):
    clips_of_bottle = hover_motions(load_hand("allegro"), load_object("Bottle"), clips=2)
    save_motions("grasp.safetensors", dataclasses.replace(clips_of_bottle, skills=("grasp",)))
    assert hot("policies import allegro.pth --set action.mode=reference").exit_code == 0
    asked = "--hand allegro --object Bottle --motions grasp.safetensors --json"
    result = hot("export torchscript allegro.safetensors", asked)
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert [port["name"] for port in said["inputs"]] == ["observation", "reference"]
    starts = {part["part"]: part["start"] for part in said["observation"]}
    assert (starts["object points"], starts["joints to go"]) == (319, 1061)


def test_an_asset_is_added_for_good(place, monkeypatch):
    found = synthesis.RestingPoses("Pot", torch.tensor([0.05]), torch.tensor([[1.0, 0, 0, 0]]), torch.tensor([1.0]))
    monkeypatch.setattr(synthesis, "find_resting_poses", lambda *_: found)
    monkeypatch.setattr(objects, "_draw", lambda *_: None)
    result = hot("objects add urdf/Jar/Jar.urdf --name Pot")
    assert result.exit_code == 0, result.stderr
    spec = load_object("Pot")
    assert spec.mass == 0.2
    np.testing.assert_allclose(spec.corners.origin, -OFF_CENTRE)
    heavy = hot("objects add urdf/Jar/Jar.urdf --name Heavy --mass 0.4")
    assert heavy.exit_code == 0
    np.testing.assert_allclose(load_object("Heavy").inertia, 2 * spec.inertia)
