"""Laws of following: the wrist goes along with a displaced object on the way to it, and comes back with it."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hot import rotations
from hot.tracking import TrackingEnv
from hot.tracking.config import ActionConfig, ResetConfig, TaskConfig
from hot.tracking.following import displacement, follow_weights, move_wrist


def test_weights_are_one_on_the_way_fall_in_the_hold_and_rise_after_a_release(hover):
    contact = torch.zeros_like(hover.contact)
    length = int(hover.lengths[0])
    contact[length : 2 * length] = 1  # the second clip holds all along
    contact[2 * length + 5 : 2 * length + 15] = 1  # the third holds for ten frames: too short to come back
    contact[3 * length : 3 * length + 30] = 1  # the fourth lets go after thirty
    motions = dataclasses.replace(hover, contact=contact, skills=("grasp",))
    one, two, three, four = follow_weights(motions).split(length)
    assert (one == 1).all() and (two == 0).all() and (three == 1).all()
    assert (four[:30] == 0).all()
    torch.testing.assert_close(four[30:], torch.arange(1, length - 29) / 20.0)


def test_a_long_hold_brings_the_reference_back_in_forty_frames(hover):
    contact = torch.ones_like(hover.contact)
    contact[0] = 0
    motions = dataclasses.replace(
        hover, contact=contact, skills=("grasp",), clip_start=torch.tensor([0, len(contact)]),
        clip_skill=torch.zeros(1, dtype=torch.long), clip_object=torch.zeros(1, dtype=torch.long),
        clip_grasp=hover.clip_grasp[:1], clip_rest=hover.clip_rest[:1],
    )  # fmt: skip
    weights = follow_weights(motions)
    assert (weights[:21] == 1).all()
    assert weights[40].item() == pytest.approx(0.5)
    assert (weights[61:] == 0).all()


def test_free_moves_follow_nothing(hover):
    motions = dataclasses.replace(hover, contact=torch.zeros_like(hover.contact), skills=("freemove",))
    assert (follow_weights(motions) == 0).all()
    later = torch.zeros_like(hover.skill_of_frames)
    later[-1] = 1  # the last clip goes on to grasp
    *others, last = follow_weights(dataclasses.replace(motions, skills=("freemove", "grasp"), frame_skill=later)).split(
        hover.lengths.tolist()
    )
    assert all((weights == 0).all() for weights in others) and (last == 1).all()


def test_what_was_thrown_is_left_to_fly_and_what_comes_flying_to_be_caught_is_followed(hover):
    length = int(hover.lengths[0])
    contact = torch.zeros_like(hover.contact)
    contact[:10] = 1  # the first clip throws
    contact[length + 10 : 2 * length] = 1  # the second catches
    flying = torch.zeros_like(hover.object_linvel_w)
    flying[:, 0] = 1.0
    motions = dataclasses.replace(hover, contact=contact, object_linvel_w=flying, skills=("throw",))
    thrown, caught = follow_weights(motions).split(length)[:2]
    assert (thrown == 0).all()
    assert (caught[:10] == 1).all()


def test_a_displacement_is_a_shift_and_a_turn_about_the_vertical_within_limits():
    yaw = rotations.from_axis_angle(torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0.3, 2.0]))
    quat = rotations.random((2,), torch.Generator().manual_seed(0))
    pos = torch.tensor([[0.03, 0.0, 0.04], [0.0, 3.0, 4.0]])
    seen = displacement(pos, rotations.multiply(yaw, quat), torch.zeros(2, 3), quat)
    torch.testing.assert_close(seen[0], torch.tensor([0.03, 0.0, 0.04, 0.3]))
    torch.testing.assert_close(seen[1], torch.tensor([0.0, 0.072, 0.096, 0.8]))  # 12 cm and 0.8 rad at most


def test_the_wrist_keeps_its_place_relative_to_the_displaced_object():
    generator = torch.Generator().manual_seed(1)
    wrist = 2.0 * torch.randn(500, 6, generator=generator)
    about, displaced = torch.randn(2, 500, 4, generator=generator)
    displaced[:, 3].clamp_(-0.8, 0.8)
    moved = move_wrist(wrist, about[:, :3], displaced)
    turn = rotations.from_axis_angle(torch.tensor([0.0, 0.0, 1.0]), displaced[:, 3])
    expected = rotations.rotate(turn, wrist[:, :3] - about[:, :3]) + about[:, :3] + displaced[:, :3]
    torch.testing.assert_close(moved[:, :3], expected, atol=1e-5, rtol=1e-5)
    quat = rotations.multiply(turn, rotations.from_euler(wrist[:, 3:]))
    assert rotations.angle_between(rotations.from_euler(moved[:, 3:]), quat).max() < 3e-3
    small = move_wrist(wrist, about[:, :3], displaced * 0.05)
    regular = (wrist[:, 4].cos().abs() > 0.3)[:, None]  # away from the hinges' singularity nothing unwinds
    assert ((small[:, 3:] - wrist[:, 3:]).abs() * regular).max() < 0.2
    assert torch.equal(move_wrist(wrist, about[:, :3], displaced * 0)[:, 3:], wrist[:, 3:])


@pytest.fixture
def displaced_env(allegro, bottle, hover):
    made = []

    def build(contact, follow=True):
        motions = dataclasses.replace(hover, contact=torch.full_like(hover.contact, contact), skills=("grasp",))
        task = TaskConfig(action=ActionConfig(follow_object=follow), reset=ResetConfig(noise=0.0))
        env = TrackingEnv(allegro, {"Bottle": bottle}, motions, task, 4, 1, auto_reset=False)
        made.append(env)
        env.reset(torch.arange(4))
        env.progress.fill_(15)
        pos = env.physics.state.object_pos_w + torch.tensor([0.05, 0.0, 0.0])
        env.physics.write_state(torch.arange(4), object_pos_w=pos)
        env.observe()
        return env

    yield build
    for env in made:
        env.close()


def test_an_object_that_is_elsewhere_draws_the_wrist_until_it_is_touched(displaced_env):
    env, still = displaced_env(0), displaced_env(0, follow=False)
    torch.testing.assert_close((env.base - still.base)[:, 0], torch.full((4,), 0.05), atol=1e-4, rtol=0)
    torch.testing.assert_close(env.base[:, 6:], still.base[:, 6:])
    env.physics.state.touching.fill_(True)
    env.physics.state.object_pos_w.add_(1.0)  # what happens under the hand is the hand's doing
    env.observe()
    torch.testing.assert_close((env.base - still.base)[:, 0], torch.full((4,), 0.05), atol=1e-4, rtol=0)


def test_an_object_held_from_the_start_draws_nothing(displaced_env):
    torch.testing.assert_close(displaced_env(1).base, displaced_env(1, follow=False).base)
