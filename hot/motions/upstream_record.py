"""One clip in the original release's formats: a dictionary of tensors, or the older table of columns.

Their quaternions are x y z w, and their wrist joints are relative to a hand base (root) that never moves.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.errors import BadFileError
from hot.motions.clips import HandNames
from hot.motions.hinges import continuous_hinges

ROOT_POS_W = (0.0, 0.0, 0.5)
"""Where the original release keeps the hand's base, unturned [m]."""

_UNIT_TOLERANCE = 1e-2


class UpstreamClip(NamedTuple):
    """What a record says of T frames, in this package's conventions, float32."""

    joint_pos: Tensor  # (T, D)
    key_pos_w: Tensor  # (T, K, 3)
    object_pos_w: Tensor  # (T, 3)
    object_quat_w: Tensor  # (T, 4)
    object_linvel_w: Optional[Tensor]  # (T, 3); None where the record has none
    contact: Tensor  # (T,) int8


def read_record(path: Path, hand: HandNames) -> UpstreamClip:
    """Read one ``.pt`` file; nothing in it is executed.

    Raises:
        BadFileError: damaged, not a record, or a value that is missing, misshapen or impossible, by its key.
    """
    content = _load(path)
    if isinstance(content, Tensor):
        content = _columns(path, content, hand)
    if not isinstance(content, dict):
        raise BadFileError(path, f"holds a {type(content).__name__} instead of a dictionary of tensors")
    return _convert(_Reader(path, content), hand)


def write_record(path: Path, clip: UpstreamClip) -> None:
    """Write the dictionary form, relative to the usual base. Raises OSError."""
    frames = len(clip.joint_pos)
    root_pos = torch.tensor(ROOT_POS_W).expand(frames, 3)
    record = {
        "root_pos": root_pos.clone(),
        "root_rot": torch.tensor([0.0, 0.0, 0.0, 1.0]).repeat(frames, 1),
        "wrist_dof": torch.cat([clip.joint_pos[:, :3] - root_pos, clip.joint_pos[:, 3:6]], dim=1),
        "fingers_dof": clip.joint_pos[:, 6:].clone(),
        "body_pos": clip.key_pos_w.flatten(1).clone(),
        "obj_pos": clip.object_pos_w.clone(),
        "obj_pos_vel": None if clip.object_linvel_w is None else clip.object_linvel_w.clone(),
        "obj_rot": clip.object_quat_w.roll(-1, dims=-1),
        "obj2_pos": torch.zeros(frames, 3),
        "obj2_rot": torch.zeros(frames, 4),
        "contact1": clip.contact[:, None].float(),
        "contact2": torch.zeros(frames, 1),
    }
    buffer = io.BytesIO()  # torch.save itself reports a full disk as a RuntimeError
    torch.save(record, buffer)
    path.write_bytes(buffer.getvalue())


class _Reader:
    """Checked access to a record's tensors."""

    def __init__(self, path: Path, record: Dict[str, Any]) -> None:
        self.path, self.record = path, record
        self.frames = len(self.tensor("root_pos", 3))

    def fail(self, key: str, problem: str) -> BadFileError:
        return BadFileError(self.path, f"{key} {problem}")

    def tensor(self, key: str, width: int) -> Tensor:
        """Value (T, width) float64, finite."""
        value = self.record.get(key)
        if not isinstance(value, Tensor):
            raise self.fail(key, "is missing" if value is None else f"is a {type(value).__name__}, not a tensor")
        frames = getattr(self, "frames", len(value) if value.dim() else 0)
        if tuple(value.shape) != (frames, width) or frames == 0:
            raise self.fail(key, f"has shape {tuple(value.shape)} instead of ({frames or 'frames'}, {width})")
        if not bool(value.isfinite().all()):
            frame = int((~value.isfinite().all(1)).nonzero()[0])
            raise self.fail(key, f"is not finite at frame {frame}")
        return value.double()

    def quaternion(self, key: str) -> Tensor:
        """Unit quaternions (T, 4), w x y z."""
        quat = self.tensor(key, 4).roll(1, dims=-1)
        if bool(((quat.norm(dim=-1) - 1).abs() > _UNIT_TOLERANCE).any()):
            raise self.fail(key, "is not a unit quaternion")
        return rotations.normalize(quat)


def _load(path: Path) -> Any:
    if not path.is_file():
        raise BadFileError(path, "no such motion file")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can raise any exception at all
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise BadFileError(path, f"is damaged or holds more than tensors ({reason})") from error


def _columns(path: Path, table: Tensor, hand: HandNames) -> Dict[str, Tensor]:
    """The older form: all columns side by side; the wrist may be left out of the key bodies, as upstream does."""
    widths = {"root_pos": 3, "root_rot": 4, "wrist_dof": 6, "fingers_dof": len(hand.joint_names) - 6}
    widths.update({"body_pos": 3 * (len(hand.key_bodies) - 1), "obj_pos": 3, "obj_rot": 4})
    widths.update({"obj2_pos": 3, "obj2_rot": 4, "contact1": 1, "contact2": 1})
    least = sum(widths.values())
    if table.dim() == 2 and table.shape[1] == least + 3:
        widths["body_pos"] += 3
    elif table.dim() != 2 or table.shape[1] != least:
        shape = f"(frames, {least}) or (frames, {least + 3})"
        raise BadFileError(path, f"the table has shape {tuple(table.shape)} instead of {shape} for {hand.name}")
    return dict(zip(widths, table.split(list(widths.values()), dim=1)))


def _convert(reader: _Reader, hand: HandNames) -> UpstreamClip:
    wrist_pos_w, hinges = _wrist(reader)
    fingers = reader.tensor("fingers_dof", len(hand.joint_names) - 6)
    linvel = None if reader.record.get("obj_pos_vel") is None else reader.tensor("obj_pos_vel", 3).float()
    return UpstreamClip(
        joint_pos=torch.cat([wrist_pos_w, hinges, fingers], dim=1).float(),
        key_pos_w=_key_bodies(reader, hand, wrist_pos_w).float(),
        object_pos_w=reader.tensor("obj_pos", 3).float(),
        object_quat_w=rotations.make_continuous(reader.quaternion("obj_rot"), dim=0).float(),
        object_linvel_w=linvel,
        contact=_contact(reader),
    )


def _wrist(reader: _Reader) -> Tuple[Tensor, Tensor]:
    """World position (T, 3) and world hinge angles (T, 3) of the wrist."""
    base, root_quat = reader.tensor("root_pos", 3), reader.quaternion("root_rot")
    slides, hinges = reader.tensor("wrist_dof", 6).split(3, dim=1)
    if bool((root_quat[:, 0].abs() < 1.0).any()):
        hinges = rotations.to_euler(rotations.multiply(root_quat, rotations.from_euler(hinges)))
    return base + rotations.rotate(root_quat, slides), continuous_hinges(hinges)


def _key_bodies(reader: _Reader, hand: HandNames, wrist_pos_w: Tensor) -> Tensor:
    """World positions (T, K, 3), the wrist put last where the record leaves it out."""
    value = reader.record.get("body_pos")
    bodies = len(hand.key_bodies)
    without_wrist = isinstance(value, Tensor) and value.dim() == 2 and value.shape[1] == 3 * (bodies - 1)
    positions = reader.tensor("body_pos", 3 * (bodies - 1 if without_wrist else bodies))
    if not bool(positions.any()):
        raise reader.fail("body_pos", "is all zero: take the file of the same name from the folder ending in _kp")
    positions = positions.unflatten(1, (-1, 3))
    return torch.cat([positions, wrist_pos_w[:, None]], dim=1) if without_wrist else positions


def _contact(reader: _Reader) -> Tensor:
    contact = reader.tensor("contact1", 1)[:, 0].round()
    if bool(((contact < -1) | (contact > 1)).any()):
        raise reader.fail("contact1", "is not -1, 0 or 1")
    return contact.to(torch.int8)
