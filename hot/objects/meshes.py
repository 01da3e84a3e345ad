"""Meshes of other people, read from a file and mended until they bound a solid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import trimesh
from trimesh.resolvers import Resolver

from hot.errors import BadFileError
from hot.objects.spec import Colour

FORMATS = ("glb", "gltf", "obj", "off", "ply", "stl")
SMALLEST, LARGEST = 0.01, 0.6
"""Between which the longest side of an object lies [m]."""
_UNITS = (
    ("millimetres", 0.001),
    ("centimetres", 0.01),
    ("decimetres", 0.1),
    ("inches", 0.0254),
    ("kilometres", 1000.0),
)
_LIKELY = (0.05, 0.4)
"""Between which the longest side of most things lies that a hand holds [m]."""
_THINNEST = 1e-4
"""Thickness of a plate over its longest side below which it is a sheet."""
_CLOSED_SHARE = 0.9
"""Of the surface that must bound solids."""
_DIGITS = 7
"""Decimals [m] to which corners that are welded agree."""
_GREY: Colour = (0.62, 0.66, 0.72, 1.0)


@dataclass(frozen=True, eq=False)
class SolidMesh:
    """A closed surface, wound outward, and what was done to make it so."""

    mesh: trimesh.Trimesh
    """[m]"""
    repairs: Tuple[str, ...]
    """In words; empty for a file that needed none."""
    colour: Colour
    """Its mean."""


def read_mesh(path: Path, scale: float = 1.0) -> SolidMesh:
    """Read a mesh, ``scale`` times as large as its numbers say in metres, join its bodies and close its surface.

    Only files beside ``path`` or below are read with it, and nothing in them is executed.

    Raises:
        BadFileError: the file is missing, no mesh, or its mesh is empty, flat, not finite, too large or small for a
            hand, or stays open.
    """
    path = Path(path)
    mesh = load_triangles(path)
    return as_solid(path, mesh, mean_colour(mesh), scale)


def as_solid(path: Path, mesh: trimesh.Trimesh, colour: Colour, scale: float = 1.0) -> SolidMesh:
    """The solid that triangles of the file ``path`` mean, ``scale`` times as large, as :func:`read_mesh` makes it.

    Raises:
        BadFileError: they are flat, not finite, too large or small for a hand, or stay open.
    """
    mesh = trimesh.Trimesh(np.asarray(mesh.vertices, dtype=np.float64) * scale, mesh.faces, process=False)
    _check_numbers(path, mesh)
    _check_size(path, float(mesh.extents.max()), scale)
    with np.errstate(divide="ignore", invalid="ignore"):  # scraps without volume have no centre
        solid, repairs = _mended(path, mesh)
    if float(solid.volume) < _THINNEST * float(solid.extents.max()) ** 3:
        raise BadFileError(path, "encloses no volume; a thin sheet has to be given a thickness")
    return SolidMesh(solid, tuple(repairs), colour)


class _Beside(Resolver):
    """Reads what a mesh file refers to, from its own folder and below, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def get(self, key: str) -> bytes:
        """The content of a file; ValueError if it lies elsewhere."""
        path = (self._folder / str(key).strip()).resolve()
        if self._folder not in path.parents:
            raise ValueError(f"refers to {key}, which lies outside its folder")
        return path.read_bytes()

    def write(self, name: str, data: object) -> None:
        raise ValueError("meshes are only read")

    def keys(self) -> List[str]:
        return []

    def namespaced(self, namespace: str) -> _Beside:
        return self

    def __getitem__(self, key: str) -> bytes:
        return self.get(key)


def load_triangles(path: Path, merge: bool = False) -> trimesh.Trimesh:
    """All triangles of a file as one mesh, its parts placed as the file says; ``merge`` makes equal corners one.

    Only files beside ``path`` or below are read with it, and nothing in them is executed.

    Raises:
        BadFileError: the file is missing, of a format that is not known, damaged, or holds no triangles.
    """
    if not path.is_file():
        raise BadFileError(path, "no such mesh file")
    kind = path.suffix.lower().lstrip(".")
    if kind not in FORMATS:
        raise BadFileError(path, f"is no mesh that can be read; known: {', '.join(FORMATS)}")
    try:
        with path.open("rb") as file:
            scene = trimesh.load_scene(file, file_type=kind, resolver=_Beside(path.parent), process=merge)
        mesh = scene.to_mesh()
    except Exception as error:  # the readers of six formats raise whatever a damaged byte leads to
        raise BadFileError(path, f"cannot be read as a mesh ({error or type(error).__name__})") from error
    if not len(mesh.faces):
        raise BadFileError(path, "holds no triangles")
    return mesh


def _check_numbers(path: Path, mesh: trimesh.Trimesh) -> None:
    used = mesh.vertices[mesh.faces.ravel()]
    if not np.isfinite(used).all():
        raise BadFileError(path, "has vertices that are not finite numbers")
    mesh.remove_unreferenced_vertices()


def _check_size(path: Path, longest: float, scale: float) -> None:
    if SMALLEST <= longest <= LARGEST:
        return
    if longest <= 0:
        raise BadFileError(path, "is a single point")
    guess, factor = next(
        ((f"its numbers are likely {unit}", by) for unit, by in _UNITS if _LIKELY[0] <= longest * by <= _LIKELY[1]),
        ("it would be held at 10 cm", float(f"{0.1 / longest:.1g}")),
    )
    raise BadFileError(
        path,
        f"is {longest:.4g} m at its longest, but a hand holds {SMALLEST} to {LARGEST} m; {guess}: "
        f"--scale {scale * factor:g} makes it {100 * longest * factor:.3g} cm",
    )


def _mended(path: Path, mesh: trimesh.Trimesh) -> Tuple[trimesh.Trimesh, List[str]]:
    """The solid that a mesh means, and in words what had to be done to get it."""
    repairs = []
    before = len(mesh.faces)
    mesh.merge_vertices(digits_vertex=_DIGITS)
    mesh.update_faces(mesh.unique_faces() & mesh.nondegenerate_faces())
    mesh.remove_unreferenced_vertices()
    if len(mesh.faces) < before:
        repairs.append(f"left out {before - len(mesh.faces)} repeated or degenerate triangles")
    # Triangles meet across edges of two; where more meet, bodies touch.
    bodies = list(mesh.split(only_watertight=False, repair=False)) if len(mesh.faces) else []
    holes = [width for body in bodies for width in _close(body)]
    if holes:
        repairs.append(f"closed {len(holes)} holes, the widest {100 * max(holes):.1f} cm")
    if sum([_wind(body) for body in bodies]):
        repairs.append("turned triangles that faced inward")
    closed = [body for body in bodies if body.is_watertight and body.is_winding_consistent and body.volume != 0]
    left_out = len(bodies) - len(closed)
    if not closed or sum(body.area for body in closed) < _CLOSED_SHARE * mesh.area:
        raise BadFileError(path, "does not bound a solid, even after repair; close its surface in a modelling tool")
    if left_out:
        repairs.append(f"left out {left_out} scraps that bound nothing")
    if len(closed) > 1:
        repairs.append(f"joined {len(closed)} bodies")
    return _united(closed), repairs


def _wind(body: trimesh.Trimesh) -> bool:
    """Make all triangles face the same side, outward if they did not; whether that was needed."""
    if body.is_winding_consistent:
        return False
    trimesh.repair.fix_normals(body, multibody=False)
    return True


def _boundary_loops(mesh: trimesh.Trimesh) -> List[np.ndarray]:
    """Corner indices around each hole, against the winding of the triangles beside it."""
    edges = mesh.edges[trimesh.grouping.group_rows(mesh.edges_sorted, require_count=1)]
    following: Dict[int, List[int]] = {}
    for start, end in edges:
        following.setdefault(int(end), []).append(int(start))
    loops = []
    while following:
        first = next(iter(following))
        loop = [first]
        while loop[-1] in following:
            ways = following[loop[-1]]
            step = ways.pop()
            if not ways:
                del following[loop[-1]]
            if step == first:
                loops.append(np.array(loop))
                break
            loop.append(step)
    return loops


def _close(body: trimesh.Trimesh) -> List[float]:
    """Span each hole of a body by triangles from its middle; the holes' widths [m]."""
    widths = []
    for loop in _boundary_loops(body):
        if len(loop) > 2:
            rim, middle = body.vertices[loop], len(body.vertices)
            fan = np.column_stack([loop, np.roll(loop, -1), np.full(len(loop), middle)])
            faces = np.vstack([body.faces, fan])
            body.vertices = np.vstack([body.vertices, rim.mean(axis=0)])
            body.faces = faces
            widths.append(float(np.ptp(rim, axis=0).max()))
    return widths


def _united(bodies: List[trimesh.Trimesh]) -> trimesh.Trimesh:
    """The union of closed bodies, so that no volume counts twice. What is wound inward inside another is a cavity."""
    cavities = [body for body in bodies if body.volume < 0 and any(_inside(body, other) for other in bodies)]
    solids = [body for body in bodies if not any(body is cavity for cavity in cavities)]
    for body in solids:
        if body.volume < 0:
            body.invert()
    if len(solids) > 1:
        solids = [trimesh.boolean.union(solids, engine="manifold")]
    if cavities:
        solids = [trimesh.boolean.difference([*solids, *_outward(cavities)], engine="manifold")]
    return solids[0]


def _inside(body: trimesh.Trimesh, other: trimesh.Trimesh) -> bool:
    """Whether the other one is a solid whose box holds the body's."""
    (low, high), (other_low, other_high) = body.bounds, other.bounds
    return bool(other.volume > 0 and (other_low < low).all() and (high < other_high).all())


def _outward(bodies: List[trimesh.Trimesh]) -> List[trimesh.Trimesh]:
    turned = [body.copy() for body in bodies]
    for body in turned:
        body.invert()
    return turned


def mean_colour(mesh: trimesh.Trimesh) -> Colour:
    """Mean colour of the faces, or grey where the file says none that can be read."""
    visual: Any = mesh.visual
    try:
        if not visual.defined:
            return _GREY
        colours = visual.to_color() if hasattr(visual, "to_color") else visual
        red, green, blue = (float(value) / 255 for value in colours.main_color[:3])
    except (AttributeError, ValueError, TypeError, IndexError):
        return _GREY  # a texture that is missing is no reason to refuse the shape
    return round(red, 3), round(green, 3), round(blue, 3), 1.0
