"""Clips of an object turned into clips of the same object in another size."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.hands import HandSpec, Kinematics
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.planning.config import PlanningConfig
from hot.synthesis.clearance import Clearance

_LOG = logging.getLogger(__name__)
_ON_TABLE = 0.003
"""Height of an object's lowest point below which it counts as lying on the table [m]."""
_RAISE = 0.015
"""How far a hand may be raised off the table [m]: hands in planned clips pass it closely, and a smaller object is
grasped nearer to it."""
_FRAMES = 16384
"""Most frames whose hands are computed at once, which bounds memory."""


def scaled_spec(object_spec: ObjectSpec, factor: float) -> ObjectSpec:
    """The object ``factor`` times as large, of the same mass, named ``<name>@<factor>``; factor 1 is the object itself.

    The mass stays, because at constant density a hand that holds the object could not hold it 1.5 times as large.
    """
    if factor == 1.0:
        return object_spec
    inertia = object_spec.inertia * factor**2
    name = f"{object_spec.name}@{factor:g}"
    return replace(object_spec.scaled(factor), name=name, mass=object_spec.mass, inertia=inertia)


def scale_clips(
    motions: Motions,
    hand: HandSpec,
    object_spec: ObjectSpec,
    factor: float,
    config: PlanningConfig = PlanningConfig(),  # noqa: B008  frozen
) -> Motions:
    """The clips, adapted to :func:`scaled_spec`; those that become impossible are left out.

    Where the object touches the table during a clip, object and hand are shifted vertically so that the scaled one
    rests there. The wrist moves with the point of the surface that its palm faces while holding, in all frames of the
    clip, which leaves the gap between palm and surface as it was. Fingers, their commands and labels stay. A hand that
    would then come too near to the table is raised a little. A clip is left out if that does not suffice, or if the
    hand, while free, sits deeper in the object than planned clips may.

    Args:
        motions: of one object, ``object_spec``.
        factor: of length; 1 returns ``motions`` itself.

    Raises:
        HotError: the clips are of other objects, or none is left.
    """
    if motions.objects != (object_spec.name,):
        raise HotError(f"cannot scale {object_spec.name} in clips of {', '.join(motions.objects)}")
    if factor == 1.0:
        return motions
    larger = scaled_spec(object_spec, factor)
    clearance = Clearance(hand, larger)
    moved = _replanned(motions, hand, *_shifts(motions, hand, object_spec, factor))
    moved = _replanned(moved, hand, _deficit(moved, clearance, config), torch.zeros_like(moved.object_pos_w))
    moved = replace(moved, objects=(larger.name,), meta={**motions.meta, "scale": factor})
    kept = _feasible(moved, clearance, config).nonzero()[:, 0]
    _LOG.info("%s: %d of %d clips kept", larger.name, len(kept), moved.num_clips)
    if not len(kept):
        raise HotError(f"none of {moved.num_clips} clips of {hand.name} and {object_spec.name} fits {larger.name}")
    return moved.select(kept)


def _shifts(motions: Motions, hand: HandSpec, object_spec: ObjectSpec, factor: float) -> Tuple[Tensor, Tensor]:
    """By how much wrist and object move in each frame (S, 3) [m]."""
    rise = _vertical((factor - 1.0) * _resting_height(motions, object_spec))
    foot_o = _surface_under(_held_palm(motions, hand), object_spec)
    lift, foot_o = (per_clip.repeat_interleave(motions.lengths, dim=0) for per_clip in (rise, foot_o))
    return lift + rotations.rotate(motions.object_quat_w, (factor - 1.0) * foot_o), lift


def _deficit(motions: Motions, clearance: Clearance, config: PlanningConfig) -> Tensor:
    """By how much each clip's hand must rise to clear the table, as far as it may (S, 3) [m]."""
    lowest = torch.cat([clearance.lowest(part) for part in motions.joint_pos.split(_FRAMES)])
    least = lowest.new_full((motions.num_clips,), torch.inf).scatter_reduce(0, _clip_ids(motions), lowest, "amin")
    # A tenth of a millimetre over the limit, so that rounding does not bring the hand below it again.
    rise = (config.table_clearance + 1e-4 - least).clamp(0.0, _RAISE)
    return _vertical(rise).repeat_interleave(motions.lengths, dim=0)


def _vertical(height: Tensor) -> Tensor:
    return torch.stack([torch.zeros_like(height), torch.zeros_like(height), height], dim=-1)


def _replanned(motions: Motions, hand: HandSpec, wrist_shift: Tensor, object_shift: Tensor) -> Motions:
    """The clips with wrist and object moved by (S, 3) [m], and what follows from their poses."""
    slides = torch.nn.functional.pad(wrist_shift, (0, hand.num_joints - 3))
    joint_pos, kinematics = motions.joint_pos + slides, Kinematics(hand)
    key_pos = [kinematics.key_points(kinematics.forward(part)) for part in joint_pos.split(_FRAMES)]
    return replace(
        motions,
        joint_pos=joint_pos,
        command=motions.command + slides,
        key_pos_w=torch.cat(key_pos),
        object_pos_w=motions.object_pos_w + object_shift,
    ).with_velocities()


def _resting_height(motions: Motions, object_spec: ObjectSpec) -> Tensor:
    """Height (M,) [m] of each clip's object when it is lowest, if it then lies on the table, else 0."""
    clips = zip(motions.clip_start[:-1].tolist(), motions.clip_start[1:].tolist())
    rows = torch.tensor([first + int(motions.object_pos_w[first:end, 2].argmin()) for first, end in clips])
    corners = torch.from_numpy(object_spec.mesh.vertices).float()
    height = motions.object_pos_w[rows, 2]
    lowest = rotations.rotate(motions.object_quat_w[rows, None], corners)[..., 2].amin(-1) + height
    return torch.where(lowest < _ON_TABLE, height, torch.zeros_like(height))


def _held_palm(motions: Motions, hand: HandSpec) -> Tensor:
    """The palm's place in the object frame (M, 3) [m] in each clip's first held frame; 0 where nothing is held."""
    clip_ids, held = _clip_ids(motions), motions.contact == 1
    first = torch.full((motions.num_clips,), len(held))
    first.scatter_reduce_(0, clip_ids[held], held.nonzero()[:, 0], "amin")
    holds = first < len(held)
    rows = first[holds]
    wrist_quat = rotations.from_euler(motions.joint_pos[rows, 3:6])
    palm_w = motions.joint_pos[rows, :3] + rotations.rotate(wrist_quat, hand.palm_pos_h)
    palm_o = motions.joint_pos.new_zeros(motions.num_clips, 3)
    palm_o[holds] = rotations.rotate_inverse(motions.object_quat_w[rows], palm_w - motions.object_pos_w[rows])
    return palm_o


def _surface_under(points_o: Tensor, object_spec: ObjectSpec) -> Tensor:
    """The foot (M, 3) of each point (M, 3) on the nearest face; the origin stays where it is."""
    with torch.enable_grad():
        points = points_o.detach().requires_grad_()
        distance = object_spec.signed_distance(points)
        normal = torch.autograd.grad(distance.sum(), points)[0]
    feet = points_o - distance.detach()[:, None] * normal
    return torch.where(points_o.any(-1, keepdim=True), feet, points_o)


def _feasible(motions: Motions, clearance: Clearance, config: PlanningConfig) -> Tensor:
    """Whether each clip's hand stays over the table, and out of the object while it is free (M,) bool."""
    clip_ids = _clip_ids(motions)
    frame = torch.arange(len(clip_ids)) - motions.clip_start[clip_ids]
    checked = (frame % config.check_stride == 0).nonzero()[:, 0]
    joints = motions.joint_pos[checked]
    lowest = torch.cat([clearance.lowest(part) for part in joints.split(_FRAMES)])
    bad = lowest < config.table_clearance
    free = (motions.contact[checked] == 0).nonzero()[:, 0]
    pose: Tuple[Tensor, Tensor] = motions.object_pos_w[checked[free]], motions.object_quat_w[checked[free]]
    bad[free] |= clearance.depth(joints[free], *pose) > config.max_penetration
    good = torch.ones(motions.num_clips, dtype=torch.bool)
    good[clip_ids[checked[bad]]] = False
    return good


def _clip_ids(motions: Motions) -> Tensor:
    """The clip of each frame (S,)."""
    return torch.arange(motions.num_clips).repeat_interleave(motions.lengths)
