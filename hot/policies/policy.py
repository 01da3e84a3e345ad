"""A controller as one file: network, normaliser, observation layout, joint order and the meaning of its actions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple

import torch
from torch import Tensor

from hot.assets import read_meta, read_tensors, write_tensors
from hot.errors import BadFileError
from hot.policies.network import Actor, PointEncoder

_KIND = "policy"
_NORMALISER = ("normaliser.mean", "normaliser.std")
_UNSAID: Dict[str, Dict[str, Any]] = {
    "action": {"drives": "own"},
    "observation": {"layout": "own", "reference_joints": True},
}
"""What older files leave out of their descriptions, because there was nothing else."""


@dataclass(frozen=True)
class PolicySpec:
    """What must be known to use a policy's numbers."""

    hand: str
    joint_names: Tuple[str, ...]
    layout: Tuple[Tuple[str, int], ...]
    """Observation groups and sizes, in order."""
    points: int
    """Object points that the encoder takes; they end the observation unless ``points_start`` says otherwise."""
    hidden: Tuple[int, ...]
    point_features: int
    action: Mapping[str, Any]
    """The action configuration the policy was trained with."""
    observation: Mapping[str, Any]
    """The observation configuration the policy was trained with."""
    trained: Mapping[str, Any]
    """Where it comes from: objects, skills, stage, seed, samples."""
    activation: str = "elu"
    """Of the hidden layers."""
    points_start: Optional[int] = None
    """Where the encoder's numbers begin."""

    @property
    def num_observations(self) -> int:
        """Length of the observation vector."""
        return sum(size for _, size in self.layout)

    @staticmethod
    def read(path: Path) -> PolicySpec:
        """The description in a policy's file, without its weights.

        Raises:
            BadFileError: missing, damaged, of another kind, or not a policy's description.
        """
        try:
            return _spec_from(read_meta(path, _KIND))
        except (KeyError, TypeError, ValueError) as error:
            raise BadFileError(path, f"is not a usable policy: {error}") from error


class Policy:
    """A deterministic controller. Teacher and student are both of this type."""

    def __init__(self, spec: PolicySpec, actor: Actor, mean: Tensor, std: Tensor) -> None:
        self.spec, self.actor, self.mean, self.std = spec, actor.eval(), mean, std

    @staticmethod
    def make_actor(spec: PolicySpec) -> Actor:
        """A fresh actor of the spec's shape."""
        encoder = PointEncoder(spec.point_features)
        sizes, actions = [spec.num_observations, *spec.hidden], len(spec.joint_names)
        return Actor(encoder, sizes, spec.points, actions, spec.activation, spec.points_start)

    @torch.no_grad()
    def act(self, observation: Tensor) -> Tensor:
        """Actions (N, A) in [-1, 1] for observations (N, O)."""
        normal = ((observation - self.mean) / self.std).clamp(-5.0, 5.0)
        return self.actor(normal).clamp(-1.0, 1.0)

    def to(self, device: torch.device) -> Policy:
        """The same policy on another device."""
        return Policy(self.spec, self.actor.to(device), self.mean.to(device), self.std.to(device))

    def save(self, path: Path, half: bool = False) -> None:
        """Write one safetensors file.

        Args:
            half: store the network's weights, though not the normaliser, in 16 bits where their range allows it.

        Raises:
            BadFileError: it cannot be written; an earlier file is left as it was.
        """
        tensors = {f"actor.{name}": value for name, value in self.actor.state_dict().items()}
        if half:
            tensors = {name: _halved(value) for name, value in tensors.items()}
        tensors.update(zip(_NORMALISER, (self.mean, self.std)))
        write_tensors(path, _KIND, tensors, dataclasses.asdict(self.spec))

    @staticmethod
    def load(path: Path) -> Policy:
        """Read a policy, in 32 bits however it is stored; nothing in the file is executed.

        Raises:
            BadFileError: missing, truncated, of another kind, or its tensors do not fit its description.
        """
        file = read_tensors(path, _KIND)
        try:
            spec = _spec_from(file.meta)
            actor = Policy.make_actor(spec)
            weights = {name[6:]: value for name, value in file.tensors.items() if name.startswith("actor.")}
            actor.load_state_dict(weights)
            mean, std = (file.tensors[name] for name in _NORMALISER)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise BadFileError(path, f"is not a usable policy: {reason}") from error
        for name, value in file.tensors.items():
            if not torch.isfinite(value).all():
                raise BadFileError(path, f"is not a usable policy: {name} holds values that are not finite")
        return Policy(spec, actor, mean, std)


def _halved(weights: Tensor) -> Tensor:
    return weights.half() if float(weights.abs().max()) < torch.finfo(torch.float16).max else weights


def _spec_from(meta: Dict[str, Any]) -> PolicySpec:
    meta = {name: {**_UNSAID[name], **value} if name in _UNSAID else value for name, value in meta.items()}
    meta["joint_names"] = tuple(meta["joint_names"])
    meta["layout"] = tuple((str(name), int(size)) for name, size in meta["layout"])
    meta["hidden"] = tuple(meta["hidden"])
    return PolicySpec(**meta)
