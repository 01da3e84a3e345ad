"""From a roll-out to clips: what physically happened, frame by frame, in the format of planned motions."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.motions import Motions
from hot.rollouts import Trace
from hot.tracking.actions import ActionMap
from hot.tracking.config import ActionConfig
from hot.tracking.reference import fall

_CHATTER = 3
"""Longest gap in a touch, or touch in a gap, in which either is fine [frames]: bodies in contact vibrate."""
_EITHER = -1


def realised(trace: Trace, source: Motions, clip_ids: Tensor, hand: HandSpec, physics_dt: float) -> Motions:
    """Clips (n,) of a roll-out as motions that say where each comes from.

    Positions and velocities are the engine's, not differences: an episode that starts at any frame starts in the very
    state that was simulated. Only in free flight are they the parabola's, as everywhere in motions. ``command`` is
    such that a zero action sends what was sent; the wrist's lead, which the task adds, is not in it. The label is the
    measured touch. It is "either" where the source says so and nothing was touched, as while fingers close, and where a
    touch lasts or is interrupted for no more than 3 frames.
    The first frame is the source's own: it is written, not simulated.

    Args:
        trace: of all of ``source`` from the first frame, without perturbation.
        source: clips, each as long as it was rolled out.
        clip_ids: clips to take (n,).
        physics_dt: the time step of the roll-out [s].

    All are on one device.
    """
    begin = source.select(clip_ids)
    first = source.at(clip_ids, torch.zeros_like(clip_ids))
    counts = torch.arange(int(begin.lengths.max()), device=clip_ids.device) < begin.lengths[:, None]  # (n, L)

    def rows(start: Tensor, later: Tensor) -> Tensor:
        """Frames (S, ...) of the clips, laid end to end, from the first (n, ...) and the others (T, N, ...)."""
        return torch.cat([start[:, None], later.transpose(0, 1)[clip_ids]], dim=1)[:, : counts.shape[1]][counts]

    velocity = rows(first.joint_vel, trace.joint_vel)
    driven = ActionMap(ActionConfig(), hand, clip_ids.device).command(trace.targets, trace.joint_vel)
    quat = torch.cat([first.object_quat_w[None], trace.object_quat_w[:, clip_ids]])
    motions = replace(
        begin,
        joint_pos=rows(first.joint_pos, trace.joint_pos),
        joint_vel=velocity,
        command=rows(first.command, driven),
        key_pos_w=rows(first.key_pos_w, trace.key_pos_w),
        object_pos_w=rows(first.object_pos_w, trace.object_pos_w),
        object_quat_w=rotations.make_continuous(quat, dim=0)[: counts.shape[1]].transpose(0, 1)[counts],
        object_linvel_w=rows(first.object_linvel_w, trace.object_linvel_w),
        object_angvel_w=rows(first.object_angvel_w, trace.object_angvel_w),
        contact=rows(trace.touching[0, clip_ids], trace.touching).to(torch.int8),
        clip_source=clip_ids.clone(),
    )
    unasked = (motions.contact == 0) & (begin.contact == _EITHER)
    labels = without_chatter(motions.contact.masked_fill(unasked, _EITHER), motions.clip_start)
    motions = replace(motions, contact=labels)
    flight = 0.5 * physics_dt * fall(motions)
    flight[motions.clip_start[:-1]] = 0.0  # the source's velocities are those of the parabola already
    return replace(motions, object_linvel_w=motions.object_linvel_w + flight)


def without_chatter(contact: Tensor, clip_start: Tensor) -> Tensor:
    """Labels (S,) with every stretch of at most 3 equal ones inside a clip, not at its ends, made "either"."""
    first, last = clip_start[:-1], clip_start[1:] - 1
    begins = torch.ones_like(contact, dtype=torch.bool)
    begins[1:] = contact[1:] != contact[:-1]
    begins[first] = True
    stretch = begins.cumsum(0) - 1  # (S,) the number of each frame's
    short = stretch.bincount() <= _CHATTER
    short[stretch[first]] = short[stretch[last]] = False
    return contact.masked_fill(short[stretch], _EITHER)
