"""The poses in which an object stays put on the table, found by dropping many copies of it."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional, Tuple, Union

import torch
from torch import Tensor

from hot import rotations
from hot.assets import data_root, packaged, read_tensors, write_tensors
from hot.errors import BadFileError, HotError
from hot.hands import HandSpec
from hot.objects import ObjectSpec, Symmetry
from hot.physics import Scene, make_physics
from hot.progress import Progress, silent
from hot.synthesis.config import JUDGING_PHYSICS, RestingConfig
from hot.synthesis.transforms import shortest_turn

_KIND = "resting"
_PARKED = (1.5, 1.5, 1.5)
"""Where the hand waits [m]."""
_STILL = 0.05
"""Speed below which a copy lies still [m/s, rad/s]."""


@dataclass(frozen=True, eq=False)
class RestingPoses:
    """P poses, the most frequent first. Yaw about world z is free, and the object's symmetry is divided out."""

    object: str
    height: Tensor
    """z of the object's origin (P,) [m]."""
    quat_w: Tensor
    """Orientation (P, 4): the shortest turn that points the right side up."""
    probability: Tensor
    """Share of the random drops that come to rest so (P,); 0 for a pose that only a careful hand reaches."""

    def __len__(self) -> int:
        return len(self.height)

    def to(self, device: Union[str, torch.device]) -> RestingPoses:
        """The same poses on another device."""
        tensors = (self.height, self.quat_w, self.probability)
        return RestingPoses(self.object, *(tensor.to(device) for tensor in tensors))

    def save(self, path: Optional[Path] = None) -> None:
        """Write to ``path``, or below the data folder, where :func:`load_resting` looks first.

        Raises:
            BadFileError: the file cannot be written.
        """
        tensors = {"height": self.height, "quat_w": self.quat_w, "probability": self.probability}
        write_tensors(path or data_root() / _relative(self.object), _KIND, tensors, {"object": self.object})


def load_resting(object_name: str) -> RestingPoses:
    """Resting poses of an object: the data folder's if there, else those that ship.

    Raises:
        BadFileError: there are none, or the file is damaged.
    """
    own, shipped = data_root() / _relative(object_name), packaged(*_relative(object_name).parts)
    path = own if own.is_file() or not shipped.is_file() else shipped
    if not path.is_file():
        raise BadFileError(path, f"no resting poses of {object_name}; find_resting_poses(...).save() makes them")
    content = read_tensors(path, _KIND)
    try:
        return RestingPoses(content.meta["object"], **content.tensors)
    except (KeyError, TypeError) as error:
        raise BadFileError(path, f"lacks entries or has foreign ones ({error})") from error


def _relative(object_name: str) -> Path:
    return Path(_KIND) / f"{object_name}.safetensors"


def find_resting_poses(
    hand: HandSpec, object_spec: ObjectSpec, config: RestingConfig, seed: int = 0, progress: Progress = silent
) -> RestingPoses:
    """Drop copies in random and in axis-aligned orientations, group where they end, and keep what withstands a nudge.

    The hand only completes the scene; it waits far away.

    Raises:
        HotError: no copy came to rest.
    """
    generator = torch.Generator().manual_seed(seed)
    aligned = _axis_aligned()
    start = torch.cat([rotations.random((config.drops,), generator), aligned])
    pos, quat, still = _settle(hand, object_spec, start, config.settle_frames, progress)
    up = _up(quat)
    dropped = torch.arange(len(start)) < config.drops
    stays = still & (dropped | (_up_angle(up, _up(start), object_spec.symmetry) < config.same_pose))
    groups = _group(up, stays, object_spec.symmetry, config.same_pose)
    if not groups:
        raise HotError(f"no copy of {object_spec.name} came to rest within {config.settle_frames} frames")
    landed = max(int((stays & dropped).sum()), 1)
    share = torch.tensor([int((members & dropped).sum()) / landed for members in groups])
    placed = torch.tensor([bool((members & ~dropped).any()) for members in groups])
    first = torch.stack([members.nonzero()[0, 0] for members in groups])
    level = shortest_turn(up[first], up.new_tensor([0.0, 0.0, 1.0]))
    kept = ((share >= config.least_share) | placed) & _withstands(hand, object_spec, level, config, progress)
    order = share.argsort(descending=True, stable=True)
    order = order[kept[order]]
    return RestingPoses(object_spec.name, pos[first[order], 2], level[order], share[order])


def _axis_aligned() -> Tensor:
    """Shortest turns (6, 4) that point each of +-x, +-y, +-z up."""
    axes = torch.cat([torch.eye(3), -torch.eye(3)])
    return shortest_turn(axes, torch.tensor([0.0, 0.0, 1.0]))


def _up(quat_w: Tensor) -> Tensor:
    """World up in the object frame (N, 3); together with the symmetry it decides the pose up to yaw."""
    return rotations.rotate_inverse(quat_w, quat_w.new_tensor([0.0, 0.0, 1.0]))


def _up_angle(a: Tensor, b: Tensor, symmetry: Symmetry) -> Tensor:
    """Smallest angle (...) [rad] between up directions (..., 3) over the turns that leave the object unchanged."""
    if symmetry.spherical:
        return torch.zeros_like(a[..., 0])
    members = symmetry.rotations.to(a)
    turned = rotations.rotate(members, a[..., None, :])  # (..., S, 3)
    cosine = (turned * b[..., None, :]).sum(-1)
    if symmetry.axis is not None:
        axis = symmetry.axis.to(a)
        along, other = (turned * axis).sum(-1), (b * axis).sum(-1)[..., None]
        cosine = along * other + ((1 - along**2).clamp_min(0) * (1 - other**2).clamp_min(0)).sqrt()
    return torch.acos(cosine.amax(-1).clamp(-1.0, 1.0))


def _group(up: Tensor, stays: Tensor, symmetry: Symmetry, same: float) -> List[Tensor]:
    """Masks (N,) of the copies that rest alike."""
    groups, left = [], stays.clone()
    while left.any():
        first = int(left.nonzero()[0])
        members = left & (_up_angle(up, up[first].expand_as(up), symmetry) < same)
        groups.append(members)
        left = left & ~members
    return groups


def _settle(
    hand: HandSpec, object_spec: ObjectSpec, quat: Tensor, frames: int, progress: Progress
) -> Tuple[Tensor, Tensor, Tensor]:
    """Let copies fall from just above the table; their poses (N, 3), (N, 4) and whether they lie still (N,)."""
    count = len(quat)
    scene = Scene(hand, [object_spec], torch.zeros(count, dtype=torch.long))
    physics = make_physics(scene, JUDGING_PHYSICS)
    try:
        joints = torch.zeros(count, hand.num_joints)
        joints[:, :3], joints[:, 6:] = torch.tensor(_PARKED), hand.open_fingers
        corners = torch.from_numpy(object_spec.mesh.vertices).float()
        lowest = rotations.rotate(quat[:, None], corners)[..., 2].amin(-1)
        pos = torch.stack([torch.zeros(count), torch.zeros(count), 0.002 - lowest], dim=-1)
        ids = torch.arange(count)
        physics.write_state(ids, joint_pos=joints, object_pos_w=pos, object_quat_w=quat)
        for frame in range(frames):
            physics.step()
            progress("dropping", frame + 1, frames, {})
        state = physics.state
        speed = torch.maximum(state.object_linvel_w.norm(dim=-1), state.object_angvel_w.norm(dim=-1))
        return state.object_pos_w.clone(), state.object_quat_w.clone(), (speed < _STILL) & ~state.diverged
    finally:
        physics.close()


def _withstands(
    hand: HandSpec, object_spec: ObjectSpec, quat: Tensor, config: RestingConfig, progress: Progress
) -> Tensor:
    """Which poses (P,) come back from a tilt about each of four horizontal axes."""
    axes = torch.tensor([[math.cos(a), math.sin(a), 0.0] for a in torch.arange(0, 2 * math.pi, math.pi / 2).tolist()])
    tilts = rotations.from_axis_angle(axes, torch.full((len(axes),), config.nudge))
    tilted = torch.stack([rotations.multiply(t, q) for q, t in itertools.product(quat, tilts)])
    _, end, _ = _settle(hand, object_spec, tilted, config.settle_frames, progress)
    up = _up(quat).repeat_interleave(len(tilts), dim=0)
    back = _up_angle(_up(end), up, object_spec.symmetry) < config.same_pose
    return back.view(len(quat), -1).all(-1)
