"""Laws of the shipped grasps and of the search for new ones."""

from __future__ import annotations

import pytest
import torch

from hot import rotations
from hot.errors import BadFileError
from hot.hands import load_hand, packaged_hand_names
from hot.objects import load_object, packaged_names
from hot.progress import silent
from hot.synthesis import GraspConfig, find_grasps, load_grasps, load_resting
from hot.synthesis import trial as trial_module
from hot.synthesis.bench import bench_grasps
from hot.synthesis.clearance import Clearance
from hot.synthesis.config import JUDGING_PHYSICS
from hot.synthesis.transforms import compose, invert
from hot.synthesis.trial import Held, Trial

PAIRS = [(hand, name) for hand in packaged_hand_names() for name in packaged_names()]
FLAT = {(hand, name) for hand in packaged_hand_names() for name in ("Pencil", "USB", "Wrench")}
FLAT = FLAT - {("shadow", "Wrench")} | {("allegro", "Pliers")}
"""Pairs of which nothing lifts the object from its first resting pose: no finger gets under it (docs/grasps.md)."""


def object_at_rest(grasps):
    """The object level at 1 m, and the hand around it."""
    count = len(grasps)
    pos, quat = torch.tensor([0.0, 0.0, 1.0]).expand(count, 3), torch.tensor([1.0, 0, 0, 0]).expand(count, 4)
    wrist_pos, wrist_quat = compose((pos, quat), grasps.wrist_o)
    return pos, quat, torch.cat([wrist_pos, rotations.to_euler(wrist_quat), grasps.fingers], dim=-1)


@pytest.mark.parametrize(("hand", "name"), PAIRS)
def test_shipped_grasps_are_many_and_within_the_limits(hand, name):
    grasps, config, spec = load_grasps(hand, name), GraspConfig(), load_hand(hand)
    assert len(grasps) >= 100
    assert grasps.slip.max() < config.max_slip
    assert grasps.turn.max() < config.max_turn
    assert grasps.disturbance.min() >= 9.8
    assert grasps.pickup.shape == (len(grasps), len(load_resting(name)))
    assert (grasps.fingers >= spec.joint_lower[6:] - 0.1).all()
    assert (grasps.fingers <= spec.joint_upper[6:] + 0.1).all()
    pos, quat, joints = object_at_rest(grasps)
    assert Clearance(spec, load_object(name)).depth(joints, pos, quat).max() <= config.max_penetration


@pytest.mark.parametrize(("hand", "name"), PAIRS)
def test_shipped_grasps_lift_the_object_from_every_resting_pose_but_where_it_lies_flat(hand, name):
    served = load_grasps(hand, name).pickup.any(dim=0).tolist()
    assert served == [(hand, name) not in FLAT] + [True] * (len(served) - 1)


@pytest.mark.parametrize(("hand", "name"), PAIRS)
def test_shipped_grasps_differ(hand, name):
    grasps = load_grasps(hand, name)
    features = torch.cat([grasps.wrist_pos_o / 0.05, rotations.to_matrix(grasps.wrist_quat_o).flatten(1)], dim=-1)
    features = torch.cat([features, grasps.fingers], dim=-1)
    assert torch.pdist(features).min() > 0.05


def test_hands_close_in_coarser_physics_than_that_in_which_they_are_shaken(monkeypatch):
    made = []
    monkeypatch.setattr(trial_module, "Worlds", lambda hand, bottle, physics, most: made.append((physics, most)))
    Trial(load_hand("allegro"), load_object("Bottle"), GraspConfig(close_substeps=3), JUDGING_PHYSICS, 7, silent)
    assert made == [
        (JUDGING_PHYSICS.model_copy(update={"substeps": 3, "multi_contact": False}), 7),
        (JUDGING_PHYSICS, 7),
    ]


@pytest.mark.slow
def test_shipped_grasps_survive_the_shake_again():
    hand, bottle = load_hand("allegro"), load_object("Bottle")
    grasps = load_grasps("allegro", "Bottle").select(torch.arange(0, 64, 4))
    _, _, joints = object_at_rest(grasps)
    in_hand, zero = invert(grasps.wrist_o), torch.zeros(len(grasps))
    command = torch.cat([joints[:, :6], grasps.command], dim=-1)
    held = Held(torch.arange(len(grasps)), joints, command, *in_hand, *in_hand, zero, zero, zero)
    trial = Trial(hand, bottle, GraspConfig(shake=9.81), JUDGING_PHYSICS, len(grasps), silent)
    survivors = trial.shake(held)
    assert len(survivors.rows) >= 0.85 * len(grasps)


@pytest.mark.slow
def test_a_small_search_finds_grasps_that_are_the_same_for_the_same_seed():
    hand, box = load_hand("allegro"), load_object("Box")
    config = GraspConfig(candidates=40, rounds=1, shake_frames=10)
    first, again = (find_grasps(hand, box, 4, 5, config, resting=load_resting("Box")) for _ in range(2))
    assert 1 <= len(first) <= 4
    assert torch.equal(first.command, again.command)
    assert first.meta["candidates"] <= 40


@pytest.mark.slow
def test_what_other_physics_found_is_carried_and_lifted_on_further_ways_there_and_carried_by_the_judge():
    hand, box, phases = load_hand("mano"), load_object("Box"), []

    def told(what, done, total, figures):
        if what in ("holding", "lifting and placing") and phases[-1:] != [what]:
            phases.append(what)

    config = GraspConfig(candidates=64, rounds=1, shake_frames=10, carry_seconds=0.5)
    coarse = JUDGING_PHYSICS.model_copy(update={"substeps": 3})
    found = find_grasps(hand, box, 3, 5, config, told, load_resting("Box"), coarse)
    assert 1 <= len(found) <= 3
    assert phases == ["lifting and placing", "holding", "lifting and placing", "holding"]


@pytest.mark.slow
def test_how_many_worlds_there_are_does_not_change_what_is_found():
    hand, ball = load_hand("mano"), load_object("Ball")
    reports = []
    for worlds in (24, 7):
        config = GraspConfig(candidates=24, worlds=worlds)
        reports.append(bench_grasps(hand, ball, load_resting("Ball"), config, JUDGING_PHYSICS, 1, seed=4))
    assert reports[0].grasps == reports[1].grasps > 0
    assert reports[0].penetration_mm == pytest.approx(reports[1].penetration_mm, abs=1e-6)


def test_grasps_survive_a_round_trip(tmp_path, monkeypatch):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    some = load_grasps("allegro", "Box").select(torch.arange(3))
    some.save()
    assert torch.equal(load_grasps("allegro", "Box").wrist_pos_o, some.wrist_pos_o)


def test_grasps_of_another_pair_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    load_grasps("allegro", "Box").save(tmp_path / "grasps" / "shadow" / "Box.safetensors")
    with pytest.raises(BadFileError, match="Box with allegro"):
        load_grasps("shadow", "Box")


def test_missing_grasps_say_what_makes_them():
    with pytest.raises(BadFileError, match="hot data generate --hand allegro --object Teapot --new-grasps 24"):
        load_grasps("allegro", "Teapot")
