"""What a robot model says that somebody else published: bodies, joints, shapes and couplings, in plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np


@dataclass(frozen=True, eq=False)
class PublishedJoint:
    """A joint at ``pos`` on its body; angle 0 is the pose that the model's frames are given in."""

    name: str
    kind: str
    """hinge, slide, ball or free."""
    pos: np.ndarray  # (3,) in the body's frame [m]
    axis: np.ndarray  # (3,) unit, in the body's frame
    range: Optional[Tuple[float, float]]
    """[rad] or [m]; None: unlimited."""
    effort: Optional[float]
    """Largest force of its drive [Nm] or [N]; None: the file does not say."""


@dataclass(frozen=True, eq=False)
class PublishedShape:
    """A shape fixed on a body; ``size`` as in MJCF."""

    kind: str
    """box, capsule, sphere, cylinder, ellipsoid or mesh."""
    size: Tuple[float, ...]
    frame: np.ndarray  # (4, 4) in the body's frame
    points: np.ndarray  # (V, 3) a mesh's vertices in the shape's frame [m]; empty for the others
    collides: bool


@dataclass(frozen=True, eq=False)
class PublishedBody:
    """A rigid body with the joints that move it in its parent, the outermost first."""

    name: str
    parent: int
    """Index; -1 for the world, which comes first."""
    frame: np.ndarray  # (4, 4) in the parent's frame
    mass: float
    """[kg]; 0 where the file gives none."""
    com: np.ndarray  # (3,) centre of mass in the body's frame [m]
    inertia: np.ndarray  # (3, 3) about the centre of mass in the body's axes [kg m^2]
    joints: Tuple[PublishedJoint, ...]
    shapes: Tuple[PublishedShape, ...]


@dataclass(frozen=True, eq=False)
class PublishedModel:
    """Bodies, each after its parent."""

    name: str
    bodies: Tuple[PublishedBody, ...]
    coupled: Tuple[str, ...]
    """Joints that the file couples to another joint: by an equality, URDF's mimic or a shared tendon."""
    notes: Tuple[str, ...] = ()
    """What of the file was left aside."""
