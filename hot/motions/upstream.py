"""Motions in the original release's layout: one ``.pt`` file per clip, its skill and object told by names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Collection, List, Optional, Sequence, Tuple, Union

import torch
from torch import Tensor

from hot.errors import BadFileError
from hot.motions.checks import check
from hot.motions.clips import HandNames, Motions
from hot.motions.upstream_names import Origin, clip_path, is_static, origin_of
from hot.motions.upstream_record import UpstreamClip, read_record, write_record
from hot.progress import Progress, silent
from hot.writing import write_atomically

UPSTREAM_FPS = 60.0
"""Frames a second of every upstream clip; the files do not say."""

_LIFT = 0.10
"""Height by which upstream raises the clips in folders named ``*higher*``, for a table there [m]; ours is at z = 0."""


def load_upstream(
    path: Union[str, Path],
    hand: HandNames,
    skills: Optional[Collection[str]] = None,
    object_name: Optional[str] = None,
    progress: Progress = silent,
) -> Motions:
    """Clips of one upstream file, or of all ``.pt`` files below a folder by the last number of their names.

    Upstream's joint and key-body orders are those of the shipped hands. Velocities that a file lacks are
    central differences; the drive command is the joint position. Clips in a folder named ``*higher*`` are
    lowered by the 0.10 m that upstream raised them. Object poses stay those of upstream's mesh origin.

    Args:
        skills: names; files whose label is another one's are not opened. None for all.
        object_name: in any case; files of other objects are not opened. None for all.

    Raises:
        BadFileError: a file is missing, damaged, not of this hand, or badly named, the message names the key; or
            there is none that was asked for.
    """
    path = Path(path)
    files = upstream_files(path) if path.is_dir() else [path]
    if not files:
        raise BadFileError(path, "holds no .pt file")
    clips = [(file, origin_of(file)) for file in files if skills is None or not is_static(file)]
    if object_name is not None:
        there = sorted({origin.object for _, origin in clips})
        clips = [(file, origin) for file, origin in clips if origin.object.lower() == object_name.lower()]
        if not clips:
            raise BadFileError(path, f"holds clips with {', '.join(there) or 'nothing'}, not with {object_name}")
    if skills is not None:
        there = sorted({origin.skill.name for _, origin in clips})
        clips = [(file, origin) for file, origin in clips if origin.skill.name in skills]
        if not clips:
            asked, known = " or ".join(skills), ", ".join(there) or "none of any skill"
            raise BadFileError(path, f"holds no {asked} clips, but {known}; choose with --skill")
    return _load_clips(clips, hand, path, progress)


def upstream_files(folder: Path) -> List[Path]:
    """All ``.pt`` files below a folder, by the last number of their names."""
    return sorted(folder.rglob("*.pt"), key=_last_number_first)


def _load_clips(clips: Sequence[Tuple[Path, Origin]], hand: HandNames, source: object, progress: Progress) -> Motions:
    """Clips of some files, in their order; ``source`` is blamed for what is wrong with all together."""
    records: List[UpstreamClip] = []
    for number, (file, origin) in enumerate(clips):
        record = read_record(file, hand)
        records.append(_moved_up(record, -_LIFT) if origin.raised else record)
        progress("reading clips", number + 1, len(clips), {})
    motions = _joined(records, [origin for _, origin in clips], hand)
    check(motions, source)
    return motions


def save_upstream(folder: Union[str, Path], motions: Motions, raised: bool = False) -> Tuple[Path, ...]:
    """Write each clip to ``<folder>/<object>/<skill>_kp/`` in upstream's naming; return the paths in clip order.

    Upstream's format has no drive commands and no frame rate; the former are lost.

    Args:
        raised: write to ``<skill>_higher_kp``, 0.10 m higher: upstream's environment has a table there.

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
        paths.append(Path(folder) / clip_path(motions, clip, raised))
        rows = slice(int(motions.clip_start[clip]), int(motions.clip_start[clip + 1]))
        record = UpstreamClip(*(getattr(motions, name)[rows].cpu() for name in UpstreamClip._fields))
        with write_atomically(paths[-1]) as temporary:
            write_record(temporary, _moved_up(record, _LIFT) if raised else record)
    return tuple(paths)


def _moved_up(clip: UpstreamClip, height: float) -> UpstreamClip:
    """The clip with hand and object shifted along z [m]."""
    shift = torch.tensor([0.0, 0.0, height])
    wrist = torch.nn.functional.pad(shift, (0, clip.joint_pos.shape[1] - 3))
    return clip._replace(
        joint_pos=clip.joint_pos + wrist,
        key_pos_w=clip.key_pos_w + shift,
        object_pos_w=clip.object_pos_w + shift,
    )


def _last_number_first(path: Path) -> Tuple[int, str]:
    numbers = re.findall(r"\d+", path.stem)
    return int(numbers[-1]) if numbers else -1, str(path)


def _joined(records: Sequence[UpstreamClip], origins: Sequence[Origin], hand: HandNames) -> Motions:
    """Velocities that a record has are kept, all others are differences."""
    objects = tuple(dict.fromkeys(origin.object for origin in origins))
    skills = tuple(dict.fromkeys(origin.skill.name for origin in origins))
    joint_pos, key_pos, pos, quat = (
        torch.cat([getattr(record, name) for record in records])
        for name in ("joint_pos", "key_pos_w", "object_pos_w", "object_quat_w")
    )
    blank = torch.zeros_like(pos)
    motions = Motions(
        hand=hand.name,
        joint_names=tuple(hand.joint_names),
        key_bodies=tuple(hand.key_bodies),
        fps=UPSTREAM_FPS,
        objects=objects,
        skills=skills,
        clip_start=torch.tensor([0, *(len(record.joint_pos) for record in records)]).cumsum(0),
        clip_object=torch.tensor([objects.index(origin.object) for origin in origins]),
        clip_skill=torch.tensor([skills.index(origin.skill.name) for origin in origins]),
        clip_grasp=torch.tensor([origin.grasp for origin in origins]),
        clip_rest=torch.tensor([origin.rest for origin in origins]),
        joint_pos=joint_pos,
        joint_vel=joint_pos,
        command=joint_pos,
        key_pos_w=key_pos,
        object_pos_w=pos,
        object_quat_w=quat,
        object_linvel_w=blank,
        object_angvel_w=blank,
        contact=torch.cat([record.contact for record in records]),
        meta={"origin": "upstream"},
    ).with_velocities()
    return replace(motions, object_linvel_w=_recorded(records, motions.object_linvel_w, motions.lengths))


def _recorded(records: Sequence[UpstreamClip], derived: Tensor, lengths: Tensor) -> Tensor:
    """The velocities (S, 3) that records have, and the derived ones of those that have none."""
    parts = derived.split(lengths.tolist())
    return torch.cat([p if r.object_linvel_w is None else r.object_linvel_w for r, p in zip(records, parts)])
