"""The tree of a hand's bodies: joints, sites and collision shapes, in the order of the file."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands.mjcf import MjcfFile

NUM_WRIST_JOINTS = 6
"""Three slides x, y, z and three hinges x, y, z come first in every hand."""
_WRIST_JOINTS = tuple((kind, axis) for kind in ("slide", "hinge") for axis in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
_Joint = Tuple[int, Dict[str, str]]  # its body, its attributes
_Pose = Tuple[Tensor, Tensor]
_SIZES = {"sphere": 1, "capsule": 2, "box": 3}


@dataclass(frozen=True, eq=False)
class FrameSpec:
    """A frame fixed on a body: a site."""

    name: str
    body: int
    pos: Tensor  # (3,) in the body's frame [m]
    quat: Tensor  # (4,)


@dataclass(frozen=True, eq=False)
class ColliderSpec:
    """A collision shape fixed on a body; ``size`` as in MJCF: radius | radius, half length along z | half edges [m]."""

    body: int
    shape: str
    size: Tuple[float, ...]
    pos: Tensor  # (3,) in the body's frame [m]
    quat: Tensor  # (4,)


@dataclass(frozen=True, eq=False)
class BodyTreeSpec:
    """Bodies (B) depth first with the wrist at 0, joints (D) in the same order. Float64."""

    names: Tuple[str, ...]
    parents: Tuple[int, ...]
    pos: Tensor  # (B, 3) of the body in its parent's frame [m]
    quat: Tensor  # (B, 4)
    joint_names: Tuple[str, ...]
    joint_bodies: Tuple[int, ...]
    joint_axes: Tensor  # (D, 3) unit, in the body's frame
    joint_ranges: Tensor  # (D, 2) [m] or [rad]
    sites: Tuple[FrameSpec, ...]
    colliders: Tuple[ColliderSpec, ...]

    def finger_roots(self) -> Tuple[int, ...]:
        """For each body the child of the wrist that it descends from; -1 for the wrist itself (B)."""
        roots: List[int] = []
        for body, parent in enumerate(self.parents):
            roots.append(-1 if parent < 0 else body if parent == 0 else roots[parent])
        return tuple(roots)


def read_tree(file: MjcfFile) -> BodyTreeSpec:
    """The body tree of a hand file.

    Raises:
        BadFileError: no single wrist body with the six wrist joints at the world's origin, a finger body without
            a hinge, a joint off its body's origin or without a range, a shape other than box, capsule or sphere.
    """
    names: List[str] = []
    parents: List[int] = []
    poses: List[_Pose] = []
    joints: List[_Joint] = []
    sites: List[FrameSpec] = []
    colliders: List[ColliderSpec] = []
    for index, (body, parent, childclass) in enumerate(file.bodies()):
        names.append(body.get("name", ""))
        parents.append(parent)
        poses.append(_read_pose(file, file.attributes(body)))
        joints += [(index, file.attributes(joint, childclass)) for joint in body.findall("joint")]
        sites += [_read_site(file, file.attributes(site, childclass), index) for site in body.findall("site")]
        colliders += _read_colliders(file, body, childclass, index)
    _check_wrist(file, parents, poses, joints)
    return BodyTreeSpec(
        names=tuple(names),
        parents=tuple(parents),
        pos=torch.stack([pos for pos, _ in poses]),
        quat=torch.stack([quat for _, quat in poses]),
        joint_names=tuple(joint.get("name", "") for _, joint in joints),
        joint_bodies=tuple(body for body, _ in joints),
        joint_axes=torch.stack([_read_axis(file, joint) for _, joint in joints]),
        joint_ranges=_vector([file.numbers(joint, "range") for _, joint in joints]),
        sites=tuple(sites),
        colliders=tuple(colliders),
    )


def _vector(values: Sequence) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _read_pose(file: MjcfFile, attributes: Dict[str, str]) -> _Pose:
    pos = _vector(file.numbers(attributes, "pos", "0 0 0"))
    return pos, rotations.normalize(_vector(file.numbers(attributes, "quat", "1 0 0 0")))


def _read_axis(file: MjcfFile, joint: Dict[str, str]) -> Tensor:
    axis = _vector(file.numbers(joint, "axis", "0 0 1"))
    return axis / axis.norm()


def _read_site(file: MjcfFile, attributes: Dict[str, str], body: int) -> FrameSpec:
    return FrameSpec(attributes.get("name", ""), body, *_read_pose(file, attributes))


def _read_colliders(file: MjcfFile, body: ET.Element, childclass: Optional[str], index: int) -> List[ColliderSpec]:
    colliders = []
    for geom in body.findall("geom"):
        attributes = file.attributes(geom, childclass)
        if attributes.get("contype", "1") == "0" and attributes.get("conaffinity", "1") == "0":
            continue
        shape = attributes.get("type", "sphere")
        if shape not in _SIZES:
            raise file.fail(f"body {body.get('name')} collides as a {shape}; known: {', '.join(sorted(_SIZES))}")
        size = file.numbers(attributes, "size")[: _SIZES[shape]]
        colliders.append(ColliderSpec(index, shape, size, *_read_pose(file, attributes)))
    return colliders


def _check_wrist(file: MjcfFile, parents: List[int], poses: List[_Pose], joints: List[_Joint]) -> None:
    if parents.count(-1) != 1:
        raise file.fail(f"needs one body below <worldbody>, the wrist; it has {parents.count(-1)}")
    pos, quat = poses[0]
    if pos.any() or quat[1:].any():
        raise file.fail("the wrist body must lie at the world's origin without rotation; its joints move it")
    kinds = tuple((j.get("type", "hinge"), tuple(_read_axis(file, j).tolist())) for body, j in joints if body == 0)
    if kinds != _WRIST_JOINTS:
        raise file.fail("the wrist body needs six joints: slides x, y, z, then hinges x, y, z")
    if any(joint.get("type", "hinge") != "hinge" for body, joint in joints if body > 0):
        raise file.fail("finger joints must be hinges")
    if set(range(len(parents))) - {body for body, _ in joints}:
        raise file.fail("has a body without a joint; move its shapes to its parent")
    if any(any(file.numbers(joint, "pos", "0 0 0")) for _, joint in joints):
        raise file.fail("has a joint off its body's origin; move the body's frame to the joint")
