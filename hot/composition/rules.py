"""The rules that every step of a sequence obeys: those of clips of one skill, where it joins what was before too."""

from __future__ import annotations

from dataclasses import replace
from typing import Dict, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.composition.state import Draft, State
from hot.planning.checks import contact, pace
from hot.planning.setting import Setting
from hot.planning.transitions import HELD, chain, wait
from hot.synthesis.paths import Paths, hinge_angles

_STRIDE = 3
"""Every so-many-th frame is looked at for touches; ways into grasps and out of them were checked frame by frame."""
_SUNK = 0.003
"""How deep a carried object may reach into the table [m], which is what its resting poses do."""


def refuse(setting: Setting, state: State, drawn: Draft) -> Tuple[Dict[str, Tensor], Tensor]:
    """Masks (N,) of the drafts that break each rule, and the wrist's hinges (N, T, 3) along them."""
    joined = chain([wait(state.key, 1, HELD), drawn.paths])
    first = torch.where(state.grasp >= 0, HELD, drawn.paths.contact[:, 0].long()).to(torch.int8)
    joined = replace(joined, contact=torch.cat([first[:, None], joined.contact[:, 1:]], dim=1))
    looked = range(0, joined.contact.shape[1], _STRIDE)
    hinges, _ = hinge_angles(joined, state.hinges)
    broken = {
        **drawn.broken,
        **pace(setting, joined, state.hinges),
        **{f"{name} on the way": mask for name, mask in contact(setting, joined, frames=looked).items()},
        "object in the table": _sunk(setting, joined),
    }
    return broken, hinges[:, 1:]


def _sunk(setting: Setting, paths: Paths) -> Tensor:
    """Whether a held object reaches into the table in some looked-at frame (N,)."""
    pos, quat = paths.object_pos_w[:, ::_STRIDE], paths.object_quat_w[:, ::_STRIDE]
    held = paths.contact[:, ::_STRIDE] == HELD
    number, frame = (held & (pos[..., 2] < setting.object_spec.radius)).nonzero(as_tuple=True)
    corners = torch.from_numpy(setting.object_spec.mesh.vertices).float().to(setting.device)
    up = rotations.rotate_inverse(quat[number, frame], pos.new_tensor([0.0, 0.0, 1.0]))
    low = (up @ corners.T).amin(-1) + pos[number, frame, 2] if len(number) else pos.new_zeros(0)
    result = torch.zeros(len(pos), dtype=torch.int32, device=pos.device)
    return result.scatter_reduce(0, number, (low < -_SUNK).int(), "amax").bool()
