"""Libraries of static grasps: one file for each hand and object."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch
from torch import Tensor

from hot.assets import data_root, packaged, read_tensors, write_tensors
from hot.errors import BadFileError
from hot.synthesis.transforms import Transform

_KIND = "grasps"


@dataclass(frozen=True, eq=False)
class Grasps:
    """G ways in which one hand holds one object, each validated by a lift and a shake in physics."""

    hand: str
    object: str
    fingers: Tensor
    """Finger joints at equilibrium (G, J) [rad]."""
    command: Tensor
    """Finger targets that hold the object (G, J) [rad]."""
    wrist_pos_o: Tensor
    """Wrist in the object frame (G, 3) [m]."""
    wrist_quat_o: Tensor
    """(G, 4)"""
    slip: Tensor
    """Largest displacement of the object in the wrist frame during the test (G,) [m]."""
    turn: Tensor
    """Largest turn of the object in the wrist frame during the test (G,) [rad]."""
    penetration: Tensor
    """Deepest overlap of hand and object (G,) [m]."""
    disturbance: Tensor
    """Acceleration in every direction that the grasp survived (G,) [m/s^2]."""
    contact: Tensor
    """Which of the hand's pads touch the object (G, P) bool."""
    contact_pos_o: Tensor
    """Places of the pads (G, P, 3) [m]."""
    contact_normal_o: Tensor
    """The object's outward normals there (G, P, 3)."""
    reach: Tensor
    """Whether a hand gets to the grasp over the table without a collision, from each resting pose (G, R) bool."""
    pickup: Tensor
    """Whether open loop lifted the object from each of its resting poses and set it down there (G, R) bool."""
    meta: Dict[str, Any]
    """Where the grasps come from: seed, candidates and the like, as JSON values."""

    def __len__(self) -> int:
        return len(self.fingers)

    @property
    def wrist_o(self) -> Transform:
        """The wrist in the object frame."""
        return self.wrist_pos_o, self.wrist_quat_o

    def select(self, rows: Tensor) -> Grasps:
        """Some of the grasps, by mask or index."""
        chosen = {name: getattr(self, name)[rows] for name in TENSORS}
        return Grasps(self.hand, self.object, **chosen, meta=self.meta)

    def to(self, device: Union[str, torch.device]) -> Grasps:
        """The same grasps on another device."""
        return Grasps(self.hand, self.object, **{n: getattr(self, n).to(device) for n in TENSORS}, meta=self.meta)

    def save(self, path: Optional[Path] = None) -> None:
        """Write to ``path``, or below the data folder, where :func:`load_grasps` looks first.

        Raises:
            BadFileError: the file cannot be written.
        """
        tensors = {name: getattr(self, name) for name in TENSORS}
        tensors.update({name: tensors[name].half() for name in _COARSE})
        meta = {"hand": self.hand, "object": self.object, **self.meta}
        write_tensors(path or data_root() / _relative(self.hand, self.object), _KIND, tensors, meta)


_COARSE = ("contact_pos_o", "contact_normal_o")
"""Kept in 16 bits in files: to 0.1 mm, which no other use of a grasp depends on."""
TENSORS = tuple(f.name for f in fields(Grasps) if f.name not in ("hand", "object", "meta"))


def has_grasps(hand: str, object_name: str) -> bool:
    """Whether a library of a hand and an object is in the data folder or ships."""
    return _library(hand, object_name).is_file()


def load_grasps(hand: str, object_name: str) -> Grasps:
    """The grasps of a hand and an object: the data folder's if there, else those that ship.

    Raises:
        BadFileError: there are none, or the file is damaged or of another hand or object.
    """
    path = _library(hand, object_name)
    if not path.is_file():
        make = f"hot data generate --hand {hand} --object {object_name} --new-grasps 24"
        raise BadFileError(path, f"no grasps of {object_name} with {hand}. Make some: {make}")
    return read_grasps(path, hand, object_name)


def read_grasps(path: Path, hand: str, object_name: str) -> Grasps:
    """The grasps of a hand and an object that a file holds.

    Raises:
        BadFileError: it is missing, damaged, or of another hand or object.
    """
    content = read_tensors(path, _KIND)
    meta = dict(content.meta)
    owner = (meta.pop("hand", None), meta.pop("object", None))
    if owner != (hand, object_name):
        raise BadFileError(path, f"holds grasps of {owner[1]} with {owner[0]}, not of {object_name} with {hand}")
    if set(content.tensors) != set(TENSORS):
        raise BadFileError(path, f"must hold exactly {', '.join(TENSORS)}")
    if not all(torch.isfinite(t.float()).all() for t in content.tensors.values()):
        raise BadFileError(path, "holds numbers that are not finite")
    tensors = {**content.tensors, **{name: content.tensors[name].float() for name in _COARSE}}
    return Grasps(hand, object_name, **tensors, meta=meta)


def _relative(hand: str, object_name: str) -> Path:
    return Path(_KIND) / hand / f"{object_name}.safetensors"


def _library(hand: str, object_name: str) -> Path:
    relative = _relative(hand, object_name)
    own, shipped = data_root() / relative, packaged(*relative.parts)
    return own if own.is_file() or not shipped.is_file() else shipped
