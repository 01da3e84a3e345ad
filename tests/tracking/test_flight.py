"""What starts in flight stays on its parabola in the engine."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hot.tracking import TrackingEnv
from hot.tracking.config import ResetConfig, TaskConfig
from hot.tracking.resets import Draws


@pytest.mark.parametrize("frame", [0, 5])
def test_an_object_in_flight_meets_its_reference_to_a_tenth_of_a_millimetre(hover, bottle, allegro, frame):
    time = torch.arange(40).repeat(4)[:, None] / 60.0
    pos = torch.cat([-1.0 + 0.5 * time, 0 * time, 1.0 + 1.5 * time - 4.905 * time**2], dim=1)
    thrown = dataclasses.replace(hover, object_pos_w=pos, skills=("catch",)).with_velocities()
    config = TaskConfig(reset=ResetConfig(noise=0.0))
    env = TrackingEnv(allegro, {"Bottle": bottle}, thrown, config, num_envs=4, seed=1, auto_reset=False)
    clips = torch.arange(4)
    env.reset(clips)
    env._write(clips, *env._prepare(clips, torch.full((4,), frame), Draws(torch.ones(4, 200))))
    env.observe()
    for _ in range(20):
        env.step(torch.zeros(4, allegro.num_joints))
    miss = env.physics.state.object_pos_w - env.reference.now(clips, env.frames).object_pos_w
    env.close()
    assert miss.norm(dim=-1).max() < 1e-4
