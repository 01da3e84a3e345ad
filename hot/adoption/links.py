"""A published model cut down to what our hand files know: one link per joint place, from the wrist on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Sequence, Tuple

import numpy as np

from hot.adoption.config import AdoptionConfig
from hot.adoption.shapes import volume_of
from hot.errors import BadFileError, ConfigError, UnknownNameError
from hot.physics.published import PublishedBody, PublishedJoint, PublishedModel, PublishedShape

_DENSITY = 1000.0
"""Of links without mass [kg/m^3]."""
_KNUCKLE_MASS, _KNUCKLE_INERTIA = 1e-6, 1e-10
"""Of links without mass and shape, such as the axle between two joints; their armature does the rest [kg], [kg m^2]."""
_SAME_PLACE = 1e-6  # [m]


@dataclass(frozen=True)
class Hinge:
    """A finger joint through its link's origin."""

    name: str
    axis: np.ndarray  # (3,) unit, in the link's frame
    range: Tuple[float, float]  # [rad]
    effort: float
    """[Nm]; 0 where the model does not say."""


@dataclass
class Link:
    """A rigid link whose hinges pass through its origin; the first link is the wrist and has none."""

    name: str
    parent: int
    frame: np.ndarray  # (4, 4) in the parent link's frame
    hinges: List[Hinge] = field(default_factory=list)
    mass: float = 0.0  # [kg]
    com: np.ndarray = field(default_factory=lambda: np.zeros(3))  # [m]
    inertia: np.ndarray = field(default_factory=lambda: np.zeros((3, 3)))  # about com [kg m^2]
    shapes: List[PublishedShape] = field(default_factory=list)


@dataclass(frozen=True)
class Skeleton:
    """Links depth first, the wrist first, and what was done on the way."""

    links: Tuple[Link, ...]
    notes: Tuple[str, ...]


def build_skeleton(path: object, model: PublishedModel, config: AdoptionConfig) -> Skeleton:
    """The links from the wrist on: bodies without joints are merged into their parents, frames moved to the joints.

    Raises:
        UnknownNameError: a body or joint that was named is not there.
        ConfigError: a hinge without a range.
        BadFileError: no fingers, or a finger joint that is no hinge.
    """
    joints = {joint.name for body in model.bodies for joint in body.joints}
    for name in (*config.fixed, *config.ranges, *config.opened):
        if name not in joints:
            raise UnknownNameError("joint", name, joints)
    builder = _Builder(path, model, config)
    wrist = builder.find_wrist()
    builder.build(wrist)
    notes = [*model.notes, *builder.notes(wrist)]
    return Skeleton(tuple(builder.links), tuple(notes))


class _Builder:
    def __init__(self, path: object, model: PublishedModel, config: AdoptionConfig) -> None:
        self._path, self._model, self._config = path, model, config
        self.links: List[Link] = []
        self._weightless: List[str] = []
        self._children: Dict[int, List[int]] = {}
        for index, body in enumerate(model.bodies):
            self._children.setdefault(body.parent, []).append(index)

    def _moving(self, body: PublishedBody) -> List[PublishedJoint]:
        return [joint for joint in body.joints if joint.name not in self._config.fixed]

    def find_wrist(self) -> int:
        """The body that was named, or the last one from which all fingers descend."""
        names = [body.name for body in self._model.bodies]
        if self._config.wrist is not None:
            if self._config.wrist not in names:
                raise UnknownNameError("body", self._config.wrist, names)
            return names.index(self._config.wrist)
        paths = [self._path_to(leaf) for leaf in self._leaves()]
        if len(paths) < 2:
            raise BadFileError(
                self._path, f"has no fingers: a hand needs two chains of hinges, this model has {len(paths)}"
            )
        common = [column[0] for column in zip(*paths) if len(set(column)) == 1]
        return common[-1]

    def _path_to(self, body: int) -> List[int]:
        above = [body]
        while above[-1] > 0:
            above.append(self._model.bodies[above[-1]].parent)
        return above[::-1]

    def _leaves(self) -> List[int]:
        """Jointed bodies without jointed bodies below; what floats freely by itself is no finger."""
        moving = [i for i, body in enumerate(self._model.bodies) if any(j.kind != "free" for j in self._moving(body))]
        above = {body for leaf in moving for body in self._path_to(leaf)[:-1]}
        return [body for body in moving if body not in above]

    def build(self, wrist: int) -> None:
        """Fill ``links`` from the wrist on."""
        self.links.append(Link(self._model.bodies[wrist].name, -1, np.eye(4)))
        self._merge(0, np.eye(4), self._model.bodies[wrist])
        for child in self._children.get(wrist, ()):
            self._add(child, 0, np.eye(4))
        for link in self.links:
            if link.mass <= 0:
                self._weightless.append(link.name)
                _weigh(link)

    def _add(self, index: int, parent: int, offset: np.ndarray) -> None:
        """Add a body, whose parent body lies at ``offset`` (4, 4) in the link ``parent``, and all below it."""
        body, previous = self._model.bodies[index], None
        frame = offset @ body.frame  # of the body in the link ``parent``
        for hinge, place in self._hinges(body):
            if previous is None or float(np.linalg.norm(place - previous)) > _SAME_PLACE:
                shift = np.eye(4)
                shift[:3, 3] = place
                name = body.name if previous is None else f"{body.name}_{hinge.name}"
                self.links.append(Link(name, parent, frame @ shift))
                parent, frame, previous = len(self.links) - 1, np.linalg.inv(shift), place
            self.links[parent].hinges.append(hinge)
        self._merge(parent, frame, body)
        for child in self._children.get(index, ()):
            self._add(child, parent, frame)

    def _hinges(self, body: PublishedBody) -> List[Tuple[Hinge, np.ndarray]]:
        found = []
        for joint in self._moving(body):
            if joint.kind != "hinge":
                raise BadFileError(
                    self._path,
                    f"joint {joint.name} of {body.name} is a {joint.kind}, but fingers move by hinges; hold it at 0 "
                    f"with --fix {joint.name}, or name the body beyond it with --wrist",
                )
            limits = self._config.ranges.get(joint.name, joint.range)
            if limits is None:
                raise ConfigError(f"joint {joint.name} has no range; give one [rad]: --range {joint.name}=LOW,HIGH")
            if not limits[0] < limits[1]:
                raise ConfigError(f"joint {joint.name} cannot move from {limits[0]:g} to {limits[1]:g}")
            found.append((Hinge(joint.name, joint.axis, limits, joint.effort or 0.0), joint.pos))
        return found

    def _merge(self, link: int, offset: np.ndarray, body: PublishedBody) -> None:
        """Add the mass and the shapes of a body that lies at ``offset`` (4, 4) in a link."""
        target, turn = self.links[link], offset[:3, :3]
        target.shapes += [PublishedShape(s.kind, s.size, offset @ s.frame, s.points, s.collides) for s in body.shapes]
        if body.mass <= 0:
            return
        parts = [
            (target.mass, target.com, target.inertia),
            (body.mass, turn @ body.com + offset[:3, 3], turn @ body.inertia @ turn.T),
        ]
        target.mass, target.com, target.inertia = _combine(parts)

    def notes(self, wrist: int) -> List[str]:
        """What was left out or made up."""
        lines = []
        kept = {hinge.name for link in self.links for hinge in link.hinges}
        outside = [j.name for body in self._model.bodies for j in body.joints if j.name not in kept]
        dropped = [name for name in outside if name not in self._config.fixed]
        if dropped:
            place = self._model.bodies[wrist].name
            lines.append(f"joints outside {place} and its fingers are left out: {', '.join(dropped)}")
        if self._config.fixed:
            lines.append(f"joints held at 0: {', '.join(self._config.fixed)}")
        coupled = [name for name in self._model.coupled if name in kept]
        if coupled:
            lines.append(f"coupled joints of the model are driven by themselves here: {', '.join(coupled)}")
        if self._weightless:
            lines.append(f"links without mass were given one: {', '.join(self._weightless)}")
        return lines


def _combine(parts: Sequence[Tuple[float, np.ndarray, np.ndarray]]) -> Tuple[float, np.ndarray, np.ndarray]:
    """Mass, centre and inertia of rigidly joined parts (parallel axes)."""
    mass = sum(part[0] for part in parts)
    com = np.sum([m * c for m, c, _ in parts], axis=0) / mass
    inertia = np.sum([i + m * parallel(c - com) for m, c, i in parts], axis=0)
    return mass, com, inertia


def parallel(offset: np.ndarray) -> np.ndarray:
    """Inertia (3, 3) of a unit mass at ``offset`` (3,)."""
    return offset @ offset * np.eye(3) - np.outer(offset, offset)


def _weigh(link: Link) -> None:
    """Give a link the mass of its shapes, as balls of their volume, or that of an axle."""
    parts = []
    for shape in link.shapes:
        mass = _DENSITY * volume_of(shape)
        radius = (3 * volume_of(shape) / (4 * np.pi)) ** (1 / 3)
        middle = shape.points.mean(axis=0) if len(shape.points) else np.zeros(3)
        parts.append((mass, (shape.frame @ np.append(middle, 1))[:3], 0.4 * mass * radius**2 * np.eye(3)))
    if sum(part[0] for part in parts) <= _KNUCKLE_MASS:
        parts = [(_KNUCKLE_MASS, np.zeros(3), _KNUCKLE_INERTIA * np.eye(3))]
    link.mass, link.com, link.inertia = _combine(parts)
