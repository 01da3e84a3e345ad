"""An object as URDF, with one mesh file for each convex part."""

from __future__ import annotations

from pathlib import Path
from typing import List
from xml.sax.saxutils import quoteattr

import numpy as np
import trimesh

from hot.errors import PhysicsError
from hot.objects import ObjectSpec

BODY = "object"
_MOST_CORNERS = 64
"""Corners of a convex shape that PhysX handles on a GPU; of more it drops some in silence."""


def write_object(folder: Path, name: str, spec: ObjectSpec) -> str:
    """Write ``name.urdf`` and the meshes of its parts into ``folder``; the URDF's file name.

    Raises:
        PhysicsError: a part has more corners than PhysX takes.
    """
    meshes = []
    for part, vertices in enumerate(spec.parts):
        hull = trimesh.convex.convex_hull(vertices)
        if len(hull.vertices) > _MOST_CORNERS:
            raise PhysicsError(
                f"part {part} of {spec.name} has {len(hull.vertices)} corners; PhysX takes {_MOST_CORNERS} on a GPU. "
                "Cut the object into smaller parts, or take another engine."
            )
        mesh = f"{name}_{part}.obj"
        (folder / mesh).write_text(str(hull.export(file_type="obj")), encoding="utf-8")
        meshes.append(mesh)
    (folder / f"{name}.urdf").write_text(_urdf(spec, meshes), encoding="utf-8")
    return f"{name}.urdf"


def _urdf(spec: ObjectSpec, meshes: List[str]) -> str:
    inertia = np.asarray(spec.inertia, dtype=float)
    moments = {"ixx": (0, 0), "iyy": (1, 1), "izz": (2, 2), "ixy": (0, 1), "ixz": (0, 2), "iyz": (1, 2)}
    entries = " ".join(f'{name}="{inertia[at]:.9g}"' for name, at in moments.items())
    lines = [
        f"<robot name={quoteattr(spec.name)}>",
        f'  <link name="{BODY}">',
        f'    <inertial><origin xyz="0 0 0"/><mass value="{spec.mass:.9g}"/><inertia {entries}/></inertial>',
    ]
    for mesh in meshes:
        shape = f'<origin xyz="0 0 0"/><geometry><mesh filename="{mesh}"/></geometry>'
        lines += [f"    <visual>{shape}</visual>", f"    <collision>{shape}</collision>"]
    return "\n".join([*lines, "  </link>", "</robot>", ""])
