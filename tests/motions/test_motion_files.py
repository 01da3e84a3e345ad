"""Motion files: what is written is read, and every defect is one clear error."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings

from hot.assets import read_tensors, write_tensors
from hot.errors import BadFileError
from hot.motions import load_motions, save_motions
from hot.motions.checks import check
from tests.motions.clip_sets import HAND, assert_same_clips, make_motions, motion_sets


@pytest.fixture
def saved(tmp_path, motions):
    save_motions(tmp_path / "m.safetensors", motions)
    return tmp_path / "m.safetensors"


def reject(path, problem, hand=None):
    with pytest.raises(BadFileError, match=problem) as caught:
        load_motions(path, hand)
    assert str(path) in str(caught.value)


def rewrite(path, tensors=(), meta=()):
    """The same file with some tensors and header entries replaced."""
    file = read_tensors(path, "motions")
    write_tensors(path, "motions", {**file.tensors, **dict(tensors)}, {**file.meta, **dict(meta)})


@settings(max_examples=30)
@given(motion_sets)
def test_what_is_written_is_read(tmp_path_factory, motions):
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    save_motions(path, motions)
    assert_same_clips(load_motions(path), motions)
    assert_same_clips(load_motions(path, HAND), motions)


def test_clips_of_a_real_hand_are_written_and_read(tmp_path, hover, allegro):
    save_motions(tmp_path / "m", hover)
    assert_same_clips(load_motions(tmp_path / "m", allegro), hover)


def test_a_set_without_clips_is_written_and_read(tmp_path, motions):
    save_motions(tmp_path / "m", motions.select([]))
    assert load_motions(tmp_path / "m", HAND).num_clips == 0


def test_joints_and_bodies_are_brought_into_the_hands_order(tmp_path, motions):
    joints, bodies = [0, 1, 2, 3, 4, 5, 7, 6], [1, 0, 2]
    shuffled = replace(
        motions,
        joint_names=tuple(HAND.joint_names[i] for i in joints),
        key_bodies=tuple(HAND.key_bodies[i] for i in bodies),
        key_pos_w=motions.key_pos_w[:, bodies],
        **{name: getattr(motions, name)[:, joints] for name in ("joint_pos", "joint_vel", "command")},
    )
    save_motions(tmp_path / "m", shuffled)
    assert_same_clips(load_motions(tmp_path / "m", HAND), motions)
    assert_same_clips(load_motions(tmp_path / "m"), shuffled)


def test_a_file_of_another_hand_is_refused(saved):
    other = HAND._replace(name="hook")
    reject(saved, "was made for the hand 'claw', not 'hook'", other)


def test_joints_of_other_names_are_refused(saved):
    other = HAND._replace(joint_names=(*HAND.joint_names[:-1], "thumb"))
    reject(saved, "joint_names lacks thumb and has unknown right", other)


def test_missing_truncated_and_foreign_files_are_refused(tmp_path, saved):
    reject(tmp_path / "none", "no such motions file")
    saved.write_bytes(saved.read_bytes()[:-100])
    reject(saved, "damaged")
    write_tensors(saved, "policy", {}, {})
    reject(saved, "holds 'policy'")


def test_a_file_of_a_later_version_is_refused(saved):
    rewrite(saved, meta={"version": 2})
    reject(saved, "header: version: Input should be 1")


def test_a_header_without_joint_names_is_refused(saved):
    file = read_tensors(saved, "motions")
    write_tensors(saved, "motions", file.tensors, {k: v for k, v in file.meta.items() if k != "joint_names"})
    reject(saved, "header: joint_names: Field required")


def test_a_file_without_a_tensor_is_refused(saved):
    file = read_tensors(saved, "motions")
    write_tensors(saved, "motions", {k: v for k, v in file.tensors.items() if k != "contact"}, file.meta)
    reject(saved, "lacks contact")


def changed(field, row, value):
    motions = make_motions()
    tensor = getattr(motions, field).clone()
    tensor[row] = value
    return replace(motions, **{field: tensor})


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (changed("joint_pos", 6, float("nan")), "joint_pos is not finite in clip 2 at frame 1"),
        (changed("key_pos_w", 0, float("inf")), "key_pos_w is not finite in clip 0 at frame 0"),
        (changed("object_quat_w", 4, 0.6), "object_quat_w is not a unit quaternion in clip 1 at frame 0"),
        (changed("contact", 11, 2), "contact is not -1, 0 or 1 in clip 2 at frame 6"),
        (changed("contact", 3, -2), "contact is not -1, 0 or 1 in clip 0 at frame 3"),
        (changed("clip_start", 1, 6), "clip_start: clip 1 has no frames"),
        (changed("clip_start", 3, 11), "clip_start does not run from 0 to the 12 frames"),
        (changed("clip_start", 0, 1), "clip_start does not run from 0 to the 12 frames"),
        (changed("clip_object", 1, 2), r"clip_object: clip 1 has an index outside 0\.\.1"),
        (changed("clip_skill", 2, -1), r"clip_skill: clip 2 has an index outside 0\.\.1"),
        (changed("clip_grasp", 0, -2), "clip_grasp: clip 0 is below -1"),
        (replace(make_motions(), clip_source=torch.tensor([0, 1, -2])), "clip_source: clip 2 is below -1"),
        (replace(make_motions(), clip_source=torch.tensor([0, 1])), r"clip_source has shape \(2,\) instead of \(3,\)"),
        (
            replace(make_motions(), joint_names=HAND.joint_names[:-1]),
            r"joint_pos has shape \(12, 8\)",
        ),
        (replace(make_motions(), joint_names=("a",) * 8), "joint_names names a twice"),
        (replace(make_motions(), joint_names=("a",)), "joint_names lacks the six wrist joints"),
        (replace(make_motions(), key_bodies=()), "key_bodies is empty"),
        (replace(make_motions(), skills=("grasp", "juggle")), "skills names unknown ones: juggle"),
        (replace(make_motions(), fps=0.0), "fps is 0"),
        (replace(make_motions(), joint_pos=make_motions().joint_pos.double()), "joint_pos is torch.float64"),
        (replace(make_motions(), joint_pos=torch.tensor(1.0)), "instead of"),
        (replace(make_motions(), clip_start=torch.tensor([])), "instead of"),
        (replace(make_motions(), contact=torch.zeros(12, 1, dtype=torch.int8)), r"contact has shape \(12, 1\)"),
    ],
)
def test_malformed_clips_are_named_and_never_written(tmp_path, bad, problem):
    with pytest.raises(BadFileError, match=f"some file: .*{problem}"):
        check(bad, "some file")
    with pytest.raises(BadFileError, match=problem):
        save_motions(tmp_path / "m", bad)
    assert not (tmp_path / "m").exists()


def test_damage_inside_a_file_is_found_on_loading(saved, motions):
    rewrite(saved, tensors={"object_pos_w": torch.full_like(motions.object_pos_w, float("nan"))})
    reject(saved, "object_pos_w is not finite in clip 0 at frame 0")


def test_composed_clips_keep_the_skill_of_each_frame_and_other_files_have_none(saved, tmp_path, motions):
    skill = torch.arange(len(motions.contact)) % len(motions.skills)
    save_motions(tmp_path / "composed", replace(motions, frame_skill=skill))
    assert torch.equal(load_motions(tmp_path / "composed", HAND).skill_of_frames, skill)
    assert load_motions(saved).frame_skill is None
    assert "frame_skill" not in read_tensors(saved, "motions").tensors


def test_a_frame_of_no_skill_is_refused(saved, motions):
    skill = torch.zeros(len(motions.contact), dtype=torch.int64)
    skill[5] = 2
    rewrite(saved, {"frame_skill": skill})
    reject(saved, "frame_skill names no skill in clip 2 at frame 0")


def test_refined_clips_keep_the_numbers_of_their_sources_and_other_files_have_none(saved, tmp_path, motions):
    numbers = torch.tensor([7, 3, -1])
    save_motions(tmp_path / "refined", replace(motions, clip_source=numbers))
    read = load_motions(tmp_path / "refined", HAND).clip_source
    assert read is not None and torch.equal(read, numbers)
    assert load_motions(saved).clip_source is None
    assert "clip_source" not in read_tensors(saved, "motions").tensors
