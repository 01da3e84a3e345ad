"""Where many sequences have come to, and drafts of how each goes on."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Dict, Optional, Sequence, Tuple

import torch
from torch import Tensor

from hot.planning.generate import SKILLS
from hot.planning.keyframes import Keyframe
from hot.planning.transitions import chain
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import Transform


@dataclass(frozen=True, eq=False)
class State:
    """N hands and objects at the end of a step, all at rest.

    A change of grip may end with the object turned so that it only looks as it does in the new grasp. Plans are made
    with the orientation in which it would be held as in the library; ``spin``, one of the object's symmetries, is what
    it really has more, and what planned orientations are multiplied by from the right.
    """

    key: Keyframe
    hinges: Tensor  # (N, 3) of the wrist [rad], wound as far as they are
    grasp: Tensor  # (N,) int64 number of the grasp, twists included; -1 where the hand is free
    rest: Tensor  # (N,) int64 number of the resting pose; -1 where the object is held
    spin: Tensor  # (N, 4)

    def select(self, rows: Tensor) -> State:
        """Some of them, by index or mask."""
        own = (each[rows] for each in (self.hinges, self.grasp, self.rest, self.spin))
        return State(select_key(self.key, rows), *own)

    def put(self, rows: Tensor, other: State) -> State:
        """A copy in which some of them (n,) are replaced."""
        key = self.key
        wrist, thing = ((_put(mine[0], rows, new[0]), _put(mine[1], rows, new[1])) for mine, new in (
            (key.wrist, other.key.wrist), (key.object, other.key.object)))  # fmt: skip
        fingers, command = _put(key.fingers, rows, other.key.fingers), _put(key.command, rows, other.key.command)
        return State(
            Keyframe(wrist, thing, fingers, command),
            _put(self.hinges, rows, other.hinges),
            _put(self.grasp, rows, other.grasp),
            _put(self.rest, rows, other.rest),
            _put(self.spin, rows, other.spin),
        )


def _put(values: Tensor, rows: Tensor, new: Tensor) -> Tensor:
    values = values.clone()
    values[rows] = new
    return values


def select_key(key: Keyframe, rows: Any) -> Keyframe:
    """Some of the hands and objects."""
    return Keyframe(_select(key.wrist, rows), _select(key.object, rows), key.fingers[rows], key.command[rows])


def _select(pose: Transform, rows: Any) -> Transform:
    return pose[0][rows], pose[1][rows]


def last_of(paths: Paths) -> Keyframe:
    """The last frame of each path that counts."""
    rows, last = torch.arange(len(paths.length), device=paths.length.device), paths.length - 1
    return Keyframe(
        (paths.wrist_pos_w[rows, last], paths.wrist_quat_w[rows, last]),
        (paths.object_pos_w[rows, last], paths.object_quat_w[rows, last]),
        paths.fingers[rows, last],
        paths.command[rows, last],
    )


@dataclass(frozen=True, eq=False)
class Draft:
    """How N sequences may go on; the keyframe that they start from is left out."""

    paths: Paths
    skill: Tensor  # (N, T) int64 index into ``hot.planning.SKILLS``: whose frame each is
    grasp: Tensor  # (N,) after it
    rest: Tensor  # (N,) after it
    broken: Dict[str, Tensor]
    """Masks (N,) of those that break a rule of the step's own."""
    spin: Optional[Tensor] = None  # (N, 4) by how much the object's end is turned from how the library holds it

    def select(self, rows: Tensor) -> Draft:
        """Some of them, by index or mask."""
        broken = {name: mask[rows] for name, mask in self.broken.items()}
        spin = None if self.spin is None else self.spin[rows]
        return Draft(self.paths.select(rows), self.skill[rows], self.grasp[rows], self.rest[rows], broken, spin)


Part = Tuple[str, Paths]
"""A piece of a path and the skill that it belongs to."""


def draft(parts: Sequence[Part], grasp: Tensor, rest: Tensor, broken: Dict[str, Tensor]) -> Draft:
    """Parts one after another."""
    paths = chain([part for _, part in parts], grasp=grasp, rest=rest)
    ends = torch.stack([part.length for _, part in parts], dim=1).cumsum(1)
    frame = torch.arange(paths.contact.shape[1], device=ends.device).expand(len(ends), -1)
    frame = torch.minimum(frame, ends[:, -1:] - 1)
    number = torch.tensor([SKILLS.index(skill) for skill, _ in parts], device=ends.device)
    skill = number[torch.searchsorted(ends, frame.contiguous(), right=True)]
    return Draft(paths, skill, grasp, rest, broken)


def clip_frames(paths: Paths, rows: slice) -> Paths:
    """Some frames of paths all of whose frames count."""
    names = [f.name for f in fields(Paths) if f.name not in ("length", "grasp", "rest")]
    cut: Dict[str, Tensor] = {name: getattr(paths, name)[:, rows] for name in names}
    return replace(paths, **cut, length=torch.full_like(paths.length, cut["contact"].shape[1]))
