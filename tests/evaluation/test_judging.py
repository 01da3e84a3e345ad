"""Judging a controller: the open loop, a policy, and policies that do not belong."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hot.errors import HotError
from hot.evaluation import Exam, compare, judge
from hot.policies import Policy, PolicySpec
from hot.tracking import TrackingEnv
from hot.tracking.config import ObservationConfig, ResetConfig, TaskConfig
from hot.tracking.observations import layout
from tests.conftest import shortened

TASK = TaskConfig(reset=ResetConfig(noise=0.0))


def idle_policy(hand, observation: ObservationConfig) -> Policy:
    """A policy whose actions are all zero, so that it must do exactly what the open loop does."""
    spec = PolicySpec(
        hand=hand.name,
        joint_names=tuple(hand.joint_names),
        layout=layout(hand, observation),
        points=observation.points,
        hidden=(8,),
        point_features=4,
        action=TASK.action.model_dump(mode="json"),
        observation=observation.model_dump(mode="json"),
        trained={},
    )
    actor = Policy.make_actor(spec)
    torch.nn.init.zeros_(actor.last.weight)
    return Policy(spec, actor, torch.zeros(spec.num_observations), torch.ones(spec.num_observations))


def test_the_open_loop_succeeds_on_a_free_move(allegro, bottle, hover):
    report, trace = judge(None, Exam(TASK, allegro, bottle, hover, frames=40, seed=1))
    assert report.controller == "open loop"
    assert report.clips == 4
    assert report.rates["skill"].value == 1.0
    error = report.means["e_h_cm"]
    assert error is not None and error < 0.5
    assert trace.joint_pos.shape == (39, 4, allegro.num_joints)
    assert trace.valid.all()


def test_a_policy_of_zeros_is_the_open_loop(allegro, bottle, hover):
    first, trace = judge(None, Exam(TASK, allegro, bottle, hover, frames=20, seed=1))
    policy = idle_policy(allegro, ObservationConfig())
    second, again = judge(policy, Exam(TASK, allegro, bottle, hover, frames=20, seed=1))
    assert torch.equal(trace.joint_pos, again.joint_pos)
    assert compare(second, first).means["e_h_cm"].value == 0.0


def test_a_policy_brings_its_own_observation(allegro, bottle, hover):
    policy = idle_policy(allegro, ObservationConfig(future_frames=(1,), points=0))
    report, _ = judge(policy, Exam(TASK, allegro, bottle, hover, frames=15, seed=1))
    assert report.controller == "policy"


def test_two_controllers_meet_the_same_perturbations(allegro, bottle, hover):
    task = TaskConfig(reset=ResetConfig(noise=1.0))
    _, first = judge(None, Exam(task, allegro, bottle, hover, frames=12, seed=5))
    _, second = judge(idle_policy(allegro, ObservationConfig()), Exam(task, allegro, bottle, hover, frames=12, seed=5))
    _, other = judge(None, Exam(task, allegro, bottle, hover, frames=12, seed=6))
    assert torch.equal(first.object_pos_w, second.object_pos_w)
    assert not torch.equal(first.object_pos_w, other.object_pos_w)


def test_frames_beyond_a_clip_are_not_judged(allegro, bottle, hover):
    cut = shortened(hover, (40, 25))
    _, trace = judge(None, Exam(TASK, allegro, bottle, cut, frames=60, seed=1))
    assert trace.valid.sum(0).tolist() == [39, 24]


@pytest.mark.parametrize(
    ("change", "message"),
    [({"hand": "shadow"}, "drives the shadow hand, not allegro"), ({"joint_names": ("a",)}, "other joints")],
)
def test_a_policy_for_another_hand_is_refused(allegro, bottle, hover, change, message):
    policy = idle_policy(allegro, ObservationConfig())
    policy.spec = dataclasses.replace(policy.spec, **change)
    with pytest.raises(HotError, match=message):
        judge(policy, Exam(TASK, allegro, bottle, hover, frames=12, seed=1))


def test_the_engine_is_closed_even_when_a_policy_fails(allegro, bottle, hover, monkeypatch):
    closed = []
    monkeypatch.setattr(TrackingEnv, "close", lambda self: closed.append(True))
    policy = idle_policy(allegro, ObservationConfig(points=0))
    policy.mean = policy.mean[:-1]
    with pytest.raises(RuntimeError):
        judge(policy, Exam(TASK, allegro, bottle, hover, frames=12, seed=1))
    assert closed
