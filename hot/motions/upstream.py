"""Motions in the original release's layout: one ``.pt`` file per clip, its skill and object told by names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import List, NamedTuple, Tuple, Union

import torch

from hot.errors import BadFileError
from hot.motions.checks import check
from hot.motions.clips import FRAME_FIELDS, HandNames, Motions
from hot.motions.skills import SKILLS, Skill
from hot.motions.upstream_record import UpstreamClip, read_record, write_record
from hot.writing import write_atomically

UPSTREAM_FPS = 60.0
"""Frames a second of every upstream clip; the files do not say."""

_LIFT = 0.10
"""Height by which upstream raises the clips in folders named ``*higher*``, for a table there [m]; ours is at z = 0."""
_NAME = re.compile(r"(?P<label>\d{3})_(?P<object>[A-Za-z]\w*?)(?P<numbers>(_\d+)*(-\d+)?)")
_RESTED = re.compile(r"_(?P<rest>\d+)_(?P<grasp>\d+)-\d+")
_HELD = re.compile(r"_(?P<grasp>\d+)_\d+(_\d+)?")


class _Origin(NamedTuple):
    """What a clip's path says."""

    skill: Skill
    object: str
    grasp: int
    rest: int


def load_upstream(path: Union[str, Path], hand: HandNames) -> Motions:
    """Clips of one upstream file, or of all ``.pt`` files below a folder by the last number of their names.

    Upstream's joint and key-body orders are those of the shipped hands. Velocities that a file lacks are
    central differences; the drive command is the joint position. Clips in a folder named ``*higher*`` are
    lowered by the 0.10 m that upstream raised them. Object poses stay those of upstream's mesh origin.

    Raises:
        BadFileError: a file is missing, damaged, not of this hand, or badly named; the message names the key.
    """
    path = Path(path)
    files = [path] if not path.is_dir() else sorted(path.rglob("*.pt"), key=_last_number_first)
    if not files:
        raise BadFileError(path, "holds no .pt file")
    motions = Motions.concatenate([_load_clip(file, hand) for file in files])
    check(motions, path)
    return motions


def save_upstream(folder: Union[str, Path], motions: Motions) -> Tuple[Path, ...]:
    """Write each clip to ``<folder>/<object>/<skill>_kp/`` in upstream's naming; return the paths in clip order.

    Upstream's format has no drive commands and no frame rate; the former are lost.

    Raises:
        BadFileError: the frame rate is not 60, or a file cannot be written.
    """
    if motions.fps != UPSTREAM_FPS:
        raise BadFileError(
            folder, f"upstream's clips run at {UPSTREAM_FPS:g} frames a second, these at {motions.fps:g}"
        )
    check(motions, folder)
    paths: List[Path] = []
    for clip in range(motions.num_clips):
        paths.append(Path(folder) / _clip_path(motions, clip))
        rows = slice(int(motions.clip_start[clip]), int(motions.clip_start[clip + 1]))
        record = UpstreamClip(*(getattr(motions, name)[rows].cpu() for name in UpstreamClip._fields))
        with write_atomically(paths[-1]) as temporary:
            write_record(temporary, record)
    return tuple(paths)


def _last_number_first(path: Path) -> Tuple[int, str]:
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else -1, str(path)


def _load_clip(path: Path, hand: HandNames) -> Motions:
    origin = _origin(path)
    record = _lowered(read_record(path, hand)) if "higher" in path.parent.name else read_record(path, hand)
    frames = len(record.joint_pos)
    blank = {name: torch.zeros(frames, 3) for name in FRAME_FIELDS}
    blank.update({name: value for name, value in record._asdict().items() if value is not None})
    blank.update(joint_vel=record.joint_pos, command=record.joint_pos)
    motions = Motions(
        hand=hand.name,
        joint_names=tuple(hand.joint_names),
        key_bodies=tuple(hand.key_bodies),
        fps=UPSTREAM_FPS,
        objects=(origin.object,),
        skills=(origin.skill.name,),
        clip_start=torch.tensor([0, frames]),
        clip_object=torch.tensor([0]),
        clip_skill=torch.tensor([0]),
        clip_grasp=torch.tensor([origin.grasp]),
        clip_rest=torch.tensor([origin.rest]),
        meta={"origin": "upstream"},
        **blank,
    ).with_velocities()
    return motions if record.object_linvel_w is None else replace(motions, object_linvel_w=record.object_linvel_w)


def _lowered(clip: UpstreamClip) -> UpstreamClip:
    for heights in (clip.joint_pos[:, 2], clip.key_pos_w[..., 2], clip.object_pos_w[:, 2]):
        heights -= _LIFT
    return clip


def _origin(path: Path) -> _Origin:
    """Skill label from the first three characters; object from the name, or else from the folder two levels up."""
    skills = {f"{skill.label:03d}": skill for skill in SKILLS}
    if path.stem[:3] not in skills:
        known = ", ".join(f"{label} {skill.name}" for label, skill in skills.items())
        raise BadFileError(path, f"the name begins with no known skill label ({known})")
    name = _NAME.fullmatch(path.stem)
    thing = name["object"] if name else path.absolute().parent.parent.name
    numbers = name["numbers"] if name else ""
    match = _RESTED.fullmatch(numbers) or _HELD.fullmatch(numbers)
    found = match.groupdict() if match else {}
    return _Origin(skills[path.stem[:3]], thing.capitalize(), int(found.get("grasp", -1)), int(found.get("rest", -1)))


def _clip_path(motions: Motions, clip: int) -> Path:
    thing = motions.objects[int(motions.clip_object[clip])].lower()
    skill = next(s for s in SKILLS if s.name == motions.skills[int(motions.clip_skill[clip])])
    grasp, rest = int(motions.clip_grasp[clip]), int(motions.clip_rest[clip])
    numbers = f"{clip}" if grasp < 0 else f"{grasp}_{clip}" if rest < 0 else f"{rest}_{grasp}-{clip}"
    return Path(thing) / f"{skill.name}_kp" / f"{skill.label:03d}_{thing}_{numbers}.pt"
