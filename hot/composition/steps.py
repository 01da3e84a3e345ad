"""How each skill goes on from where a sequence is: with the object free on the table, or in the hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Dict, Optional, Tuple, TypeVar

import torch
from torch import Tensor

from hot import rotations
from hot.composition.bridges import carry_to, reach_to
from hot.composition.repertoire import Links, Repertoire
from hot.composition.script import Freemove, GraspStep, Move, PlaceStep, Regrasp, Rotate
from hot.composition.state import Draft, State, draft, last_of
from hot.composition.targets import RANDOM, choose, lying_at, turned_by, yaw_of
from hot.physics import CONTROL_DT
from hot.planning.inhand_paths import in_hand, place_hands
from hot.planning.keyframes import Keyframe, held, keyframe
from hot.planning.laws import PEAK_SPEED, ramped
from hot.planning.setting import Setting
from hot.planning.transitions import HELD, carry, chain, shares, wait
from hot.synthesis.approach import Approaches
from hot.synthesis.paths import Paths
from hot.synthesis.timeline import frames_of, smooth
from hot.synthesis.transforms import Transform, compose

_STEADY = 10
"""Frames for which an object is held where it was carried, before and after what is delicate."""
_Found = TypeVar("_Found")
_SPEEDS = (0.5, 2.0)
"""Random speeds, by the planner's."""


@dataclass(frozen=True, eq=False)
class Ahead:
    """After which grasps (N, G), or resting poses (N, R), the rest of each script can be done; bool."""

    grasps: Tensor
    rests: Tensor

    def select(self, rows: Tensor) -> Ahead:
        """Some of them, by index or mask."""
        return Ahead(self.grasps[rows], self.rests[rows])


Plan = Callable[..., Draft]
"""Of a repertoire, states (N,), a step, what must remain possible, and where to take detours (N,) bool: drafts."""


def freemove(repertoire: Repertoire, state: State, step: Freemove, ahead: Ahead, detour: Tensor) -> Draft:
    """The free hand goes to a random or a given place, to a shape between open and some grasp."""
    setting, count = repertoire.setting, len(state.rest)
    draws = setting.draws
    place = setting.places(count) if step.to == RANDOM else _everywhere(step.to, state)
    some = setting.grasps.fingers[draws.evenly(setting.rows, count)]
    shape = torch.lerp(setting.hand.open_fingers.to(setting.device), some, draws.uniform(count, 1))
    roll = rotations.from_axis_angle(draws.directions(count), draws.uniform(count, high=1.5))
    goal = Keyframe((place, rotations.multiply(roll, state.key.wrist[1])), state.key.object, shape, shape)
    moved = reach_to(setting, state.key, goal, detour)
    return draft([("freemove", moved)], state.grasp, state.rest, {})


def grasp(repertoire: Repertoire, state: State, step: GraspStep, ahead: Ahead, detour: Tensor) -> Draft:
    """Reach the beginning of one of the ways to a grasp, go along it, lift, hold."""
    setting, tables = repertoire.setting, _known(repertoire.takes)
    ways, found = tables.ways, ahead.grasps[:, tables.ways.grasp]
    chosen, none = _choose_way(setting, ways, found & (ways.rest == state.rest[:, None]))
    yaw = yaw_of(setting, state.rest, state.key.object[1])
    reached = tables.planner.reach(chosen, tables.timeline, yaw, state.key.object[0][:, :2])
    begin = keyframe(reached, 0)
    bridge = reach_to(setting, state.key, begin, detour)
    lifted = _lifted(setting, keyframe(reached, -1), setting.config.lift)
    end = wait(keyframe(lifted, -1), _STEADY, HELD)
    parts = [("freemove", bridge), ("grasp", chain([reached, lifted, end]))]
    return draft(parts, chosen.grasp, torch.full_like(state.rest, -1), {"no grasp that serves": none})


def place(repertoire: Repertoire, state: State, step: PlaceStep, ahead: Ahead, detour: Tensor) -> Draft:
    """Carry the object over its place, lower it, let go, retreat."""
    setting, tables = repertoire.setting, _known(repertoire.leaves)
    ways = tables.ways
    allowed = ahead.rests[:, ways.rest] & (ways.grasp == state.grasp[:, None])
    chosen, none = _choose_way(setting, ways, allowed)
    pose, yaw = lying_at(setting, chosen.rest, step.at, step.yaw)
    left = tables.planner.reach(chosen, tables.timeline, yaw, pose[0][:, :2])
    up = pose[0].new_tensor([0.0, 0.0, setting.config.lift])
    bridge = carry_to(setting, state.key, (pose[0] + up, pose[1]), detour)
    top = held(setting.grasps, chosen.grasp, (pose[0] + up, pose[1]))
    lowered = _lifted(setting, top, -setting.config.lift)
    parts = [("move", bridge), ("place", chain([wait(top, _STEADY, HELD), lowered, left]))]
    return draft(parts, torch.full_like(state.grasp, -1), chosen.rest, {"no way to put it down": none})


def move(repertoire: Repertoire, state: State, step: Move, ahead: Ahead, detour: Tensor) -> Draft:
    """Carry the object straight, at constant speed but for ramps at both ends."""
    setting, config, draws = repertoire.setting, repertoire.setting.config, repertoire.setting.draws
    start, count = state.key.object, len(state.rest)
    if step.shift is not None or (step.turn is not None and "to" not in step.model_fields_set):
        target = start[0] + start[0].new_tensor(step.shift or (0.0, 0.0, 0.0))
    else:
        target = setting.places(count) if step.to == RANDOM else _everywhere(step.to, state)
    quat = _orientation(setting, step, start)
    speed = torch.full((count,), config.speed if step.speed in (None, RANDOM) else float(step.speed or 0.0))
    if step.speed == RANDOM:
        speed = speed * draws.uniform(count, low=_SPEEDS[0], high=_SPEEDS[1]).cpu()
    speed = speed.to(setting.device)
    turn_speed = config.turn_speed * (speed / config.speed).clamp_min(1.0)
    way, turn = (target - start[0]).norm(dim=-1), rotations.angle_between(start[1], quat)
    seconds = torch.maximum(way / speed, turn / turn_speed)
    frames = (seconds / CONTROL_DT).round().long() + 2 * config.transport_ramp
    share = ramped(shares(frames, count, setting.device), config.transport_ramp / frames[:, None].float())
    pos = torch.lerp(start[0][:, None], target[:, None], share[..., None])
    moved = carry(state.key, (pos, rotations.slerp(start[1][:, None], quat[:, None], share)), frames)
    return draft([("move", moved)], state.grasp, state.rest, {})


def rotate(repertoire: Repertoire, state: State, step: Rotate, ahead: Ahead, detour: Tensor) -> Draft:
    """Turn the palm up, then the object in the hand."""
    setting, links = repertoire.setting, _known(repertoire.turns)
    chosen, none = _choose_link(setting, links, state, ahead, meant_turns(links, step))
    seconds = PEAK_SPEED * chosen.angle / setting.config.rotate.speed
    frames = (seconds / CONTROL_DT).ceil().long()
    return _changed("rotate", setting, chosen, state, frames, detour, {"no turn that serves": none})


def regrasp(repertoire: Repertoire, state: State, step: Regrasp, ahead: Ahead, detour: Tensor) -> Draft:
    """In the hand or over the table, as the step says and as grasps allow; which of the two is one draw for all."""
    setting = repertoire.setting
    links = None if step.way == "table" else repertoire.exchanges
    changer = None if step.way == "hand" else repertoire.changer
    if links is not None and (changer is None or bool(setting.draws.uniform(1) < 0.5)):
        every = torch.ones_like(links.start, dtype=torch.bool)
        chosen, none = _choose_link(setting, links, state, ahead, every)
        frames = torch.full_like(state.grasp, setting.config.regrasp.change_frames)
        return _changed("regrasp", setting, chosen, state, frames, detour, {"no change in the hand": none})
    table = _known(changer)
    first, second = table.changes.first, table.changes.second
    allowed = (first.grasp == state.grasp[:, None]) & ahead.grasps[:, second.grasp]
    rows, none = choose(setting, allowed)
    pose, _ = lying_at(setting, first.rest[rows], RANDOM, RANDOM)
    changed = table.draw(rows, pose)
    bridge = carry_to(setting, state.key, keyframe(changed, 0).object, detour)
    broken = {"no change over the table": none}
    return draft([("move", bridge), ("regrasp", changed)], second.grasp[rows], state.rest, broken)


PLANS: Dict[str, Plan] = {
    "freemove": freemove,
    "grasp": grasp,
    "place": place,
    "move": move,
    "rotate": rotate,
    "regrasp": regrasp,
}


def meant_turns(links: Links, step: Rotate) -> Tensor:
    """Turns (L,) bool that are wide enough."""
    if isinstance(step.angle, str):
        return torch.ones_like(links.start, dtype=torch.bool)
    return torch.rad2deg(links.angle) >= step.angle


def _changed(
    skill: str, setting: Setting, links: Links, state: State, frames: Tensor, detour: Tensor, broken: Dict[str, Tensor]
) -> Draft:
    """The palm is turned up, then the object and the fingers go along links (N,), the wrist at rest."""
    count, edges = len(frames), links.edges.select(links.edge)
    first, last = (edges.at(each[:, None]) for each in (links.share_from, links.share_to))
    begin_h = first.object_pos_h[:, 0], first.object_quat_h[:, 0]
    palm_up = setting.config.rotate.palm_up if skill == "rotate" else setting.config.regrasp.palm_up
    wrist = place_hands(setting, begin_h, palm_up)
    goal = compose(wrist, begin_h)
    bridge = carry_to(setting, state.key, goal, detour)
    there = held(setting.grasps, state.grasp, goal)
    share = shares(frames, count, setting.device)
    along = smooth(share) if skill == "rotate" else share
    moved = edges.at(links.share_from[:, None] + along * (links.share_to - links.share_from)[:, None])
    after = setting.grasps.fingers[links.end], setting.grasps.command[links.end]
    # Solved joints differ from a library's by less than contacts give way; the difference fades in and out.
    out, into = 1.0 - smooth(share)[..., None], smooth(share)[..., None]
    fingers = moved.fingers + out * (there.fingers - first.fingers[:, 0])[:, None]
    fingers = fingers + into * (after[0] - last.fingers[:, 0])[:, None]
    command = moved.command + out * (there.command - first.command[:, 0])[:, None]
    command = command + into * (after[1] - last.command[:, 0])[:, None]
    moved = replace(moved, fingers=fingers, command=command)
    turned = in_hand(there, moved, frames)
    still = wait(there, _STEADY, HELD)
    end = wait(last_of(turned), _STEADY, HELD)
    changed = draft([("move", bridge), (skill, chain([still, turned, end]))], links.end, state.rest, broken)
    # In the frame of the object as the library holds it, which is that of the hand seen from there.
    spin = rotations.multiply(setting.grasps.wrist_quat_o[links.end], last.object_quat_h[:, 0])
    return replace(changed, spin=spin)


def _choose_way(setting: Setting, ways: Approaches, allowed: Tensor) -> Tuple[Approaches, Tensor]:
    """One of the allowed ways (N, A) for each: a random grasp, then a random way to it; and where there is none."""
    count = len(allowed)
    by_grasp = setting.draws.uniform(count, len(setting.grasps))[:, ways.grasp]
    score = by_grasp + 1e-3 * setting.draws.uniform(*allowed.shape)
    best = torch.where(allowed, score, torch.full_like(score, -1.0)).argmax(1)
    return ways.select(best), ~allowed.any(1)


def _choose_link(setting: Setting, links: Links, state: State, ahead: Ahead, meant: Tensor) -> Tuple[Links, Tensor]:
    allowed = (links.start == state.grasp[:, None]) & ahead.grasps[:, links.end] & meant
    rows, none = choose(setting, allowed)
    return links.select(rows), none


def _lifted(setting: Setting, start: Keyframe, way: float) -> Paths:
    """Carried up or down at the usual speed."""
    frames = frames_of(abs(way), setting.config.speed)
    share = smooth(shares(frames, len(start.fingers), setting.device))[..., None]
    pos = start.object[0][:, None] + share * share.new_tensor([0.0, 0.0, way])
    return carry(start, (pos, start.object[1][:, None].expand(*pos.shape[:2], 4)), frames)


def _orientation(setting: Setting, step: Move, start: Transform) -> Tensor:
    """Of the moved objects (N, 4)."""
    if step.turn is not None:
        return rotations.multiply(start[1], turned_by(step.turn, start[1]).expand_as(start[1]))
    if isinstance(step.orientation, tuple):
        return turned_by(step.orientation, start[1]).expand_as(start[1])
    kept = step.orientation == "same" or (step.shift is not None and "orientation" not in step.model_fields_set)
    return start[1] if kept else setting.draws.rotations(len(start[1]))


def _everywhere(place: Tuple[float, float, float], state: State) -> Tensor:
    return state.hinges.new_tensor(place).expand(len(state.rest), 3)


def _known(found: Optional[_Found]) -> _Found:
    """What a skill needs; that it exists was made sure of when the script was looked through."""
    assert found is not None
    return found
