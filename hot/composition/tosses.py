"""Objects thrown up and caught again, let fall onto the table, or caught as they come flying.

What is thrown up and caught was tossed by physics before, blindly (:mod:`hot.composition.trials`). What is not caught
falls in the orientation of a resting pose, lands, and stays where it lands: a reference that no object keeps to that
bounces.
"""

from __future__ import annotations

from typing import Dict, Tuple

import torch
from torch import Tensor

from hot.composition.bridges import carry_to
from hot.composition.repertoire import Repertoire
from hot.composition.state import Draft, State, clip_frames, draft
from hot.composition.steps import Ahead
from hot.composition.targets import RANDOM, choose, lying_at
from hot.composition.toss_paths import Tossed, leaving, toss_down, toss_up, upward
from hot.physics import CONTROL_DT
from hot.planning.checks import contact
from hot.planning.exits import Exits
from hot.planning.keyframes import Keyframe, keyframe
from hot.planning.laws import Motion, gravity
from hot.planning.setting import Setting
from hot.planning.tossing import Catches
from hot.planning.transitions import HELD

_DRIFT = 0.15
"""Most speed along the ground of what is thrown up [m/s]."""
_TILT = 0.2
"""Half angle of the cone about the vertical in which the way out of the hand points [rad]."""
_FALLS = (15, 20)
"""Frames from letting go to landing."""
_ALONG = 0.5
"""Its most speed along either axis of the ground [m/s]."""
_LIFTS = (0.3, 0.8)
"""Upward speed with which an object is let go that is to land [m/s]."""


def throw_and_catch(repertoire: Repertoire, state: State, ahead: Ahead, detour: Tensor) -> Draft:
    """Carry, swing, let go, follow under the object, catch, and swing to rest; the grasp stays the same."""
    setting, config, draws = repertoire.setting, repertoire.setting.config.toss_up, repertoire.setting.draws
    count = len(state.rest)
    exits, none = _exits(repertoire, state.grasp, again=True)
    place = setting.places(count)
    place[:, 2] = draws.uniform(count, low=config.height[0], high=config.height[1])
    release = upward(config, place, draws.uniform(count, 2, low=-_DRIFT, high=_DRIFT))
    tilted = draws.cone(place.new_tensor([0.0, 0.0, 1.0]).expand(count, 3), _TILT)
    tossed = toss_up(setting, exits, release, leaving(setting, exits, tilted, setting.yaws(count)))
    paths, cut = tossed.paths, tossed.apart.start + len(tossed.apart) // 2
    bridge = carry_to(setting, state.key, keyframe(paths, 0).object, detour)
    parts = [
        ("move", bridge),
        ("throw", clip_frames(paths, slice(0, cut))),
        ("catch", clip_frames(paths, slice(cut, None))),
    ]
    broken = {"lost when it was tried": none, **_refused(setting, tossed, exits.grasp)}
    return draft(parts, state.grasp, state.rest, broken)


def throw_down(repertoire: Repertoire, state: State, ahead: Ahead, detour: Tensor) -> Draft:
    """Carry, swing a little, let go over the table; the object lands in a resting pose and stays."""
    setting, draws = repertoire.setting, repertoire.setting.draws
    count = len(state.rest)
    exits, none = _exits(repertoire, state.grasp, again=False)
    rest, nowhere = choose(setting, ahead.rests)
    landed, _ = lying_at(setting, rest, RANDOM, RANDOM)
    falls = _FALLS[0] + draws.integers(_FALLS[1] - _FALLS[0] + 1, count)
    seconds = CONTROL_DT * falls[:, None].float()
    velocity = torch.cat(
        [draws.uniform(count, 2, low=-_ALONG, high=_ALONG), draws.uniform(count, 1, low=_LIFTS[0], high=_LIFTS[1])], 1
    )
    down = gravity(velocity)
    release: Motion = (landed[0] - velocity * seconds - 0.5 * down * seconds**2, velocity, down)
    tossed = toss_down(setting, exits, release, landed, falls)
    bridge = carry_to(setting, state.key, keyframe(tossed.paths, 0).object, detour)
    broken = {"no way out of the hand": none | nowhere, **_refused(setting, tossed, exits.grasp)}
    parts = [("move", bridge), ("throw", tossed.paths)]
    return draft(parts, torch.full_like(state.grasp, -1), rest, broken)


def incoming(repertoire: Repertoire, catches: Catches, ahead: Ahead) -> Tuple[Keyframe, Draft]:
    """An object that comes flying, and the hand that catches it: the first frame, and the rest of the clip."""
    paths = catches.draw(len(ahead.grasps), ahead.grasps)
    allowed = ahead.grasps.gather(1, paths.grasp[:, None])[:, 0]
    broken = {**catches.refuse(paths), "grasp of no use": ~allowed}
    rest = clip_frames(paths, slice(1, None))
    return keyframe(paths, 0), draft([("catch", rest)], paths.grasp, torch.full_like(paths.grasp, -1), broken)


def _exits(repertoire: Repertoire, grasp: Tensor, again: bool) -> Tuple[Exits, Tensor]:
    """A way out of the hand for each held grasp (N,), and where there is none; one by which physics catches what it
    throws where the object is to be caught ``again``."""
    exits = repertoire.exits
    assert exits is not None  # made sure of when the script was looked through
    allowed = exits.grasp == grasp[:, None]
    if not again:
        rows, none = choose(repertoire.setting, allowed)
        return exits.select(rows), none
    trials = repertoire.trials
    rows, none = choose(repertoire.setting, allowed & ~trials.lost)
    trials.try_out(rows[~none])
    return exits.select(rows), none | trials.lost[rows]


def _refused(setting: Setting, tossed: Tossed, grasp: Tensor) -> Dict[str, Tensor]:
    """Masks (N,) of tosses that touch while apart, or that are swung harder than their grasp bears."""
    pos = tossed.paths.object_pos_w
    pull = pos.diff(n=2, dim=1) / CONTROL_DT**2 - gravity(pos[:, 0])[:, None]
    swung = ((tossed.paths.contact[:, 1:-1] == HELD) * pull.norm(dim=-1)).amax(1)
    strength = setting.config.limits.load * setting.grasps.disturbance[grasp]
    return {**contact(setting, tossed.paths, frames=tossed.apart), "swung too hard": swung > strength}
