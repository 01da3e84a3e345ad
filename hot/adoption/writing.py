"""The text of a hand file."""

from __future__ import annotations

import textwrap
from typing import Iterable, Iterator, List, Sequence, Tuple
from xml.sax.saxutils import quoteattr

import numpy as np
import torch

from hot import rotations
from hot.adoption.anatomy import Anatomy
from hot.adoption.drives import Drive
from hot.adoption.links import Link
from hot.adoption.shapes import Collider

_AXES = ("x", "y", "z")
_SLIDES = tuple(f"{axis}_joint" for axis in _AXES)
_HINGES = tuple(f"{axis}_rotation_joint" for axis in _AXES)
WRIST_JOINTS = (*_SLIDES, *_HINGES)
_HEADER = (
    "Metres, radians, kilograms; quaternions w x y z; masses total {mass:.4g} kg. This file holds every fact of the "
    "hand. Wrist: three slides in world axes, then hinges x, y, z (R = Rx Ry Rz); the hinges reach two turns either "
    "way because reference angles are unwrapped over turns and a narrower stop would be hit in mid-motion."
)
_UNIT_AXES = ("1 0 0", "0 1 0", "0 0 1")


def hand_text(
    name: str,
    links: Sequence[Link],
    colliders: Sequence[List[Collider]],
    anatomy: Anatomy,
    wrist: Tuple[Drive, Drive],
    drives: Sequence[Drive],
    remarks: Sequence[str],
) -> str:
    """One MJCF file with every fact of a hand; ``remarks`` open its comment."""
    joints = [hinge.name for link in links for hinge in link.hinges]
    lines = [f"<mujoco model={quoteattr(name)}>", *_comment(links, remarks), *_settings(wrist), "", "  <worldbody>"]
    lines += _body(0, links, colliders, anatomy, drives)
    lines += ["  </worldbody>", "", "  <actuator>"]
    for joint, kind in zip(WRIST_JOINTS, ["wrist_slide"] * 3 + ["wrist_hinge"] * 3):
        lines.append(f'    <position name="{joint}" joint="{joint}" class="{kind}"/>')
    for joint, drive in zip(joints, drives):
        quoted, gains = quoteattr(joint), f'kp="{_numbers([drive.kp])}" kv="{_numbers([drive.kv])}"'
        lines.append(f"    <position name={quoted} joint={quoted} {gains} {_force(drive)}/>")
    lines += ["  </actuator>", "", "  <custom>"]
    lines.append(
        "    <!-- Finger joints of the open hand. Not a keyframe, which would not fit a scene with an object. -->"
    )
    lines.append(f'    <numeric name="open_fingers" data="{_numbers(anatomy.opened)}"/>')
    fingers = [link.name for link in links[1:]]
    lines += _tuple("key_bodies", [*fingers, links[0].name])
    touching = [link.name for link, shapes in zip(links, colliders) if shapes]
    lines += _tuple("contact_bodies", [n for n in [*fingers, links[0].name] if n in touching])
    return "\n".join([*lines, "  </custom>", "</mujoco>", ""])


def _comment(links: Sequence[Link], remarks: Sequence[str]) -> List[str]:
    mass = sum(link.mass for link in links)
    paragraphs = [*remarks, _HEADER.format(mass=mass)]
    while any("--" in text for text in paragraphs):  # it would end the comment
        paragraphs = [text.replace("--", "-") for text in paragraphs]
    wrapped = [line for text in paragraphs for line in textwrap.wrap(text.rstrip("-"), 120)]
    return [f"  <!-- {wrapped[0]}", *[f"       {line}" for line in wrapped[1:-1]], f"       {wrapped[-1]} -->"]


def _settings(wrist: Tuple[Drive, Drive]) -> Iterator[str]:
    yield '  <compiler angle="radian" autolimits="true"/>'
    yield '  <option integrator="implicitfast"/>'
    yield ""
    yield "  <default>"
    yield (
        "    <!-- Bits: 1 hand, 2 object and table. A hand meets objects (conaffinity 3), never itself or the table "
        "(conaffinity 2). -->"
    )
    yield (
        '    <geom contype="1" conaffinity="0" condim="4" friction="1 0.005 0.0001" solref="0.01 1" '
        'solimp="0.95 0.99 0.001" rgba="0.75 0.76 0.8 1"/>'
    )
    yield '    <site size="0.003" group="4"/>'
    yield '    <position inheritrange="1"/>'
    yield "    <!-- Drives are near critical damping with their armature and what they carry. -->"
    for name, drive, motion in zip(
        ("wrist_slide", "wrist_hinge"), wrist, ('range="-2 2" type="slide"', 'range="-12.6 12.6"')
    ):
        yield f'    <default class="{name}">'
        yield f'      <joint armature="{_numbers([drive.armature])}" {motion}/>'
        yield f'      <position kp="{_numbers([drive.kp])}" kv="{_numbers([drive.kv])}" {_force(drive)}/>'
        yield "    </default>"
    yield "  </default>"


def _body(
    index: int, links: Sequence[Link], colliders: Sequence[List[Collider]], anatomy: Anatomy, drives: Sequence[Drive]
) -> Iterator[str]:
    link, depth = links[index], 0
    above = index
    while above > 0:
        above, depth = links[above].parent, depth + 1
    indent = "  " * (depth + 2)
    place = "" if index == 0 else f" {_place(link.frame)}"
    yield f'{indent}<body name={quoteattr(link.name)}{place} gravcomp="1">'
    yield f"{indent}  {_inertial(link)}"
    yield from (f"{indent}  {line}" for line in _joints(index, links, drives))
    for collider in colliders[index]:
        yield f'{indent}  <geom type="{collider.kind}" size="{_numbers(collider.size)}" {_place(collider.frame)}/>'
    if index == 0:
        yield f'{indent}  <site name="palm" {_place(anatomy.palm)}/>'
    for finger in anatomy.fingers:
        if finger.links[-1] == index:
            yield f'{indent}  <site name="tip_{finger.name}" pos="{_numbers(finger.tip)}"/>'
    for child in range(index + 1, len(links)):
        if links[child].parent == index:
            yield from _body(child, links, colliders, anatomy, drives)
    yield f"{indent}</body>"


def _joints(index: int, links: Sequence[Link], drives: Sequence[Drive]) -> Iterator[str]:
    if index == 0:
        for names, kind in ((_SLIDES, "wrist_slide"), (_HINGES, "wrist_hinge")):
            for name, axis in zip(names, _UNIT_AXES):
                yield f'<joint name="{name}" class="{kind}" axis="{axis}"/>'
    first = sum(len(link.hinges) for link in links[:index])
    for hinge, drive in zip(links[index].hinges, drives[first:]):
        limits, armature = _numbers(hinge.range), _numbers([drive.armature])
        axis = _numbers(hinge.axis)
        yield f'<joint name={quoteattr(hinge.name)} axis="{axis}" range="{limits}" armature="{armature}"/>'


def _inertial(link: Link) -> str:
    moments, axes = np.linalg.eigh(link.inertia)
    if np.linalg.det(axes) < 0:
        axes[:, 2] *= -1
    moments[2] = min(moments[2], 0.999 * (moments[0] + moments[1]))  # a rod's, once rounded, would be refused
    frame = np.eye(4)
    frame[:3, :3], frame[:3, 3] = axes, link.com
    return f'<inertial {_place(frame)} mass="{_numbers([link.mass])}" diaginertia="{_numbers(moments)}"/>'


def _force(drive: Drive) -> str:
    return f'forcerange="{_numbers([-drive.force, drive.force])}"'


def _place(frame: np.ndarray) -> str:
    quat = rotations.from_matrix(torch.tensor(frame[:3, :3]))
    turn = "" if quat[0] > 1 - 1e-12 else f' quat="{" ".join(f"{value:.9g}" for value in _clean(quat.tolist()))}"'
    return f'pos="{_numbers(frame[:3, 3])}"{turn}'


def _tuple(name: str, bodies: Sequence[str]) -> List[str]:
    elements = [f'      <element objtype="body" objname={quoteattr(body)}/>' for body in bodies]
    return [f'    <tuple name="{name}">', *elements, "    </tuple>"]


def _numbers(values: Iterable[float]) -> str:
    return " ".join(f"{value:.6g}" for value in _clean(values))


def _clean(values: Iterable[float]) -> List[float]:
    """Rounding noise as 0."""
    return [0.0 if abs(value) < 1e-12 else float(value) for value in values]
