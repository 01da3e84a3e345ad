"""Throwing an object to a place, and catching one that comes flying.

A catch is a throw run backwards: free fall is the same in both directions of time. In either, hand and object fall
freely side by side while the fingers open or close, so that neither pulls at the other; the hand meets or leaves the
object at a speed that grows from nothing.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Dict, Optional

import torch
from torch import Tensor

from hot import rotations
from hot.physics import CONTROL_DT
from hot.planning.checks import contact, pace
from hot.planning.config import TossConfig
from hot.planning.exits import Exits, find_exits, let_go
from hot.planning.keyframes import held, keyframe
from hot.planning.laws import Motion, ballistic, gravity, motion_at, quintic
from hot.planning.setting import Setting
from hot.planning.transitions import FREE, HELD, UNSURE, carry, chain, piece, wait
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import Transform, shortest_turn

_SWIFT = 0.01
"""Least distance of hand and object in the frames in which they move fast past each other [m]."""
_LEVER = 0.45
"""Share of the top speed's way that a swing takes: between the half of a steady gain and the least of a late one."""


class _Tosses:
    """What throws and catches of the split's grasps have in common."""

    def __init__(self, setting: Setting, config: TossConfig) -> None:
        self._setting, self._config = setting, config
        self._exits = find_exits(setting, config)

    def refuse(self, paths: Paths) -> Dict[str, Tensor]:
        """Masks (N,) of the paths that break each rule: beside the common ones, an object that would hit the table,
        and one that is swung harder than its grasp bears."""
        setting, pos, total = self._setting, paths.object_pos_w, self._config.frames
        free = (paths.contact[:, :1] == FREE).any()  # a catch begins with the free hand, a throw ends with it
        apart = range(self._config.stop_frames) if free else range(total - self._config.stop_frames, total)
        pull = pos.diff(n=2, dim=1) / CONTROL_DT**2 - gravity(pos[:, 0])[:, None]
        swung = (paths.contact[:, 1:-1] == HELD) * pull.norm(dim=-1)
        strength = setting.config.limits.load * setting.grasps.disturbance[paths.grasp]
        return {
            **pace(setting, paths),
            **contact(setting, paths, _SWIFT, apart),
            # A hand whose wrist is higher than it is long cannot touch the table.
            "table": paths.wrist_pos_w[..., 2].amin(1) < setting.clearance.reach + setting.config.table_clearance,
            "object at the table": pos[..., 2].amin(1) < setting.object_spec.radius + setting.config.table_clearance,
            "swung too hard": swung.amax(1) > strength,
        }

    def _toss(self, velocity: Tensor, grasps: Optional[Tensor] = None) -> Paths:
        """Swings that reach velocities (N, 3) [m/s], and what follows; by some of the grasps (N, G) bool, or by all
        ways out of the hand equally often."""
        setting, config, count = self._setting, self._config, len(velocity)
        if grasps is None:
            rows = setting.draws.evenly(torch.arange(len(self._exits.grasp)).to(setting.device), count)
        else:
            rows = (grasps[:, self._exits.grasp] * setting.draws.uniform(count, len(self._exits.grasp))).argmax(1)
        chosen = self._exits.select(rows)
        place = setting.places(count)
        place[:, 2] = setting.draws.uniform(count, low=config.height[0], high=config.height[1])
        release: Motion = (place, velocity, gravity(velocity))
        start = held(setting.grasps, chosen.grasp, (place, self._orientation(chosen, velocity)))
        swing = self._swing(release)
        quat = start.object[1][:, None].expand(count, swing.shape[1], 4)
        begin = held(setting.grasps, chosen.grasp, (swing[:, 0], start.object[1]))
        swung = carry(begin, (swing[:, 1:], quat[:, 1:]), swing.shape[1] - 1)
        falling = _falling(let_go(config, start, chosen), release)
        stopping = self._stop(falling, chosen, release)
        return chain([wait(begin, config.still_frames, HELD), swung, falling, stopping], chosen.grasp)

    def _orientation(self, exits: Exits, velocity: Tensor) -> Tensor:
        """Of the object (N, 4), such that it leaves the hand along the velocity, turned anyhow about it."""
        setting = self._setting
        along = torch.nn.functional.normalize(velocity, dim=-1)
        level = shortest_turn(exits.direction_h, along)
        roll = rotations.from_axis_angle(along, setting.yaws(len(velocity)))
        wrist = rotations.multiply(roll, level)
        inner = setting.grasps.wrist_quat_o[exits.grasp]
        return rotations.multiply(wrist, rotations.conjugate(inner))

    def _swing(self, release: Motion) -> Tensor:
        """Object's positions (N, T, 3) from rest to the release, both included."""
        frames = self._config.swing_frames
        seconds = torch.full_like(release[0][:, 0], frames * CONTROL_DT)
        still = torch.zeros_like(release[1])
        begin = release[0] - _LEVER * release[1] * seconds[:, None]
        time = CONTROL_DT * torch.arange(frames + 1, device=seconds.device)
        return quintic((begin, still, still), release, seconds, time.expand(len(seconds), -1))

    def _stop(self, falling: Paths, exits: Exits, release: Motion) -> Paths:
        """The hand comes to rest; the object flies on."""
        config, end = self._config, keyframe(falling, -1)
        parted = config.part_frames * CONTROL_DT
        fallen = motion_at(release, (config.open_frames + config.part_frames) * CONTROL_DT)
        back = config.part_acceleration * rotations.rotate(end.wrist[1], exits.direction_h)
        hand: Motion = (end.wrist[0], fallen[1] - parted * back, fallen[2] - back)
        seconds = torch.full_like(release[0][:, 0], config.stop_frames * CONTROL_DT)
        still = torch.zeros_like(release[1])
        rest = hand[0] + _LEVER * hand[1] * seconds[:, None]
        time = CONTROL_DT * torch.arange(1, config.stop_frames + 1, device=seconds.device)
        pos = quintic(hand, (rest, still, still), seconds, time.expand(len(seconds), -1))
        flown = ballistic(fallen, time)
        wrist: Transform = (pos, end.wrist[1][:, None].expand(*pos.shape[:2], 4))
        return piece(end, config.stop_frames, FREE, wrist, (flown, end.object[1][:, None].expand(*pos.shape[:2], 4)))


class Throws(_Tosses):
    """Throws to targets as far and as high as configured."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, setting.config.throw)

    def draw(self, count: int) -> Paths:
        """Candidates."""
        config, draws = self._setting.config.throw, self._setting.draws
        flight = draws.uniform(count, 1, low=config.flight[0], high=config.flight[1])
        way = draws.uniform(count, low=config.distance[0], high=config.distance[1])
        rise, heading = draws.uniform(count, low=config.rise[0], high=config.rise[1]), self._setting.yaws(count)
        target = torch.stack([way * heading.cos(), way * heading.sin(), rise], dim=-1)
        velocity = target / flight - 0.5 * gravity(target) * flight
        return led(self._setting, self._toss(velocity))


class Catches(_Tosses):
    """Objects that come down into the hand, at speeds and slopes as configured."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, setting.config.catch)

    def draw(self, count: int, grasps: Optional[Tensor] = None) -> Paths:
        """Candidates; by some of the grasps (N, G) bool where those are given and there is a way into one."""
        config, draws = self._setting.config.catch, self._setting.draws
        up = torch.tensor([0.0, 0.0, 1.0], device=self._setting.device).expand(count, 3)
        speed = draws.uniform(count, 1, low=config.speed[0], high=config.speed[1])
        thrown = self._toss(speed * draws.cone(up, config.cone), grasps)
        names = [f.name for f in fields(Paths) if f.name not in ("length", "grasp", "rest")]
        return led(self._setting, replace(thrown, **{name: getattr(thrown, name).flip(1) for name in names}))


def _falling(paths: Paths, release: Motion) -> Paths:
    """Paths in the frame that falls freely from a release, seen from the world."""
    time = CONTROL_DT * torch.arange(1, paths.contact.shape[1] + 1, device=paths.length.device)
    fallen = ballistic(release, time) - release[0][:, None]
    return replace(paths, wrist_pos_w=paths.wrist_pos_w + fallen, object_pos_w=paths.object_pos_w + fallen)


def led(setting: Setting, paths: Paths) -> Paths:
    """The same paths with the fingers' targets ahead, where they open or close, by what their drives lag."""
    lag = (setting.hand.damping / setting.hand.stiffness)[6:].to(paths.fingers)
    speed = torch.gradient(paths.fingers, spacing=CONTROL_DT, dim=1)[0]
    moving = (paths.contact == UNSURE)[..., None]
    return replace(paths, command=paths.command + moving * lag * speed)
