"""What clips are like: how fast, how deep hand and object overlap, and whether a touch comes before its label."""

from __future__ import annotations

from collections import Counter
from typing import Dict, Tuple

import torch
from torch import Tensor

from hot.config import Config
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec, resting_classes
from hot.synthesis.clearance import Clearance

_FRAMES = 1000
"""Frames whose overlap is looked at; all of some hundred clips would take minutes."""
_SEED = 1
_TOUCH = 0.001
"""Overlap that counts as a touch [m]: grasps themselves overlap by less."""
_FREE = 0


class InspectionReport(Config):
    """Of clips of one hand, one object and one skill. Percentiles are over frames."""

    clips: int
    frames: int
    shortest_s: float
    longest_s: float
    poses: Dict[str, int]
    """Clips by the class of the object's resting pose; empty for skills that do not touch the table."""
    contact_share: float
    wrist_m_s: Dict[str, float]
    """50th and 99th percentile and maximum of the wrist's speed."""
    fingers_rad_s: Dict[str, float]
    """Of the fastest finger joint."""
    object_m_s: Dict[str, float]
    overlap_mm: Dict[str, float]
    """Of hand and object, over sampled frames."""
    early_touches: float
    """Share of the sampled frames labelled free in which hand and object overlap by more than 1 mm."""


def inspect(motions: Motions, hand: HandSpec, object_spec: ObjectSpec) -> InspectionReport:
    """Figures of clips of one object and one skill."""
    drawn = torch.randperm(len(motions.contact), generator=torch.Generator().manual_seed(_SEED))[:_FRAMES]
    depth = Clearance(hand, object_spec).depth(
        motions.joint_pos[drawn], motions.object_pos_w[drawn], motions.object_quat_w[drawn]
    )
    free = motions.contact[drawn] == _FREE
    return InspectionReport(
        clips=motions.num_clips,
        frames=int(motions.lengths.sum()),
        shortest_s=float(motions.lengths.min()) / motions.fps,
        longest_s=float(motions.lengths.max()) / motions.fps,
        poses=dict(Counter(resting_poses(motions, object_spec))),
        contact_share=float((motions.contact == 1).float().mean()),
        wrist_m_s=_percentiles(motions.joint_vel[:, :3].norm(dim=-1)),
        fingers_rad_s=_percentiles(motions.joint_vel[:, 6:].abs().amax(-1)),
        object_m_s=_percentiles(motions.object_linvel_w.norm(dim=-1)),
        overlap_mm=_percentiles(1e3 * depth),
        early_touches=float((free & (depth > _TOUCH)).float().sum() / free.float().sum().clamp_min(1.0)),
    )


def _percentiles(values: Tensor) -> Dict[str, float]:
    """Of values (S,): median, 99th percentile and maximum."""
    ordered = values.sort().values
    return {name: float(ordered[round(share * (len(ordered) - 1))]) for name, share in _SHARES.items()}


_SHARES = {"p50": 0.5, "p99": 0.99, "max": 1.0}


def resting_poses(motions: Motions, object_spec: ObjectSpec) -> Tuple[str, ...]:
    """Class of each clip's resting pose: where a grasp begins, where a place ends; empty for other skills."""
    if motions.skills[0] not in ("grasp", "place"):
        return ()
    rows = motions.clip_start[:-1] if motions.skills[0] == "grasp" else motions.clip_start[1:] - 1
    return resting_classes(object_spec, motions.object_quat_w[rows])
