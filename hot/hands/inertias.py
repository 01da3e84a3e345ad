"""Mass and inertia of a hand's bodies, for engines that do not derive them from shapes as MuJoCo does."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch

from hot import rotations
from hot.hands.mjcf import MjcfFile

_WATER = 1000.0
"""MuJoCo's density of a shape without one [kg/m^3]."""
_INERTIA_OPTIONS = {"inertiafromgeom", "settotalmass", "boundmass", "boundinertia", "inertiagrouprange"}


@dataclass(frozen=True, eq=False)
class BodyInertia:
    """How one body resists acceleration."""

    mass: float
    """[kg]"""
    com: np.ndarray  # (3,) centre of mass in the body's frame [m]
    inertia: np.ndarray  # (3, 3) about the centre of mass in the body's axes [kg m^2]


def read_inertias(file: MjcfFile) -> List[BodyInertia]:
    """One for each body, depth first: its ``<inertial>`` if it has one, else that of its shapes together.

    Raises:
        BadFileError: a compiler option changes masses, a shape is none of box, capsule and sphere, or a body
            has no mass.
    """
    compiler = file.root.find("compiler")
    foreign = _INERTIA_OPTIONS & set(compiler.attrib if compiler is not None else ())
    if foreign:
        raise file.fail(f"changes masses by the compiler's {', '.join(sorted(foreign))}; give them to the bodies")
    return [_read_body(file, body, childclass) for body, _, childclass in file.bodies()]


def _read_body(file: MjcfFile, body: ET.Element, childclass: Optional[str]) -> BodyInertia:
    stated = body.find("inertial")
    if stated is not None:
        return _read_stated(file, file.attributes(stated, childclass))
    parts = [_read_shape(file, file.attributes(geom, childclass)) for geom in body.findall("geom")]
    mass = sum(part.mass for part in parts)
    if mass <= 0:
        raise file.fail(f"body {body.get('name')} has no mass")
    com = np.sum([part.mass * part.com for part in parts], axis=0) / mass
    return BodyInertia(mass, com, np.sum([_about(part, com) for part in parts], axis=0))


def _read_stated(file: MjcfFile, attributes: Dict[str, str]) -> BodyInertia:
    (mass,), com = file.numbers(attributes, "mass"), np.array(file.numbers(attributes, "pos"))
    if "fullinertia" in attributes:
        xx, yy, zz, xy, xz, yz = file.numbers(attributes, "fullinertia")
        return BodyInertia(mass, com, np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]))
    return BodyInertia(mass, com, _turned(file, attributes, file.numbers(attributes, "diaginertia")))


def _read_shape(file: MjcfFile, attributes: Dict[str, str]) -> BodyInertia:
    shape = attributes.get("type", "sphere")
    if shape not in _SOLIDS:
        raise file.fail(f"weighs a {shape}; known: {', '.join(sorted(_SOLIDS))}")
    volume, moments = _SOLIDS[shape](file.numbers(attributes, "size"))
    mass = file.numbers(attributes, "mass", str(volume * file.numbers(attributes, "density", str(_WATER))[0]))[0]
    com = np.array(file.numbers(attributes, "pos", "0 0 0"))
    return BodyInertia(mass, com, _turned(file, attributes, [mass * moment for moment in moments]))


def _turned(file: MjcfFile, attributes: Dict[str, str], moments: Sequence[float]) -> np.ndarray:
    """Principal moments about the axes that ``quat`` names, in the body's axes (3, 3)."""
    quat = torch.tensor(file.numbers(attributes, "quat", "1 0 0 0"), dtype=torch.float64)
    turn = rotations.to_matrix(rotations.normalize(quat)).numpy()
    return turn @ np.diag(moments) @ turn.T


def _about(part: BodyInertia, point: np.ndarray) -> np.ndarray:
    """Inertia about another point (3, 3), by the parallel axis theorem."""
    arm = part.com - point
    return part.inertia + part.mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))


_Solid = Tuple[float, Tuple[float, float, float]]  # volume [m^3], principal moments of a unit mass [m^2]


def _box(size: Sequence[float]) -> _Solid:
    x, y, z = (half**2 for half in size[:3])
    return 8 * math.prod(size[:3]), ((y + z) / 3, (x + z) / 3, (x + y) / 3)


def _sphere(size: Sequence[float]) -> _Solid:
    moment = 0.4 * size[0] ** 2
    return 4 / 3 * math.pi * size[0] ** 3, (moment, moment, moment)


def _capsule(size: Sequence[float]) -> _Solid:
    """A cylinder along z between two hemispheres."""
    radius, height = size[0], 2 * size[1]
    middle, ends = math.pi * radius**2 * height, 4 / 3 * math.pi * radius**3
    across = middle * (3 * radius**2 + height**2) / 12
    across += ends * (0.4 * radius**2 + height**2 / 4 + 3 * height * radius / 8)
    along = middle * radius**2 / 2 + ends * 0.4 * radius**2
    volume = middle + ends
    return volume, (across / volume, across / volume, along / volume)


_SOLIDS = {"box": _box, "sphere": _sphere, "capsule": _capsule}
