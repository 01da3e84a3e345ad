"""Many clips of one hand and its objects, as one set of tensors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor
from typing_extensions import Protocol

from hot.errors import HotError
from hot.motions.velocities import angular_velocity, linear_velocity


class HandNames(Protocol):
    """What a motion needs to know of a hand; every ``HandSpec`` is one."""

    @property
    def name(self) -> str:
        """The hand's name."""
        ...

    @property
    def joint_names(self) -> Tuple[str, ...]:
        """Names of the D joints, the six of the wrist first."""
        ...

    @property
    def key_bodies(self) -> Tuple[str, ...]:
        """Names of the K key bodies, the wrist last."""
        ...


class Frames(NamedTuple):
    """Frames gathered from clips, with any leading batch shape; the fields are those of :class:`Motions`."""

    joint_pos: Tensor  # (..., D)
    joint_vel: Tensor  # (..., D)
    command: Tensor  # (..., D)
    key_pos_w: Tensor  # (..., K, 3)
    object_pos_w: Tensor  # (..., 3)
    object_quat_w: Tensor  # (..., 4)
    object_linvel_w: Tensor  # (..., 3)
    object_angvel_w: Tensor  # (..., 3)
    contact: Tensor  # (...)


FRAME_FIELDS = Frames._fields
"""Fields of :class:`Motions` with one row per frame."""
CLIP_FIELDS = ("clip_object", "clip_skill", "clip_grasp", "clip_rest")
"""Fields of :class:`Motions` with one entry per clip."""
OPTIONAL_FIELDS = ("frame_skill", "clip_source")
"""Fields of :class:`Motions` that only some sets have."""


@dataclass(frozen=True, eq=False)
class Motions:
    """M clips, S frames in all, of one hand of D joints and K key bodies.

    Clip m is the rows ``clip_start[m]:clip_start[m + 1]``. Float32 unless said otherwise.
    """

    hand: str
    joint_names: Tuple[str, ...]
    """The six of the wrist first (D)."""
    key_bodies: Tuple[str, ...]
    """The wrist last (K)."""
    fps: float
    """[1/s]"""
    objects: Tuple[str, ...]
    skills: Tuple[str, ...]
    clip_start: Tensor  # (M + 1,) int64, from 0 to S
    clip_object: Tensor  # (M,) int64 index into objects
    clip_skill: Tensor  # (M,) int64 index into skills
    clip_grasp: Tensor  # (M,) int64 number of the grasp it was made from, -1 unknown
    clip_rest: Tensor  # (M,) int64 number of the resting pose it was made from, -1 unknown
    joint_pos: Tensor  # (S, D) wrist slides = the wrist's position in the world [m]; hinges and fingers [rad]
    joint_vel: Tensor  # (S, D) [m/s], [rad/s]
    command: Tensor  # (S, D) drive targets that hold the grasp; equal to joint_pos where nothing is held
    key_pos_w: Tensor  # (S, K, 3) [m]
    object_pos_w: Tensor  # (S, 3) centre of mass [m]
    object_quat_w: Tensor  # (S, 4)
    object_linvel_w: Tensor  # (S, 3) [m/s]
    object_angvel_w: Tensor  # (S, 3) [rad/s]
    contact: Tensor  # (S,) int8: 1 the hand touches the object, 0 it does not, -1 either is fine
    meta: Dict[str, Any]
    """Where the clips come from: seed, generator and the like, as JSON values."""
    frame_skill: Optional[Tensor] = None
    """(S,) int64 index into skills, for clips that compose several skills; None where each clip is all of its own."""
    clip_source: Optional[Tensor] = None
    """(M,) int64 number of the clip that it is a roll-out of, in the file that ``meta`` names, -1 unknown; None where
    all clips were planned."""

    @property
    def skill_of_frames(self) -> Tensor:
        """The skill that each frame belongs to (S,), an index into ``skills``."""
        if self.frame_skill is not None:
            return self.frame_skill
        return self.clip_skill.repeat_interleave(self.lengths)

    @property
    def composed(self) -> Tensor:
        """Which clips are of several skills (M,) bool."""
        if self.frame_skill is None:
            return torch.zeros_like(self.clip_skill, dtype=torch.bool)
        first = self.frame_skill[self.clip_start[:-1]].repeat_interleave(self.lengths)
        others = torch.nn.functional.pad((self.frame_skill != first).cumsum(0), (1, 0))
        return others[self.clip_start].diff() > 0

    @property
    def num_clips(self) -> int:
        """M."""
        return len(self.clip_start) - 1

    @property
    def lengths(self) -> Tensor:
        """Frames of each clip (M,)."""
        return self.clip_start.diff()

    def at(self, clip_ids: Tensor, frames: Tensor) -> Frames:
        """Frames (N,) or (N, H) of clips (N,); a clip is held at its first and last frame, never run over."""
        first, last = self.clip_start[clip_ids], self.clip_start[clip_ids + 1] - 1
        if frames.dim() > clip_ids.dim():
            first, last = first[:, None], last[:, None]
        rows = torch.minimum(first + frames.clamp_min(0), last)
        return Frames(*(getattr(self, name)[rows] for name in FRAME_FIELDS))

    def select(self, clip_ids: Union[Tensor, Sequence[int]]) -> Motions:
        """The given clips (n,), in the given order; the catalogues of objects and skills stay whole."""
        ids = torch.as_tensor(clip_ids, dtype=torch.int64, device=self.clip_start.device)
        starts = _starts(self.lengths[ids])
        shift = (self.clip_start[ids] - starts[:-1]).repeat_interleave(starts.diff())
        rows = torch.arange(int(starts[-1]), device=ids.device) + shift
        chosen = {name: getattr(self, name)[ids] for name in CLIP_FIELDS}
        chosen.update({name: getattr(self, name)[rows] for name in FRAME_FIELDS})
        chosen["frame_skill"] = None if self.frame_skill is None else self.frame_skill[rows]
        chosen["clip_source"] = None if self.clip_source is None else self.clip_source[ids]
        return replace(self, clip_start=starts, **chosen)

    def to(self, device: Union[str, torch.device]) -> Motions:
        """The same clips on another device."""
        names = ["clip_start", *CLIP_FIELDS, *FRAME_FIELDS]
        names += [name for name in OPTIONAL_FIELDS if getattr(self, name) is not None]
        return replace(self, **{name: getattr(self, name).to(device) for name in names})

    def with_velocities(self) -> Motions:
        """The same clips with all velocities recomputed from positions, by central differences."""
        return replace(
            self,
            joint_vel=linear_velocity(self.joint_pos, self.clip_start, self.fps),
            object_linvel_w=linear_velocity(self.object_pos_w, self.clip_start, self.fps),
            object_angvel_w=angular_velocity(self.object_quat_w, self.clip_start, self.fps),
        )

    @staticmethod
    def concatenate(sets: Sequence[Motions]) -> Motions:
        """All clips of all sets in order; objects and skills are merged by name, differing ``meta`` are listed.

        Raises:
            HotError: there is no set, or the sets differ in hand, joints, key bodies or frame rate.
        """
        if not sets:
            raise HotError("no motions to join")
        for name in ("hand", "joint_names", "key_bodies", "fps"):
            first, *others = (getattr(each, name) for each in sets)
            odd = [other for other in others if other != first]
            if odd:
                raise HotError(f"cannot join motions that differ in {name}: {first} and {odd[0]}")
        objects, skills = _merged([s.objects for s in sets]), _merged([s.skills for s in sets])
        joined = {n: torch.cat([getattr(s, n) for s in sets]) for n in ("clip_grasp", "clip_rest", *FRAME_FIELDS)}
        return replace(
            sets[0],
            objects=objects,
            skills=skills,
            clip_start=_starts(torch.cat([s.lengths for s in sets])),
            clip_object=torch.cat([_renumbered(s.clip_object, s.objects, objects) for s in sets]),
            clip_skill=torch.cat([_renumbered(s.clip_skill, s.skills, skills) for s in sets]),
            meta=_joined_meta([s.meta for s in sets]),
            frame_skill=_joined_skills(sets, skills),
            clip_source=_joined_sources(sets),
            **joined,
        )


def _starts(lengths: Tensor) -> Tensor:
    """First rows of clips laid end to end (M + 1,) from their lengths (M,)."""
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])


def _merged(catalogues: Sequence[Tuple[str, ...]]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(name for catalogue in catalogues for name in catalogue))


def _renumbered(ids: Tensor, old: Tuple[str, ...], new: Tuple[str, ...]) -> Tensor:
    return torch.tensor([new.index(name) for name in old], dtype=torch.int64, device=ids.device)[ids]


def _joined_skills(sets: Sequence[Motions], skills: Tuple[str, ...]) -> Optional[Tensor]:
    """None if no set composes skills."""
    if all(s.frame_skill is None for s in sets):
        return None
    return torch.cat([_renumbered(s.skill_of_frames, s.skills, skills) for s in sets])


def _joined_sources(sets: Sequence[Motions]) -> Optional[Tensor]:
    """None if no set has any."""
    if all(s.clip_source is None for s in sets):
        return None
    return torch.cat([torch.full_like(s.clip_grasp, -1) if s.clip_source is None else s.clip_source for s in sets])


def _joined_meta(metas: List[Dict[str, Any]]) -> Dict[str, Any]:
    return metas[0] if all(meta == metas[0] for meta in metas) else {"joined": metas}
