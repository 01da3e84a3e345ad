"""From scripts to clips."""

from __future__ import annotations

import logging
from typing import Any, Dict, FrozenSet, List, Optional, Sequence

import torch

from hot.composition.assembly import assemble
from hot.composition.composer import Composer, Piece
from hot.composition.drawing import draw_scripts
from hot.composition.repertoire import Repertoire
from hot.composition.script import Script
from hot.errors import ConfigError, UnknownNameError
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.physics import CONTROL_DT
from hot.planning.config import PlanningConfig
from hot.planning.generate import SKILLS
from hot.planning.setting import SPLITS
from hot.progress import Progress, silent

_LOG = logging.getLogger(__name__)
_STEP_SECONDS = 4.0
"""Of random clips, which have at least as many steps as this goes into their length: five in 20 s."""


def compose(
    hand: HandSpec,
    object_spec: ObjectSpec,
    script: Script,
    clips: int,
    seed: int,
    config: PlanningConfig,
    split: str,
    progress: Progress = silent,
) -> Motions:
    """``clips`` clips of one script, which differ in what it leaves random; the same for the same arguments.

    Raises:
        UnknownNameError: no such split.
        BadFileError: no grasps or resting poses of this hand and object.
        ConfigError: a target beyond the hand's or the object's possibilities.
        HotError: no grasp can do what the script asks, or no clip obeys the rules.
    """
    _check(script, config, split)
    repertoire = Repertoire(hand, object_spec, _skills([script]), seed, config, split, progress=progress)
    composer = Composer(repertoire, [script] * clips, progress=progress)
    pieces = composer.run()
    return _assembled(composer, repertoire, pieces, {"seed": seed, "split": split, "script": _text(script)})


def compose_random(
    hand: HandSpec,
    object_spec: ObjectSpec,
    seconds: float,
    clips: int,
    seed: int,
    config: PlanningConfig,
    split: str,
    progress: Progress = silent,
) -> Motions:
    """Clips of exactly ``seconds``, each of a random script: any possible order of skills that the hand can do, at
    least one every four seconds.

    Raises:
        as :func:`compose`.
    """
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
    repertoire = Repertoire(hand, object_spec, frozenset(SKILLS), seed, config, split, progress=progress)
    least = int(seconds / _STEP_SECONDS)
    scripts = draw_scripts(repertoire, seconds, clips, least)

    def redraw() -> Script:
        return draw_scripts(repertoire, seconds, 1, least)[0]

    composer = Composer(repertoire, scripts, least, progress, redraw)
    pieces = composer.run()
    meta = {"seed": seed, "split": split, "scripts": [_text(script) for script in composer.scripts]}
    return _assembled(composer, repertoire, pieces, meta)


def timeline(motions: Motions, clip: int) -> List[Dict[str, Any]]:
    """The stretches of one clip that are of one skill each: its name, first frame and number of frames."""
    rows = slice(int(motions.clip_start[clip]), int(motions.clip_start[clip + 1]))
    values, counts = torch.unique_consecutive(motions.skill_of_frames[rows], return_counts=True)
    first = (counts.cumsum(0) - counts).tolist()
    return [
        {"skill": motions.skills[number], "start": start, "frames": frames}
        for number, start, frames in zip(values.tolist(), first, counts.tolist())
    ]


def _assembled(composer: Composer, repertoire: Repertoire, pieces: Sequence[Piece], meta: Dict[str, Any]) -> Motions:
    _LOG.info("drawn again for %s", {name: count for name, count in composer.reasons.items() if count})
    setting = repertoire.setting
    return assemble(
        pieces,
        [_frames(script.seconds) for script in composer.scripts],
        repertoire.parent,
        setting.hand,
        setting.object_spec.name,
        {"generator": "hot.composition", **meta, "config": setting.config.model_dump()},
    ).to("cpu")


def _frames(seconds: Optional[float]) -> Optional[int]:
    return None if seconds is None else max(1, round(seconds / CONTROL_DT))


def _skills(scripts: Sequence[Script]) -> FrozenSet[str]:
    return frozenset(step.skill for script in scripts for step in script.flat())


def _text(script: Script) -> Dict[str, Any]:
    """What was written."""
    return script.model_dump(mode="json", exclude_unset=True)


def _check(script: Script, config: PlanningConfig, split: str) -> None:
    """Refuse what no draw could mend."""
    if split not in SPLITS:
        raise UnknownNameError("split", split, SPLITS)
    for index, step in enumerate(script.flat()):
        if step.skill == "move" and isinstance(step.speed, float) and step.speed > config.limits.wrist_speed / 1.5:
            raise ConfigError(
                f"step {index + 1} (move): a mean speed of {step.speed:g} m/s leaves no room below the wrist's "
                f"limit of {config.limits.wrist_speed:g} m/s; ask for at most {config.limits.wrist_speed / 1.5:g}"
            )
