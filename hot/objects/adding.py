"""From a closed mesh to an object file of one's own, of the same form as those that ship."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Tuple

import numpy as np
import trimesh
import yaml

from hot.errors import BadFileError, ConfigError
from hot.objects.catalogue import load_entry, own_folder, own_names, packaged_names
from hot.objects.corners import pick_corners
from hot.objects.decomposition import convex_pieces
from hot.objects.geometry import sample_surface
from hot.objects.guessing import guess_symmetry
from hot.objects.inertial import Inertial
from hot.objects.meshes import SolidMesh
from hot.objects.parts import HullPart
from hot.objects.shapes import CornersEntry, ObjectFile, SolidEntry, SymmetryEntry
from hot.objects.spec import ObjectSpec
from hot.writing import write_atomically

DENSITY = 500.0
"""Of what comes without a mass [kg/m3]: light wood, or a plastic shell with air in it."""
SYMMETRIES = ("guess", "none", "x", "y", "z", "sphere")
_LIGHTEST, _HEAVIEST = 0.005, 5.0
"""Masses that physics and one hand can take [kg]."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_DECIMALS = 6
_FAR = 5.0
"""Factor by which a file's inertia may differ from a solid's without a remark: shells have some more."""
_OFF_CENTRE = 0.01
"""How far a file's centre of mass may be from the shape's, relative to the longest side, for it to have symmetries."""


@dataclass(frozen=True, eq=False)
class NewObject:
    """An object file that is not written yet, and how well its parts stand for the mesh."""

    entry: ObjectFile
    spec: ObjectSpec
    deviation: Tuple[float, float]
    """Mean and largest distance of the mesh's surface points from that of the parts [m]."""


def free_name(name: str) -> str:
    """The name, if an own object may take it.

    Raises:
        ConfigError: it is no name, or it is taken, in any case of its letters.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"'{name}' cannot name an object: a letter, then up to 39 letters, digits, '-' or '_'. Choose: --name NAME"
        )
    for known, owner in ((packaged_names(), "ships with the package"), (own_names(), f"is in {own_folder()}")):
        taken = next((other for other in known if other.lower() == name.lower()), None)
        if taken is not None:
            raise ConfigError(f"an object named {taken} {owner}; choose another name: --name NAME")
    return name


def inertial_of(
    solid: SolidMesh, mass: Optional[float], density: Optional[float], given: Optional[Inertial] = None
) -> Inertial:
    """How heavy a solid is, and where: as its file says (``given``), of the mass [kg] if that is given too; else of one
    density [kg/m3], which is 500 if neither mass nor density is given.

    Raises:
        ConfigError: both are given, one is not positive, or the mass is out of a hand's range.
    """
    if mass is not None and density is not None:
        raise ConfigError("give --mass or --density, not both")
    for option, value in (("--mass", mass), ("--density", density)):
        if value is not None and not value > 0:
            raise ConfigError(f"{option} must be positive, not {value:g}")
    volume = float(solid.mesh.volume)
    if given is not None and density is None:
        result = given if mass is None else given.weighing(mass)
    else:
        result = Inertial.of_mesh(solid.mesh, mass if mass is not None else volume * (density or DENSITY))
    if not _LIGHTEST <= result.mass <= _HEAVIEST:
        raise ConfigError(
            f"a mass of {result.mass:.3g} kg (of {1e6 * volume:.3g} ml) is not what one hand holds in physics, which "
            f"is {_LIGHTEST} to {_HEAVIEST} kg; give --mass"
        )
    return result


def remarks(solid: SolidMesh, inertial: Inertial) -> Tuple[str, ...]:
    """What was mended, and whether a file's inertia is far from the shape's, in words."""
    told = [f"Repair: {repair}." for repair in solid.repairs]
    own = Inertial.of_mesh(solid.mesh, inertial.mass).inertia
    times = float(np.trace(inertial.inertia) / np.trace(own))
    if not 1 / _FAR < times < _FAR:
        told.append(f"Its inertia is {times:.3g} times that of a solid of its shape and mass; the file's is kept.")
    return tuple(told)


def make_object(
    name: str,
    solid: SolidMesh,
    inertial: Inertial,
    symmetry: str = "guess",
    corners: Optional[np.ndarray] = None,
) -> NewObject:
    """Cut a solid into parts, and take its surface points from the mesh itself.

    ``symmetry`` is one of ``SYMMETRIES``; x, y and z are axes of the mesh's frame about which it may spin. The origin
    of the file's frame is the centre of mass. ``corners`` (V, 3) are those among which far ones are picked, if they
    are others than the mesh's.

    Raises:
        ConfigError: no such symmetry.
        HotError: the mesh cannot be cut.
        MissingDependencyError: coacd is not installed.
    """
    symmetries = _symmetry(solid.mesh, symmetry, inertial)
    mesh = solid.mesh.copy()
    mesh.apply_translation(-inertial.centre)
    far = pick_corners(np.asarray(solid.mesh.vertices if corners is None else corners), np.zeros(3))
    far = far.moved(-inertial.centre)
    entry = ObjectFile(
        mass=inertial.mass,
        parts=[HullPart(kind="hull", points=_rounded(p), colour=solid.colour) for p in convex_pieces(mesh)],
        symmetry=symmetries,
        solid=SolidEntry(
            centre_of_mass=(0.0, 0.0, 0.0),
            inertia=tuple(inertial.inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]].tolist()),
            surface_points=_rounded(sample_surface(mesh)),
            corners=CornersEntry(from_origin=_rounded(far.from_origin), from_first=_rounded(far.from_first)),
        ),
    )
    spec = load_entry(name, entry)
    off = spec.signed_distance(spec.surface_points.double()).abs()
    return NewObject(entry, spec, (float(off.mean()), float(off.max())))


def write_object(path: Path, entry: ObjectFile, comments: Tuple[str, ...] = ()) -> None:
    """Write an object file, ``comments`` above it.

    Raises:
        BadFileError: it cannot be written, or is there already.
    """
    if path.exists():
        raise BadFileError(path, "exists; choose another name: --name NAME")
    values = entry.model_dump(mode="json", exclude_defaults=True)
    for long in ("corners", "surface_points"):  # last
        values["solid"][long] = values["solid"].pop(long)
    text = "".join(f"# {comment}\n" for comment in comments)
    text += yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=120)
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _symmetry(mesh: trimesh.Trimesh, choice: str, inertial: Inertial) -> SymmetryEntry:
    if choice not in SYMMETRIES:
        raise ConfigError(f"no symmetry '{choice}'; known: {', '.join(SYMMETRIES)}")
    if choice == "guess":
        # Turns are about the centre of mass, which a file may put elsewhere than the shape's own.
        away = float(np.linalg.norm(mesh.center_mass - inertial.centre))
        return guess_symmetry(mesh) if away <= _OFF_CENTRE * float(mesh.extents.max()) else SymmetryEntry()
    if choice in ("none", "sphere"):
        return SymmetryEntry(spherical=choice == "sphere")
    x, y, z = np.eye(3)["xyz".index(choice)].tolist()
    return SymmetryEntry(axis=(x, y, z))


def _rounded(points: np.ndarray) -> list:
    return [tuple(point) for point in np.round(points, _DECIMALS).tolist()]
