"""Motions on disk: the one format that data generation writes and every later stage reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple, Union

import torch
from pydantic import Field, ValidationError
from torch import Tensor
from typing_extensions import Literal

from hot.assets import TensorFile, read_tensors, write_tensors
from hot.config import Config
from hot.errors import BadFileError
from hot.motions.checks import check
from hot.motions.clips import CLIP_FIELDS, FRAME_FIELDS, OPTIONAL_FIELDS, HandNames, Motions

_KIND = "motions"
_TENSORS = ("clip_start", *CLIP_FIELDS, *FRAME_FIELDS)


class Header(Config):
    """What stands beside the tensors; ``version`` grows when a field changes its meaning."""

    version: Literal[1] = 1
    hand: str
    joint_names: Tuple[str, ...]
    key_bodies: Tuple[str, ...]
    fps: float = Field(gt=0)
    objects: Tuple[str, ...]
    skills: Tuple[str, ...]
    meta: Dict[str, Any]


def save_motions(path: Union[str, Path], motions: Motions) -> None:
    """Write clips to one file.

    Raises:
        BadFileError: the clips are malformed, or the file cannot be written.
    """
    check(motions, path)
    names = {name: getattr(motions, name) for name in Header.model_fields if name != "version"}
    header = Header(**names).model_dump(mode="json")
    # cloned because command may be the very tensor joint_pos, and safetensors refuses shared storage
    stored = [*_TENSORS, *(name for name in OPTIONAL_FIELDS if getattr(motions, name) is not None)]
    write_tensors(Path(path), _KIND, {name: getattr(motions, name) for name in stored}, header)


def load_motions(path: Union[str, Path], hand: Optional[HandNames] = None) -> Motions:
    """Read clips; with ``hand``, insist that they are made for it and bring joints and bodies into its order.

    Raises:
        BadFileError: the file is missing, damaged, of another kind or version, or made for another hand.
    """
    file = read_tensors(Path(path), _KIND)
    motions = _assemble(path, file)
    check(motions, path)
    return motions if hand is None else _fit_to(path, motions, hand)


def _assemble(path: Union[str, Path], file: TensorFile) -> Motions:
    try:
        header = Header.model_validate(file.meta)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadFileError(path, f"header: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    missing = [name for name in _TENSORS if name not in file.tensors]
    if missing:
        raise BadFileError(path, f"lacks {', '.join(missing)}")
    fields: Dict[str, Any] = {name: file.tensors[name] for name in _TENSORS}
    fields.update({name: getattr(header, name) for name in Header.model_fields if name != "version"})
    fields.update({name: file.tensors.get(name) for name in OPTIONAL_FIELDS})
    return Motions(**fields)


def _fit_to(path: Union[str, Path], motions: Motions, hand: HandNames) -> Motions:
    if motions.hand != hand.name:
        raise BadFileError(path, f"was made for the hand '{motions.hand}', not '{hand.name}'")
    joints = _order(path, "joint_names", motions.joint_names, hand.joint_names)
    bodies = _order(path, "key_bodies", motions.key_bodies, hand.key_bodies)
    by_joint: Dict[str, Tensor] = {n: getattr(motions, n)[:, joints] for n in ("joint_pos", "joint_vel", "command")}
    return replace(
        motions,
        joint_names=tuple(hand.joint_names),
        key_bodies=tuple(hand.key_bodies),
        key_pos_w=motions.key_pos_w[:, bodies],
        **by_joint,
    )


def _order(path: Union[str, Path], field: str, found: Sequence[str], wanted: Sequence[str]) -> Tensor:
    """Where each wanted name stands among the found ones."""
    problems: List[str] = []
    for what, names in (("lacks", set(wanted) - set(found)), ("has unknown", set(found) - set(wanted))):
        problems += [f"{what} {', '.join(sorted(names))}"] if names else []
    if problems:
        raise BadFileError(path, f"{field} {' and '.join(problems)}")
    return torch.tensor([list(found).index(name) for name in wanted], dtype=torch.int64)
