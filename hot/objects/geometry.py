"""From convex parts to mass properties, half-spaces and surface points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence

import numpy as np
import torch
import trimesh
from torch import Tensor

from hot.objects.corners import Corners, pick_corners
from hot.objects.spec import Colour, ObjectSpec
from hot.objects.symmetry import Symmetry

SPREAD_POINTS = 20
UNIFORM_POINTS = 180
SURFACE_POINTS = SPREAD_POINTS + UNIFORM_POINTS
_CANDIDATES = 8192
_SEED = 20
_TOUCHING = 1e-6
"""Points nearer than this to another part [m] lie on an inner wall."""
_SLIVER = 1e-14
"""Smallest area of a triangle whose normal is trusted [m2]."""


@dataclass(frozen=True, eq=False)
class Solid:
    """What a solid itself is like, where convex parts only approximate it, in the frame of those parts."""

    centre_of_mass: np.ndarray
    """(3,) [m]"""
    inertia: np.ndarray
    """About the centre of mass (3, 3) [kg m2]."""
    surface_points: np.ndarray
    """(200, 3) [m]"""
    corners: Optional[Corners] = None
    """Of its mesh, where the file keeps them."""


def build_object(
    name: str,
    parts: Sequence[np.ndarray],
    colours: Sequence[Colour],
    mass: float,
    symmetry: Symmetry,
    solid: Optional[Solid] = None,
) -> ObjectSpec:
    """The object that convex parts (V, 3) make, moved so that its centre of mass is the origin.

    The parts are of one density, unless ``solid`` says what they approximate.
    """
    pieces = [trimesh.convex.convex_hull(part) for part in parts]
    centre = _joined(pieces, colours).center_mass if solid is None else solid.centre_of_mass
    for piece in pieces:
        piece.apply_translation(-centre)
    mesh = _joined(pieces, colours)
    planes = _half_spaces(pieces)
    if solid is None:
        inertia = np.asarray(mesh.moment_inertia) * (mass / mesh.volume)
        owners = np.repeat(np.arange(len(pieces)), [len(p.faces) for p in pieces])
        points = _surface_points(mesh, owners, planes)
    else:
        inertia = solid.inertia
        points = torch.from_numpy(solid.surface_points - centre).float()
    kept = None if solid is None or solid.corners is None else solid.corners.moved(-centre)
    return ObjectSpec(
        name=name,
        mesh=mesh,
        parts=tuple(np.asarray(piece.vertices, dtype=np.float64) for piece in pieces),
        colours=tuple(colours),
        mass=mass,
        inertia=inertia,
        symmetry=symmetry,
        surface_points=points,
        radius=float(np.linalg.norm(mesh.vertices, axis=1).max()),
        half_spaces=torch.from_numpy(planes),
        corners=pick_corners(np.asarray(mesh.vertices), np.zeros(3)) if kept is None else kept,
    )


def _joined(pieces: Sequence[trimesh.Trimesh], colours: Sequence[Colour]) -> trimesh.Trimesh:
    """One mesh of all pieces. Volume integrals add up over closed pieces, so its mass properties are the object's."""
    offsets = np.cumsum([0] + [len(piece.vertices) for piece in pieces])
    faces = [piece.faces + offset for piece, offset in zip(pieces, offsets)]
    paint = [np.tile(np.multiply(colour, 255).astype(np.uint8), (len(f), 1)) for colour, f in zip(colours, faces)]
    return trimesh.Trimesh(
        np.concatenate([piece.vertices for piece in pieces]),
        np.concatenate(faces),
        face_colors=np.concatenate(paint),
        process=False,
    )


def _half_spaces(pieces: Sequence[trimesh.Trimesh]) -> np.ndarray:
    """Outward normals and offsets (parts, faces, 4), coplanar triangles merged, padded with each part's first face."""
    planes: List[np.ndarray] = []
    for piece in pieces:
        offsets = np.einsum("fi,fi->f", piece.face_normals, piece.triangles[:, 0])
        rows = np.column_stack([piece.face_normals, offsets])[piece.area_faces > _SLIVER]  # slivers have no normal
        _, first = np.unique(rows.round(7), axis=0, return_index=True)
        planes.append(rows[np.sort(first)])
    most = max(len(rows) for rows in planes)
    return np.stack([np.concatenate([rows, np.repeat(rows[:1], most - len(rows), axis=0)]) for rows in planes])


def _surface_points(mesh: trimesh.Trimesh, part_of_face: np.ndarray, planes: np.ndarray) -> Tensor:
    """Surface points (200, 3) float32 of the outer surface of touching parts, from a fixed seed."""
    sampled, faces = trimesh.sample.sample_surface(mesh, _CANDIDATES, seed=_SEED)[:2]
    sampled = sampled[_outside_other_parts(sampled, part_of_face[faces], planes)]
    return torch.from_numpy(_spread_first(sampled)).float()


def sample_surface(mesh: trimesh.Trimesh) -> np.ndarray:
    """Surface points (200, 3) of one closed mesh, the first 20 spread, from a fixed seed."""
    return _spread_first(trimesh.sample.sample_surface(mesh, _CANDIDATES, seed=_SEED)[0])


def _spread_first(sampled: np.ndarray) -> np.ndarray:
    spread = _farthest_points(sampled[UNIFORM_POINTS:], SPREAD_POINTS)
    return np.concatenate([spread, sampled[:UNIFORM_POINTS]])


def _outside_other_parts(points: np.ndarray, own_part: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """Which points (P,) on the surface of their own part (P,) lie outside every other part."""
    heights = np.einsum("pi,cfi->pcf", points, planes[..., :3]) - planes[..., 3]
    distance = heights.max(-1)  # (P, parts)
    distance[np.arange(len(points)), own_part] = np.inf
    return distance.min(-1) > _TOUCHING


def _farthest_points(points: np.ndarray, count: int) -> np.ndarray:
    """Greedy farthest-point subset (count, 3), starting at the point farthest from the origin."""
    chosen = [int(np.linalg.norm(points, axis=1).argmax())]
    nearest = np.full(len(points), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[-1]], axis=1))
        chosen.append(int(nearest.argmax()))
    return points[chosen]
