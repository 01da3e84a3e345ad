"""Clips of an object turned into clips of the same object in another size."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.hands import HandSpec
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
    clip_ids = _clip_ids(motions)
    checked = ((torch.arange(len(clip_ids)) - motions.clip_start[clip_ids]) % config.check_stride == 0).nonzero()[:, 0]
    clearance = Clearance(hand, larger)
    wrist_shift, object_shift = _shifts(motions, hand, object_spec, factor)
    # A hand that is only shifted keeps its shape: how low it reaches follows from the clip as it was.
    lowest = clearance.lowest(motions.joint_pos[checked]) + wrist_shift[checked, 2]
    rise = _deficit(lowest, clip_ids[checked], motions.num_clips, config)[clip_ids]
    moved = _shifted(motions, wrist_shift + _vertical(rise), object_shift)
    moved = replace(moved, objects=(larger.name,), meta={**motions.meta, "scale": factor})
    kept = _feasible(moved, checked, lowest + rise[checked], clearance, config).nonzero()[:, 0]
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


def _deficit(lowest: Tensor, clip_ids: Tensor, num_clips: int, config: PlanningConfig) -> Tensor:
    """By how much each clip's hand must rise to clear the table, as far as it may (M,) [m]."""
    least = lowest.new_full((num_clips,), torch.inf).scatter_reduce(0, clip_ids, lowest, "amin")
    # A tenth of a millimetre over the limit, so that rounding does not bring the hand below it again.
    return (config.table_clearance + 1e-4 - least).clamp(0.0, _RAISE)


def _vertical(height: Tensor) -> Tensor:
    return torch.stack([torch.zeros_like(height), torch.zeros_like(height), height], dim=-1)


def _shifted(motions: Motions, wrist_shift: Tensor, object_shift: Tensor) -> Motions:
    """The clips with the whole hand and the object moved by (S, 3) [m], and with the velocities that follow."""
    slides = torch.nn.functional.pad(wrist_shift, (0, motions.joint_pos.shape[-1] - 3))
    return replace(
        motions,
        joint_pos=motions.joint_pos + slides,
        command=motions.command + slides,
        key_pos_w=motions.key_pos_w + wrist_shift[:, None],
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


def _feasible(
    motions: Motions, checked: Tensor, lowest: Tensor, clearance: Clearance, config: PlanningConfig
) -> Tensor:
    """Whether each clip's hand stays over the table, and out of the object while it is free (M,) bool."""
    bad = lowest < config.table_clearance
    free = (motions.contact[checked] == 0).nonzero()[:, 0]
    rows = checked[free]
    bad[free] |= (
        clearance.depth(motions.joint_pos[rows], motions.object_pos_w[rows], motions.object_quat_w[rows])
        > config.max_penetration
    )
    good = torch.ones(motions.num_clips, dtype=torch.bool)
    good[_clip_ids(motions)[checked[bad]]] = False
    return good


def _clip_ids(motions: Motions) -> Tensor:
    """The clip of each frame (S,)."""
    return torch.arange(motions.num_clips).repeat_interleave(motions.lengths)
