"""The benchmark steps what it says it steps, and leaves the environment where it found it."""

from __future__ import annotations

from hot.tracking import TrackingEnv
from hot.tracking.bench import bench
from hot.tracking.config import TaskConfig


def test_rates_and_settings_are_reported(allegro, bottle, hover):
    env = TrackingEnv(allegro, {"Bottle": bottle}, hover, TaskConfig(), num_envs=16, seed=1)
    rounds = []
    report = bench(env, steps=3, rounds=2, progress=lambda what, done, total, figures: rounds.append(done))
    env.close()
    assert rounds == [1, 2]
    assert (report.hand, report.object, report.worlds, report.steps) == ("allegro", "Bottle", 16, 3)
    assert report.substeps == env.config.physics.substeps
    assert report.env_steps_per_s > 0
    assert report.ratio == report.env_steps_per_s / report.physics_steps_per_s
