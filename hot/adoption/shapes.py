"""Any published shape as a box, a capsule or a sphere."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Iterable, List, Tuple

import numpy as np
import trimesh

from hot.physics.published import PublishedShape

KEPT = ("box", "capsule", "sphere")
_ROUND = 1.25
"""Cross sections whose sides differ by less may be a capsule's or a sphere's."""
_THINNEST = 0.001
"""Half the thickness of flat meshes [m]."""
_FLAT = 1e-5
"""Extent of flat points across their plane, as a share of that along it."""
_GROWTH = 1.5
"""Boxes are joined while their common box is at most so many times larger than what they fill."""
_INSIDE = 0.0015
"""What lies inside others up to this [m] is left out."""
_SMALL = 0.06
"""So is what is smaller than this share of the link's largest shape: rims, plates, screws."""
_SAMPLES = 5


@dataclass(frozen=True, eq=False)
class Collider:
    """A collision shape in its link's frame; ``size`` as in MJCF."""

    kind: str
    size: Tuple[float, ...]
    frame: np.ndarray  # (4, 4)

    @property
    def volume(self) -> float:
        """[m^3]"""
        return _volume(self.kind, self.size)


def fit_colliders(shapes: Iterable[PublishedShape]) -> List[Collider]:
    """Shapes of a link as few primitives in the link's frame.

    Boxes, capsules and spheres stay; other shapes become the primitive nearest to them in volume. Boxes that fill a
    common box are joined, and what is small or lies inside others is left out.
    """
    return _without_hidden(_without_small(_joined(_without_small([_fit(shape) for shape in shapes]))))


def surface_points(collider: Collider) -> np.ndarray:
    """A grid of points on a collider's surface in its link's frame (S, 3) [m]."""
    half = _half_extents(collider.kind, collider.size)
    axis = np.linspace(-1, 1, _SAMPLES)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    points = grid[np.abs(grid).max(axis=1) == 1] * half
    if collider.kind != "box":
        core = _core(collider)
        spine = np.clip(points, -core, core)
        away = points - spine
        length = np.linalg.norm(away, axis=1, keepdims=True)
        points = spine + collider.size[0] * away / np.maximum(length, 1e-9)
    return points @ collider.frame[:3, :3].T + collider.frame[:3, 3]


def volume_of(shape: PublishedShape) -> float:
    """Volume of a shape, of a mesh its convex hull's [m^3]."""
    if shape.kind in KEPT:
        return _volume(shape.kind, shape.size)
    return _hull(_points_of(shape))[1]


def _fit(shape: PublishedShape) -> Collider:
    if shape.kind in KEPT:
        return Collider(shape.kind, shape.size, shape.frame)
    points = _points_of(shape)
    return _fit_points(points @ shape.frame[:3, :3].T + shape.frame[:3, 3])


def _fit_points(points: np.ndarray) -> Collider:
    """The box, capsule or sphere about points (V, 3) whose volume is nearest to their hull's."""
    points, volume = _hull(points)
    box = _box_about(points)
    half = np.asarray(box.size)
    order = np.argsort(half)
    short, middle, long = half[order]
    candidates = [box]
    if middle < _ROUND * short:
        radius = 0.5 * (short + middle)
        if long > _ROUND * radius:
            candidates.append(
                Collider("capsule", (float(radius), float(long - radius)), _turned(box.frame, int(order[2])))
            )
        else:
            candidates.append(Collider("sphere", (float(half.mean()),), box.frame))
    return min(candidates, key=lambda candidate: abs(np.log(candidate.volume / max(volume, 1e-12))))


def _box_about(points: np.ndarray) -> Collider:
    middle = points.mean(axis=0)
    axes = np.linalg.svd(points - middle)[2] if _is_flat(points) else None
    if axes is None:
        to_box, extents = trimesh.bounds.oriented_bounds(points)
        frame = np.linalg.inv(to_box)
    else:
        axes[2] *= np.sign(np.linalg.det(axes))
        local = (points - middle) @ axes.T
        extents = np.ptp(local, axis=0)
        frame = np.eye(4)
        frame[:3, :3], frame[:3, 3] = axes.T, middle + 0.5 * (local.min(axis=0) + local.max(axis=0)) @ axes
    return Collider("box", tuple(np.maximum(0.5 * extents, _THINNEST).tolist()), frame)


def _hull(points: np.ndarray) -> Tuple[np.ndarray, float]:
    """Corners of the convex hull and its volume; of flat points themselves and 0."""
    if _is_flat(points):
        return points, 0.0
    hull = trimesh.convex.convex_hull(points)
    return np.asarray(hull.vertices), float(hull.volume)


def _is_flat(points: np.ndarray) -> bool:
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return len(spread) < 3 or spread[2] < _FLAT * spread[0]


def _turned(frame: np.ndarray, axis: int) -> np.ndarray:
    """The frame with its z axis along one of its axes."""
    turn = np.eye(4)
    turn[:3, :3] = np.roll(np.eye(3), axis - 2, axis=0)
    return frame @ turn


def _points_of(shape: PublishedShape) -> np.ndarray:
    if shape.kind == "mesh":
        return shape.points
    if shape.kind == "ellipsoid":
        return trimesh.creation.icosphere(subdivisions=2).vertices * np.asarray(shape.size)
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    radius, half = shape.size
    ring = radius * np.stack([np.cos(turn), np.sin(turn), np.zeros(32)], axis=1)
    end = np.array([0.0, 0.0, half])
    return np.concatenate([ring + end, ring - end])


def _volume(kind: str, size: Tuple[float, ...]) -> float:
    if kind == "box":
        return 8.0 * float(np.prod(size))
    ball = 4.0 / 3.0 * np.pi * size[0] ** 3
    return ball if kind == "sphere" else ball + 2.0 * np.pi * size[0] ** 2 * size[1]


def _half_extents(kind: str, size: Tuple[float, ...]) -> np.ndarray:
    if kind == "box":
        return np.asarray(size)
    return np.array([size[0], size[0], size[0] + (size[1] if kind == "capsule" else 0.0)])


def _core(collider: Collider) -> np.ndarray:
    """Half extents of what the radius of a capsule or a sphere goes around."""
    return np.array([0.0, 0.0, collider.size[1] if collider.kind == "capsule" else 0.0])


def _joined(colliders: List[Collider]) -> List[Collider]:
    """Boxes joined pair by pair, the pair that fills its common box best first."""
    groups = [[collider] for collider in colliders if collider.kind == "box"]
    boxes = [group[0] for group in groups]
    while len(boxes) > 1:
        joins = []
        for i, j in itertools.combinations(range(len(boxes)), 2):
            box = _common_box(boxes[i], boxes[j])
            joins.append((box.volume / _filled(groups[i] + groups[j], box), i, j, box))
        growth, i, j, box = min(joins, key=lambda join: join[0])
        if growth > _GROWTH:
            break
        groups = [group for k, group in enumerate(groups) if k not in (i, j)] + [groups[i] + groups[j]]
        boxes = [other for k, other in enumerate(boxes) if k not in (i, j)] + [box]
    return [*boxes, *(collider for collider in colliders if collider.kind != "box")]


def _common_box(a: Collider, b: Collider) -> Collider:
    """The smallest box about two that is parallel to one of them."""
    points = np.concatenate([_corners(a), _corners(b)])
    boxes = []
    for frame in (a.frame, b.frame):
        local = (points - frame[:3, 3]) @ frame[:3, :3]
        low, high = local.min(axis=0), local.max(axis=0)
        shifted = frame.copy()
        shifted[:3, 3] += frame[:3, :3] @ (0.5 * (low + high))
        boxes.append(Collider("box", tuple((0.5 * (high - low)).tolist()), shifted))
    return min(boxes, key=lambda box: box.volume)


def _corners(box: Collider) -> np.ndarray:
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    return signs * box.size @ box.frame[:3, :3].T + box.frame[:3, 3]


def _filled(parts: List[Collider], box: Collider) -> float:
    """Volume of the common box that its parts fill, by a grid of points [m^3]."""
    axis = (np.arange(12) + 0.5) / 6 - 1
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3) * box.size
    points = grid @ box.frame[:3, :3].T + box.frame[:3, 3]
    inside = np.zeros(len(points), dtype=bool)
    for part in parts:
        inside |= _distance(part, points) <= 0
    return box.volume * max(float(inside.mean()), 1e-6)


def _without_small(colliders: List[Collider]) -> List[Collider]:
    largest = max((collider.volume for collider in colliders), default=0.0)
    return [collider for collider in colliders if collider.volume >= _SMALL * largest]


def _without_hidden(colliders: List[Collider]) -> List[Collider]:
    """Leave out, the smallest first, what others cover."""
    kept = sorted(colliders, key=lambda collider: -collider.volume)
    for collider in reversed(list(kept)):
        others = [other for other in kept if other is not collider]
        if others:
            distance = np.min([_distance(other, surface_points(collider)) for other in others], axis=0)
            if distance.max() < _INSIDE:
                kept = others
    return kept


def _distance(collider: Collider, points: np.ndarray) -> np.ndarray:
    """Signed distance of points (S, 3) from a collider's surface, negative inside [m]."""
    local = (points - collider.frame[:3, 3]) @ collider.frame[:3, :3]
    if collider.kind == "box":
        excess = np.abs(local) - np.asarray(collider.size)
        return np.linalg.norm(np.maximum(excess, 0), axis=1) + np.minimum(excess.max(axis=1), 0)
    core = _core(collider)
    return np.linalg.norm(local - np.clip(local, -core, core), axis=1) - collider.size[0]
