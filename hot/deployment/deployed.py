"""All that lies between an observation and the drives, as one module of tensors."""

from __future__ import annotations

import copy
from typing import Dict, List, NamedTuple, Tuple

import torch
from torch import Tensor, nn

from hot.hands import HandSpec
from hot.policies import Policy
from hot.tracking.actions import WRIST, ActionMap
from hot.tracking.config import ActionConfig
from hot.tracking.following import move_wrist


class Port(NamedTuple):
    """An input or an output: a matrix with one row a hand."""

    name: str
    width: int
    meaning: str


class Deployed(nn.Module):
    """A policy with its normaliser and what its actions mean: drive targets of observations.

    :attr:`inputs` names the arguments of :meth:`forward` in order. Which there are depends on the policy's action:
    a residual one needs what the reference commands, and one that follows displaced objects needs by how much.
    """

    def __init__(self, policy: Policy, hand: HandSpec) -> None:
        super().__init__()
        own = Policy(policy.spec, copy.deepcopy(policy.actor), policy.mean, policy.std)  # may be on a GPU meanwhile
        self._policy = own.to(torch.device("cpu"))
        self.actor = self._policy.actor
        self._config = ActionConfig(**policy.spec.action)
        self._actions = ActionMap(self._config, hand, torch.device("cpu"))
        self.inputs = _inputs(policy, self._config)
        joints = len(policy.spec.joint_names)
        self.outputs: Tuple[Port, ...] = (
            Port("targets", joints, f"drive targets for the coming control step{_held(self._config)} [m, rad]"),
            Port("action", joints, "the network's answer in [-1, 1]"),
        )

    def forward(self, observation: Tensor, *others: Tensor) -> Tuple[Tensor, Tensor]:
        """Drive targets (N, D) and actions (N, A) of observations (N, O) and the other inputs."""
        action = self._policy.act(observation)
        given: Dict[str, Tensor] = {port.name: value for port, value in zip(self.inputs[1:], others)}
        joint_pos = given.get("joint_pos", action)
        return self._actions.targets(action, self._base(given, action), joint_pos), action

    def _base(self, given: Dict[str, Tensor], action: Tensor) -> Tensor:
        """Targets of a zero action (N, D); actions that are not relative to the reference have none."""
        if "command" not in given:
            return given.get("reference", torch.zeros_like(action))
        base = self._actions.led(given["command"], given["velocity"])
        if "displacement" not in given:
            return base
        wrist = move_wrist(base[:, :WRIST], given["object_pos"], given["displacement"])
        return torch.cat([wrist, base[:, WRIST:]], dim=1)


def _held(config: ActionConfig) -> str:
    return ", inside the joint limits" if config.drives == "own" else ""


def _inputs(policy: Policy, config: ActionConfig) -> Tuple[Port, ...]:
    joints = len(policy.spec.joint_names)
    ports: List[Port] = [Port("observation", policy.spec.num_observations, "of now, as listed under its parts")]
    if config.mode == "residual":
        ports += [
            Port("command", joints, "the reference's drive targets in the next frame [m, rad]"),
            Port("velocity", joints, "the reference's joint velocities in the next frame [m/s, rad/s]"),
        ]
        if config.follow_object:
            ports += [
                Port("object_pos", 3, "the reference's object position now, in the world [m]"),
                Port("displacement", 4, "of the object that the wrist follows: shift [m], turn about z [rad]; or 0"),
            ]
    elif config.mode == "delta":
        ports.append(Port("joint_pos", joints, "joint positions now [m, rad]"))
    elif config.mode == "reference":
        ports.append(Port("reference", joints, "the reference's joint positions now [m, rad]"))
    return tuple(ports)
