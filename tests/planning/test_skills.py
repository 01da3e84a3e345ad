"""Laws of thrown, caught, turned and regrasped objects."""

from __future__ import annotations

import pytest
import torch

from hot import rotations
from hot.hands import load_hand
from hot.objects import load_object
from hot.planning import PlanningConfig, generate
from hot.planning.config import RegraspConfig
from hot.planning.fingers import FingerSolver, find_touches
from hot.planning.inhand import opposed
from hot.planning.inspection import inspect
from hot.planning.setting import make_setting
from hot.presets import test_frames as frames_of
from hot.synthesis import load_grasps
from hot.synthesis.transforms import compose, invert

HAND, BOTTLE, CONFIG = load_hand("allegro"), load_object("Bottle"), PlanningConfig()
CLIPS = 16
GRAVITY = torch.tensor([0.0, 0.0, -9.81])


def made(skill, split="train", config=CONFIG):
    return generate(HAND, BOTTLE, skill, CLIPS, 5, config, split)


def by_clip(motions, values):
    return values.view(motions.num_clips, -1, *values.shape[1:])


@pytest.fixture(scope="module", params=["throw", "catch", "regrasp", "rotate"])
def motions(request):
    return made(request.param)


@pytest.fixture(scope="module", params=["throw", "catch"])
def tossed(request):
    return made(request.param)


def test_clips_are_valid_and_as_long_as_the_test(motions):
    report = inspect(motions, HAND, BOTTLE)
    assert report.valid(), report
    assert motions.lengths.unique().tolist() == [frames_of(motions.skills[0])]


def test_what_no_hand_touches_flies_on_a_parabola_with_its_exact_velocity(tossed):
    pos, free = by_clip(tossed, tossed.object_pos_w), by_clip(tossed, tossed.contact) == 0
    inside = free[:, :-2] & free[:, 1:-1] & free[:, 2:]
    bend = pos.diff(n=2, dim=1) * 3600
    assert (bend[inside] - GRAVITY).norm(dim=-1).max() < 0.05  # float32 of a metre, differenced twice
    velocity = by_clip(tossed, tossed.object_linvel_w)
    rows = free.clone()
    edge = 0 if tossed.skills[0] == "catch" else -1
    assert rows[:, edge].all()
    start, times = (pos[:, 0], 1.0) if edge == 0 else (pos[:, -1], -1.0)
    for clip in range(3):
        t = times * torch.arange(6) / 60
        frames = torch.arange(6) if edge == 0 else pos.shape[1] - 1 - torch.arange(6)
        expected = start[clip] + velocity[clip, edge] * t[:, None] + 0.5 * GRAVITY * t[:, None] ** 2
        assert (pos[clip, frames] - expected).norm(dim=-1).max() < 1e-4


def test_a_throw_is_held_then_let_go_and_a_catch_the_other_way_round(tossed):
    labels = by_clip(tossed, tossed.contact)
    if tossed.skills[0] == "catch":
        labels = labels.flip(1)
    assert (labels[:, 0] == 1).all() and (labels[:, -1] == 0).all()
    order = torch.where(labels == 1, 0, torch.where(labels == -1, 1, 2))
    assert (order.diff(dim=1) >= 0).all()  # held, unsure, free


def test_the_hand_meets_the_object_at_its_own_speed(tossed):
    """While the fingers open or close, hand and object move alike but for the first frames of parting."""
    wrist, thing = tossed.joint_vel[:, :3], tossed.object_linvel_w
    unsure = by_clip(tossed, tossed.contact) == -1
    apart = by_clip(tossed, (wrist - thing).norm(dim=-1))
    toss = CONFIG.throw if tossed.skills[0] == "throw" else CONFIG.catch
    slow = apart[unsure].view(len(unsure), -1)
    if tossed.skills[0] == "catch":
        slow = slow.flip(1)
    assert slow[:, : toss.open_frames - 1].max() < 0.02
    assert slow.max() < toss.part_acceleration * (toss.unsure_frames + 1) / 60


def test_a_caught_object_comes_to_rest_over_the_table():
    catch = made("catch")
    end = by_clip(catch, catch.object_linvel_w)[:, -20:]
    assert end.norm(dim=-1).max() < 1e-3
    assert by_clip(catch, catch.object_pos_w)[:, -1, 2].min() > 0.3


def test_fingers_open_from_the_grasp_and_not_to_nothing(tossed):
    """The pre-grasp is on the way from the grasp to the open hand."""
    grasps = load_grasps("allegro", "Bottle")
    fingers = by_clip(tossed, tossed.joint_pos[:, 6:])
    closed = grasps.fingers[tossed.clip_grasp]
    free = fingers[:, -1] if tossed.skills[0] == "throw" else fingers[:, 0]
    way = HAND.open_fingers - closed
    share = ((free - closed) * way).sum(1) / way.square().sum(1)
    assert torch.allclose(free, closed + share[:, None] * way, atol=1e-4)
    assert (share > 0.2).all() and (share <= 1.0001).all()


def in_wrist(motions):
    wrist = motions.joint_pos[:, :3], rotations.from_euler(motions.joint_pos[:, 3:6])
    return compose(invert(wrist), (motions.object_pos_w, motions.object_quat_w))


@pytest.fixture(scope="module", params=["regrasp", "rotate"])
def in_hand(request):
    return made(request.param, config=PlanningConfig(regrasp=RegraspConfig(in_hand_share=1.0)))


def test_two_facing_fingers_keep_contact_at_every_frame(in_hand):
    """A library with few changes within the hand gets some over the table besides, which let go."""
    setting = make_setting(HAND, BOTTLE, CONFIG, "train", 1)
    kept = (by_clip(in_hand, in_hand.contact) == 1).all(1)
    assert kept.sum() >= (CLIPS if in_hand.skills == ("rotate",) else 2)
    inside = in_hand.select(kept.nonzero()[:, 0])
    rows = slice(None, None, 7)
    pos, quat = in_wrist(inside)
    touches = find_touches(setting, invert((pos[rows], quat[rows])), inside.joint_pos[rows, 6:])
    near = touches.distance < 0.003
    assert (near.sum(1) >= 2).all()
    assert opposed(touches, near, -0.4).all()


def test_a_turn_turns_the_object_in_the_hand_past_a_grasp_of_the_library():
    rotate, grasps = made("rotate"), load_grasps("allegro", "Bottle")
    pos, quat = (by_clip(rotate, each) for each in in_wrist(rotate))
    turn = rotations.angle_between(quat[:, 0], quat[:, -1])
    assert turn.min() >= CONFIG.rotate.least - 1e-3
    library = invert((grasps.wrist_pos_o[rotate.clip_grasp], grasps.wrist_quat_o[rotate.clip_grasp]))
    nearest = rotations.angle_between(quat, library[1][:, None].expand_as(quat)).amin(1)
    assert nearest.max() < 0.04  # a frame's turn at most
    assert (pos - library[0][:, None]).norm(dim=-1).amin(1).max() < 0.01


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_regrasp_leads_from_a_grasp_of_the_split_to_another(split, share):
    regrasp = made("regrasp", split, PlanningConfig(regrasp=RegraspConfig(in_hand_share=share)))
    grasps = load_grasps("allegro", "Bottle")
    held_out = torch.arange(len(grasps)) % CONFIG.held_out == 0
    fingers = by_clip(regrasp, regrasp.joint_pos[:, 6:])
    numbers = []
    for frame in (0, -1):
        away = (fingers[:, frame, None] - grasps.fingers).abs().amax(-1)
        assert away.amin(1).max() < 0.01  # what settled beyond a joint's range is brought back
        numbers.append(away.argmin(1))
    assert torch.equal(numbers[0], regrasp.clip_grasp)
    assert (numbers[0] != numbers[1]).all()
    for number in numbers:
        assert (held_out[number] == (split == "test")).all()


def test_over_the_table_the_object_lies_still_while_no_hand_holds_it():
    regrasp = made("regrasp", config=PlanningConfig(regrasp=RegraspConfig(in_hand_share=0.0)))
    pos, free = by_clip(regrasp, regrasp.object_pos_w), by_clip(regrasp, regrasp.contact) == 0
    assert free.any(1).all()
    for clip in range(CLIPS):
        still = pos[clip, free[clip]]
        assert (still - still[0]).norm(dim=-1).max() < 1e-6
    assert (pos[:, 0, 2] - pos[:, 90, 2]).min() == pytest.approx(CONFIG.regrasp.height, abs=1e-3)


def test_fingers_reach_points_that_they_can_reach_and_say_how_far_others_are():
    setting = make_setting(HAND, BOTTLE, CONFIG, "train", 1)
    grasps = setting.grasps
    touches = find_touches(setting, grasps.wrist_o, grasps.fingers)
    solver = FingerSolver(HAND, setting.clearance.kinematics, setting.device)
    goal = solver.points(grasps.fingers, touches.body, touches.point_b)
    everyone = torch.ones_like(touches.touching)
    away = grasps.fingers + 0.15 * torch.randn(grasps.fingers.shape, generator=torch.Generator().manual_seed(0))
    _, miss = solver.solve(away, touches.body, touches.point_b, goal, everyone)
    assert miss.quantile(0.9) < 1e-3
    _, miss = solver.solve(grasps.fingers, touches.body, touches.point_b, goal + 1.0, everyone)
    assert miss.min() > 0.5
