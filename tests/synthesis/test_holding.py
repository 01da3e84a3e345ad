"""Laws of the carrying motion, and of what counts as held."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hot import rotations
from hot.errors import HotError
from hot.hands import load_hand
from hot.objects import load_object
from hot.physics import CONTROL_DT
from hot.synthesis import GraspConfig, SynthesisConfig, load_grasps
from hot.synthesis.carrying import draw_carry
from hot.synthesis.config import JUDGING_PHYSICS
from hot.synthesis.holding import check_grasps, hold
from hot.synthesis.transforms import compose, invert
from hot.synthesis.worlds import Worlds


def drawn(seed=1, frames=300, config=SynthesisConfig()):  # noqa: B008  frozen
    return draw_carry(frames, load_hand("mano"), config, 3.0, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_object_is_carried_as_fast_as_by_the_planner(seed):
    carry, config = drawn(seed), SynthesisConfig()
    assert carry.object_pos_w.shape == (300, 3) and carry.wrist_quat_w.shape == (300, 4)
    # The first leg is long enough to reach its peak: 15/8 of its mean, which is at most speed, and at most 3 rad/s.
    speed = carry.object_pos_w.diff(dim=0).norm(dim=-1).max() / CONTROL_DT
    assert 0.1 < speed <= 1.01 * 15 / 8 * config.speed
    assert 1.0 < carry.turn_speed <= 1.01 * 3.0
    assert carry.object_pos_w[:, 2].min() >= config.low
    assert carry.hinges.diff(dim=0).abs().max() < config.max_hinge_speed * CONTROL_DT
    assert rotations.angle_between(rotations.from_euler(carry.hinges), carry.wrist_quat_w).max() < 1e-3
    assert torch.equal(drawn(seed).hinges, carry.hinges)


def test_every_hand_has_the_object_on_the_same_path():
    carry, grasps = drawn(), load_grasps("mano", "Hammer").select(torch.arange(5))
    in_hand = invert(grasps.wrist_o)
    wrist = carry.wrist(in_hand)  # (5, T, 6)
    wrist_w = wrist[..., :3], rotations.from_euler(wrist[..., 3:])
    pos, _ = compose(wrist_w, (in_hand[0][:, None], in_hand[1][:, None]))
    assert (pos - carry.object_pos_w).norm(dim=-1).max() < 1e-4


def test_a_motion_that_no_wrist_can_follow_is_refused():
    with pytest.raises(HotError, match="ask for less time"):
        drawn(config=SynthesisConfig(max_hinge_speed=0.01))


def test_a_hand_that_opens_loses_the_object_and_one_that_closes_holds_it():
    hand, box, both = (
        load_hand("allegro"),
        load_object("Box"),
        load_grasps("allegro", "Box").select(torch.tensor([0, 0])),
    )
    command = torch.stack([both.command[0], hand.open_fingers])
    opened = replace(both, command=command)
    config = SynthesisConfig(), GraspConfig(), JUDGING_PHYSICS
    report = check_grasps(hand, box, opened, 0.25, 1, config)
    assert (report.grasps, report.held, report.lost) == (2, 1, (1,))
    assert report.worst_slip_mm == pytest.approx(100.0)  # dropped: it falls for 0.75 s
    assert report.low < 0.5 < report.high
    strict = GraspConfig(max_slip=1e-6)
    assert check_grasps(hand, box, opened, 0.25, 1, (SynthesisConfig(), strict, JUDGING_PHYSICS)).held == 0


def test_on_several_motions_the_worst_counts_however_few_worlds_there_are():
    hand, box, grasps = load_hand("mano"), load_object("Box"), load_grasps("mano", "Box").select(torch.arange(3))
    carries = [drawn(seed, frames=20) for seed in (1, 2)]

    def held(carries, most):
        worlds = Worlds(hand, box, JUDGING_PHYSICS, most)
        try:
            return hold(grasps, carries, worlds)
        finally:
            worlds.free()

    alone, both = [held([carry], 3) for carry in carries], held(carries, 4)
    assert torch.allclose(both.slip, torch.maximum(alone[0].slip, alone[1].slip), atol=1e-6)
    assert torch.allclose(both.turn, torch.maximum(alone[0].turn, alone[1].turn), atol=1e-5)
    assert not torch.allclose(alone[0].slip, alone[1].slip, atol=1e-6)
