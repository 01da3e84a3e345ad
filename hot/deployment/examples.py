"""Inputs to try an exported policy with: random ones, and such as it meets in the task."""

from __future__ import annotations

import contextlib
from typing import Dict, List, Mapping, NamedTuple, Tuple

import torch
from torch import Tensor

from hot.deployment.deployed import Deployed, Port
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.policies import Policy
from hot.tracking import TrackingEnv
from hot.tracking.config import ActionConfig, ObservationConfig, RandomizationConfig, TaskConfig, TerminationConfig

_SEED = 1
_NOISE = 0.5
"""Probability of each perturbation item of the start state: displaced objects are to be followed."""


class Examples(NamedTuple):
    """Inputs by their order, (N, width) each, and the drive targets (N, D) that they must lead to."""

    inputs: Tuple[Tensor, ...]
    targets: Tensor


def random_examples(deployed: Deployed, policy: Policy, hand: HandSpec, count: int) -> Examples:
    """Observations spread thrice as wide as the policy's own, and any commands within the joint ranges."""
    generator = torch.Generator().manual_seed(_SEED)

    def drawn(port: Port) -> Tensor:
        return torch.randn(count, port.width, generator=generator)

    def joints(port: Port) -> Tensor:
        share = torch.rand(count, port.width, generator=generator)
        return hand.joint_lower + share * (hand.joint_upper - hand.joint_lower)

    make: Dict[str, Tensor] = {}
    for port in deployed.inputs:
        if port.name == "observation":
            make[port.name] = policy.mean.cpu() + 3.0 * policy.std.cpu() * drawn(port)
        else:
            make[port.name] = joints(port) if port.name in ("command", "joint_pos", "reference") else 0.1 * drawn(port)
    inputs = tuple(make.values())
    return Examples(inputs, deployed(*inputs)[0])


def real_examples(
    deployed: Deployed,
    policy: Policy,
    hand: HandSpec,
    object_spec: ObjectSpec,
    motions: Motions,
    task: TaskConfig,
    frames: int,
) -> Examples:
    """What the policy sees, and what the task sends to the drives, on clips from perturbed starts."""
    changes = {
        "action": ActionConfig(**policy.spec.action),
        "observation": ObservationConfig(**policy.spec.observation),
        "termination": TerminationConfig(enabled=False),
        "randomization": RandomizationConfig(),
        "reset": task.reset.model_copy(update={"noise": _NOISE}),
    }
    own, worlds = task.model_copy(update=changes), motions.num_clips
    env = TrackingEnv(hand, {motions.objects[0]: object_spec}, motions, own, worlds, _SEED, auto_reset=False)
    rows: List[Tuple[Tensor, ...]] = []
    with contextlib.closing(env):
        acting = policy.to(env.device)
        observation = env.reset(torch.arange(worlds))
        for _ in range(frames):
            met = _inputs_of(env, observation)
            chosen = [met[port.name].cpu() for port in deployed.inputs]
            observation = env.step(acting.act(observation)).observation
            rows.append((*chosen, env.targets.cpu().clone()))
    *inputs, targets = (torch.cat(column) for column in zip(*rows))
    return Examples(tuple(inputs), targets)


def _inputs_of(env: TrackingEnv, observation: Tensor) -> Mapping[str, Tensor]:
    """All that an exported policy may ask for, at the present instant."""
    _, velocity, command = env.reference.drive(env.clip_ids, env.frames + 1).chunk(3, dim=1)
    about, moved = env.following()
    return {
        "observation": observation,
        "command": command,
        "velocity": velocity,
        "object_pos": about,
        "displacement": moved,
        "joint_pos": env.physics.state.joint_pos.clone(),
        "reference": env.reference.now(env.clip_ids, env.frames).joint_pos,
    }
