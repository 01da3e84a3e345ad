"""What a roll-out yields."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Union

import torch
from torch import Tensor


@dataclass(frozen=True)
class Trace:
    """What happened and what was asked, frame by frame: T frames, N clips, K key bodies.

    Row t holds the state after step t beside the reference of the same instant (no lag). After a clip's end its last
    row is repeated.
    """

    hand: str
    object: str
    skill: str
    clip_ids: Tensor  # (N,) index of each clip in the motion set that was rolled out
    valid: Tensor  # (T, N) bool: the clip still runs at this frame
    diverged: Tensor  # (T, N) bool: the engine gave the world up
    targets: Tensor  # (T, N, D) drive targets that were sent for the step
    joint_pos: Tensor  # (T, N, D)
    joint_vel: Tensor  # (T, N, D)
    key_pos_w: Tensor  # (T, N, K, 3), the wrist last
    object_pos_w: Tensor  # (T, N, 3)
    object_quat_w: Tensor  # (T, N, 4)
    object_linvel_w: Tensor  # (T, N, 3)
    object_angvel_w: Tensor  # (T, N, 3)
    touching: Tensor  # (T, N) bool
    ref_joint_pos: Tensor  # (T, N, D)
    ref_key_pos_w: Tensor  # (T, N, K, 3)
    ref_object_pos_w: Tensor  # (T, N, 3)
    ref_object_quat_w: Tensor  # (T, N, 4)
    reward: Tensor  # (T, N)

    def to(self, device: Union[str, torch.device]) -> Trace:
        """The same trace on another device."""
        columns = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(self, **{k: value.to(device) for k, value in columns.items() if isinstance(value, Tensor)})
