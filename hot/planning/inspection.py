"""What clips are like, and whether they are valid: pace, overlap, early touches, flight, and jumps."""

from __future__ import annotations

from collections import Counter
from typing import Dict, Optional, Tuple

import torch
from torch import Tensor

from hot.config import Config
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec, resting_classes
from hot.planning.config import PlanningConfig
from hot.planning.continuity import flight_deviation, jumps
from hot.synthesis.clearance import Clearance

_FRAMES = 10000
"""Frames whose overlap is looked at; all of a thousand clips would take minutes."""
_SEED = 1
_TOUCH = 0.001
"""Overlap that counts as a touch [m]: grasps themselves overlap by less."""
_FREE = 0
_ROUNDING = 1.02
"""Speeds are extrapolated at the ends of clips, and may come out a little high there."""
_SOFT = 0.03
"""How far beyond its range a joint may be [rad, m]: the joint limits of physics give way."""


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
    wrist_rad_s: Dict[str, float]
    """Of the fastest wrist hinge."""
    fingers_rad_s: Dict[str, float]
    """Of the fastest finger joint."""
    object_m_s: Dict[str, float]
    beyond_limits: int
    """Clips in which a joint leaves its range or is faster than the planner's limits."""
    overlap_mm: Dict[str, float]
    """Of hand and object, over sampled frames."""
    early_touches: int
    """Sampled frames labelled free in which hand and object overlap by more than 1 mm."""
    flight_mm: Optional[float]
    """Farthest that an object in flight is from the parabola that fits its flight best; None without flights."""
    jump_cm: float
    jump_deg: float
    """Farthest that wrist or object are, in any frame, from where the two frames before let expect them: a fast motion
    is no jump, a break in it is."""

    def valid(self) -> bool:
        """Whether the clips are such as every planned one must be."""
        within = self.overlap_mm["p99"] < 5.0 and self.jump_cm < 2.0 and self.jump_deg < 10.0
        return within and not self.beyond_limits and not self.early_touches and (self.flight_mm or 0.0) < 1.0


def inspect(motions: Motions, hand: HandSpec, object_spec: ObjectSpec) -> InspectionReport:
    """Figures of clips of one object and one skill."""
    drawn = torch.randperm(len(motions.contact), generator=torch.Generator().manual_seed(_SEED))[:_FRAMES]
    depth = Clearance(hand, object_spec).depth(
        motions.joint_pos[drawn], motions.object_pos_w[drawn], motions.object_quat_w[drawn]
    )
    free = motions.contact[drawn] == _FREE
    jump, turn = jumps(motions)
    return InspectionReport(
        clips=motions.num_clips,
        frames=int(motions.lengths.sum()),
        shortest_s=float(motions.lengths.min()) / motions.fps,
        longest_s=float(motions.lengths.max()) / motions.fps,
        poses=dict(Counter(resting_poses(motions, object_spec))),
        contact_share=float((motions.contact == 1).float().mean()),
        wrist_m_s=_percentiles(motions.joint_vel[:, :3].norm(dim=-1)),
        wrist_rad_s=_percentiles(motions.joint_vel[:, 3:6].abs().amax(-1)),
        fingers_rad_s=_percentiles(motions.joint_vel[:, 6:].abs().amax(-1)),
        object_m_s=_percentiles(motions.object_linvel_w.norm(dim=-1)),
        beyond_limits=_beyond_limits(motions, hand),
        overlap_mm=_percentiles(1e3 * depth),
        early_touches=int((free & (depth > _TOUCH)).sum()),
        flight_mm=flight_deviation(motions),
        jump_cm=100.0 * jump,
        jump_deg=turn,
    )


def _percentiles(values: Tensor) -> Dict[str, float]:
    """Of values (S,): median, 99th percentile and maximum."""
    ordered = values.sort().values
    return {name: float(ordered[round(share * (len(ordered) - 1))]) for name, share in _SHARES.items()}


_SHARES = {"p50": 0.5, "p99": 0.99, "max": 1.0}


def _beyond_limits(motions: Motions, hand: HandSpec) -> int:
    """Clips that the hand cannot follow."""
    config = PlanningConfig()
    limits = torch.full((hand.num_joints,), config.limits.finger_speed * _ROUNDING)
    limits[3:6] = config.max_hinge_speed * _ROUNDING
    outside = (motions.joint_pos < hand.joint_lower - _SOFT) | (motions.joint_pos > hand.joint_upper + _SOFT)
    fast = motions.joint_vel.abs()[:, 3:] > limits[3:]
    racing = motions.joint_vel[:, :3].norm(dim=-1) > config.limits.wrist_speed * _ROUNDING
    clip = torch.arange(motions.num_clips).repeat_interleave(motions.lengths)
    return len(clip[outside.any(1) | fast.any(1) | racing].unique())


def resting_poses(motions: Motions, object_spec: ObjectSpec) -> Tuple[str, ...]:
    """Class of each clip's resting pose: where a grasp begins, where a place ends; empty for other skills."""
    if motions.frame_skill is not None or motions.skills[0] not in ("grasp", "place"):
        return ()
    rows = motions.clip_start[:-1] if motions.skills[0] == "grasp" else motions.clip_start[1:] - 1
    return resting_classes(object_spec, motions.object_quat_w[rows])
