"""The preset files: what hands, stages, engines and rewards change, and how long each skill is judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Sequence, Tuple

from hot.errors import UnknownNameError
from hot.presets.text import read

_PACKAGED = Path(__file__).resolve().parent.parent / "preset_files"
_CHECKOUT = Path(__file__).resolve().parents[2] / "presets"


def preset_folder() -> Path:
    """The folder of preset files: inside an installed package, or ``presets/`` of a checkout."""
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKOUT


def hand_differences(hand: str) -> Dict[str, Any]:
    """What a hand changes in the defaults; most change nothing. A path of a hand's file counts as its stem."""
    path = preset_folder() / "hands" / f"{Path(hand).stem.lower()}.yaml"
    return read(path) if path.exists() else {}


def stage_differences(stage: int) -> Dict[str, Any]:
    """What a training stage changes.

    Raises:
        UnknownNameError: no such stage.
    """
    return _named("stage", str(stage))


def engine_differences(engine: str) -> Dict[str, Any]:
    """What an engine changes.

    Raises:
        UnknownNameError: no such engine.
    """
    return _named("engine", engine)


def reward_differences(reward: str) -> Dict[str, Any]:
    """What a named reward changes.

    Raises:
        UnknownNameError: no such reward.
    """
    return _named("reward", reward)


def _named(kind: str, name: str) -> Dict[str, Any]:
    folder = preset_folder() / f"{kind}s"
    return read(folder / f"{spelled(kind, name, [path.stem for path in folder.glob('*.yaml')])}.yaml")


def skill_names() -> Tuple[str, ...]:
    """Names of the skills that have a test length, sorted."""
    return tuple(sorted(path.stem for path in (preset_folder() / "skills").glob("*.yaml")))


def test_frames(skill: str) -> int:
    """Frames of a skill's clips when a policy is judged.

    Raises:
        UnknownNameError: no such skill.
    """
    name = spelled("skill", skill, skill_names())
    return int(read(preset_folder() / "skills" / f"{name}.yaml")["test_frames"])


def spelled(kind: str, name: str, known: Sequence[str]) -> str:
    """A name, given in any case, as its catalogue spells it.

    Raises:
        UnknownNameError: it is not in the catalogue.
    """
    for candidate in known:
        if candidate.lower() == name.lower():
            return candidate
    raise UnknownNameError(kind, name, known)
