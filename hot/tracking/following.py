"""The wrist's reference follows the object: a hand told to grasp goes to where the object is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hot import rotations
from hot.motions import Motions, skill_by_name

_FIRM_FRAMES = 20
"""Frames of a hold before the reference begins to return to its own path: closing and the first centimetres of lift."""
_RETURN_FRAMES = 40
"""Frames in which it returns."""
_LEAVE_FRAMES = 20
"""Frames after a release in which it takes up the object again."""
_STILL = 0.05
"""Speed of an object below which it lies where it was left [m/s]."""
_FARTHEST, _WIDEST = 0.12, 0.8
"""Displacement [m] and turn about the vertical [rad] beyond which the reference does not go after the object."""


def follow_weights(motions: Motions) -> Tensor:
    """How far the wrist's reference goes along with the object in each frame (S,): 1 before a grasp, 0 when an object
    has been held for a while. Free moves have no object to follow, and what was thrown is left to fly."""
    weights = torch.zeros_like(motions.object_pos_w[:, 0])
    start, lengths = motions.clip_start[:-1], motions.lengths
    held_for = torch.zeros_like(lengths)
    wanted = (motions.object_linvel_w.norm(dim=-1) < _STILL) | _to_be_held(motions)
    weight = (motions.contact[start] == 0).to(weights)
    for t in range(int(lengths.max())):
        rows = start + torch.minimum(torch.full_like(lengths, t), lengths - 1)
        contact = motions.contact[rows]
        held_for = torch.where(contact == 1, held_for + 1, 0)
        step = ((contact == 0) & wanted[rows]) / _LEAVE_FRAMES - (held_for > _FIRM_FRAMES).to(weights) / _RETURN_FRAMES
        weight = (weight + step).clamp(0.0, 1.0)
        weights[rows] = weight
    labels = torch.tensor([skill_by_name(name).label for name in motions.skills], device=weights.device)
    free = labels[motions.clip_skill] == skill_by_name("freemove").label
    alone = free & ~motions.composed
    return weights * ~alone.repeat_interleave(lengths)


def _to_be_held(motions: Motions) -> Tensor:
    """Whether the clip goes on to hold its object after each frame (S,) bool."""
    held = (motions.contact == 1).long().cumsum(0)
    ends = (motions.clip_start[1:] - 1).repeat_interleave(motions.lengths)
    return held[ends] > held


def displacement(object_pos: Tensor, object_quat: Tensor, ref_pos: Tensor, ref_quat: Tensor) -> Tensor:
    """Shift [m] and turn about the vertical [rad] (N, 4) that take the reference object to the real one, within
    limits. Positions are (N, 3), orientations (N, 4)."""
    shift = object_pos - ref_pos
    shift = shift * (_FARTHEST / shift.norm(dim=1, keepdim=True).clamp_min(_FARTHEST))
    turn = rotations.multiply(object_quat, rotations.conjugate(ref_quat))
    yaw = rotations.wrap_angle(2.0 * torch.atan2(turn[:, 3:], turn[:, :1]))
    return torch.cat([shift, yaw.clamp(-_WIDEST, _WIDEST)], dim=1)


def move_wrist(wrist: Tensor, about: Tensor, displaced: Tensor) -> Tensor:
    """Wrist slides and hinges (N, 6), turned about the vertical through ``about`` (N, 3), then shifted.

    Of the angles that describe the turned wrist those next to the given ones are taken, so that nothing unwinds.

    Args:
        displaced: shift [m] and turn [rad] (N, 4).
    """
    shift, yaw = displaced.split([3, 1], dim=1)
    half, nothing = 0.5 * yaw, torch.zeros_like(yaw)
    turn = torch.cat([half.cos(), nothing, nothing, half.sin()], dim=1)
    slides = about + shift + rotations.rotate(turn, wrist[:, :3] - about)
    angles = rotations.to_euler(rotations.multiply(turn, rotations.from_euler(wrist[:, 3:])))
    other = torch.stack([angles[:, 0] + math.pi, math.pi - angles[:, 1], angles[:, 2] + math.pi], dim=1)
    near, far = (_wound(each, wrist[:, 3:]) for each in (angles, other))
    closer = (near - wrist[:, 3:]).abs().sum(1) <= (far - wrist[:, 3:]).abs().sum(1)
    hinges = torch.where(closer[:, None], near, far)
    # Untouched where nothing turns: at the hinges' singularity the angles that come back are others.
    return torch.cat([slides, torch.where(yaw.abs() < 1e-4, wrist[:, 3:], hinges)], dim=1)


def _wound(angles: Tensor, like: Tensor) -> Tensor:
    return angles + 2 * math.pi * torch.round((like - angles) / (2 * math.pi))
