import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from hot.hands import load_hand
from hot.motions import load_motions, save_motions
from hot.objects import load_object
from hot.presets import resolve
from hot.synthesis import load_resting
from hotcli import choices


def test_generate_asks_the_planner_once_a_skill_and_writes_where_training_looks(hot, planner):
    result = hot(
        "data generate --hand Allegro --object bottle --skill grasp,move --clips 7 --seed 5",
        "--set synthesis.speed=0.2",
    )
    assert result.exit_code == 0, result.stderr
    config = resolve("allegro", "Bottle", 1, (), {"synthesis.train_clips": 7, "synthesis.speed": 0.2}).synthesis
    assert planner.count == 2
    hand, object_spec, *rest = planner.args[:7]
    assert (hand.name, object_spec.name) == ("allegro", "Bottle")
    assert rest == ["move", 7, 5, config, "train"]
    folder = Path("data/motions/allegro/bottle")
    assert result.stdout.split() == [str(folder / "grasp.safetensors"), str(folder / "move.safetensors")]
    assert load_motions(folder / "move.safetensors").num_clips == 7


def test_the_data_folder_can_be_elsewhere(hot, planner, monkeypatch, tmp_path):
    monkeypatch.setenv("HOT_DATA", str(tmp_path / "store"))
    assert hot("data generate --skill grasp --clips 1").exit_code == 0
    assert (tmp_path / "store/motions/allegro/bottle/grasp.safetensors").exists()


def test_out_names_the_folder(hot, planner):
    assert hot("data generate --skill grasp --clips 1 --out here").exit_code == 0
    assert Path("here/grasp.safetensors").exists()


@pytest.fixture
def finder(monkeypatch):
    """Stands in for the searches; answers with things that remember being saved."""
    import hot.synthesis

    class Found(list):
        def save(self, path=None):
            saved.append(self[0])

    saved, calls = [], []

    def find_grasps(*args):
        calls.append(args)
        return Found(["grasps"])

    monkeypatch.setattr(hot.synthesis, "find_resting_poses", lambda *_: Found(["resting"]))
    monkeypatch.setattr(hot.synthesis, "find_grasps", find_grasps)
    return SimpleNamespace(saved=saved, calls=calls)


def test_grasps_are_found_first_when_asked(hot, planner, finder):
    result = hot("data generate --skill grasp --clips 1 --seed 4 --new-grasps 24 --set grasp.candidates=8")
    assert result.exit_code == 0, result.stderr
    ((hand, object_spec, count, seed, config, _, resting, physics),) = finder.calls
    assert (hand.name, object_spec.name, count, seed, config.candidates) == ("allegro", "Bottle", 24, 4, 8)
    assert len(resting) > 1 and finder.saved == ["grasps"]  # the shipped poses are kept
    assert (physics.engine, physics.substeps) == ("mujoco", 4)


def test_an_object_of_ones_own_gets_resting_poses_too(hot, planner, finder, monkeypatch):
    specs = (SimpleNamespace(name="allegro"), SimpleNamespace(name="Teapot"))
    monkeypatch.setattr(choices, "load_specs", lambda preset: specs)
    assert hot("data generate --object Teapot.yaml --skill grasp --clips 1 --new-grasps 24").exit_code == 0
    assert finder.saved == ["resting", "grasps"]


def test_a_dry_run_makes_nothing(hot, planner):
    result = hot("data generate --skill grasp --clips 7 --dry-run")
    assert planner.count == 0
    assert "train_clips: 7" in result.stdout


def test_an_unwritable_folder_is_one_line(hot, planner):
    Path("file").write_text("")
    result = hot("data generate --skill grasp --clips 1 --out file/below")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


@pytest.fixture
def still_clips(clip_set):
    """Makes clips of the open Allegro hand a metre beside the Bottle, which stands; the wrist is said to move."""
    hand, bottle = load_hand("allegro"), load_object("Bottle")

    def make(skill, clips, frames):
        rows = clips * frames
        joints = torch.cat([torch.tensor([1.0, 0, 0, 0, 0, 0]), hand.open_fingers]).expand(rows, -1)
        speed = torch.zeros_like(joints).index_fill(1, torch.tensor([0]), 1.0)
        return replace(
            clip_set(skill, clips, frames),
            joint_names=hand.joint_names,
            key_bodies=hand.key_bodies,
            joint_pos=joints.contiguous(),
            joint_vel=speed,
            command=joints.contiguous(),
            key_pos_w=torch.zeros(rows, len(hand.key_bodies), 3),
            object_quat_w=load_resting(bottle.name).quat_w[:1].expand(rows, 4).contiguous(),
        )

    return make


def test_info_says_clips_lengths_speeds_and_overlap(hot, still_clips):
    save_motions("a/grasp.safetensors", still_clips("grasp", clips=3, frames=6))
    save_motions("a/move.safetensors", still_clips("move", clips=2, frames=4))
    result = hot("data", "info", "a", "--json")
    assert result.exit_code == 0, result.stderr
    grasp, move = json.loads(result.stdout)
    assert (grasp["hand"], grasp["object"], grasp["skill"]) == ("allegro", "Bottle", "grasp")
    assert (grasp["clips"], grasp["frames"], grasp["shortest_s"], grasp["longest_s"]) == (3, 18, 0.1, 0.1)
    assert grasp["wrist_m_s"] == {"p50": 1.0, "p99": 1.0, "max": 1.0} and grasp["object_m_s"]["p50"] == 2.0
    assert sum(grasp["poses"].values()) == 3 and move["poses"] == {}
    assert grasp["overlap_mm"]["max"] == 0.0 and grasp["early_touches"] == 0
    assert (grasp["beyond_limits"], grasp["flight_mm"], grasp["jump_cm"], grasp["jump_deg"]) == (0, None, 0.0, 0.0)
    assert grasp["valid"] is True
    assert (move["skill"], move["clips"], move["contact_share"]) == ("move", 2, 1.0)


def test_info_prints_a_table(hot, still_clips):
    save_motions("data/motions/allegro/bottle/grasp.safetensors", still_clips("grasp", 3, 4))
    text = hot("data", "info").stdout
    assert "grasp" in text and "Bottle" in text and "overlap_mm" in text


def test_info_draws_a_contact_sheet(hot, still_clips):
    pytest.importorskip("mujoco")
    save_motions("a/move.safetensors", still_clips("move", clips=2, frames=8))
    result = hot("data info a --png sheet.png")
    if "no OpenGL" in result.stderr:
        pytest.skip("no OpenGL here")
    assert result.exit_code == 0, result.stderr
    with Image.open("sheet.png") as picture:
        assert picture.size == (6 * 240, 2 * 180)
    refused = hot("data info a --png sheet.jpg")
    assert refused.exit_code == 1 and "ends in .png" in refused.stderr


def test_info_of_nothing_says_how_to_make_some(hot):
    result = hot("data", "info")
    assert result.exit_code == 1
    assert "hot data generate" in result.stderr


@pytest.mark.parametrize("content", [b"", b"not a motion file", b"\x08\0\0\0\0\0\0\0{}"])
def test_info_of_a_foreign_file_is_one_line(hot, content):
    Path("x.safetensors").write_bytes(content)
    result = hot("data", "info", "x.safetensors")
    assert result.exit_code == 1
    assert "x.safetensors" in result.stderr and len(result.stderr.splitlines()) == 1
