"""Laws of pieces and of chaining them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hot import rotations
from hot.hands import load_hand
from hot.objects import load_object
from hot.planning import PlanningConfig
from hot.planning.keyframes import held, keyframe
from hot.planning.setting import make_setting
from hot.planning.transitions import FREE, HELD, carry, chain, join, reach, shares, wait
from hot.synthesis.transforms import compose, invert


@pytest.fixture(scope="module")
def start():
    setting = make_setting(load_hand("allegro"), load_object("Bottle"), PlanningConfig(), "train", 1)
    pose = setting.places(3), setting.draws.rotations(3)
    return held(setting.grasps, setting.rows[:3], pose)


def lifted(start, frames):
    share = shares(frames, 3, torch.device("cpu"))[..., None]
    return start.object[0][:, None] + 0.2 * share, start.object[1][:, None].expand(3, share.shape[1], 4)


def test_a_carried_object_keeps_its_place_in_the_hand(start):
    path = carry(start, lifted(start, 7), 7)
    pos, quat = compose(invert((path.wrist_pos_w, path.wrist_quat_w)), (path.object_pos_w, path.object_quat_w))
    before = compose(invert(start.wrist), start.object)
    assert (pos - before[0][:, None]).norm(dim=-1).max() < 1e-5
    assert rotations.angle_between(quat, before[1][:, None].expand_as(quat)).max() < 2e-3


def test_pieces_leave_out_their_start_and_end_with_their_goal(start):
    frames = torch.tensor([2, 5, 3])
    path = carry(start, lifted(start, frames), frames)
    for row, last in enumerate((1, 4, 2)):
        assert torch.allclose(path.object_pos_w[row, last], start.object[0][row] + 0.2, atol=1e-6)
        assert not torch.allclose(path.object_pos_w[row, 0], start.object[0][row])
    whole = chain([wait(start, 1, HELD), path])
    assert whole.length.tolist() == [3, 6, 4]
    assert torch.equal(whole.object_pos_w[:, 0], start.object[0])


def test_a_chain_of_pieces_of_any_length_holds_each_frame_once(start):
    frames = torch.tensor([2, 0, 3])
    first = wait(start, frames, FREE)
    moved = carry(start, lifted(start, torch.tensor([4, 2, 1])), torch.tensor([4, 2, 1]))
    last = wait(keyframe(moved, -1), torch.tensor([1, 3, 0]), HELD)
    whole = chain([first, moved, last])
    assert whole.length.tolist() == [7, 5, 4]
    for row, (before, between) in enumerate(((2, 4), (0, 2), (3, 1))):
        assert whole.contact[row, :before].eq(FREE).all()
        assert torch.equal(whole.object_pos_w[row, before : before + between], moved.object_pos_w[row, :between])
        end = whole.object_pos_w[row, before + between - 1 :]
        assert torch.equal(end, end[:1].expand_as(end))  # padded with the last frame


def test_a_free_hand_reaches_the_other_keyframe_and_leaves_the_object(start):
    end = held_elsewhere(start)
    path = reach(start, end, shares(5, 3, torch.device("cpu")), 5, FREE)
    assert torch.allclose(path.wrist_pos_w[:, -1], end.wrist[0], atol=1e-6)
    assert rotations.angle_between(path.wrist_quat_w[:, -1], end.wrist[1]).max() < 1e-3
    assert torch.equal(path.object_pos_w[:, -1], start.object[0])


def held_elsewhere(start):
    return replace(start, wrist=(start.wrist[0] + 0.1, start.wrist[1].flip(0)), fingers=0.5 * start.fingers)


def test_joined_parts_are_as_long_as_the_longest(start):
    parts = [wait(start, 2, HELD), wait(start, 5, HELD)]
    both = join(parts, 5)
    assert both.contact.shape == (5, 5) and both.length.tolist() == [2, 2, 2, 5, 5]
