"""Random scripts: walks through the orders that are possible."""

from __future__ import annotations

from typing import Dict, List, Tuple

from hot.composition.lookahead import look_ahead
from hot.composition.order import HELD, ORDER, RESTING, followers
from hot.composition.repertoire import Repertoire
from hot.composition.script import Script
from hot.errors import HotError

_SHORTEST = 1.2
"""Seconds that no step with its bridge stays below on average; a script that is too long is cut."""
_USUAL = {"grasp": 4.5, "place": 4.5, "regrasp": 3.5}
"""Seconds that long skills take with their bridges; all others about two."""
_OTHERS = 2.0
_TRIES = 50
"""Scripts drawn for one that the grasps allow."""


def draw_scripts(repertoire: Repertoire, seconds: float, count: int, least_steps: int) -> List[Script]:
    """Random scripts of exactly so many seconds, of the skills that the hand can do with the object, that leave time
    for some least number of steps.

    What is thrown is caught, no skill follows itself, and half of the scripts begin with the object in the hand.

    Raises:
        HotError: the grasps allow none.
    """
    able = set(repertoire.can()) - (set() if repertoire.exits is not None else {"throw"})
    length = max(2, int(seconds / _SHORTEST))
    scripts: List[Script] = []
    last = ""
    for _ in range(_TRIES * count):
        steps = _walk(repertoire, able, length)
        if sum(_USUAL.get(step["skill"], _OTHERS) for step in steps[: max(least_steps - 1, 0)]) > seconds:
            continue  # hardly any such clip would get far enough
        script = Script.model_validate({"seconds": seconds, "steps": steps})
        try:
            look_ahead(repertoire, script)
        except HotError as error:
            last = str(error)
            continue
        scripts.append(script)
        if len(scripts) == count:
            return scripts
    raise HotError(f"only {len(scripts)} of {count} random scripts can be done with these grasps; the last: {last}")


def _walk(repertoire: Repertoire, able: set, length: int) -> Tuple[Dict[str, str], ...]:
    draws = repertoire.setting.draws
    state = RESTING if int(draws.integers(2, 1)) else HELD
    skills: List[str] = []
    while len(skills) < length:
        options = [s for s in followers(state) if s in able and s not in skills[-1:]]
        options = options or [s for s in followers(state) if s in able]
        skills.append(options[int(draws.integers(len(options), 1))])
        state = ORDER[skills[-1]][1]
        if skills[-1] == "throw":
            skills.append("catch")
            state = HELD
    return tuple({"skill": skill} for skill in skills)
