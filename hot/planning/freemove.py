"""A free hand that moves and reshapes above an object at rest."""

from __future__ import annotations

from typing import Dict

import torch
from torch import Tensor

from hot import rotations
from hot.physics import CONTROL_DT
from hot.planning.checks import contact, pace
from hot.planning.keyframes import Keyframe
from hot.planning.setting import Setting
from hot.planning.transitions import FREE, chain, piece, shares, wait
from hot.synthesis.paths import Paths
from hot.synthesis.timeline import smooth


class FreeMoves:
    """Motions between shapes on the way from the open hand to grasps of the split.

    The wrist goes from one random pose to another no farther than the mean speed allows, smoothly; the object
    rests in any pose anywhere on the table.
    """

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def draw(self, count: int) -> Paths:
        """Candidates."""
        setting, config, draws = self._setting, self._setting.config, self._setting.draws
        rows, frames = draws.evenly(setting.rows, count), config.freemove_frames
        seconds = frames * CONTROL_DT
        first, last = setting.places(count), setting.places(count)
        way = (last - first).norm(dim=-1, keepdim=True).clamp_min(1e-6)
        last = first + (last - first) * (config.speed * seconds / way).clamp_max(1.0)
        turn = rotations.to_vector(draws.rotations(count))
        turn = turn * (config.turn_speed * seconds / turn.norm(dim=-1, keepdim=True).clamp_min(1e-6)).clamp_max(1.0)
        opened = setting.hand.open_fingers.to(setting.device)
        shapes = [torch.lerp(opened, setting.grasps.fingers[rows], draws.uniform(count, 1)) for _ in range(2)]
        rest = draws.integers(len(setting.resting), count)
        start = Keyframe((first, draws.rotations(count)), setting.on_table(rest), shapes[0], shapes[0])
        share = smooth(shares(frames - 1, count, setting.device))[..., None]
        quat = rotations.multiply(start.wrist[1][:, None], rotations.from_vector(turn[:, None] * share))
        moved = piece(
            start,
            frames - 1,
            FREE,
            wrist=(torch.lerp(first[:, None], last[:, None], share), quat),
            fingers=torch.lerp(shapes[0][:, None], shapes[1][:, None], share),
        )
        return chain([wait(start, 1, FREE), moved], rest=rest)

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the paths that break each rule."""
        setting = self._setting
        return {**pace(setting, paths), **contact(setting, paths, setting.config.preshape_margin)}
