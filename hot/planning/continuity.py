"""Breaks in motions: objects in flight that leave their parabola, and jumps."""

from __future__ import annotations

from typing import Optional, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.motions import Motions

_GRAVITY = 9.81
_MOVES = 0.2
"""Speed from which on an object that no hand touches counts as flying [m/s]."""


def flight_deviation(motions: Motions) -> Optional[float]:
    """Farthest [mm] that any object in flight is from a parabola of gravity; None if none flies.

    A flight is what moves, frame after frame, while the label says that no hand touches it; a clip may have several.
    Where gravity has been taken out, a parabola is a straight line; the one that fits best is found by least squares.
    """
    flies = (motions.contact == 0) & (motions.object_linvel_w.norm(dim=-1) > _MOVES)
    if not bool(flies.any()):
        return None
    clip, frame = _clips_and_frames(motions)
    flight, time = _flights(clip, flies), frame[flies].double() / motions.fps
    straight = motions.object_pos_w[flies].double()
    straight = straight + 0.5 * _GRAVITY * torch.stack([0 * time, 0 * time, time**2], dim=1)
    basis = torch.stack([torch.ones_like(time), time], dim=1)  # (S, 2)
    size = int(flight.max()) + 1
    normal = torch.zeros(size, 2, 2, dtype=torch.float64).index_add_(0, flight, basis[:, :, None] * basis[:, None])
    moment = torch.zeros(size, 2, 3, dtype=torch.float64).index_add_(0, flight, basis[:, :, None] * straight[:, None])
    line = torch.linalg.pinv(normal) @ moment  # (F, 2, 3)
    miss = straight - (basis[:, None] @ line[flight])[:, 0]
    return 1e3 * float(miss.norm(dim=1).max())


def _flights(clip: Tensor, flies: Tensor) -> Tensor:
    """Number of the flight (n,) that each flying frame belongs to, from clips (S,) and which frames fly (S,)."""
    begins = flies.clone()
    begins[1:] &= ~flies[:-1] | (clip[1:] != clip[:-1])
    return begins.long().cumsum(0)[flies] - 1


def jumps(motions: Motions) -> Tuple[float, float]:
    """Farthest that wrist or object are from where the two frames before let expect them: place [m], turn [deg].

    A thrown object that lands, and lies still from one frame to the next, does not count: nothing slows it down sooner.
    """
    _, frame = _clips_and_frames(motions)
    third = (frame > 1).nonzero()[:, 0]
    if not len(third):
        return 0.0, 0.0
    places = torch.stack([motions.joint_pos[:, :3], motions.object_pos_w])
    bends = places[:, third] - 2.0 * places[:, third - 1] + places[:, third - 2]
    landed = (motions.contact[third] == 0) & (places[1, third] == places[1, third - 1]).all(-1)
    bends[1] = torch.where(landed[:, None], 0.0, bends[1])
    quats = torch.stack([rotations.from_euler(motions.joint_pos[:, 3:6]), motions.object_quat_w])
    turns = [_turn(quats[:, third - offset], quats[:, third - offset - 1]) for offset in (0, 1)]
    break_ = rotations.angle_between(turns[0], turns[1]).max()
    return float(bends.norm(dim=-1).max()), float(torch.rad2deg(break_))


def _turn(now: Tensor, before: Tensor) -> Tensor:
    return rotations.multiply(now, rotations.conjugate(before))


def _clips_and_frames(motions: Motions) -> Tuple[Tensor, Tensor]:
    """Clip and frame of each row (S,)."""
    clip = torch.arange(motions.num_clips).repeat_interleave(motions.lengths)
    return clip, torch.arange(len(clip)) - motions.clip_start[clip]
