"""Training is worth its time: a short run on a CPU tracks better than no policy at all."""

from __future__ import annotations

import pytest

from hot.evaluation import Exam, compare, judge
from hot.planning import PlanningConfig, generate
from hot.runs import Run
from hot.tracking.config import ActionConfig, ObservationConfig, ResetConfig, TaskConfig
from hot.training import TeacherData, train_teacher
from hot.training.config import NetworkConfig, PpoConfig

# Every start is pushed off the reference, mostly at the first frame, by what a wrist residual of 4 cm can still undo.
# Objects are caught: of the sturdy grasps that ship, replaying loses too few for a short training to show.
TASK = TaskConfig(
    episode_frames=100,
    action=ActionConfig(wrist_slide=0.04, wrist_hinge=0.2, finger=0.3, follow_object=False),
    observation=ObservationConfig(points=0),
    reset=ResetConfig(noise=1.0, first_frame_share=0.8, free_object_pos=0.03, free_object_yaw=0.1, finger_pos=0.1),
)
PPO = PpoConfig(
    num_envs=512,
    epochs=50,
    learning_rate=1e-3,
    mini_epochs=3,
    network=NetworkConfig(hidden=(256, 128), initial_std=0.15),
)


@pytest.mark.slow
def test_a_short_training_beats_the_open_loop_on_held_out_perturbed_clips(tmp_path, allegro, bottle):
    config = PlanningConfig()
    motions = generate(allegro, bottle, "catch", 200, 3, config, "train")
    held_out = generate(allegro, bottle, "catch", 150, 77, config, "test")
    assert not set(motions.clip_grasp.tolist()) & set(held_out.clip_grasp.tolist())
    run = Run.create(tmp_path / "run", "hand: allegro\n", {"hand": "allegro", "object": "Bottle", "stage": 1})
    policy = train_teacher(TeacherData(allegro, {"Bottle": bottle}, motions), TASK, PPO, run, seed=1)
    open_loop, _ = judge(None, Exam(TASK, allegro, bottle, held_out, frames=100, seed=5))
    taught, _ = judge(policy, Exam(TASK, allegro, bottle, held_out, frames=100, seed=5))
    gain = compare(taught, open_loop).means["reward"]
    print(f"reward: {open_loop.means['reward']:.3f} open loop, {taught.means['reward']:.3f} after training, {gain}")
    assert gain.low is not None and gain.low > 0.0  # the whole 95 % interval of the paired difference
