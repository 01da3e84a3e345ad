"""Position drives for links of any mass: as fast and as well damped as those of the packaged hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Sequence, Tuple

import numpy as np

from hot.adoption.anatomy import Anatomy
from hot.adoption.links import Link, parallel
from hot.adoption.pose import Pose

_DAMPING = 0.92
"""Share of critical damping, as in the packaged hands."""
_SQUEEZE = 0.2
"""Error at which the first joints of a finger press with all their force [rad]; a grasp squeezes by so much."""
_SHARES = (0.5, 0.75, 1.0)
"""Stiffness of a finger's last joint, the one before, and those nearer to the palm, as shares."""
_EFFORT = 0.8
"""Force limit where the model gives none, as of the packaged hands [Nm]."""
_PLAUSIBLE = (0.05, 5.0)
"""Limits outside of this are no hand's but placeholders [Nm]."""
_ARMATURE = 1 / 2000
"""Armature over stiffness [s^2]: a drive without a link has a natural frequency of 45 rad/s."""
_LINK_RATE = 1600.0
"""Least stiffness over the inertia of what a joint carries [1/s^2]."""
_SLIDE_RATE, _HINGE_RATE = 1800.0, 3200.0
"""Stiffness over inertia of the wrist's drives [1/s^2]."""
_SLIDE, _SLIDE_ARMATURE, _SLIDE_FORCE = 1500.0, 0.05, 100.0
_HINGE, _HINGE_ARMATURE, _HINGE_FORCE = 40.0, 0.004, 10.0
"""Least stiffness, armature and force limit of the wrist, as of the packaged hands."""


@dataclass(frozen=True)
class Drive:
    """A position drive and its joint's armature: force = kp (target - q) - kv dq, up to ``force``."""

    kp: float
    kv: float
    force: float
    armature: float


def wrist_drives(links: Sequence[Link], anatomy: Anatomy) -> Tuple[Drive, Drive]:
    """Of the slides and of the hinges."""
    mass, inertia = _carried(links, Pose(links).frames(anatomy.opened), 0, range(len(links)))
    slide = max(_SLIDE, _SLIDE_RATE * (mass + _SLIDE_ARMATURE))
    heaviest = float(np.linalg.eigvalsh(inertia).max())
    hinge = max(_HINGE, _HINGE_RATE * (heaviest + _HINGE_ARMATURE))
    return (
        Drive(slide, _critical(slide, mass + _SLIDE_ARMATURE), _SLIDE_FORCE * slide / _SLIDE, _SLIDE_ARMATURE),
        Drive(hinge, _critical(hinge, heaviest + _HINGE_ARMATURE), _HINGE_FORCE * hinge / _HINGE, _HINGE_ARMATURE),
    )


def finger_drives(links: Sequence[Link], anatomy: Anatomy) -> List[Drive]:
    """One for each finger joint in order."""
    pose = Pose(links)
    frames, axes = pose.frames(anatomy.opened), pose.axes(anatomy.opened)
    efforts = [hinge.effort for link in links for hinge in link.hinges]
    drives: List[Drive] = [Drive(0, 0, 0, 0)] * len(efforts)
    for finger in anatomy.fingers:
        joints = [joint for joint, link in enumerate(pose.joint_links) if link in finger.links]
        for before_tip, joint in enumerate(reversed(joints)):
            start = pose.joint_links[joint]
            beyond = [link for link in finger.links if link >= start]
            _, inertia = _carried(links, frames, start, beyond)
            share = _SHARES[min(before_tip, len(_SHARES) - 1)]
            drives[joint] = _finger_drive(efforts[joint], share, float(axes[joint] @ inertia @ axes[joint]))
    return drives


def _finger_drive(effort: float, share: float, inertia: float) -> Drive:
    force = effort if _PLAUSIBLE[0] <= effort <= _PLAUSIBLE[1] else _EFFORT
    kp = max(share * force / _SQUEEZE, _LINK_RATE * inertia)
    armature = _ARMATURE * kp
    return Drive(kp, _critical(kp, inertia + armature), force, armature)


def _critical(kp: float, inertia: float) -> float:
    return _DAMPING * 2.0 * float(np.sqrt(kp * inertia))


def _carried(
    links: Sequence[Link], frames: Sequence[np.ndarray], start: int, beyond: Sequence[int]
) -> Tuple[float, np.ndarray]:
    """Mass [kg] of links, and their inertia (3, 3) about the origin of link ``start`` in the wrist's axes [kg m^2]."""
    mass, inertia = 0.0, np.zeros((3, 3))
    for index in beyond:
        link, turn = links[index], frames[index][:3, :3]
        away = turn @ link.com + frames[index][:3, 3] - frames[start][:3, 3]
        mass += link.mass
        inertia += turn @ link.inertia @ turn.T + link.mass * parallel(away)
    return mass, inertia
