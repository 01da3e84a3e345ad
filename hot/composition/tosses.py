"""Objects thrown up and caught again, let fall onto the table, or caught as they come flying.

A thrown object is caught by the way in which it was let go, run backwards: the hand stays under the ballistic path, and
seen from the falling object it falls back, turns round and comes again. What is not caught falls in the orientation of
a resting pose, lands, and stays where it lands: a reference that no object keeps to that bounces.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Dict, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.composition.bridges import carry_to
from hot.composition.repertoire import Repertoire
from hot.composition.state import Draft, State, clip_frames, draft
from hot.composition.steps import Ahead
from hot.composition.targets import RANDOM, choose, lying_at
from hot.physics import CONTROL_DT
from hot.planning.checks import contact
from hot.planning.config import TossConfig
from hot.planning.exits import Exits, let_go
from hot.planning.keyframes import Keyframe, held, keyframe
from hot.planning.laws import Motion, ballistic, gravity, motion_at, quintic
from hot.planning.setting import Setting
from hot.planning.tossing import Catches, led
from hot.planning.transitions import FREE, HELD, carry, chain, piece, wait
from hot.synthesis.paths import Paths
from hot.synthesis.transforms import Transform, shortest_turn

_BETWEEN = 6
"""Frames between parting and coming again: at 16 m/s^2 either way the hand turns round at 32 m/s^2."""
_LEVER = 0.45
"""Share of the top speed's way that a swing takes, as in a throw of its own."""
_STEADY = 10
"""Frames of rest before a swing and after one."""
_DRIFT = 0.15
"""Most speed along the ground of what is thrown up [m/s]."""
_TILT = 0.2
"""Half angle of the cone about the vertical in which the way out of the hand points [rad]."""
_HEIGHT = (0.75, 0.95)
"""At which an object that is to be caught is let go [m]."""
_FALLS = (15, 20)
"""Frames from letting go to landing."""
_ALONG = 0.5
"""Its most speed along either axis of the ground [m/s]."""
_LIFTS = (0.3, 0.8)
"""Upward speed with which an object is let go that is to land [m/s]."""


def throw_and_catch(repertoire: Repertoire, state: State, ahead: Ahead, detour: Tensor) -> Draft:
    """Carry, swing, let go, follow under the object, catch, and swing to rest; the grasp stays the same."""
    setting, config = repertoire.setting, repertoire.setting.config.throw
    count, half = len(state.rest), config.open_frames + config.part_frames
    exits, none = _exits(repertoire, state.grasp)
    flight = 2 * half + _BETWEEN
    release = _upward(setting, count, flight)
    start = held(setting.grasps, exits.grasp, (release[0], _up(setting, exits)))
    swing = _swing(config, start, release, backwards=False)
    parted = let_go(config, start, exits)
    away = _falling(parted, release, torch.arange(1, half + 1))
    back = _falling(_backwards(parted, start), release, torch.arange(flight - half + 1, flight + 1))
    turn = _turned_round(away, exits, release, config)
    caught = motion_at(release, flight * CONTROL_DT)
    slowed = _swing(config, replace_object(start, caught[0]), caught, backwards=True)
    begin = keyframe(swing, 0)
    tossed = led(setting, chain([wait(begin, _STEADY, HELD), swing, away, turn, back, slowed]))
    apart = range(_STEADY + config.swing_frames + 1 + half, _STEADY + config.swing_frames + 1 + half + _BETWEEN)
    cut = apart.start + _BETWEEN // 2
    bridge = carry_to(setting, state.key, begin.object, detour)
    parts = [
        ("move", bridge),
        ("throw", clip_frames(tossed, slice(0, cut))),
        ("catch", chain([clip_frames(tossed, slice(cut, None)), wait(keyframe(tossed, -1), _STEADY, HELD)])),
    ]
    broken = {"no way out of the hand": none, **_refused(setting, tossed, exits.grasp, apart)}
    return draft(parts, state.grasp, state.rest, broken)


def throw_down(repertoire: Repertoire, state: State, ahead: Ahead, detour: Tensor) -> Draft:
    """Carry, swing a little, let go over the table; the object lands in a resting pose and stays."""
    setting, config, draws = repertoire.setting, repertoire.setting.config.throw, repertoire.setting.draws
    count = len(state.rest)
    exits, none = _exits(repertoire, state.grasp)
    rest, nowhere = choose(setting, ahead.rests)
    landed, _ = lying_at(setting, rest, RANDOM, RANDOM)
    falls = _FALLS[0] + draws.integers(_FALLS[1] - _FALLS[0] + 1, count)
    seconds = CONTROL_DT * falls[:, None].float()
    velocity = torch.cat(
        [draws.uniform(count, 2, low=-_ALONG, high=_ALONG), draws.uniform(count, 1, low=_LIFTS[0], high=_LIFTS[1])], 1
    )
    down = gravity(velocity)
    release: Motion = (landed[0] - velocity * seconds - 0.5 * down * seconds**2, velocity, down)
    start = held(setting.grasps, exits.grasp, (release[0], landed[1]))
    swing = _swing(config, start, release, backwards=False)
    half = config.open_frames + config.part_frames
    away = _falling(let_go(config, start, exits), release, torch.arange(1, half + 1))
    stop = _stopped(away, exits, release, config, falls, landed)
    begin = keyframe(swing, 0)
    tossed = led(setting, chain([wait(begin, _STEADY, HELD), swing, away, stop]))
    bridge = carry_to(setting, state.key, begin.object, detour)
    end = wait(keyframe(tossed, -1), _STEADY, FREE)
    looked = range(_STEADY + config.swing_frames + 1 + half, tossed.contact.shape[1])
    broken = {"no way out of the hand": none | nowhere, **_refused(setting, tossed, exits.grasp, looked)}
    parts = [("move", bridge), ("throw", chain([tossed, end]))]
    return draft(parts, torch.full_like(state.grasp, -1), rest, broken)


def incoming(repertoire: Repertoire, catches: Catches, ahead: Ahead) -> Tuple[Keyframe, Draft]:
    """An object that comes flying, and the hand that catches it: the first frame, and the rest of the clip."""
    paths = catches.draw(len(ahead.grasps))
    allowed = ahead.grasps.gather(1, paths.grasp[:, None])[:, 0]
    broken = {**catches.refuse(paths), "grasp of no use": ~allowed}
    rest = clip_frames(paths, slice(1, None))
    return keyframe(paths, 0), draft([("catch", rest)], paths.grasp, torch.full_like(paths.grasp, -1), broken)


def replace_object(key: Keyframe, pos: Tensor) -> Keyframe:
    """The hand and its object moved as one, so that the object is at ``pos`` (N, 3)."""
    shift = pos - key.object[0]
    return Keyframe((key.wrist[0] + shift, key.wrist[1]), (pos, key.object[1]), key.fingers, key.command)


def _exits(repertoire: Repertoire, grasp: Tensor) -> Tuple[Exits, Tensor]:
    """A way out of the hand for each held grasp (N,), and where there is none."""
    exits = repertoire.exits
    assert exits is not None  # made sure of when the script was looked through
    rows, none = choose(repertoire.setting, exits.grasp == grasp[:, None])
    return exits.select(rows), none


def _upward(setting: Setting, count: int, flight: int) -> Motion:
    """Letting go so that after ``flight`` frames the object is as high as before."""
    draws = setting.draws
    place = setting.places(count)
    place[:, 2] = draws.uniform(count, low=_HEIGHT[0], high=_HEIGHT[1])
    velocity = draws.uniform(count, 3, low=-_DRIFT, high=_DRIFT)
    down = gravity(velocity)
    velocity[:, 2] = -0.5 * down[:, 2] * flight * CONTROL_DT
    return place, velocity, down


def _up(setting: Setting, exits: Exits) -> Tensor:
    """Orientations of the object (N, 4) in which it leaves the hand upwards, turned anyhow about the vertical."""
    count = len(exits.grasp)
    up = torch.tensor([0.0, 0.0, 1.0], device=setting.device).expand(count, 3)
    along = setting.draws.cone(up, _TILT)
    roll = rotations.from_axis_angle(along, setting.yaws(count))
    wrist = rotations.multiply(roll, shortest_turn(exits.direction_h, along))
    return rotations.multiply(wrist, rotations.conjugate(setting.grasps.wrist_quat_o[exits.grasp]))


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


def _turned_round(away: Paths, exits: Exits, release: Motion, config: TossConfig) -> Paths:
    """The free hand turns round under the object: seen from it, at constant acceleration."""
    end = keyframe(away, -1)
    seconds = _BETWEEN * CONTROL_DT
    time = CONTROL_DT * torch.arange(1, _BETWEEN + 1, device=away.length.device)
    direction = rotations.rotate(end.wrist[1], exits.direction_h)
    speed = config.part_frames * CONTROL_DT * config.part_acceleration
    parted = (config.open_frames + config.part_frames) * CONTROL_DT
    fallen = ballistic(motion_at(release, parted), time)
    aside = speed * time * (time / seconds - 1.0)  # from falling back at the speed to coming again at it
    pos = end.wrist[0][:, None] + fallen - end.object[0][:, None] + aside[:, None] * direction[:, None]
    return piece(end, _BETWEEN, FREE, wrist=_still(pos, end.wrist[1]), object_w=_still(fallen, end.object[1]))


def _stopped(away: Paths, exits: Exits, release: Motion, config: TossConfig, falls: Tensor, landed: Transform) -> Paths:
    """The free hand comes to rest; the object flies on, lands, and lies."""
    end, frames = keyframe(away, -1), config.stop_frames
    after = config.open_frames + config.part_frames
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


def _refused(setting: Setting, tossed: Paths, grasp: Tensor, apart: range) -> Dict[str, Tensor]:
    """Masks (N,) of tosses that touch while apart, or that are swung harder than their grasp bears."""
    pos = tossed.object_pos_w
    pull = pos.diff(n=2, dim=1) / CONTROL_DT**2 - gravity(pos[:, 0])[:, None]
    swung = ((tossed.contact[:, 1:-1] == HELD) * pull.norm(dim=-1)).amax(1)
    strength = setting.config.limits.load * setting.grasps.disturbance[grasp]
    return {**contact(setting, tossed, frames=apart), "swung too hard": swung > strength}
