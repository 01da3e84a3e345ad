"""Policies that take turns: each acts in its own skills, and all see the same."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hot.errors import ConfigError
from hot.policies import Policy, SwitchedPolicy
from tests.policies.test_policy import SPEC, fresh

NAMES = ("grasp", "move", "place")


def other(spec=SPEC) -> Policy:
    policy = fresh(spec)
    torch.nn.init.normal_(policy.actor.last.weight, std=0.3)
    return policy


def test_each_world_is_driven_by_the_policy_of_its_skill():
    first, second, rest = fresh(), other(), other()
    switched = SwitchedPolicy({"grasp": first, "move": second}, rest)
    seen, skill = torch.randn(6, 17), torch.tensor([0, 1, 2, 1, 0, 2])
    action = switched.act(seen, skill, NAMES)
    for number, policy in enumerate((first, second, rest)):
        assert torch.equal(action[skill == number], policy.act(seen[skill == number]))


def test_a_skill_without_a_policy_is_named():
    switched = SwitchedPolicy({"grasp": fresh()})
    assert list(switched.lacks(NAMES)) == ["move", "place"]
    with pytest.raises(ConfigError, match="no policy for place"):
        switched.act(torch.randn(1, 17), torch.tensor([2]), NAMES)
    assert not SwitchedPolicy({"grasp": fresh()}, other()).lacks(NAMES)


def test_policies_that_see_or_act_otherwise_cannot_take_turns():
    odd = dataclasses.replace(SPEC, action={"mode": "absolute"})
    with pytest.raises(ConfigError, match=r"policies of grasp and move cannot take turns: they differ in action"):
        SwitchedPolicy({"grasp": fresh(), "move": fresh(odd)})
    with pytest.raises(ConfigError, match="no policy"):
        SwitchedPolicy({})
