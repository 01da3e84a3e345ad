"""Paths of objects that are thrown up: swing, free fall side by side, parting, and the same backwards.

A thrown object is caught by the way in which it was let go, run backwards: the hand stays under the ballistic path, and
seen from the falling object it falls back, turns round and comes again.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from hot import rotations
from hot.composition.state import clip_frames
from hot.physics import CONTROL_DT
from hot.planning.config import TossConfig, TossUpConfig
from hot.planning.exits import Exits, let_go
from hot.planning.keyframes import Keyframe, held, keyframe
from hot.planning.laws import Motion, ballistic, gravity, motion_at, quintic
from hot.planning.setting import Setting
from hot.planning.tossing import led
from hot.planning.transitions import FREE, HELD, carry, chain, piece, wait
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import Transform, shortest_turn

_LEVER = 0.45
"""Share of the top speed's way that a swing takes, as in a throw of its own."""
_STEADY = 10
"""Frames of rest before a swing and after one."""


@dataclass(frozen=True, eq=False)
class Tossed:
    """What becomes of thrown objects, from rest to rest."""

    paths: Paths
    apart: range
    """Frames in which the hand is away from the object."""


def upward(config: TossUpConfig, place: Tensor, drift: Tensor) -> Motion:
    """Where the swing ends, at places (N, 3), so that the object is as high again when it has been caught.

    Args:
        drift: velocity along the ground (N, 2) [m/s].
    """
    down = gravity(place)
    up = -0.5 * down[:, 2:] * _flight_frames(config) * CONTROL_DT
    return place, torch.cat([drift, up], dim=1), down


def leaving(setting: Setting, exits: Exits, along: Tensor, roll: Tensor) -> Tensor:
    """Orientations of the object (N, 4) in which it leaves the hand along directions (N, 3), turned about them by
    ``roll`` (N,) [rad]."""
    turn = rotations.from_axis_angle(along, roll)
    wrist = rotations.multiply(turn, shortest_turn(exits.direction_h, along))
    return rotations.multiply(wrist, rotations.conjugate(setting.grasps.wrist_quat_o[exits.grasp]))


def _flight_frames(config: TossUpConfig) -> int:
    """From the end of the swing up to the beginning of the one that slows the caught object down."""
    return 2 * config.beside_frames + config.turn_frames


def toss_up(setting: Setting, exits: Exits, release: Motion, quat: Tensor) -> Tossed:
    """Swing, fall side by side, part, turn round under the object, come again, slow down; the grasp stays the same.

    Args:
        release: of the object where the swing ends, such as :func:`upward`.
        quat: the object's orientation (N, 4).
    """
    config = setting.config.toss_up
    half, flight = config.beside_frames, _flight_frames(config)
    start = held(setting.grasps, exits.grasp, (release[0], quat))
    swing = _swing(config, start, release, backwards=False)
    away = _falling(_beside(config, start, exits), release, torch.arange(1, half + 1))
    closing = config.model_copy(update={"unload_frames": 0})  # as catches of their own close: in all of the frames
    coming = _backwards(_beside(closing, start, exits), start)
    back = _falling(coming, release, torch.arange(flight - half + 1, flight + 1))
    turn = _turned_round(away, exits, release, config)
    caught = motion_at(release, flight * CONTROL_DT)
    slowed = _swing(config, _moved(start, caught[0]), caught, backwards=True)
    begin, end = keyframe(swing, 0), keyframe(slowed, -1)
    parts = [wait(begin, _STEADY, HELD), swing, away, turn, back, slowed, wait(end, _STEADY, HELD)]
    first = _STEADY + config.swing_frames + 1 + half
    return Tossed(led(setting, chain(parts)), range(first, first + config.turn_frames))


def toss_down(setting: Setting, exits: Exits, release: Motion, landed: Transform, falls: Tensor) -> Tossed:
    """Swing, fall side by side, part, stop; the object flies on, lands, and lies.

    Args:
        falls: frames (N,) from the end of the swing to landing.
        landed: pose (N, 3), (N, 4) in which it flies and lands.
    """
    config = setting.config.toss_up
    start = held(setting.grasps, exits.grasp, (release[0], landed[1]))
    swing = _swing(config, start, release, backwards=False)
    away = _falling(_beside(config, start, exits), release, torch.arange(1, config.beside_frames + 1))
    stop = _stopped(away, exits, release, config, falls, landed)
    whole = chain([wait(keyframe(swing, 0), _STEADY, HELD), swing, away, stop, wait(keyframe(stop, -1), _STEADY, FREE)])
    first = _STEADY + config.swing_frames + 1 + config.beside_frames
    return Tossed(led(setting, whole), range(first, first + config.stop_frames))


def _beside(config: TossUpConfig, start: Keyframe, exits: Exits) -> Paths:
    """Held on, let go and parted, as seen from the falling object."""
    return chain([wait(start, config.fall_frames, HELD), let_go(config, start, exits)])


def _moved(key: Keyframe, pos: Tensor) -> Keyframe:
    """The hand and its object moved as one, so that the object is at ``pos`` (N, 3)."""
    shift = pos - key.object[0]
    return Keyframe((key.wrist[0] + shift, key.wrist[1]), (pos, key.object[1]), key.fingers, key.command)


def _swing(config: TossConfig, start: Keyframe, release: Motion, backwards: bool) -> Paths:
    """From rest to a state of motion, or backwards from it to rest; the first includes the frame of rest."""
    frames, count = config.swing_frames, len(release[0])
    seconds = torch.full_like(release[0][:, 0], frames * CONTROL_DT)
    still = torch.zeros_like(release[1])
    lever = _LEVER * release[1] * seconds[:, None]
    first = 1 if backwards else 0
    time = (CONTROL_DT * torch.arange(first, frames + 1, device=seconds.device)).expand(count, -1)
    rest: Motion = (release[0] + lever if backwards else release[0] - lever, still, still)
    ends = (release, rest) if backwards else (rest, release)
    pos = quintic(*ends, seconds, time)
    return carry(start, (pos, start.object[1][:, None].expand(*pos.shape[:2], 4)), pos.shape[1])


def _falling(paths: Paths, release: Motion, frames: Tensor) -> Paths:
    """Paths in the frame that falls freely since a release, seen from the world, at frames (T,) after it."""
    fallen = ballistic(release, CONTROL_DT * frames.to(release[0])) - release[0][:, None]
    return replace(paths, wrist_pos_w=paths.wrist_pos_w + fallen, object_pos_w=paths.object_pos_w + fallen)


def _backwards(parted: Paths, start: Keyframe) -> Paths:
    """The way back into the hand: from the last frame but one of the way out to where it began."""
    whole = chain([wait(start, 1, HELD), clip_frames(parted, slice(0, -1))])
    names = [f.name for f in fields(Paths) if f.name not in ("length", "grasp", "rest")]
    return replace(whole, **{name: getattr(whole, name).flip(1) for name in names})


def _turned_round(away: Paths, exits: Exits, release: Motion, config: TossUpConfig) -> Paths:
    """The free hand turns round under the object: seen from it, at constant acceleration."""
    end = keyframe(away, -1)
    seconds = config.turn_frames * CONTROL_DT
    time = CONTROL_DT * torch.arange(1, config.turn_frames + 1, device=away.length.device)
    direction = rotations.rotate(end.wrist[1], exits.direction_h)
    speed = config.part_frames * CONTROL_DT * config.part_acceleration
    fallen = ballistic(motion_at(release, config.beside_frames * CONTROL_DT), time)
    aside = speed * time * (time / seconds - 1.0)  # from falling back at the speed to coming again at it
    pos = end.wrist[0][:, None] + fallen - end.object[0][:, None] + aside[:, None] * direction[:, None]
    return piece(end, config.turn_frames, FREE, wrist=_still(pos, end.wrist[1]), object_w=_still(fallen, end.object[1]))


def _stopped(
    away: Paths, exits: Exits, release: Motion, config: TossUpConfig, falls: Tensor, landed: Transform
) -> Paths:
    """The free hand comes to rest; the object flies on, lands, and lies."""
    end, frames = keyframe(away, -1), config.stop_frames
    after = config.beside_frames
    fallen = motion_at(release, after * CONTROL_DT)
    back = config.part_acceleration * rotations.rotate(end.wrist[1], exits.direction_h)
    hand: Motion = (end.wrist[0], fallen[1] - config.part_frames * CONTROL_DT * back, fallen[2] - back)
    seconds = torch.full_like(release[0][:, 0], frames * CONTROL_DT)
    still = torch.zeros_like(release[1])
    rest = hand[0] + _LEVER * hand[1] * seconds[:, None]
    number = torch.arange(1, frames + 1, device=falls.device)
    pos = quintic(hand, (rest, still, still), seconds, (CONTROL_DT * number).expand(len(falls), -1))
    down = (after + number)[None] >= falls[:, None]
    flown = torch.where(down[..., None], landed[0][:, None], ballistic(fallen, CONTROL_DT * number))
    return piece(end, frames, FREE, wrist=_still(pos, end.wrist[1]), object_w=_still(flown, end.object[1]))


def _still(pos: Tensor, quat: Tensor) -> Transform:
    return pos, quat[:, None].expand(*pos.shape[:2], 4)
