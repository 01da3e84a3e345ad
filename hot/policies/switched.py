"""Several policies as one: which of them acts is decided by the skill that is due."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Sequence

import torch
from torch import Tensor

from hot.errors import ConfigError
from hot.policies.policy import Policy, PolicySpec

_SHARED = ("hand", "joint_names", "layout", "points", "action", "observation")
"""What policies must agree on to take turns in one world: what they see, and what their actions mean."""


class SwitchedPolicy:
    """A policy for each skill, and perhaps one for all others.

    Raises:
        ConfigError: they do not see or do the same, or there is none at all.
    """

    def __init__(self, by_skill: Mapping[str, Policy], others: Optional[Policy] = None) -> None:
        self.by_skill: Dict[str, Policy] = dict(by_skill)
        self.others = others
        named = [*self.by_skill.items(), *([("the others", others)] if others else [])]
        if not named:
            raise ConfigError("no policy to switch between")
        (first, leading), *rest = named
        for name, policy in rest:
            odd = [each for each in _SHARED if getattr(policy.spec, each) != getattr(leading.spec, each)]
            if odd:
                raise ConfigError(
                    f"the policies of {first} and {name} cannot take turns: they differ in {', '.join(odd)}; train "
                    "them with the same observation and action presets"
                )
        self.spec: PolicySpec = leading.spec

    def lacks(self, skills: Sequence[str]) -> Sequence[str]:
        """Skills for which there is no policy."""
        return [] if self.others else [skill for skill in skills if skill not in self.by_skill]

    def act(self, observation: Tensor, skill: Tensor, names: Sequence[str]) -> Tensor:
        """Actions (N, A) in [-1, 1] for observations (N, O); ``skill`` (N,) are indices into ``names``.

        Raises:
            ConfigError: a skill that is due has no policy.
        """
        action = observation.new_zeros(len(observation), len(self.spec.joint_names))
        for number in skill.unique().tolist():
            policy = self.by_skill.get(str(names[int(number)]), self.others)
            if policy is None:
                raise ConfigError(f"no policy for {names[int(number)]}")
            rows = skill == number
            action[rows] = policy.act(observation[rows])
        return action

    def to(self, device: torch.device) -> SwitchedPolicy:
        """The same on another device."""
        moved = {skill: policy.to(device) for skill, policy in self.by_skill.items()}
        return SwitchedPolicy(moved, self.others and self.others.to(device))
