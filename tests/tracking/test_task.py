"""Laws of the task: timing, reward, perturbation, endings, restarts."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from hot import rotations
from hot.errors import HotError
from hot.tracking import TrackingEnv
from hot.tracking.actions import ActionMap
from hot.tracking.config import (
    ActionConfig,
    ObservationConfig,
    RandomizationConfig,
    ResetConfig,
    RewardConfig,
    TaskConfig,
    TerminationConfig,
)
from hot.tracking.reference import Reference
from hot.tracking.resets import Draws, draw_factors, draws_needed, perturb
from hot.tracking.rewards import ERRORS, reward
from hot.tracking.sampling import deal
from hot.tracking.state import compare
from hot.tracking.terminations import failed

QUIET = ResetConfig(noise=0.0, first_frame_share=1.0)


@pytest.fixture
def make_env(allegro, bottle, hover):
    made = []

    def build(num_envs=4, motions=hover, auto_reset=True, seed=1, **config):
        task = TaskConfig(**{"reset": QUIET, **config})
        env = TrackingEnv(allegro, {"Bottle": bottle}, motions, task, num_envs, seed, auto_reset)
        made.append(env)
        return env

    yield build
    for env in made:
        env.close()


def idle(env):
    return torch.zeros(env.num_envs, env.num_actions)


def perfect(env, **changes):
    """The tracking state of a world that is exactly on its reference."""
    state = env.measure()
    ref = state.ref
    sim = dataclasses.replace(
        state.sim,
        joint_pos=ref.joint_pos,
        joint_vel=ref.joint_vel,
        wrist_quat_w=ref.wrist_quat_w,
        key_pos_w=ref.key_pos_w,
        object_pos_w=ref.object_pos_w,
        object_quat_w=ref.object_quat_w,
        object_linvel_w=ref.object_linvel_w,
        touching=ref.contact > 0,
    )
    return compare(dataclasses.replace(sim, **changes), ref, env._judged, state.label)


def test_layout_and_observation_agree(make_env):
    env = make_env()
    observation = env.reset()
    assert observation.shape == (4, env.num_observations)
    assert torch.isfinite(observation).all()
    assert env.layout[-1] == ("points", 60)


def test_the_open_loop_follows_a_free_motion_without_lag(make_env):
    def error_after_20_frames(**config):
        env = make_env(auto_reset=False, **config)
        env.reset(torch.arange(4))
        return [env.step(idle(env)).hand_error for _ in range(20)][-1]

    led = error_after_20_frames()
    lagging = error_after_20_frames(action=ActionConfig(feed_forward=False))
    # Half a centimetre a frame of lag would show as 5 mm; feed-forward keeps it under 2.
    assert led.max() < 2e-3
    assert lagging.min() > led.max()


def test_the_reward_compares_the_same_instant(make_env, hover):
    env = make_env(auto_reset=False)
    env.reset(torch.arange(4))
    env.step(idle(env))
    assert env.frames.tolist() == [1] * 4
    rows = hover.clip_start[:-1] + 1
    torch.testing.assert_close(env.measure().ref.joint_pos, hover.joint_pos[rows])


@pytest.mark.parametrize("form", ["product", "linear"])
def test_perfect_tracking_earns_the_maximum(make_env, form):
    env = make_env()
    env.reset()
    value = reward(perfect(env), RewardConfig(form=form))
    torch.testing.assert_close(value, torch.ones(4), atol=1e-5, rtol=0)


@pytest.mark.parametrize("term", list(ERRORS))
def test_every_error_is_one_number_a_world_and_zero_on_the_reference(make_env, term):
    env = make_env()
    env.reset()
    error = ERRORS[term](perfect(env), lambda value: value.square().flatten(1).mean(1))
    assert error.shape == (4,)
    torch.testing.assert_close(error, torch.zeros(4), atol=1e-6, rtol=0)


def test_object_position_factor_by_hand(make_env):
    env = make_env()
    env.reset()
    label = torch.full((4,), 2)
    moved = env.measure().ref.object_pos_w + torch.tensor([0.03, 0.0, 0.0])
    state = dataclasses.replace(perfect(env, object_pos_w=moved), label=label)
    only: dict = dict.fromkeys(ERRORS, 0.0)
    # mean over 3 coordinates of 0.03^2 is 0.0003; exp(-50 * 0.0003) = 0.985112
    value = reward(state, RewardConfig(**{**only, "object_position": 50.0}, form="product"))
    assert value.tolist() == pytest.approx([math.exp(-0.015)] * 4, rel=1e-5)
    # linear: mean of |0.03| over 3 is 0.01; exp(-50 * 0.01) = 0.606531
    value = reward(state, RewardConfig(**{**only, "object_position": 50.0}, form="linear"))
    assert value.tolist() == pytest.approx([math.exp(-0.5)] * 4, rel=1e-5)


def test_a_free_move_asks_nothing_of_the_object(make_env):
    env = make_env()
    env.reset()
    far = env.measure().ref.object_pos_w + 1.0
    torch.testing.assert_close(reward(perfect(env, object_pos_w=far), RewardConfig()), torch.ones(4))


def test_diverged_worlds_earn_nothing_and_end(make_env):
    env = make_env()
    env.reset()
    state = perfect(env, diverged=torch.tensor([True, False, False, False]))
    assert reward(state, RewardConfig())[0] == 0
    assert failed(state, torch.zeros(4), TerminationConfig()).tolist() == [True, False, False, False]
    assert failed(state, torch.zeros(4), TerminationConfig(enabled=False)).tolist() == [True, False, False, False]


def test_limits_are_tighter_in_contact_and_wait_for_the_grace(make_env):
    env = make_env()
    env.reset()
    state = dataclasses.replace(
        perfect(env, touching=torch.tensor([True, True, False, False])),
        label=torch.full((4,), 1),
        object_error=torch.tensor([0.07, 0.09, 0.09, 0.11]),
        turn_error=torch.zeros(4),
        hand_error=torch.zeros(4),
    )
    config = TerminationConfig()
    assert failed(state, torch.full((4,), 6), config).tolist() == [False, True, False, True]
    assert not failed(state, torch.full((4,), 5), config).any()


def test_episodes_time_out_at_their_length_or_the_clip_end(make_env):
    env = make_env(episode_frames=10, auto_reset=False)
    env.reset(torch.arange(4))
    outs = [env.step(idle(env)).timed_out.all().item() for _ in range(9)]
    assert outs == [False] * 8 + [True]
    env = make_env(episode_frames=600, auto_reset=False)
    env.reset(torch.arange(4))
    outs = [env.step(idle(env)).timed_out.all().item() for _ in range(39)]
    assert outs == [False] * 38 + [True]  # 40 frames: the last is reached after 39 steps


def test_references_hold_their_last_frame(allegro, bottle, hover):
    reference = Reference(hover, bottle.surface_points[None, :20], torch.device("cpu"))
    beyond = reference.now(torch.tensor([0]), torch.tensor([500]))
    torch.testing.assert_close(beyond.joint_pos[0], hover.joint_pos[39])
    ahead = reference.ahead(torch.tensor([0]), torch.tensor([38]), (1, 16))
    torch.testing.assert_close(ahead.wrist_pos_w[0, 0], ahead.wrist_pos_w[0, 1])


def test_ended_worlds_start_again_and_the_others_go_on(make_env):
    env = make_env(episode_frames=10)
    env.reset()
    for _ in range(9):
        env.step(idle(env))
    assert env.progress.tolist() == [0] * 4
    assert torch.isfinite(env.step(idle(env)).observation).all()
    assert env.progress.tolist() == [1] * 4


def test_without_noise_a_world_starts_on_its_reference(make_env):
    env = make_env()
    env.reset()
    state = env.measure()
    assert state.hand_error.max() < 1e-5
    assert state.object_error.max() < 1e-5


@pytest.fixture
def starts(allegro, bottle, hover):
    """Perturbs 4,096 copies of a reference instant, which some tensors may replace."""
    reference = Reference(hover, bottle.surface_points[None, :20], torch.device("cpu"))

    def perturbed(noise, **changes):
        now = reference.now(torch.zeros(4096, dtype=torch.long), torch.zeros(4096, dtype=torch.long))
        now = dataclasses.replace(now, **{name: torch.full((4096,), value) for name, value in changes.items()})
        numbers = torch.rand(4096, draws_needed(allegro), generator=torch.Generator().manual_seed(3))
        limits = torch.stack([allegro.joint_lower, allegro.joint_upper])
        return now, perturb(now, limits, ResetConfig(noise=noise), Draws(numbers))

    return perturbed


def test_untouched_objects_are_moved_over_the_table_and_stay_upright(starts, allegro):
    now, start = starts(0.5, contact=0.0, gap=0.3)
    shift = start.object_pos_w - now.object_pos_w
    assert shift.abs().max() <= 0.05 + 1e-6
    assert shift[:, 2].min() >= 0
    # each item is on for about half of the worlds
    assert (shift.abs().sum(1) > 0).float().mean().item() == pytest.approx(0.5, abs=0.05)
    turn = rotations.multiply(start.object_quat_w, rotations.conjugate(now.object_quat_w))
    assert turn[:, 1:3].abs().max() < 1e-5  # about the vertical only
    assert 0.55 < rotations.angle_between(start.object_quat_w, now.object_quat_w).max() <= 0.6284
    assert (start.joint_pos[:, :6] == now.joint_pos[:, :6]).all()
    assert (start.joint_pos <= allegro.joint_upper).all() and (start.joint_pos >= allegro.joint_lower).all()


def test_an_object_near_the_hand_is_not_pushed_into_it(starts):
    now, start = starts(1.0, contact=0.0, gap=0.03)
    assert torch.equal(start.object_pos_w, now.object_pos_w)
    now, start = starts(1.0, contact=0.0, gap=0.06)
    assert (start.object_pos_w - now.object_pos_w).norm(dim=1).max() < 0.06 - 0.02


def test_a_held_object_moves_with_the_hand_as_one_body(starts):
    now, start = starts(1.0, contact=1.0)
    held = rotations.rotate_inverse(now.wrist_quat_w, now.object_pos_w - now.joint_pos[:, :3])
    wrist = rotations.from_euler(start.joint_pos[:, 3:6])
    still_held = rotations.rotate_inverse(wrist, start.object_pos_w - start.joint_pos[:, :3])
    torch.testing.assert_close(still_held, held, atol=1e-5, rtol=0)
    before = rotations.multiply(rotations.conjugate(now.wrist_quat_w), now.object_quat_w)
    after = rotations.multiply(rotations.conjugate(wrist), start.object_quat_w)
    assert rotations.angle_between(before, after).max() < 1e-3
    assert (start.object_pos_w - now.object_pos_w)[:, :2].abs().max() <= 0.02 + 1e-6
    assert (start.joint_pos[:, 3:6] - now.joint_pos[:, 3:6]).abs().max() > 0.19
    assert (start.joint_pos[:, 6:] - now.joint_pos[:, 6:]).abs().max() <= 0.05 + 1e-6


def test_a_start_takes_exactly_the_numbers_it_says(allegro, bottle, hover):
    reference = Reference(hover, bottle.surface_points[None, :20], torch.device("cpu"))
    now = reference.now(torch.zeros(1, dtype=torch.long), torch.zeros(1, dtype=torch.long))
    draws = Draws(torch.rand(1, draws_needed(allegro) + 2))
    perturb(now, torch.stack([allegro.joint_lower, allegro.joint_upper]), ResetConfig(), draws)
    assert draws.take(5).shape == (1, 2)


def test_worlds_differ_by_factors_within_their_range(make_env):
    ranges = RandomizationConfig(mass=(0.5, 2.0), gains=(0.8, 1.25))
    factors = draw_factors(ranges, 4000, torch.Generator().manual_seed(0))
    assert set(factors) == {"mass", "gains"}
    assert factors["mass"].min() >= 0.5 and factors["mass"].max() <= 2.0
    assert factors["mass"].log().mean().abs() < 0.03  # as often half as double
    env = make_env(num_envs=3, randomization=ranges)
    assert len(set(env.physics.snapshot()["mass"].tolist())) == 3
    assert env.physics.snapshot()["friction"].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("piece", ["_judge", "_draw", "_observe"])
def test_what_is_fused_on_a_gpu_is_one_graph_with_the_same_result(make_env, piece):
    env = make_env(num_envs=6, reset=ResetConfig(noise=0.5))
    env.add_views([ObservationConfig(points=5, future_frames=(1, 3))])
    env.reset()
    env.step(idle(env))
    function = getattr(env, piece)
    numbers = torch.rand(6, env._num_draws, generator=torch.Generator().manual_seed(0))
    inputs = (torch.arange(6), numbers) if piece == "_draw" else ()
    fused = torch.compile(function, backend="aot_eager", fullgraph=True, dynamic=False)
    for a, b in zip(flat(function(*inputs)), flat(fused(*inputs))):
        torch.testing.assert_close(a, b)


def flat(values):
    return [t for value in values for t in (vars(value).values() if dataclasses.is_dataclass(value) else [value])]


def test_a_zero_residual_is_the_command_led_by_the_velocity(allegro):
    actions = ActionMap(ActionConfig(), allegro, torch.device("cpu"))
    d = allegro.num_joints
    pos, vel, command = torch.zeros(1, d), torch.ones(1, d), torch.full((1, d), 0.3)
    base = actions.base(torch.cat([pos, vel, command], dim=1))
    lead = allegro.damping[:6] / allegro.stiffness[:6] - 0.5 / 60.0  # the target of a step's end, from its start on
    torch.testing.assert_close(base[0, :6], 0.3 + lead)
    torch.testing.assert_close(base[0, 6:], torch.full((d - 6,), 0.3))


def test_upstream_modes_scale_by_joint_ranges(allegro):
    d = allegro.num_joints
    base, q = torch.zeros(1, d), torch.full((1, d), 0.1)
    action = torch.full((1, d), 0.1)
    delta = ActionMap(ActionConfig(mode="delta"), allegro, torch.device("cpu")).targets(action, base, q)
    # wrist: q + 2 a [m], q + 6.28 a [rad]
    torch.testing.assert_close(delta[0, :6], torch.tensor([0.3] * 3 + [0.728] * 3))
    absolute = ActionMap(ActionConfig(mode="absolute"), allegro, torch.device("cpu")).targets(action, base, q)
    middle = 0.5 * (allegro.joint_upper + allegro.joint_lower)[6:]
    half = 0.5 * (allegro.joint_upper - allegro.joint_lower)[6:]
    torch.testing.assert_close(absolute[0, 6:], middle + 0.1 * half)
    torch.testing.assert_close(absolute[0, :3], torch.full((3,), 0.2))


@pytest.mark.parametrize("mode", ["residual", "delta", "absolute"])
def test_targets_stay_inside_the_joint_limits(allegro, mode):
    actions = ActionMap(ActionConfig(mode=mode), allegro, torch.device("cpu"))
    base, q = torch.randn(2, 64, allegro.num_joints) * 3
    targets = actions.targets(torch.ones(64, allegro.num_joints), base, q)
    assert (targets <= allegro.joint_upper + 1e-6).all()
    assert (targets >= allegro.joint_lower - 1e-6).all()


def test_observation_does_not_depend_on_where_the_scene_faces(make_env, hover):
    """Turning and moving the whole scene over the table changes nothing that the policy sees but the hinges."""
    env = make_env(auto_reset=False)
    first = env.reset(torch.arange(4))
    yaw = rotations.from_axis_angle(torch.tensor([0.0, 0.0, 1.0]), torch.tensor(0.7))
    joint_pos = hover.joint_pos.clone()
    joint_pos[:, :3] = rotations.rotate(yaw, hover.joint_pos[:, :3]) + torch.tensor([0.2, -0.1, 0.0])
    joint_pos[:, 3:6] = rotations.to_euler(rotations.multiply(yaw, rotations.from_euler(hover.joint_pos[:, 3:6])))
    shift = torch.tensor([0.2, -0.1, 0.0])
    moved = dataclasses.replace(
        hover,
        joint_pos=joint_pos,
        command=joint_pos,
        key_pos_w=rotations.rotate(yaw, hover.key_pos_w) + shift,
        object_pos_w=rotations.rotate(yaw, hover.object_pos_w) + shift,
        object_quat_w=rotations.multiply(yaw, hover.object_quat_w),
    ).with_velocities()
    second = make_env(motions=moved, auto_reset=False).reset(torch.arange(4))
    start = 0
    for name, size in env.layout:
        if name not in ("joints", "targets"):  # these hold the wrist's hinge angles themselves
            a, b = first[:, start : start + size], second[:, start : start + size]
            torch.testing.assert_close(a, b, atol=2e-3, rtol=0, msg=name)
        start += size


def test_the_same_seed_gives_the_same_episodes(make_env):
    def rollout(seed):
        env = make_env(num_envs=8, seed=seed, reset=ResetConfig(noise=0.5), episode_frames=6)
        env.reset()
        return torch.stack([env.step(idle(env)).observation for _ in range(15)])

    assert torch.equal(rollout(5), rollout(5))
    assert not torch.equal(rollout(5), rollout(6))


def test_a_restored_environment_continues_to_the_bit(make_env):
    config = {"num_envs": 8, "reset": ResetConfig(noise=0.5), "episode_frames": 6}
    env = make_env(**config)
    env.reset()
    for _ in range(4):
        env.step(idle(env))
    snapshot = env.snapshot()
    first = torch.stack([env.step(idle(env)).observation for _ in range(12)])
    fresh = make_env(seed=99, **config)
    fresh.reset()
    fresh.restore(snapshot)
    assert torch.equal(first, torch.stack([fresh.step(idle(fresh)).observation for _ in range(12)]))


def test_worlds_get_objects_in_proportion_everywhere():
    shares = torch.tensor([0.6, 0.3, 0.1])
    for part in deal(shares.tolist(), 1000).split(100):
        torch.testing.assert_close(torch.bincount(part, minlength=3) / 100, shares, atol=0.03, rtol=0)
    assert set(deal([0.5, 0.0, 0.4], 50).tolist()) == {0, 2}
    assert deal([2.0], 3).tolist() == [0, 0, 0]


def test_motions_for_another_hand_are_refused(make_env, hover):
    with pytest.raises(HotError, match="shadow hand, not for allegro"):
        make_env(motions=dataclasses.replace(hover, hand="shadow"))
