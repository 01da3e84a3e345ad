"""The law of the drives: fast, without overshoot, without ringing, at every time step that the project uses."""

from __future__ import annotations

import numpy as np
import pytest

from hot.hands import load_hand, packaged_hand_names

mujoco = pytest.importorskip("mujoco")

SLIDE_STEP, HINGE_STEP = 0.02, 0.1  # [m], [rad]: below the force limits


def poses(spec):
    """Open fingers, and fingers in the middle of their ranges."""
    middle = 0.5 * (spec.joint_lower + spec.joint_upper).numpy()[6:]
    wrist = [0, 0, 0.5, 0, 0, 0]
    return [np.array([*wrist, *fingers]) for fingers in (spec.open_fingers.numpy(), middle)]


def step_response(model, start, joint, step, seconds=0.5):
    """Travel of one joint as a fraction of its commanded step, at each time step."""
    data = mujoco.MjData(model)
    data.qpos[:] = data.ctrl[:] = start
    data.ctrl[joint] += step
    travel = []
    for _ in range(round(seconds / model.opt.timestep)):
        mujoco.mj_step(model, data)
        travel.append((data.qpos[joint] - start[joint]) / step)
    return np.array(travel)


def step_size(spec, start, joint):
    """A step towards the middle of the range, at most a quarter of it."""
    lower, upper = spec.joint_lower[joint].item(), spec.joint_upper[joint].item()
    size = min(SLIDE_STEP if joint < 3 else HINGE_STEP, 0.25 * (upper - lower))
    return size if start[joint] <= 0.5 * (lower + upper) else -size


@pytest.mark.parametrize("timestep", [1 / 120, 1 / 240])
@pytest.mark.parametrize("name", packaged_hand_names())
def test_each_drive_settles_fast_without_overshoot_or_ringing(name, timestep):
    spec = load_hand(name)
    model = mujoco.MjModel.from_xml_path(str(spec.mjcf))
    model.opt.timestep = timestep
    for start in poses(spec):
        for joint, joint_name in enumerate(spec.joint_names):
            travel = step_response(model, start, joint, step_size(spec, start, joint))
            peak = int(travel.argmax())
            unsettled = np.flatnonzero(np.abs(travel - 1) > 0.02)
            assert (unsettled[-1] + 2) * timestep < 0.25, joint_name
            assert travel[peak] < 1.05, joint_name
            assert travel[peak:].min() > 0.99, f"{joint_name} swings back below its target"


@pytest.mark.parametrize("name", packaged_hand_names())
def test_hand_holds_still_against_gravity(name):
    spec = load_hand(name)
    model = mujoco.MjModel.from_xml_path(str(spec.mjcf))
    data = mujoco.MjData(model)
    for start in poses(spec):
        mujoco.mj_resetData(model, data)
        data.qpos[:] = data.ctrl[:] = start
        mujoco.mj_step(model, data, 200)
        np.testing.assert_allclose(data.qpos, start, atol=1e-4)
