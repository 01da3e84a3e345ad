"""The step of the decomposition that runs as a program of its own: on some surfaces its library ends the process."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

MESH, PIECES = "mesh.npz", "pieces.npz"


def cut(folder: Path, concavity: float, most: int, preprocess: str) -> None:
    """Cut the mesh in a folder's ``mesh.npz`` (vertices, faces) into the convex pieces of its ``pieces.npz``."""
    import coacd

    coacd.set_log_level("error")
    with np.load(folder / MESH, allow_pickle=False) as mesh:
        solid = coacd.Mesh(mesh["vertices"], mesh["faces"])
    pieces = coacd.run_coacd(
        solid,
        threshold=concavity,
        max_convex_hull=most,
        preprocess_mode=preprocess,
        mcts_iterations=60,  # 150 by default, which doubles the time and changes little
        seed=0,
    )
    arrays = {str(number): np.asarray(vertices) for number, (vertices, _) in enumerate(pieces)}
    np.savez(folder / PIECES, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    cut(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
