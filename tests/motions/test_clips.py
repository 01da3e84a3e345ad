"""Laws of sets of clips: gathering, choosing, joining, velocities."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hot import rotations
from hot.errors import HotError, UnknownNameError
from hot.motions import SKILLS, Motions, skill_by_name
from hot.motions.clips import FRAME_FIELDS
from hot.motions.hinges import continuous_hinges
from tests.motions.clip_sets import assert_same_clips, make_motions, motion_sets


def named_clips(motions):
    """What each clip is, whatever the catalogues' order."""
    things = [motions.objects[i] for i in motions.clip_object]
    return list(zip(things, [motions.skills[i] for i in motions.clip_skill], motions.lengths.tolist()))


def test_skills_have_the_labels_of_the_original_release():
    assert {s.name: s.label for s in SKILLS} == {
        "grasp": 1, "move": 2, "place": 3, "regrasp": 5, "rotate": 6, "catch": 7, "throw": 8, "freemove": 9,
    }  # fmt: skip
    assert skill_by_name("Grasp").label == 1


def test_an_unknown_skill_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown skill 'trow'; did you mean 'throw'.*catch, freemove, grasp"):
        skill_by_name("trow")


def composed(motions):
    """The same clips, whose frames take turns in skills."""
    return replace(motions, frame_skill=torch.arange(len(motions.contact)) % len(motions.skills))


def test_frames_are_of_their_clips_skill_unless_they_say_otherwise(motions):
    assert motions.skill_of_frames.tolist() == [0] * 4 + [1] + [0] * 7
    assert composed(motions).skill_of_frames.tolist() == [0, 1] * 6


def test_clips_are_composed_if_their_frames_are_of_several_skills(motions):
    assert not motions.composed.any()
    assert composed(motions).composed.tolist() == [length > 1 for length in motions.lengths.tolist()]
    same = replace(motions, frame_skill=motions.skill_of_frames)
    assert not same.composed.any()
    joined = Motions.concatenate([motions, composed(motions)])
    assert joined.composed.tolist() == [False] * motions.num_clips + composed(motions).composed.tolist()


def test_the_skills_of_frames_go_where_their_frames_go(motions):
    chosen = composed(motions).select([2, 1])
    assert chosen.skill_of_frames.tolist() == [1, 0, 1, 0, 1, 0, 1, 0]
    assert chosen.to("cpu").frame_skill is not None


def test_joined_sets_name_the_skill_of_every_frame_by_one_catalogue(motions):
    other = make_motions(1, (3,), skills=("throw", "place"))
    joined = Motions.concatenate([other, composed(motions)])
    named = [joined.skills[number] for number in joined.skill_of_frames.tolist()]
    assert named == ["throw"] * 3 + ["grasp", "throw"] * 6
    assert Motions.concatenate([other, motions]).frame_skill is None


def numbers_of(motions):
    """The number of each clip's source."""
    return [] if motions.clip_source is None else motions.clip_source.tolist()


def test_the_numbers_of_sources_go_where_their_clips_go(motions):
    refined = replace(motions, clip_source=torch.tensor([4, 0, 9]))
    assert numbers_of(refined.select([2, 0]).to("cpu")) == [9, 4]
    assert numbers_of(Motions.concatenate([motions, refined])) == [-1, -1, -1, 4, 0, 9]
    assert Motions.concatenate([motions, motions]).clip_source is None


def test_counts(motions):
    assert motions.num_clips == 3
    assert motions.lengths.tolist() == [4, 1, 7]


def test_gathering_returns_the_rows_of_the_clip(motions):
    frames = motions.at(torch.tensor([2, 0]), torch.tensor([3, 1]))
    for name in FRAME_FIELDS:
        assert torch.equal(getattr(frames, name), getattr(motions, name)[[8, 1]])


@given(motion_sets, st.integers(-20, 20))
def test_gathering_holds_the_ends_of_a_clip(motions, frame):
    clips = torch.arange(motions.num_clips)
    gathered = motions.at(clips, torch.full((motions.num_clips,), frame))
    for clip in range(motions.num_clips):
        rows = motions.joint_pos[motions.clip_start[clip] : motions.clip_start[clip + 1]]
        assert torch.equal(gathered.joint_pos[clip], rows[min(max(frame, 0), len(rows) - 1)])


def test_gathering_a_horizon_is_gathering_each_of_its_frames(motions):
    clips, ahead = torch.tensor([0, 2, 1, 2]), torch.tensor([[0, 2, 9], [1, 3, 5], [0, 1, 2], [6, 7, -1]])
    horizon = motions.at(clips, ahead)
    assert horizon.key_pos_w.shape == (4, 3, 3, 3) and horizon.contact.shape == (4, 3)
    for h in range(3):
        assert torch.equal(horizon.key_pos_w[:, h], motions.at(clips, ahead[:, h]).key_pos_w)


@given(motion_sets)
def test_selecting_every_clip_changes_nothing(motions):
    assert_same_clips(motions.select(range(motions.num_clips)), motions)


@given(motion_sets, st.data())
def test_selected_clips_are_those_asked_for_in_order(motions, data):
    ids = data.draw(st.lists(st.integers(0, motions.num_clips - 1), max_size=6))
    chosen = motions.select(ids)
    assert named_clips(chosen) == [named_clips(motions)[i] for i in ids]
    for new, old in enumerate(ids):
        frames = torch.arange(int(motions.lengths[old]))
        a = chosen.at(torch.full_like(frames, new), frames)
        b = motions.at(torch.full_like(frames, old), frames)
        assert all(torch.equal(x, y) for x, y in zip(a, b))


@given(motion_sets, st.data())
def test_joining_what_was_split_restores_it(motions, data):
    cut = data.draw(st.integers(0, motions.num_clips))
    ids = range(motions.num_clips)
    assert_same_clips(Motions.concatenate([motions.select(ids[:cut]), motions.select(ids[cut:])]), motions)


def test_joining_is_associative_and_merges_catalogues_by_name():
    a = make_motions(1)
    b = make_motions(2, objects=("Sword", "Box"), skills=("throw", "move"))
    c = make_motions(3, objects=("Bottle",), skills=("place",))
    left = Motions.concatenate([Motions.concatenate([a, b]), c])
    right = Motions.concatenate([a, Motions.concatenate([b, c])])
    assert_same_clips(replace(left, meta={}), replace(right, meta={}))
    assert left.objects == ("Bottle", "Box", "Sword") and left.skills == ("grasp", "throw", "move", "place")
    assert named_clips(left) == named_clips(a) + named_clips(b) + named_clips(c)
    assert Motions.concatenate([a, b]).meta == {"joined": [{"seed": 1}, {"seed": 2}]}


@pytest.mark.parametrize(
    "change", [{"hand": "hook"}, {"fps": 30.0}, {"joint_names": tuple("abcdefgh")}, {"key_bodies": tuple("abc")}]
)
def test_sets_of_different_hands_or_rates_do_not_join(motions, change):
    with pytest.raises(HotError, match=f"differ in {next(iter(change))}"):
        Motions.concatenate([motions, replace(motions, **change)])


def test_nothing_cannot_be_joined():
    with pytest.raises(HotError, match="no motions"):
        Motions.concatenate([])


def test_a_constant_turn_and_a_straight_line_have_their_exact_velocities():
    frames, fps, rate = 30, 60.0, torch.tensor([1.0, -2.0, 3.0])
    seconds = (torch.arange(frames, dtype=torch.float64) / fps)[:, None]
    start = rotations.normalize(torch.tensor([0.5, -0.1, 0.7, 0.2]).double())
    line = (torch.tensor([[0.1, 0.2, 0.3]]) + seconds * torch.tensor([[0.3, 0.0, -0.6]])).double()
    clip = replace(
        make_motions(lengths=(frames,)),
        object_quat_w=rotations.multiply(rotations.from_vector(seconds * rate), start),
        object_pos_w=line,
        joint_pos=seconds * torch.arange(8),
    ).with_velocities()
    torch.testing.assert_close(clip.object_angvel_w, rate.double().expand(frames, 3))
    torch.testing.assert_close(clip.object_linvel_w, torch.tensor([[0.3, 0.0, -0.6]]).double().expand(frames, 3))
    torch.testing.assert_close(clip.joint_vel, torch.arange(8).double().expand(frames, 8))


def test_constant_acceleration_has_its_exact_velocity_at_the_ends_of_a_clip_too(motions):
    clip, first = 2, int(motions.clip_start[2])
    time = torch.arange(7) / motions.fps
    fall = torch.stack([0.3 * time, 0 * time, 1.0 + 2.0 * time - 4.905 * time**2], dim=1)
    pos = motions.object_pos_w.clone()
    pos[first:] = fall
    velocity = replace(motions, object_pos_w=pos).with_velocities().select([clip]).object_linvel_w
    expected = torch.stack([0.3 + 0 * time, 0 * time, 2.0 - 9.81 * time], dim=1)
    torch.testing.assert_close(velocity, expected, atol=1e-3, rtol=0)


@given(motion_sets)
def test_velocities_never_reach_over_the_border_of_a_clip(motions):
    whole = motions.with_velocities()
    for clip in range(motions.num_clips):
        alone = motions.select([clip]).with_velocities()
        assert torch.equal(alone.joint_vel, whole.select([clip]).joint_vel)
        assert torch.equal(alone.object_angvel_w, whole.select([clip]).object_angvel_w)


def test_a_clip_of_one_frame_stands_still(motions):
    still = motions.select([1]).with_velocities()
    assert not still.joint_vel.any() and still.object_angvel_w.abs().max() < 1e-6


def test_velocities_ignore_the_sign_of_quaternions(motions):
    signs = torch.where(torch.arange(12) % 2 == 0, 1.0, -1.0)[:, None]
    flipped = replace(motions, object_quat_w=signs * motions.object_quat_w).with_velocities()
    torch.testing.assert_close(flipped.object_angvel_w, motions.object_angvel_w, atol=1e-4, rtol=0)


def test_moving_to_a_device_keeps_every_value(motions):
    assert_same_clips(motions.to("cpu"), motions)


@given(st.integers(0, 2**31))
def test_continuous_hinges_undo_every_change_of_representation(seed):
    generator = torch.Generator().manual_seed(seed)
    smooth = 0.1 * torch.randn(40, 3, generator=generator, dtype=torch.float64).cumsum(0)
    twin = torch.rand(40, generator=generator) < 0.3
    twin[0] = False
    other = torch.stack([smooth[:, 0] + math.pi, math.pi - smooth[:, 1], smooth[:, 2] + math.pi], dim=-1)
    jumpy = torch.where(twin[:, None], other, smooth)
    jumpy[1:] += 2 * math.pi * torch.randint(-2, 3, (39, 3), generator=generator).double()
    torch.testing.assert_close(continuous_hinges(jumpy), smooth)
    torch.testing.assert_close(continuous_hinges(smooth), smooth)
    torch.testing.assert_close(
        rotations.to_matrix(rotations.from_euler(continuous_hinges(jumpy))),
        rotations.to_matrix(rotations.from_euler(jumpy)),
    )
