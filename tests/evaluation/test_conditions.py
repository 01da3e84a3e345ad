"""What a condition does to each clip, and that it does not depend on how many clips run at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hot.evaluation import Condition, Exam, RobustnessConfig, conditions, judge
from hot.evaluation.conditions import disturbance
from hot.planning.inspection import resting_poses
from hot.tracking.config import ResetConfig, TaskConfig
from tests.conftest import shortened

PUSH = Condition("push", push=2.0, push_frames=12)


def exam(allegro, bottle, motions, noise=0.0, **rest) -> Exam:
    return Exam(TaskConfig(reset=ResetConfig(noise=noise)), allegro, bottle, motions, frames=20, seed=3, **rest)


def test_conditions_follow_their_config():
    names = [each.name for each in conditions(RobustnessConfig(push=2.0, mass=(3.0,), friction=(), noise=0.4))]
    assert names == ["plain", "push 2 N for 0.2 s", "mass x 3", "start noise 0.4"]


def test_pushes_are_horizontal_of_the_wanted_size_and_end_within_the_clip(allegro, hover):
    met = disturbance(PUSH, hover, allegro, frames=30, seed=3)
    assert met.force_w is not None and met.force_from is not None
    assert torch.allclose(met.force_w.norm(dim=1), torch.tensor(2.0))
    assert not met.force_w[:, 2].any()
    assert (met.force_from >= 0).all() and (met.force_from + 12 <= 29).all()


def test_no_push_begins_before_the_object_is_held(allegro, hover):
    contact = torch.zeros_like(hover.contact).view(hover.num_clips, -1)
    contact[:, 15:] = 1
    held = replace(hover, contact=contact.flatten())
    for seed in range(1, 20):
        begin = disturbance(PUSH, held, allegro, frames=40, seed=seed).force_from
        assert begin is not None and (begin >= 15).all()


def test_a_push_acts_for_its_frames_only(allegro, hover):
    met = replace(disturbance(PUSH, hover, allegro, frames=30, seed=3), force_from=torch.tensor([0, 1, 2, 3]))
    force = met.force_at(torch.arange(4), torch.full((4,), 12))
    assert force is not None
    assert force.norm(dim=1).tolist() == pytest.approx([0.0, 2.0, 2.0, 2.0])


@pytest.mark.parametrize("condition", [Condition(noise=1.0), PUSH, Condition("light", mass=0.5)])
def test_clips_meet_the_same_whatever_runs_at_once(allegro, bottle, hover, condition):
    motions = shortened(hover, (18, 12, 20, 14))
    whole, trace = judge(None, exam(allegro, bottle, motions, worlds=4), condition)
    for worlds in (1, 2):
        one_by_one, again = judge(None, exam(allegro, bottle, motions, worlds=worlds), condition)
        assert torch.equal(trace.object_pos_w, again.object_pos_w) and torch.equal(trace.joint_pos, again.joint_pos)
        assert torch.equal(trace.valid, again.valid) and trace.valid.sum(0).tolist() == [17, 11, 19, 13]
        assert torch.equal(again.clip_ids, torch.arange(4))
        assert whole == one_by_one


def test_every_condition_changes_what_happens(allegro, bottle, hover):
    _, plain = judge(None, exam(allegro, bottle, hover), Condition())
    for condition in (Condition(noise=1.0), Condition("push", push=3.0, push_frames=6)):
        report, trace = judge(None, exam(allegro, bottle, hover), condition)
        assert report.condition == condition.name and report.engine == "mujoco"
        assert not torch.allclose(plain.object_pos_w, trace.object_pos_w, atol=1e-3)


def test_factors_reach_the_engine(allegro, bottle, hover):
    push = Condition("push", push=3.0, push_frames=10)
    light, heavy = (judge(None, exam(allegro, bottle, hover), replace(push, mass=m))[1] for m in (1.0, 4.0))
    speed = [trace.object_linvel_w.norm(dim=-1).max() for trace in (light, heavy)]
    assert speed[1] < speed[0]


def test_resting_poses_are_of_the_first_frame_of_a_grasp_and_the_last_of_a_place(bottle, hover):
    quat = hover.object_quat_w.view(hover.num_clips, -1, 4).clone()
    quat[:, -1] = torch.tensor([1.0, 0.0, 0.0, 0.0])  # the long axis, y, is level
    tipped = replace(hover, object_quat_w=quat.flatten(0, 1))
    assert resting_poses(replace(tipped, skills=("grasp",)), bottle) == ("standing",) * 4
    assert resting_poses(replace(tipped, skills=("place",)), bottle) == ("lying",) * 4
    assert resting_poses(replace(tipped, skills=("move",)), bottle) == ()
