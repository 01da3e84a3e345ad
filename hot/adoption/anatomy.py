"""Which links are fingers, which of them is the thumb, how they close, and where the palm is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from hot.adoption.config import AdoptionConfig
from hot.adoption.links import Link
from hot.adoption.pose import Pose
from hot.adoption.shapes import Collider, surface_points
from hot.errors import BadFileError, ConfigError, UnknownNameError

_PARALLEL = 0.7
"""Least cosine between a finger's last hinge and the others that bend it."""
_ONE_SIDED = 0.1
"""Ranges whose middles lie nearer to 0 than this share of their width do not tell which way a finger closes."""
_BEND = 0.25
"""Share of the way to the stops at which the direction of closing is measured."""
_CLOSED, _MOST_CLOSED = 0.8, 1.3
"""A closed finger: share of the way to the stops, and largest angle [rad]."""
_CLEARER = 0.25
"""How much clearer the thumb must be than the second candidate."""
_THUMB_NAME = re.compile(r"thumb|(^|[^a-z])th([^a-z]|$|(base|hub|proximal|middle|distal|j\d))", re.IGNORECASE)
_FINGER_NAMES = ("index", "middle", "ring", "little")
_PALM_RADIUS = 0.012
"""About the palm's centre, within which its surface is looked for [m]."""
_ADVICE = (
    'give the palm in the wrist body\'s frame: --palm "X Y Z QW QX QY QZ", +z out of the palm, +x along the fingers'
)


@dataclass(frozen=True, eq=False)
class Finger:
    """A chain of links from a child of the wrist to a tip."""

    name: str
    links: Tuple[int, ...]
    tip: np.ndarray  # (3,) in the last link's frame [m]
    closing: np.ndarray  # (J,) -1, 0 or 1: which way each joint of the hand turns to close this finger


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The hand's parts; angles are those of its J finger joints in the order of the links [rad]."""

    fingers: Tuple[Finger, ...]
    """In the order of the links."""
    opened: np.ndarray  # (J,)
    closed: np.ndarray  # (J,)
    palm: np.ndarray  # (4, 4) in the wrist's frame


def examine(
    path: object, links: Sequence[Link], colliders: Sequence[List[Collider]], config: AdoptionConfig
) -> Anatomy:
    """Fingers, thumb, open and closed posture, and palm of a hand.

    Raises:
        UnknownNameError: the thumb that was named is no body of a finger.
        ConfigError: something that cannot be derived; the message says which option gives it.
        BadFileError: fewer than two fingers, or a finger that branches.
    """
    pose, chains = Pose(links), _chains(path, links)
    opened = _opened(links, pose, config)
    given = None if config.palm is None else _given_palm(config.palm)
    fingers = [
        Finger("", chain, _tip(links, chain, colliders), _closing(links, chain, pose, opened)) for chain in chains
    ]
    fingers = [_signed(links, finger, pose, opened, given) for finger in fingers]
    thumb = _find_thumb(links, fingers, pose, opened, config)
    palm = given if given is not None else _find_palm(fingers, thumb, pose, opened, colliders[0])
    named = _named(fingers, thumb, pose, opened, palm)
    closing = np.sum([finger.closing for finger in named], axis=0)
    return Anatomy(tuple(named), opened, _closed(pose, opened, closing, _CLOSED), palm)


def _chains(path: object, links: Sequence[Link]) -> List[Tuple[int, ...]]:
    chains: List[List[int]] = []
    parents = [link.parent for link in links]
    for root in (index for index, parent in enumerate(parents) if parent == 0):
        chain = [root]
        while chain[-1] in parents:
            below = [index for index, parent in enumerate(parents) if parent == chain[-1]]
            if len(below) > 1:
                names = ", ".join(links[index].name for index in below)
                raise BadFileError(
                    path,
                    f"the chain that begins with {links[root].name} branches at {links[chain[-1]].name} into {names}, "
                    "but a finger has one tip; name the body that carries the fingers with --wrist, or hold the joint "
                    "before the branch at 0 with --fix JOINT",
                )
            chain += below
        chains.append(chain)
    if len(chains) < 2:
        raise BadFileError(
            path, f"has no fingers: {links[0].name} carries {len(chains)} chain of hinges, a hand needs two"
        )
    return [tuple(chain) for chain in chains]


def _opened(links: Sequence[Link], pose: Pose, config: AdoptionConfig) -> np.ndarray:
    names = [hinge.name for link in links for hinge in link.hinges]
    opened = np.clip(0.0, pose.ranges[:, 0], pose.ranges[:, 1])
    for name, angle in config.opened.items():
        if name not in names:
            raise UnknownNameError("finger joint", name, names)
        joint = names.index(name)
        lower, upper = pose.ranges[joint]
        if not lower <= angle <= upper:
            raise ConfigError(f"--open {name}={angle:g} leaves the joint's range, {lower:g} to {upper:g}")
        opened[joint] = angle
    return opened


def _tip(links: Sequence[Link], chain: Tuple[int, ...], colliders: Sequence[List[Collider]]) -> np.ndarray:
    """The end of the last link that has a shape: from its middle away from its hinge, as far as the shape goes."""
    last = links[chain[-1]]
    points = [surface_points(collider) for collider in colliders[chain[-1]]]
    if not points:
        return last.com if np.linalg.norm(last.com) > 0 else np.zeros(3)
    cloud = np.concatenate(points)
    middle = 0.5 * (cloud.min(axis=0) + cloud.max(axis=0))
    axis = last.hinges[-1].axis
    away = middle - axis * (axis @ middle)
    if np.linalg.norm(away) < 1e-4:
        return cloud[np.linalg.norm(cloud, axis=1).argmax()]
    away = away / np.linalg.norm(away)
    return middle + away * ((cloud - middle) @ away).max()


def _closing(links: Sequence[Link], chain: Tuple[int, ...], pose: Pose, opened: np.ndarray) -> np.ndarray:
    """Joints (J,) of a finger that bend it: 1 or -1 by whether they turn like its last hinge, 0 for the others."""
    joints = [joint for joint, link in enumerate(pose.joint_links) if link in chain]
    axes = pose.axes(opened)
    along = axes @ axes[joints[-1]]
    bends = np.zeros(len(axes))
    for joint in joints:
        bends[joint] = np.sign(along[joint]) if abs(along[joint]) > _PARALLEL else 0.0
    return bends


def _signed(
    links: Sequence[Link], finger: Finger, pose: Pose, opened: np.ndarray, palm: Optional[np.ndarray]
) -> Finger:
    """The finger with the sign by which it closes: towards a given palm's front, else into the larger range."""
    bends = finger.closing
    if palm is not None:
        moved = _tips(pose, _closed(pose, opened, bends, _BEND), [finger]) - _tips(pose, opened, [finger])
        sign = 1.0 if float((moved @ palm[:3, 2])[0]) >= 0 else -1.0
    else:
        total = float((bends * pose.ranges.sum(axis=1)).sum())
        width = float((np.abs(bends) * (pose.ranges[:, 1] - pose.ranges[:, 0])).sum())
        if abs(total) < _ONE_SIDED * width:
            root = links[finger.links[0]].name
            raise ConfigError(f"cannot tell which way the finger at {root} closes, its ranges are even; {_ADVICE}")
        sign = np.sign(total)
    return Finger(finger.name, finger.links, finger.tip, sign * bends)


def _closed(pose: Pose, opened: np.ndarray, closing: np.ndarray, share: float) -> np.ndarray:
    """Angles (J,) after closing by a share of the way to the stops."""
    stops = np.where(closing > 0, pose.ranges[:, 1], pose.ranges[:, 0])
    way = np.clip(stops - opened, -_MOST_CLOSED, _MOST_CLOSED)
    return opened + share * np.abs(closing) * way


def _motion(finger: Finger, pose: Pose, opened: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Unit directions (3,): of the open finger in the plane in which it bends, and of its tip when it closes."""
    first = np.flatnonzero(finger.closing)[0]
    base, axis = pose.frames(opened)[pose.joint_links[first]][:3, 3], pose.axes(opened)[first]
    tip = _tips(pose, opened, [finger])[0]
    moved = _tips(pose, _closed(pose, opened, finger.closing, _BEND), [finger])[0] - tip
    along = tip - base  # a hinge's origin may lie anywhere on its axis
    return _unit(along - axis * (axis @ along)), _unit(moved)


def _find_thumb(
    links: Sequence[Link], fingers: Sequence[Finger], pose: Pose, opened: np.ndarray, config: AdoptionConfig
) -> int:
    """The finger that was named, or calls itself thumb, or whose direction and closing differ from the others'."""
    names = [[links[index].name for index in finger.links] for finger in fingers]
    if config.thumb is not None:
        found = [index for index, chain in enumerate(names) if config.thumb in chain]
        if not found:
            raise UnknownNameError("finger body", config.thumb, [name for chain in names for name in chain])
        return found[0]
    joints = [[hinge.name for index in finger.links for hinge in links[index].hinges] for finger in fingers]
    called = [
        index for index in range(len(fingers)) if any(_THUMB_NAME.search(name) for name in names[index] + joints[index])
    ]
    if len(called) == 1:
        return called[0]
    motions = [_motion(finger, pose, opened) for finger in fingers]
    scores = [_oddness(motions, index) for index in range(len(fingers))]
    best, second = sorted(scores, reverse=True)[:2]
    if best - second < _CLEARER:
        roots = ", ".join(chain[0] for chain in names)
        raise ConfigError(f"cannot tell which finger is the thumb; name a body of it with --thumb: {roots}")
    return scores.index(best)


def _oddness(motions: Sequence[Tuple[np.ndarray, np.ndarray]], index: int) -> float:
    """How much the other fingers agree with each other, and how little this one does with them."""
    score = 0.0
    for part in (0, 1):
        others = np.array([motion[part] for other, motion in enumerate(motions) if other != index])
        common = _unit(others.mean(axis=0))
        score += float((others @ common).min()) - float(motions[index][part] @ common)
    return score


def _given_palm(values: Sequence[float]) -> np.ndarray:
    w, x, y, z = np.asarray(values[3:]) / max(float(np.linalg.norm(values[3:])), 1e-12)
    frame = np.eye(4)
    frame[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    frame[:3, 3] = values[:3]
    return frame


def _find_palm(
    fingers: Sequence[Finger], thumb: int, pose: Pose, opened: np.ndarray, body: Sequence[Collider]
) -> np.ndarray:
    """The palm's frame from the fingers but the thumb: +x along them, +z where their tips go when they close."""
    motions = [_motion(finger, pose, opened) for index, finger in enumerate(fingers) if index != thumb]
    along = _unit(np.mean([direction for direction, _ in motions], axis=0))
    moved = np.array([motion - along * (along @ motion) for _, motion in motions])
    out = np.mean(moved, axis=0)
    agree = moved @ _unit(out) > 0.3 * np.linalg.norm(moved, axis=1)
    if np.linalg.norm(out) < 0.3 or not agree.all():
        raise ConfigError(f"cannot tell where the palm faces, the fingers close in different directions; {_ADVICE}")
    if not body:
        raise ConfigError(f"cannot tell where the palm is, the wrist body has no shape; {_ADVICE}")
    out = _unit(out)
    frame = np.eye(4)
    frame[:3, :3] = np.stack([along, np.cross(out, along), out], axis=1)
    frame[:3, 3] = frame[:3, :3] @ _surface_centre(frame[:3, :3], body)
    return frame


def _surface_centre(axes: np.ndarray, body: Sequence[Collider]) -> np.ndarray:
    """The middle of the palm's shapes, on their surface (3,), along the palm's axes."""
    cloud = np.concatenate([surface_points(collider) for collider in body]) @ axes
    weights = np.array([collider.volume for collider in body])
    middle = weights @ np.array([collider.frame[:3, 3] for collider in body]) @ axes / weights.sum()
    near = np.linalg.norm(cloud[:, :2] - middle[:2], axis=1)
    close = cloud[near <= max(_PALM_RADIUS, float(near.min()) + 1e-6)]
    return np.array([middle[0], middle[1], float(close[:, 2].max())])


def _named(fingers: Sequence[Finger], thumb: int, pose: Pose, opened: np.ndarray, palm: np.ndarray) -> List[Finger]:
    """Names by the order across the palm, from the thumb's side."""
    across = (_tips(pose, opened, fingers) - palm[:3, 3]) @ palm[:3, 1]
    others = [index for index in range(len(fingers)) if index != thumb]
    side = 1.0 if across[thumb] >= across[others].mean() else -1.0
    ordered = sorted(others, key=lambda index: -side * across[index])
    names: Dict[int, str] = {thumb: "thumb"}
    for place, index in enumerate(ordered):
        names[index] = _FINGER_NAMES[place] if len(ordered) <= len(_FINGER_NAMES) else f"finger_{place + 1}"
    return [Finger(names[i], f.links, f.tip, f.closing) for i, f in enumerate(fingers)]


def _tips(pose: Pose, angles: np.ndarray, fingers: Sequence[Finger]) -> np.ndarray:
    """Fingertips (F, 3) in the wrist's frame [m]."""
    frames = pose.frames(angles)
    return np.array([(frames[f.links[-1]] @ np.append(f.tip, 1.0))[:3] for f in fingers])


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
