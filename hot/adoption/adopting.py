"""From a published hand model to a hand file of ours that has passed its trial in simulation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, List, Tuple

import numpy as np

from hot.adoption.anatomy import Anatomy, examine
from hot.adoption.config import AdoptionConfig
from hot.adoption.drives import finger_drives, wrist_drives
from hot.adoption.links import Link, build_skeleton
from hot.adoption.shapes import Collider, fit_colliders
from hot.adoption.writing import WRIST_JOINTS, hand_text
from hot.errors import BadFileError, ConfigError, MissingDependencyError
from hot.hands import HandSpec, load_hand, own_hands_folder, packaged_hand_names
from hot.objects import load_object
from hot.physics.hand_trial import HandTrial, try_hand
from hot.physics.published import PublishedModel
from hot.writing import write_atomically

_OBJECT = "Box"
"""In whose scene a hand is tried."""
_DRIFT = 1e-3
_RISE_S = 0.5
_OVERSHOOT, _RINGING = 1.1, 0.95
"""Farthest travel of a step, and least travel after it, as shares of the step."""
_RISE = 0.01
"""How far each fingertip must come out over the palm when the hand closes [m]."""
_RESERVED = ("object", "table", "world")
"""Names that the scene takes."""


@dataclass(frozen=True, eq=False)
class Adoption:
    """A hand that was added."""

    hand: HandSpec
    closed: np.ndarray
    """Finger joints of the closed hand (D - 6,) [rad]."""
    trial: HandTrial
    notes: Tuple[str, ...]
    """What was left out or made up."""


def own_path(name: str) -> Path:
    """Where an own hand's file lies."""
    return own_hands_folder() / f"{name}.xml"


def adopt_hand(source: Path, config: AdoptionConfig, overwrite: bool = False) -> Adoption:
    """Derive a hand file from a published model (MJCF or URDF), try it in simulation, and keep it in the data folder.

    Nothing is written, and an older file stays, unless the hand passes its trial.

    Raises:
        ConfigError: the name is taken, or something cannot be derived; the message names the option that gives it.
        UnknownNameError: a body or joint that was named is not there.
        BadFileError: the model cannot be read, has no fingers, or its hand fails the trial.
        MissingDependencyError: MuJoCo is missing.
    """
    path = own_path(config.name)
    _check_name(config.name, path, overwrite)
    skeleton = build_skeleton(source, _read(source), config)
    links = _renamed(skeleton.links)
    colliders = _colliders(source, links)
    anatomy = examine(source, links, colliders, config)
    text = hand_text(
        config.name,
        links,
        colliders,
        anatomy,
        wrist_drives(links, anatomy),
        finger_drives(links, anatomy),
        [
            line
            for line in (config.origin, f"Derived from {Path(source).name} by hot hands add.", *skeleton.notes)
            if line
        ],
    )
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
        hand = load_hand(temporary)
        trial = try_hand(hand, load_object(_OBJECT), anatomy.closed)
        problems = list(_problems(hand, trial, anatomy))
        if problems:
            raise BadFileError(source, f"{config.name} fails its trial in simulation: {'; '.join(problems)}")
    return Adoption(load_hand(path), anatomy.closed, trial, skeleton.notes)


def _check_name(name: str, path: Path, overwrite: bool) -> None:
    if name in packaged_hand_names():
        raise ConfigError(f"a hand named '{name}' ships with the package; choose another: --name NAME")
    if path.exists() and not overwrite:
        raise ConfigError(f"a hand named '{name}' is there already ({path}); choose another --name, or give --replace")


def _read(source: Path) -> PublishedModel:
    try:
        from hot.physics.reading import read_published
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo cannot be imported ({error}). It needs Python 3.11 or newer: pip install 'mujoco>=4.0'"
        ) from error
    return read_published(source)


def _renamed(links: Tuple[Link, ...]) -> Tuple[Link, ...]:
    """Links and hinges whose names the wrist's joints or the scene take get a trailing underscore."""
    for link in links:
        if link.name in _RESERVED:
            link.name += "_"
        for place, hinge in enumerate(link.hinges):
            if hinge.name in WRIST_JOINTS:
                link.hinges[place] = replace(hinge, name=f"{hinge.name}_")
    return links


def _colliders(source: Path, links: Tuple[Link, ...]) -> List[List[Collider]]:
    """Primitives of every link; of a model in which nothing collides, those of what is seen."""
    colliding = [[shape for shape in link.shapes if shape.collides] for link in links]
    chosen = colliding if any(colliding) else [link.shapes for link in links]
    if not any(chosen):
        raise BadFileError(source, "has no shapes, so that its hand would touch nothing")
    return [fit_colliders(shapes) for shapes in chosen]


def _problems(hand: HandSpec, trial: HandTrial, anatomy: Anatomy) -> Iterator[str]:
    if trial.drift > _DRIFT:
        yield f"it does not hold still, a joint drifts by {trial.drift:.2g} rad or m"
    for name, step in trial.steps.items():
        if step.rise_s > _RISE_S:
            yield f"{name} does not reach 90 % of a step in {_RISE_S} s"
        elif step.peak > _OVERSHOOT or step.lowest_after < _RINGING:
            yield f"{name} rings: it travels to {step.peak:.2f} of a step and back to {step.lowest_after:.2f}"
    low = [f.name for f, rise in zip(anatomy.fingers, trial.rises) if f.name != "thumb" and rise < _RISE]
    if low:
        yield (
            f"closing brings {', '.join(low)} not out over the palm ({hand.name}'s +z); "
            'give the palm: --palm "X Y Z QW QX QY QZ"'
        )
