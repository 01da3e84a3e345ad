"""A solid as a few convex pieces, which is what physics can touch."""

from __future__ import annotations

import importlib.util
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List

import numpy as np
import trimesh

from hot.errors import HotError, MissingDependencyError
from hot.objects import cutting
from hot.objects.cutting import MESH, PIECES

MOST_PARTS = 16
_PATIENCE = 300.0
"""Longest time that a cut may take [s]: a clean mesh of thousands of triangles takes a minute."""
_PROGRAM = str(Path(cutting.__file__))
_RUN = "import runpy, sys; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
"""By its path, because importing it as a module would take seconds for what it does not need."""
_CORNERS = 48
"""Most corners of a piece: the cost of a contact grows with them."""
_CONCAVITY = 0.05
"""How far a piece may bulge over the surface, relative to the size."""
_CONVEX = 0.97
"""Share of its convex hull that a solid fills to be taken as convex."""
_LEAST_SHARE = 1e-3
"""Of the volume of all pieces: smaller ones are crumbs."""


def convex_pieces(mesh: trimesh.Trimesh, most: int = MOST_PARTS) -> List[np.ndarray]:
    """Corners (V, 3) of at most ``most`` convex pieces that cover a closed mesh; the same for the same mesh.

    Collision-aware decomposition, Wei et al. 2022, https://arxiv.org/abs/2205.02961.

    Raises:
        MissingDependencyError: coacd is not installed.
        HotError: it cannot cut the mesh.
    """
    hull = mesh.convex_hull
    if mesh.volume >= _CONVEX * hull.volume:
        return [_few_corners(hull)]
    hulls = [trimesh.convex.convex_hull(points) for points in _cut(mesh, most)]
    least = _LEAST_SHARE * sum(piece.volume for piece in hulls)
    return [_few_corners(piece) for piece in hulls if piece.volume > least]


def _cut(mesh: trimesh.Trimesh, most: int) -> List[np.ndarray]:
    if importlib.util.find_spec("coacd") is None:
        raise MissingDependencyError("cutting a mesh into convex pieces needs coacd: pip install coacd")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / MESH, vertices=np.asarray(mesh.vertices), faces=np.asarray(mesh.faces))
        # The second way first makes a new surface, which loses detail and takes any mesh.
        problem = ""
        for preprocess in ("auto", "on"):
            problem = _run([name, str(_CONCAVITY), str(most), preprocess])
            if not problem:
                with np.load(folder / PIECES, allow_pickle=False) as pieces:
                    return [pieces[number] for number in pieces.files]
    raise HotError(f"the mesh cannot be cut into convex pieces ({problem}); mend or simplify it in a modelling tool")


def _run(arguments: List[str]) -> str:
    """Run the program that cuts; its last words if it failed."""
    command = [sys.executable, "-c", _RUN, _PROGRAM, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return f"not done within {_PATIENCE:.0f} s"
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]


def _few_corners(hull: trimesh.Trimesh) -> np.ndarray:
    """Those of a hull's corners that are farthest out in evenly spread directions, moved out to keep the volume."""
    corners = np.asarray(hull.vertices)
    if len(corners) <= _CORNERS:
        return corners
    # Points of a spiral that keep their distance from each other, Vogel's on a sphere.
    height = 1 - (2 * np.arange(_CORNERS) + 1) / _CORNERS
    turn = math.pi * (3 - math.sqrt(5)) * np.arange(_CORNERS)
    flat = np.sqrt(1 - height**2)
    directions = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
    middle = hull.center_mass
    chosen = corners[np.unique((directions @ (corners - middle).T).argmax(axis=1))]
    kept = trimesh.convex.convex_hull(chosen).volume
    return middle + (hull.volume / kept) ** (1 / 3) * (chosen - middle)
