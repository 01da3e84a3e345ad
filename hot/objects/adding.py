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
from hot.objects.decomposition import convex_pieces
from hot.objects.geometry import sample_surface
from hot.objects.guessing import guess_symmetry
from hot.objects.meshes import SolidMesh
from hot.objects.parts import HullPart
from hot.objects.shapes import ObjectFile, SolidEntry, SymmetryEntry
from hot.objects.spec import ObjectSpec
from hot.writing import write_atomically

DENSITY = 500.0
"""Of what comes without a mass [kg/m3]: light wood, or a plastic shell with air in it."""
SYMMETRIES = ("guess", "none", "x", "y", "z", "sphere")
_LIGHTEST, _HEAVIEST = 0.005, 5.0
"""Masses that physics and one hand can take [kg]."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_DECIMALS = 6


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


def mass_of(solid: SolidMesh, mass: Optional[float], density: Optional[float]) -> float:
    """The mass [kg] of a solid, given itself or by its density [kg/m3], which is 500 if neither is given.

    Raises:
        ConfigError: both are given, one is not positive, or the mass is out of a hand's range.
    """
    if mass is not None and density is not None:
        raise ConfigError("give --mass or --density, not both")
    for option, value in (("--mass", mass), ("--density", density)):
        if value is not None and not value > 0:
            raise ConfigError(f"{option} must be positive, not {value:g}")
    volume = float(solid.mesh.volume)
    result = mass if mass is not None else volume * (density or DENSITY)
    if not _LIGHTEST <= result <= _HEAVIEST:
        raise ConfigError(
            f"a mass of {result:.3g} kg (of {1e6 * volume:.3g} ml) is not what one hand holds in physics, which is "
            f"{_LIGHTEST} to {_HEAVIEST} kg; give --mass"
        )
    return result


def make_object(name: str, solid: SolidMesh, mass: float, symmetry: str = "guess") -> NewObject:
    """Cut a solid into parts, and take its mass distribution and surface points from the mesh itself.

    ``symmetry`` is one of ``SYMMETRIES``; x, y and z are axes of the mesh's frame about which it may spin. The origin
    of the file's frame is the centre of mass.

    Raises:
        ConfigError: no such symmetry.
        HotError: the mesh cannot be cut.
        MissingDependencyError: coacd is not installed.
    """
    symmetries = _symmetry(solid.mesh, symmetry)
    mesh = solid.mesh.copy()
    mesh.apply_translation(-mesh.center_mass)
    inertia = np.asarray(mesh.moment_inertia) * (mass / mesh.volume)
    entry = ObjectFile(
        mass=mass,
        parts=[HullPart(kind="hull", points=_rounded(p), colour=solid.colour) for p in convex_pieces(mesh)],
        symmetry=symmetries,
        solid=SolidEntry(
            centre_of_mass=(0.0, 0.0, 0.0),
            inertia=tuple(inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]].tolist()),
            surface_points=_rounded(sample_surface(mesh)),
        ),
    )
    spec = load_entry(name, entry)
    off = spec.signed_distance(spec.surface_points.double()).abs()
    return NewObject(entry, spec, (float(off.mean()), float(off.max())))


def write_object(path: Path, entry: ObjectFile, remarks: Tuple[str, ...] = ()) -> None:
    """Write an object file, ``remarks`` as comments above it.

    Raises:
        BadFileError: it cannot be written, or is there already.
    """
    if path.exists():
        raise BadFileError(path, "exists; choose another name: --name NAME")
    values = entry.model_dump(mode="json", exclude_defaults=True)
    values["solid"]["surface_points"] = values["solid"].pop("surface_points")  # the long list last
    text = "".join(f"# {remark}\n" for remark in remarks)
    text += yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=120)
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _symmetry(mesh: trimesh.Trimesh, choice: str) -> SymmetryEntry:
    if choice not in SYMMETRIES:
        raise ConfigError(f"no symmetry '{choice}'; known: {', '.join(SYMMETRIES)}")
    if choice == "guess":
        return guess_symmetry(mesh)
    if choice in ("none", "sphere"):
        return SymmetryEntry(spherical=choice == "sphere")
    x, y, z = np.eye(3)["xyz".index(choice)].tolist()
    return SymmetryEntry(axis=(x, y, z))


def _rounded(points: np.ndarray) -> list:
    return [tuple(point) for point in np.round(points, _DECIMALS).tolist()]
