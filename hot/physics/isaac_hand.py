"""A hand as MJCF that Isaac Gym's importer reads: no defaults, explicit masses, one joint a body.

The importer gives a body with several joints one joint of several axes, whose positions are no angles about them in
turn. So each joint gets a body of its own. All but a body's last joint get carriers: light bodies without shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple, Union
from xml.sax.saxutils import quoteattr

import numpy as np
from torch import Tensor

from hot.errors import PhysicsError
from hot.hands import HandSpec
from hot.hands.inertias import BodyInertia, read_inertias
from hot.hands.mjcf import MjcfFile
from hot.hands.tree import ColliderSpec

BASE = "base"
"""The body fixed in the world that carries the wrist's first slide."""
_MOST_LINKS = 64
"""Links of an articulation in PhysX 4."""
_CARRIER = BodyInertia(1e-4, np.zeros(3), 1e-6 * np.eye(3))
"""Of a carrier: a fraction of what the armature of every joint adds."""
_UNKNOWN_OF_JOINTS = ("damping", "stiffness", "frictionloss", "springref", "ref", "margin", "actuatorfrcrange")


@dataclass(frozen=True, eq=False)
class IsaacHand:
    """The text of the file, and what has to be set beside it."""

    text: str
    inertias: Dict[str, BodyInertia]
    """By body, carriers and base included, in the order of the file."""
    armature: Tuple[float, ...]
    """Of each joint [kg] or [kg m^2]."""
    friction: float
    """Of every surface."""


def isaac_hand(hand: HandSpec) -> IsaacHand:
    """The hand for Isaac Gym.

    Raises:
        PhysicsError: the hand holds something that Isaac Gym has no counterpart for; the message names it.
        BadFileError: a body has no mass.
    """
    file = MjcfFile(hand.mjcf)
    armature, friction = _read_joints(hand, file), _read_surfaces(hand, file)
    own = dict(zip(hand.tree.names, read_inertias(file)))
    carriers = _carriers(hand)
    inertias = {BASE: _CARRIER}
    for body, name in enumerate(hand.tree.names):
        inertias.update(dict.fromkeys(carriers[body], _CARRIER))
        inertias[name] = own[name]
    _check_links(hand, inertias, sum(map(len, carriers)) + len(own) + 1)
    lines = [
        f"<mujoco model={quoteattr(hand.name)}>",
        '  <compiler angle="radian" inertiafromgeom="false" autolimits="false"/>',
        "  <worldbody>",
        f"    <body name={quoteattr(BASE)}>",
        f"      {_inertial(_CARRIER)}",
        *_body(hand, 0, carriers, own, armature),
        "    </body>",
        "  </worldbody>",
        "</mujoco>",
        "",
    ]
    return IsaacHand("\n".join(lines), inertias, armature, friction)


def _read_joints(hand: HandSpec, file: MjcfFile) -> Tuple[float, ...]:
    """The armature of each joint; everything else that a joint has is in the hand's own record."""
    armature = []
    for body, _, childclass in file.bodies():
        if file.numbers(file.attributes(body), "gravcomp", "0") != (1.0,):
            raise _unmappable(hand, f"body {body.get('name')} has gravcomp other than 1; gravity acts on all or none")
        for joint in body.findall("joint"):
            attributes = file.attributes(joint, childclass)
            unknown = [name for name in _UNKNOWN_OF_JOINTS if name in attributes]
            if unknown:
                raise _unmappable(hand, f"joint {joint.get('name')} has {', '.join(unknown)}")
            armature.append(file.numbers(attributes, "armature", "0")[0])
    return tuple(armature)


def _read_surfaces(hand: HandSpec, file: MjcfFile) -> float:
    """The friction that all shapes share; Isaac Gym does not say which shape of an actor is which."""
    frictions = set()
    for body, _, childclass in file.bodies():
        for geom in body.findall("geom"):
            attributes = file.attributes(geom, childclass)
            bits = attributes.get("contype", "1"), attributes.get("conaffinity", "1")
            if bits not in (("1", "0"), ("0", "0")):
                what = f"contype and conaffinity {' '.join(bits)}; it takes 1 0, or 0 0 for what is only seen"
                raise _unmappable(hand, f"a shape of body {body.get('name')} has {what}")
            if bits != ("0", "0"):
                frictions.add(file.numbers(attributes, "friction", "1")[0])
    if len(frictions) != 1:
        listed = ", ".join(map(str, sorted(frictions)))
        raise _unmappable(hand, f"its shapes differ in friction ({listed})" if listed else "it has no shape")
    return frictions.pop()


def _carriers(hand: HandSpec) -> List[List[str]]:
    """Names of the carriers of each body (B): one for each of its joints but the last."""
    joints: List[List[str]] = [[] for _ in hand.tree.names]
    for name, body in zip(hand.joint_names, hand.tree.joint_bodies):
        joints[body].append(name)
    return [[f"{name}_carrier" for name in names[:-1]] for names in joints]


def _check_links(hand: HandSpec, inertias: Dict[str, BodyInertia], links: int) -> None:
    if links > _MOST_LINKS:
        raise _unmappable(hand, f"it takes {links} bodies of one joint each; PhysX links at most {_MOST_LINKS}")
    if len(inertias) != links:
        raise _unmappable(hand, f"a body has the name '{BASE}' or that of a joint with '_carrier' after it")


def _unmappable(hand: HandSpec, what: str) -> PhysicsError:
    return PhysicsError(f"the {hand.name} hand cannot be given to Isaac Gym: {what}. Another engine can run it.")


def _body(
    hand: HandSpec,
    body: int,
    carriers: Sequence[List[str]],
    inertias: Dict[str, BodyInertia],
    armature: Sequence[float],
) -> Iterator[str]:
    """A body, inside its carriers, with all that hangs on it."""
    tree, name = hand.tree, hand.tree.names[body]
    joints = [joint for joint, owner in enumerate(tree.joint_bodies) if owner == body]
    place = f"pos={_quoted(tree.pos[body])} quat={_quoted(tree.quat[body])}"
    for link, joint in zip([*carriers[body], name], joints):
        yield f"<body name={quoteattr(link)} {place}>"
        yield _inertial(inertias.get(link, _CARRIER))
        yield _joint(hand, joint, armature[joint])
        place = ""
    yield from (_geom(collider) for collider in tree.colliders if collider.body == body)
    for child, parent in enumerate(tree.parents):
        if parent == body:
            yield from _body(hand, child, carriers, inertias, armature)
    yield from ["</body>"] * len(joints)


def _inertial(inertia: BodyInertia) -> str:
    tensor = inertia.inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    return f'<inertial pos={_quoted(inertia.com)} mass="{inertia.mass:.9g}" fullinertia={_quoted(tensor)}/>'


def _joint(hand: HandSpec, joint: int, armature: float) -> str:
    kind = "slide" if joint < 3 else "hinge"
    axis, limits = hand.tree.joint_axes[joint], hand.tree.joint_ranges[joint]
    return (
        f'<joint name={quoteattr(hand.joint_names[joint])} type="{kind}" axis={_quoted(axis)} limited="true" '
        f'range={_quoted(limits)} armature="{armature:.9g}"/>'
    )


def _geom(collider: ColliderSpec) -> str:
    place = f"pos={_quoted(collider.pos)} quat={_quoted(collider.quat)}"
    return f'<geom type="{collider.shape}" size={_quoted(collider.size)} {place} contype="1" conaffinity="1"/>'


def _quoted(numbers: Union[Tensor, np.ndarray, Sequence[float]]) -> str:
    return '"' + " ".join(f"{float(number):.9g}" for number in numbers) + '"'
