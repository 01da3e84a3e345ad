"""The original release's clips: read, written, and refused with the file and the key that is wrong."""

from __future__ import annotations

import errno
import math
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hot import rotations
from hot.errors import BadFileError
from hot.hands import load_hand
from hot.motions import load_upstream, save_upstream
from tests.motions.clip_sets import HAND, WRIST, FakeHand, assert_same_clips, make_motions

MANO = FakeHand("mano", (*WRIST, *(f"finger_{i}" for i in range(45))), (*(f"body_{i}" for i in range(15)), "wrist"))
FIELDS = ("joint_pos", "key_pos_w", "object_pos_w", "object_quat_w", "object_linvel_w", "contact")


def make_record(frames=5, seed=0, **changes):
    """A record of the claw with an unturned root."""
    generator = torch.Generator().manual_seed(seed)

    def drift(width):
        return 0.5 + (0.05 * torch.randn(frames, width, generator=generator)).cumsum(0)

    record = {
        "root_pos": torch.tensor([[0.0, 0.0, 0.5]]).repeat(frames, 1),
        "root_rot": torch.tensor([[0.0, 0.0, 0.0, 1.0]]).repeat(frames, 1),
        "wrist_dof": drift(6),
        "fingers_dof": drift(2),
        "body_pos": drift(9),
        "obj_pos": drift(3),
        "obj_pos_vel": drift(3),
        "obj_rot": rotations.normalize(drift(4)),
        "obj2_pos": torch.zeros(frames, 3),
        "obj2_rot": torch.zeros(frames, 4),
        "contact1": torch.randint(-1, 2, (frames, 1), generator=generator).float(),
        "contact2": torch.zeros(frames, 1),
    }
    record.update(changes)
    return record


def put(tmp_path, record, name="001_bottle_0_1-1.pt", folder="bottle/grasp_kp"):
    path = tmp_path / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(record, path)
    return path


def reject(path, problem, hand=HAND):
    with pytest.raises(BadFileError, match=problem) as caught:
        load_upstream(path, hand)
    assert str(path) in str(caught.value)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(1, 12), st.booleans())
def test_upstream_to_ours_to_upstream_is_the_same_record(tmp_path_factory, seed, frames, has_velocity):
    folder = tmp_path_factory.mktemp("u")
    record = make_record(frames, seed, **({} if has_velocity else {"obj_pos_vel": None}))
    (again,) = save_upstream(folder / "out", load_upstream(put(folder, record), HAND))
    assert again.relative_to(folder).as_posix() == "out/bottle/grasp_kp/001_bottle_0_1-0.pt"
    read = torch.load(again, weights_only=True)
    assert set(read) == set(record)
    for key in set(record) - {"obj_pos_vel"}:
        torch.testing.assert_close(read[key], record[key], atol=1e-6, rtol=0, msg=key)
    if has_velocity:
        torch.testing.assert_close(read["obj_pos_vel"], record["obj_pos_vel"], atol=1e-6, rtol=0)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_ours_to_upstream_to_ours_keeps_every_clip_in_order(tmp_path_factory, seed, lengths):
    folder = tmp_path_factory.mktemp("u")
    motions = make_motions(seed, tuple(lengths))
    paths = save_upstream(folder, motions)
    read = load_upstream(folder, HAND)
    assert len(paths) == read.num_clips == motions.num_clips
    for name in FIELDS:
        torch.testing.assert_close(getattr(read, name), getattr(motions, name), atol=1e-6, rtol=0, msg=name)
    for name in ("clip_start", "clip_grasp", "clip_rest"):
        assert torch.equal(getattr(read, name), getattr(motions, name)), name
    for catalogue, ids in (("objects", "clip_object"), ("skills", "clip_skill")):
        named = [[getattr(m, catalogue)[i] for i in getattr(m, ids)] for m in (read, motions)]
        assert named[0] == named[1]
    assert torch.equal(read.command, read.joint_pos)


def test_clips_of_a_real_hand_are_written_and_read(tmp_path, hover, allegro):
    paths = save_upstream(tmp_path, hover)
    assert paths[0].name == "009_bottle_0.pt"
    assert torch.load(paths[0], weights_only=True)["body_pos"].shape == (40, 51)
    read = load_upstream(tmp_path, allegro)
    for name in (*FIELDS, "joint_vel", "object_angvel_w"):
        torch.testing.assert_close(getattr(read, name), getattr(hover, name), atol=1e-5, rtol=0, msg=name)


def test_quaternions_are_reordered_from_x_y_z_w(tmp_path):
    turn = torch.tensor([[0.5, 0.1, 0.7, math.sqrt(0.25)]])
    path = put(tmp_path, make_record(1, obj_rot=turn))
    torch.testing.assert_close(load_upstream(path, HAND).object_quat_w, torch.tensor([[0.5, 0.5, 0.1, 0.7]]))


def test_slides_become_the_wrists_place_in_the_world(tmp_path):
    record = make_record()
    read = load_upstream(put(tmp_path, record), HAND)
    torch.testing.assert_close(read.joint_pos[:, :3], record["wrist_dof"][:, :3] + torch.tensor([0.0, 0.0, 0.5]))
    assert torch.equal(read.joint_pos[:, 3:6], record["wrist_dof"][:, 3:])


@given(st.integers(0, 2**31))
def test_a_turned_root_is_folded_into_the_wrist(tmp_path_factory, seed):
    root = rotations.random((1,), torch.Generator().manual_seed(seed))
    record = make_record(6, seed, root_rot=root.roll(-1, -1).repeat(6, 1))
    read = load_upstream(put(tmp_path_factory.mktemp("u"), record), HAND)
    slides, hinges = record["wrist_dof"].split(3, dim=1)
    torch.testing.assert_close(
        read.joint_pos[:, :3], record["root_pos"] + rotations.rotate(root, slides), atol=1e-5, rtol=0
    )
    expected = rotations.multiply(root, rotations.from_euler(hinges))
    actual = rotations.from_euler(read.joint_pos[:, 3:6])
    assert rotations.angle_between(actual, expected).max() < 5e-3


def test_hinge_angles_that_jump_by_whole_turns_are_joined(tmp_path):
    record = make_record(20)
    record["wrist_dof"][7:12, 4] -= 2 * math.pi
    read = load_upstream(put(tmp_path, record), HAND)
    assert read.joint_pos[:, 3:6].diff(dim=0).abs().max() < 1


def test_missing_velocities_are_central_differences(tmp_path):
    line = torch.arange(5.0)[:, None] * torch.tensor([[0.01, 0.0, -0.02]])
    read = load_upstream(put(tmp_path, make_record(obj_pos=line, obj_pos_vel=None)), HAND)
    torch.testing.assert_close(read.object_linvel_w, torch.tensor([[0.6, 0.0, -1.2]]).expand(5, 3))
    given_rate = load_upstream(put(tmp_path, make_record(obj_pos_vel=line)), HAND)
    assert torch.equal(given_rate.object_linvel_w, line)


@pytest.mark.parametrize(
    ("name", "fingers", "bodies", "width"), [("mano", 45, 16, 119), ("shadow", 22, 23, 117), ("allegro", 16, 17, 93)]
)
@pytest.mark.parametrize("with_wrist", [False, True])
def test_tables_and_dictionaries_of_all_three_hands_say_the_same(tmp_path, name, fingers, bodies, width, with_wrist):
    hand = load_hand(name)
    assert (len(hand.joint_names), len(hand.key_bodies)) == (6 + fingers, bodies)
    record = make_record(6, fingers_dof=torch.rand(6, fingers), body_pos=torch.rand(6, 3 * bodies))
    record["body_pos"][:, -3:] = record["root_pos"] + record["wrist_dof"][:, :3]
    columns = {key: value for key, value in record.items() if key != "obj_pos_vel"}
    if not with_wrist:
        columns["body_pos"] = columns["body_pos"][:, :-3]
    table = torch.cat(list(columns.values()), dim=1)
    assert table.shape[1] == width + 3 * with_wrist
    a = load_upstream(put(tmp_path / "a", {**record, "obj_pos_vel": None}), hand)
    b = load_upstream(put(tmp_path / "b", table), hand)
    for field in (*FIELDS, "joint_vel", "object_angvel_w"):
        torch.testing.assert_close(getattr(a, field), getattr(b, field), msg=field)


def test_the_older_table_of_119_columns_is_read(tmp_path):
    generator = torch.Generator().manual_seed(0)
    table = torch.rand(6, 119, generator=generator)
    table[:, 3:7] = torch.tensor([0.0, 0.0, 0.0, 1.0])
    table[:, 106:110] = torch.tensor([0.0, 0.6, 0.0, 0.8])
    table[:, 117] = torch.tensor([0.0, 0, 1, 1, -1, 1])
    read = load_upstream(put(tmp_path, table), MANO)
    torch.testing.assert_close(read.joint_pos[:, :3], table[:, :3] + table[:, 7:10])
    torch.testing.assert_close(read.joint_pos[:, 3:], table[:, 10:58])
    torch.testing.assert_close(read.key_pos_w[:, :15], table[:, 58:103].reshape(6, 15, 3))
    torch.testing.assert_close(read.key_pos_w[:, 15], read.joint_pos[:, :3])
    torch.testing.assert_close(read.object_pos_w, table[:, 103:106])
    torch.testing.assert_close(read.object_quat_w, torch.tensor([[0.8, 0.0, 0.6, 0.0]]).expand(6, 4))
    assert read.contact.tolist() == [0, 0, 1, 1, -1, 1]


def test_clips_of_raised_folders_are_lowered_onto_our_table(tmp_path):
    record = make_record()
    low = load_upstream(put(tmp_path, record), HAND)
    high = load_upstream(put(tmp_path, record, folder="bottle/grasp_higher_kp"), HAND)
    drop = torch.tensor([0.0, 0.0, 0.1])
    torch.testing.assert_close(low.object_pos_w - high.object_pos_w, drop.expand(5, 3))
    torch.testing.assert_close(low.joint_pos[:, :3] - high.joint_pos[:, :3], drop.expand(5, 3))
    torch.testing.assert_close(low.key_pos_w - high.key_pos_w, drop.expand(5, 3, 3))


@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("001_bottle_4_12-3.pt", "a/b", ("grasp", "Bottle", 12, 4)),
        ("002_alarm_clock_7_1.pt", "a/b", ("move", "Alarm_clock", 7, -1)),
        ("005_bottle_10_3_1.pt", "a/b", ("regrasp", "Bottle", 10, -1)),
        ("007_usb2_0_4.pt", "a/b", ("catch", "Usb2", 0, -1)),
        ("008_3.pt", "sword/throw_kp", ("throw", "Sword", -1, -1)),
        ("006.pt", "hammer/rotate_kp", ("rotate", "Hammer", -1, -1)),
        ("001_bowl_4_12-3.pt", "bowlround/grasp_higher_kp", ("grasp", "Bowlround", 12, 4)),
        ("008_bottle_11_0.pt", "dexgrasp_train_mano/bottle/ablation/throw_20_test_kp", ("throw", "Bottle", 11, -1)),
        ("003_x_1_2-3.pt", "dexgrasp_train_mano_20obj/Pizza/place_higher_kp", ("place", "Pizza", 2, 1)),
        ("001_bottle_0_1-1.pt", "bottle_grasp-move-place", ("grasp", "Bottle", 1, 0)),
    ],
)
def test_names_tell_skill_object_grasp_and_rest(tmp_path, name, folder, expected):
    read = load_upstream(put(tmp_path, make_record(), name, folder), HAND)
    assert (read.skills[0], read.objects[0], int(read.clip_grasp), int(read.clip_rest)) == expected


def test_a_relative_path_says_as_much_as_a_whole_one(tmp_path, monkeypatch):
    path = put(tmp_path, make_record(), "001_7.pt", "dexgrasp_train_mano/sword/grasp_higher_kp")
    whole = load_upstream(path, HAND)
    monkeypatch.chdir(path.parent)
    for relative in (Path(), Path(path.name)):
        assert_same_clips(load_upstream(relative, HAND), whole)


def test_files_of_other_skills_are_not_opened(tmp_path):
    put(tmp_path, make_record(), "002_box_1_1.pt", "box/move_kp")
    for name in ("001_box_0_1-1.pt", "000_box_1.pt"):
        put(tmp_path, make_record(), name, "box/grasp_kp").write_text("damaged")
    assert load_upstream(tmp_path, HAND, ("move",)).skills == ("move",)
    with pytest.raises(BadFileError, match="is damaged"):
        load_upstream(tmp_path, HAND, ("move", "grasp"))
    with pytest.raises(BadFileError, match="holds no throw clips, but grasp, move; choose with --skill"):
        load_upstream(tmp_path, HAND, ("throw",))


def test_clips_with_and_without_velocities_are_read_together(tmp_path):
    line = torch.arange(5.0)[:, None] * torch.tensor([[0.01, 0.0, -0.02]])
    put(tmp_path, make_record(obj_pos=line, obj_pos_vel=None), "001_box_0_1-1.pt")
    put(tmp_path, make_record(obj_pos_vel=line), "001_box_0_1-2.pt")
    read = load_upstream(tmp_path, HAND)
    torch.testing.assert_close(read.object_linvel_w[:5], torch.tensor([[0.6, 0.0, -1.2]]).expand(5, 3))
    assert torch.equal(read.object_linvel_w[5:], line)


def test_raised_clips_come_back_raised(tmp_path):
    record = make_record()
    read = load_upstream(put(tmp_path, record, folder="bottle/grasp_higher_kp"), HAND)
    (again,) = save_upstream(tmp_path / "out", read, raised=True)
    assert again.parent.name == "grasp_higher_kp"
    for key, value in torch.load(again, weights_only=True).items():
        torch.testing.assert_close(value, record[key], atol=1e-6, rtol=0, msg=key)


def test_a_folder_is_read_in_the_order_of_the_last_numbers(tmp_path):
    for number, frames in ((10, 3), (9, 2), (2, 4)):
        put(tmp_path, make_record(frames), f"008_box_1_{number}.pt", "box/throw_kp")
    assert load_upstream(tmp_path, HAND).lengths.tolist() == [4, 2, 3]


@pytest.mark.parametrize("key", ["root_pos", "root_rot", "wrist_dof", "fingers_dof", "body_pos", "obj_pos", "obj_rot"])
def test_a_missing_misshapen_or_infinite_value_is_named(tmp_path, key):
    record = make_record()
    reject(put(tmp_path, {k: v for k, v in record.items() if k != key}), f"{key} is missing")
    reject(put(tmp_path, {**record, key: record[key][:, :-1]}), "has shape")
    reject(put(tmp_path, {**record, key: [1.0]}), f"{key} is a list, not a tensor")
    reject(put(tmp_path, {**record, key: torch.tensor(1.0)}), f"{key} has shape")
    bad = record[key].clone()
    bad[3, 0] = float("nan")
    reject(put(tmp_path, {**record, key: bad}), f"{key} is not finite at frame 3")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"fingers_dof": torch.zeros(5, 16)}, r"fingers_dof has shape \(5, 16\) instead of \(5, 2\)"),
        ({"obj_pos": torch.zeros(4, 3)}, r"obj_pos has shape \(4, 3\) instead of \(5, 3\)"),
        ({"root_pos": torch.zeros(0, 3)}, "root_pos has shape"),
        ({"obj_rot": torch.zeros(5, 4)}, "obj_rot is not a unit quaternion"),
        ({"contact1": torch.full((5, 1), 2.0)}, "contact1 is not -1, 0 or 1"),
        ({"body_pos": torch.zeros(5, 9)}, "body_pos is all zero: .*_kp"),
        ({"obj_pos_vel": "fast"}, "obj_pos_vel is a str"),
    ],
)
def test_impossible_values_are_named(tmp_path, changes, problem):
    reject(put(tmp_path, make_record(**changes)), problem)


def test_a_table_of_another_hand_is_refused(tmp_path):
    reject(put(tmp_path, torch.zeros(4, 119)), r"shape \(4, 119\) instead of \(frames, 37\) or \(frames, 40\) for claw")


@pytest.mark.parametrize("name", ["000_bottle_3.pt", "004_bottle_3.pt", "bottle.pt", "1_bottle.pt"])
def test_names_without_a_skill_are_refused(tmp_path, name):
    reject(put(tmp_path, make_record(), name), "begins with no known skill label .*001 grasp, 002 move")


def test_missing_files_and_empty_folders_are_refused(tmp_path):
    reject(tmp_path / "001_none.pt", "no such motion file")
    reject(tmp_path, "holds no .pt file")


def test_truncated_and_foreign_files_are_refused(tmp_path):
    path = put(tmp_path, make_record())
    path.write_bytes(path.read_bytes()[:500])
    reject(path, "is damaged")
    path.write_bytes(b"")
    reject(path, "is damaged")
    path.write_text("hello")
    reject(path, "is damaged")
    torch.save([1, 2], path)
    reject(path, "holds a list instead of a dictionary")


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))])
def test_code_in_a_file_is_refused_and_never_run(tmp_path, save):
    path = put(tmp_path, make_record())
    save({**make_record(), "extra": Malicious(tmp_path / "owned")}, path)
    reject(path, "is damaged or holds more than tensors")
    assert not (tmp_path / "owned").exists()


def test_clips_of_another_frame_rate_are_not_written(tmp_path, motions):
    with pytest.raises(BadFileError, match="60 frames a second, these at 30"):
        save_upstream(tmp_path, replace(motions, fps=30.0))


def test_a_full_disk_leaves_the_old_file_whole(tmp_path, motions, monkeypatch):
    path = save_upstream(tmp_path, motions)[0]
    before = path.read_bytes()

    def fill_up(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pathlib.Path.write_bytes", fill_up)
    with pytest.raises(BadFileError, match="No space left"):
        save_upstream(tmp_path, motions)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_refused(tmp_path, motions):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BadFileError, match="cannot be written"):
        save_upstream(tmp_path / "file", motions)
