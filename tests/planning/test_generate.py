"""Laws of generated clips."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hot import rotations
from hot.errors import HotError, UnknownNameError
from hot.hands import Kinematics, load_hand
from hot.objects import load_object
from hot.planning import SKILLS, PlanningConfig, generate
from hot.planning.generate import _redraw
from hot.progress import silent
from hot.synthesis import load_grasps
from hot.synthesis.clearance import Clearance
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import compose, invert

HAND, BOTTLE, CONFIG = load_hand("allegro"), load_object("Bottle"), PlanningConfig()
CLIPS = 12


@pytest.fixture(scope="module", params=SKILLS)
def motions(request):
    return generate(HAND, BOTTLE, request.param, CLIPS, 7, CONFIG, "train")


def frames(motions):
    """(clip, frame) of every row."""
    clip = torch.arange(motions.num_clips).repeat_interleave(motions.lengths)
    return clip, torch.arange(len(clip)) - motions.clip_start[clip]


def in_hand(motions):
    """Object in the wrist frame, row by row."""
    wrist = (motions.joint_pos[:, :3], rotations.from_euler(motions.joint_pos[:, 3:6]))
    return compose(invert(wrist), (motions.object_pos_w, motions.object_quat_w))


def test_there_are_as_many_clips_as_asked_for(motions):
    assert motions.num_clips == CLIPS
    assert motions.joint_names == HAND.joint_names
    for name in ("joint_pos", "joint_vel", "command", "object_quat_w", "object_angvel_w"):
        assert torch.isfinite(getattr(motions, name)).all()


def test_the_object_keeps_its_place_in_the_hand_while_held(motions):
    if motions.skills[0] in ("regrasp", "rotate"):
        pytest.skip("here it is to move in the hand")
    pos, quat = in_hand(motions)
    clip, _ = frames(motions)
    held = motions.contact == 1
    for number in clip[held].unique():
        rows = held & (clip == number)
        assert (pos[rows] - pos[rows][0]).norm(dim=-1).max() < 1e-4
        assert rotations.angle_between(quat[rows], quat[rows][:1]).max() < 2e-3


def test_the_object_never_sinks_into_the_table(motions):
    corners = torch.from_numpy(BOTTLE.mesh.vertices).float()
    heights = rotations.rotate(motions.object_quat_w[::5, None], corners)[..., 2] + motions.object_pos_w[::5, 2:]
    assert heights.min() > -1e-3


def test_the_hand_stays_over_the_table_and_out_of_the_object(motions):
    clearance = Clearance(HAND, BOTTLE)
    rows = slice(None, None, CONFIG.check_stride)
    joints = motions.joint_pos[rows]
    assert clearance.lowest(joints).min() > 0
    depth = clearance.depth(joints, motions.object_pos_w[rows], motions.object_quat_w[rows])
    assert depth.max() <= CONFIG.max_penetration
    assert (depth[motions.contact[rows] == 0] <= 1e-3).all()


def test_key_bodies_are_where_the_joints_put_them(motions):
    kinematics = Kinematics(HAND)
    expected = kinematics.key_points(kinematics.forward(motions.joint_pos[::50]))
    assert torch.allclose(expected, motions.key_pos_w[::50], atol=1e-5)


def test_hinges_never_jump(motions):
    step = motions.joint_pos[:, 3:6].diff(dim=0).abs().amax(-1)
    clip, _ = frames(motions)
    assert step[clip[1:] == clip[:-1]].max() * 60 <= CONFIG.max_hinge_speed + 1e-3


def test_fingers_squeeze_only_while_they_hold_or_close(motions):
    squeeze = (motions.command - motions.joint_pos).abs()
    assert squeeze[:, :6].max() == 0
    assert (squeeze[motions.contact == 0] < 1e-6).all()
    if (motions.contact == 1).any():
        assert squeeze[motions.contact == 1].amax(-1).median() > 0.01


def test_training_and_testing_never_share_a_grasp(motions):
    skill = motions.skills[0]
    held_out = generate(HAND, BOTTLE, skill, CLIPS, 7, CONFIG, "test")
    train, test = (set(m.clip_grasp.tolist()) - {-1} for m in (motions, held_out))
    assert not train & test
    assert all(grasp % CONFIG.held_out == 0 for grasp in test)


def test_the_same_seed_gives_the_same_clips(motions):
    again = generate(HAND, BOTTLE, motions.skills[0], CLIPS, 7, CONFIG, "train")
    other = generate(HAND, BOTTLE, motions.skills[0], CLIPS, 8, CONFIG, "train")
    assert torch.equal(again.joint_pos, motions.joint_pos)
    assert other.joint_pos.shape != motions.joint_pos.shape or not torch.equal(other.joint_pos, motions.joint_pos)


def test_a_grasp_goes_from_free_over_closing_to_held():
    grasp = generate(HAND, BOTTLE, "grasp", 4, 1, CONFIG, "train")
    assert (grasp.lengths == 220).all()
    labels = grasp.contact[: grasp.clip_start[1]]
    assert labels[: CONFIG.close_start].eq(0).all()
    assert labels[CONFIG.close_start : CONFIG.close_end].eq(-1).all()
    assert labels[CONFIG.close_end :].eq(1).all()
    z = grasp.object_pos_w[: grasp.clip_start[1], 2]
    assert float(z[-1] - z[0]) == pytest.approx(CONFIG.lift, abs=1e-5)


def test_resting_poses_get_equal_shares():
    grasp = generate(HAND, BOTTLE, "grasp", 20, 1, CONFIG, "train")
    counts = grasp.clip_rest.bincount()
    served = load_grasps("allegro", "Bottle").pickup.any(0).sum()
    assert len(counts) == served
    assert counts.max() - counts.min() <= 1


def test_a_move_turns_half_a_turn_no_faster_than_allowed():
    move = generate(HAND, BOTTLE, "move", 10, 1, CONFIG, "train")
    first, last = move.clip_start[:-1], move.clip_start[1:] - 1
    turn = rotations.angle_between(move.object_quat_w[first], move.object_quat_w[last])
    assert turn.min() > 3.1
    assert move.object_angvel_w.norm(dim=-1).max() < CONFIG.turn_speed * 1.05
    assert move.object_pos_w[:, 2].min() >= CONFIG.low - 1e-5


def test_unknown_skills_and_splits_list_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"catch, freemove, grasp, move, place, regrasp"):
        generate(HAND, BOTTLE, "juggle", 1, 0, CONFIG, "train")
    with pytest.raises(UnknownNameError, match="test, train"):
        generate(HAND, BOTTLE, "grasp", 1, 0, CONFIG, "validation")


def test_an_impossible_request_counts_the_reasons():
    with pytest.raises(HotError, match="table: "):
        generate(HAND, BOTTLE, "grasp", 1, 0, PlanningConfig(table_clearance=0.5), "train")


class _Counting:
    """Candidates with numbers for lengths, of which those in ``bad`` are refused."""

    def __init__(self, bad):
        self.bad, self.drawn, self.looked = bad, 0, 0

    def draw(self, count):
        self.drawn += count
        length = torch.arange(self.drawn - count, self.drawn)
        rows = {f.name: torch.zeros(count, 1) for f in fields(Paths)}
        return Paths(**{**rows, "length": length, "grasp": length, "rest": length})

    def refuse(self, paths):
        self.looked += len(paths.length)
        return {"rule": torch.isin(paths.length, self.bad)}


@given(st.lists(st.integers(0, 400), max_size=120))
def test_the_first_candidates_that_obey_are_taken_and_few_more_are_looked_at(bad):
    planner, wanted = _Counting(torch.tensor(bad, dtype=torch.long)), 200
    taken = _redraw(planner, wanted, "toy", silent)
    obeying = [number for number in range(planner.drawn) if number not in bad]
    assert taken.length.tolist() == obeying[:wanted]
    assert planner.looked <= taken.length[-1] + 1 + 0.3 * wanted + 32
