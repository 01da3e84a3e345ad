"""What the importers make of files, in the subset of MJCF and URDF that they are known to read."""
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import trimesh

_KNOWN = {
    "mujoco": {"model"},
    "compiler": {"angle", "inertiafromgeom", "autolimits"},
    "worldbody": set(),
    "body": {"name", "pos", "quat"},
    "inertial": {"pos", "mass", "fullinertia"},
    "joint": {"name", "type", "axis", "limited", "range", "armature"},
    "geom": {"type", "size", "pos", "quat", "contype", "conaffinity"},
}


@dataclass
class FakeAsset:
    """Bodies, joints and shapes of one kind of actor."""

    kind: str
    options: Dict[str, Any]
    bodies: List[str]
    joints: List[str] = field(default_factory=list)
    shapes: int = 1
    text: str = ""
    mass: float = 1.0
    inertia: np.ndarray = field(default_factory=lambda: np.eye(3))
    parts: List[np.ndarray] = field(default_factory=list)
    size: Tuple[float, float, float] = (1.0, 1.0, 1.0)


def read(path: Path, options: Dict[str, Any]) -> FakeAsset:
    """The asset of an ``.xml`` (MJCF) or ``.urdf`` file."""
    return _read_mjcf(path, options) if path.suffix == ".xml" else _read_urdf(path, options)


def _read_mjcf(path: Path, options: Dict[str, Any]) -> FakeAsset:
    root = ET.parse(str(path)).getroot()
    for element in root.iter():
        assert element.tag in _KNOWN, f"the importer knows no <{element.tag}>"
        unknown = set(element.attrib) - _KNOWN[element.tag]
        assert not unknown, f"the importer reads no {unknown} of <{element.tag}>"
    bodies = list(root.iter("body"))
    counts = [len(body.findall("joint")) for body in bodies]
    assert options["fix_base_link"] and counts[0] == 0, "the root has no joint and is fixed"
    assert set(counts[1:]) == {1}, "a body with several joints gets one joint of several axes"
    assert all(body.find("inertial") is not None for body in bodies), "a body without mass"
    assert all(joint.get("limited") == "true" for joint in root.iter("joint")), "autolimits is not read"
    return FakeAsset(
        "hand",
        options,
        [body.attrib["name"] for body in bodies],
        [joint.attrib["name"] for joint in root.iter("joint")],
        len(list(root.iter("geom"))),
        path.read_text(encoding="utf-8"),
    )


def _read_urdf(path: Path, options: Dict[str, Any]) -> FakeAsset:
    root = ET.parse(str(path)).getroot()
    (link,) = root.findall("link")
    entries = {name: float(value) for name, value in link.find("inertial/inertia").attrib.items()}  # type: ignore
    xx, yy, zz, xy, xz, yz = (entries[name] for name in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz"))
    meshes = [mesh.attrib["filename"] for mesh in link.findall("collision/geometry/mesh")]
    parts = [np.asarray(trimesh.load(path.parent / mesh, force="mesh").vertices) for mesh in meshes]  # type: ignore
    assert not options.get("override_inertia") and not options.get("override_com")
    return FakeAsset(
        "object",
        options,
        [link.attrib["name"]],
        shapes=len(parts),
        mass=float(link.find("inertial/mass").attrib["value"]),  # type: ignore
        inertia=np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]),
        parts=parts,
    )
