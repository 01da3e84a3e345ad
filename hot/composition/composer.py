"""Scripts become paths, step by step for many clips at once; a step that breaks a rule is drawn again."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.composition.agendas import Agendas
from hot.composition.lookahead import targets_of
from hot.composition.order import FLYING, HELD, ORDER, lands
from hot.composition.repertoire import Repertoire
from hot.composition.rules import refuse
from hot.composition.script import Script, SkillStep
from hot.composition.state import Draft, State, draft, last_of, select_key
from hot.composition.steps import PLANS, Ahead
from hot.composition.targets import choose, lying_at
from hot.composition.tosses import incoming, throw_and_catch, throw_down
from hot.errors import HotError
from hot.physics import CONTROL_DT
from hot.planning.generate import SKILLS
from hot.planning.keyframes import Keyframe, held
from hot.planning.tossing import Catches
from hot.planning.transitions import FREE, wait
from hot.planning.transitions import HELD as TOUCHED
from hot.progress import Progress, silent
from hot.synthesis.paths import Paths

_LOG = logging.getLogger(__name__)
_BEGINNINGS = 30
"""How often clips that came to a dead end begin anew before the request counts as impossible."""
_COPIES = (1, 2, 4, 8, 16, 32)
"""Drafts of a step that are made for each clip in the rounds, as long as the clips before had none that will do."""
_AT_ONCE = 2048
"""Most drafts of one round."""


@dataclass(frozen=True, eq=False)
class Piece:
    """Frames that were added to some clips."""

    clips: Tensor  # (N,) int64
    paths: Paths
    hinges: Tensor  # (N, T, 3)
    skill: Tensor  # (N, T)


@dataclass(eq=False)
class _Attempt:
    """Clips on their way from the first step to the last."""

    clips: Tensor  # (N,) which of all clips
    number: List[int]
    """Of each clip's script among the different ones."""
    state: State
    alive: Tensor  # (N,) bool
    frames: Tensor  # (N,) so far
    begun: Tensor  # (N,) steps whose own skill, not only the bridge to it, begins before the clip is cut
    pieces: List[Piece]


class Composer:
    """Plans clips of some scripts. Clips that are cut before they have begun ``least_steps`` steps are drawn again.

    Args:
        redraw: as of :class:`hot.composition.agendas.Agendas`.

    Raises:
        HotError: what a script asks for cannot be done with any grasp.
    """

    def __init__(
        self,
        repertoire: Repertoire,
        scripts: Sequence[Script],
        least_steps: int = 0,
        progress: Progress = silent,
        redraw: Optional[Callable[[], Script]] = None,
    ) -> None:
        self._repertoire, self._setting, self._progress = repertoire, repertoire.setting, progress
        self._least_steps, self._agendas = least_steps, Agendas(repertoire, scripts, redraw)
        self._catches: Optional[Catches] = None
        self.reasons: Dict[str, int] = {}
        """How many drafts fell to each rule."""

    def run(self) -> List[Piece]:
        """Pieces of all clips, each clip's in order.

        Raises:
            HotError: some clip came to a dead end whatever was drawn; the message counts what fell to which rule.
        """
        device = self._setting.device
        left = torch.arange(len(self._agendas.numbers), device=device)
        kept: List[Piece] = []
        for _ in range(_BEGINNINGS):
            attempt = self._begin(left)
            for index in range(max(len(self._agendas[n].steps) for n in attempt.number)):
                self._advance(attempt, index)
            attempt.alive &= attempt.begun >= self._least_steps
            done = attempt.clips[attempt.alive]
            kept += [_of_clips(piece, done) for piece in attempt.pieces]
            left = attempt.clips[~attempt.alive]
            if not len(left):
                return kept
            self._agendas.look_again(left.tolist())
        reasons = {name: count for name, count in self.reasons.items() if count}
        raise HotError(
            f"{len(left)} of {len(self._agendas.numbers)} clips came to a dead end; drafts refused: {reasons}"
        )

    @property
    def scripts(self) -> List[Script]:
        """Of each clip."""
        return self._agendas.scripts

    def _begin(self, clips: Tensor) -> _Attempt:
        """First frames."""
        setting, number = self._setting, [self._agendas.numbers[clip] for clip in clips.tolist()]
        grasps = torch.stack([self._agendas[n].outlook.grasps[0] for n in number])
        rests = torch.stack([self._agendas[n].outlook.rests[0] for n in number])
        kinds = [ORDER[self._agendas[n].steps[0].skill][0] for n in number]
        grasp, _ = choose(setting, grasps)
        rest, _ = choose(setting, rests)
        in_hand = torch.tensor([kind == HELD for kind in kinds], device=setting.device)
        key = self._free_hand(number, rest)
        holding = held(setting.grasps, grasp, (setting.places(len(clips)), setting.draws.rotations(len(clips))))
        key = _either(in_hand, holding, key)
        state = State(
            key,
            rotations.to_euler(key.wrist[1]),
            torch.where(in_hand, grasp, -1),
            torch.where(in_hand, -1, rest),
            spin=key.object[1].new_tensor([1.0, 0.0, 0.0, 0.0]).repeat(len(clips), 1),
        )
        attempt = _Attempt(clips, number, state, torch.ones_like(in_hand), clips * 0, clips * 0, [])
        there = torch.tensor([kind != FLYING for kind in kinds], device=setting.device).nonzero()[:, 0]
        if len(there):  # where something comes flying, its first frame is the catch's own
            self._append(attempt, there, _at_rest(state.select(there)), state.hinges[there][:, None])
        return attempt

    def _free_hand(self, number: Sequence[int], rest: Tensor) -> Keyframe:
        """Objects on the table where the scripts want them, a relaxed hand anywhere above."""
        setting, count = self._setting, len(rest)
        pose, _ = lying_at(setting, rest, "random", "random")
        for script in set(number):
            rows = torch.tensor([n == script for n in number], device=setting.device).nonzero()[:, 0]
            start = self._agendas[script].script.start
            pos, quat = lying_at(setting, rest[rows], start.at, start.yaw)[0]
            pose[0][rows], pose[1][rows] = pos, quat
        opened = setting.hand.open_fingers.to(setting.device)
        some = setting.grasps.fingers[setting.draws.evenly(setting.rows, count)]
        shape = torch.lerp(opened, some, setting.draws.uniform(count, 1, high=0.5))
        return Keyframe((setting.places(count), setting.draws.rotations(count)), pose, shape, shape)

    def _advance(self, attempt: _Attempt, index: int) -> None:
        """One step of every clip that has it; clips that are long enough go no further."""
        groups: Dict[Tuple[SkillStep, bool, bool], List[int]] = {}
        for row in attempt.alive.nonzero()[:, 0].tolist():
            agenda = self._agendas[attempt.number[row]]
            steps, wanted = agenda.steps, agenda.script.seconds
            if index >= len(steps) or (wanted and int(attempt.frames[row]) >= wanted / CONTROL_DT):
                continue
            skills = [step.skill for step in steps[max(index - 1, 0) : index + 2]]
            here = min(index, 1)
            after_throw = index > 0 and skills[0] == "throw"
            groups.setdefault((steps[index], after_throw, lands(skills, here)), []).append(row)
        for (step, after_throw, landing), listed in groups.items():
            rows = torch.tensor(listed, device=self._setting.device)
            if not (step.skill == "catch" and after_throw):  # a throw that is caught was planned together with it
                self._step(attempt, rows, index, step, landing)
            self._hold(attempt, rows[attempt.alive[rows]], step)
            self._progress("composing", min(index + 1, len(self._agendas[0].steps)), len(self._agendas[0].steps), {})

    def _step(self, attempt: _Attempt, rows: Tensor, index: int, step: SkillStep, landing: bool) -> None:
        """Draw until every clip has a draft that obeys all rules, or give up on those that have none."""
        outlook = [self._agendas[attempt.number[row]].outlook for row in rows.tolist()]
        after = index + (2 if step.skill == "throw" and not landing else 1)
        goals = targets_of(
            self._repertoire,
            step,
            torch.stack([o.grasps[after] for o in outlook]),
            torch.stack([o.rests[after] for o in outlook]),
        )
        left = torch.arange(len(rows), device=rows.device)
        for turn, copies in enumerate(_COPIES):
            copies = max(1, min(copies, _AT_ONCE // len(left)))
            number = left.repeat_interleave(copies)
            state = attempt.state.select(rows[number])
            drawn, state = self._draw(step, landing, index, state, Ahead(goals[0][number], goals[1][number]), turn)
            bad, hinges = self._judge(state, drawn, opening=step.skill == "catch")
            first = _first_good(~bad.view(-1, copies))
            found = first >= 0
            chosen = torch.arange(len(left), device=left.device)[found] * copies + first[found]
            self._count(attempt, rows[left[found]], drawn.select(chosen), step, landing)
            self._append(attempt, rows[left[found]], drawn.select(chosen), hinges[chosen])
            left = left[~found]
            if not len(left):
                return
        attempt.alive[rows[left]] = False

    def _count(self, attempt: _Attempt, rows: Tensor, drawn: Draft, step: SkillStep, landing: bool) -> None:
        """A step has begun; a throw that is caught is two."""
        own = (drawn.skill == SKILLS.index(step.skill)).int().argmax(1) + attempt.frames[rows]
        wanted = [self._agendas[attempt.number[row]].script.seconds or math.inf for row in rows.tolist()]
        in_time = own < torch.tensor(wanted, device=rows.device) / CONTROL_DT
        attempt.begun[rows] += in_time * (2 if step.skill == "throw" and not landing else 1)

    def _draw(
        self, step: SkillStep, landing: bool, index: int, state: State, ahead: Ahead, turn: int
    ) -> Tuple[Draft, State]:
        """Drafts, and the states that they go on from."""
        repertoire, count = self._repertoire, len(state.rest)
        detour = self._setting.draws.uniform(count) < (0.0 if turn == 0 else 0.5)
        if step.skill == "catch":
            self._catches = self._catches or Catches(self._setting)
            key, drawn = incoming(repertoire, self._catches, ahead)
            return drawn, replace(state, key=key, hinges=rotations.to_euler(key.wrist[1]))
        if step.skill == "throw":
            if landing:
                return throw_down(repertoire, state, ahead, detour), state
            return throw_and_catch(repertoire, state, ahead, detour), state
        return PLANS[step.skill](repertoire, state, step, ahead, detour), state

    def _judge(self, state: State, drawn: Draft, opening: bool) -> Tuple[Tensor, Tensor]:
        """Which drafts (N,) break a rule, and the wrist's hinges (N, T, 3) along them."""
        broken, hinges = refuse(self._setting, state, drawn)
        for name, mask in broken.items():
            self.reasons[name] = self.reasons.get(name, 0) + int(mask.sum())
        return torch.stack(list(broken.values())).any(0), hinges

    def _hold(self, attempt: _Attempt, rows: Tensor, step: SkillStep) -> None:
        """Stillness at the end of a step, as long as the script says."""
        frames = round(step.hold / CONTROL_DT)
        if not frames or not len(rows):
            return
        state = attempt.state.select(rows)
        label = TOUCHED if ORDER[step.skill][1] == HELD else FREE
        still = draft([(step.skill, wait(state.key, frames, label))], state.grasp, state.rest, {})
        self._append(attempt, rows, still, state.hinges[:, None].expand(-1, frames, 3))

    def _append(self, attempt: _Attempt, rows: Tensor, drawn: Draft, hinges: Tensor) -> None:
        if not len(rows):
            return
        last = drawn.paths.length - 1
        wound = hinges[torch.arange(len(rows), device=rows.device), last]
        key, spin = last_of(drawn.paths), attempt.state.spin[rows]
        real = rotations.multiply(drawn.paths.object_quat_w, spin[:, None])
        if drawn.spin is not None:
            key = replace(
                key, object=(key.object[0], rotations.multiply(key.object[1], rotations.conjugate(drawn.spin)))
            )
            spin = rotations.multiply(drawn.spin, spin)
        attempt.state = attempt.state.put(rows, State(key, wound, drawn.grasp, drawn.rest, spin))
        attempt.frames[rows] += drawn.paths.length
        paths = replace(drawn.paths, object_quat_w=real, grasp=drawn.grasp, rest=drawn.rest)
        attempt.pieces.append(Piece(attempt.clips[rows], paths, hinges, drawn.skill))


def _at_rest(state: State) -> Draft:
    """One frame of stillness, of the skills that bridge."""
    label = torch.where(state.grasp >= 0, TOUCHED, FREE).to(torch.int8)
    still = draft([("move", wait(state.key, 1, FREE))], state.grasp, state.rest, {})
    number = torch.where(state.grasp >= 0, SKILLS.index("move"), SKILLS.index("freemove"))
    return replace(still, paths=replace(still.paths, contact=label[:, None]), skill=number[:, None])


def _either(which: Tensor, one: Keyframe, other: Keyframe) -> Keyframe:
    """One of two keyframes for each (N,)."""
    count = len(which)
    order = torch.where(which, 0, count) + torch.arange(count, device=which.device)
    both = Keyframe(
        (torch.cat([one.wrist[0], other.wrist[0]]), torch.cat([one.wrist[1], other.wrist[1]])),
        (torch.cat([one.object[0], other.object[0]]), torch.cat([one.object[1], other.object[1]])),
        torch.cat([one.fingers, other.fingers]),
        torch.cat([one.command, other.command]),
    )
    return select_key(both, order)


def _first_good(good: Tensor) -> Tensor:
    """Column (N,) of the first that is good (N, C), -1 where none is."""
    return torch.where(good.any(1), good.float().argmax(1), -1)


def _of_clips(piece: Piece, clips: Tensor) -> Piece:
    rows = torch.isin(piece.clips, clips)
    return Piece(piece.clips[rows], piece.paths.select(rows), piece.hinges[rows], piece.skill[rows])
