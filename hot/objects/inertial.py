"""How heavy a rigid body is, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

import numpy as np
import trimesh


@dataclass(frozen=True, eq=False)
class Inertial:
    """Mass [kg], its centre (3,) [m], and the inertia (3, 3) about that centre [kg m2], in the frame of a mesh."""

    mass: float
    centre: np.ndarray
    inertia: np.ndarray

    @staticmethod
    def of_mesh(mesh: trimesh.Trimesh, mass: float) -> Inertial:
        """That of a closed mesh of one density."""
        return Inertial(mass, np.asarray(mesh.center_mass), np.asarray(mesh.moment_inertia) * (mass / mesh.volume))

    @staticmethod
    def joined(parts: Sequence[Inertial]) -> Inertial:
        """That of several bodies that are one; each is moved to the common centre by Steiner's theorem."""
        mass = sum(part.mass for part in parts)
        centre = sum((part.mass * part.centre for part in parts), np.zeros(3)) / mass
        inertia = np.zeros((3, 3))
        for part in parts:
            offset = part.centre - centre
            inertia += part.inertia + part.mass * (offset @ offset * np.eye(3) - np.outer(offset, offset))
        return Inertial(mass, centre, inertia)

    def scaled(self, factor: float) -> Inertial:
        """That of a body of the same density, ``factor`` times as large."""
        return Inertial(self.mass * factor**3, self.centre * factor, self.inertia * factor**5)

    def weighing(self, mass: float) -> Inertial:
        """The same distribution of another mass [kg]."""
        return Inertial(mass, self.centre, self.inertia * (mass / self.mass))
