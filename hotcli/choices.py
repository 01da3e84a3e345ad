"""From options to what a stage is called with: a preset, the facts of hand and object, an existing device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from hot.errors import ConfigError, MissingDependencyError, UnknownNameError
from hotcli import isaac
from hotcli.options import DEFAULT_HAND, DEFAULT_OBJECT

if TYPE_CHECKING:
    from hot.hands import HandSpec
    from hot.objects import ObjectSpec
    from hot.presets import Preset

_ENGINES = ("auto", "mujoco", "warp", "isaacgym")


def make_preset(
    hand: Optional[str],
    object_name: Optional[str],
    stage: Optional[int],
    skills: Sequence[str],
    overrides: Mapping[str, Any],
) -> Preset:
    """The preset that the options describe; what was not given has its default."""
    from hot import presets

    return presets.resolve(hand or DEFAULT_HAND, object_name or DEFAULT_OBJECT, stage or 1, skills, overrides)


def make_shared_preset(
    hand: Optional[str],
    object_names: Sequence[str],
    stage: Optional[int],
    skills: Sequence[str],
    overrides: Mapping[str, Any],
) -> Preset:
    """As :func:`make_preset`, of one policy for several objects.

    Raises:
        ConfigError: an object is named twice.
    """
    first, *others = object_names or [DEFAULT_OBJECT]
    preset = make_preset(hand, first, stage, skills, {"others": others, **overrides})
    twice = sorted({name for name in preset.objects if preset.objects.count(name) > 1})
    if twice:
        raise ConfigError(f"--object names {', '.join(twice)} twice")
    return preset


def load_specs(preset: Preset) -> Tuple[HandSpec, ObjectSpec]:
    """The facts of a preset's hand and object."""
    return specs_of(preset.hand, preset.object)


def load_all_specs(preset: Preset) -> Tuple[HandSpec, List[ObjectSpec]]:
    """The facts of a preset's hand and of all its objects."""
    return load_specs(preset)[0], [specs_of(preset.hand, name)[1] for name in preset.objects]


def specs_of(hand: str, object_name: str) -> Tuple[HandSpec, ObjectSpec]:
    """The facts of a hand and an object, by name or file."""
    from hot.hands import load_hand
    from hot.objects import load_object

    return load_hand(hand), load_object(object_name)


def engine_of(engine: Optional[str]) -> Dict[str, str]:
    """The preset values that run physics on an engine; none given is auto.

    Raises:
        UnknownNameError: no such engine.
        ConfigError: it needs a GPU, and there is none.
        MissingDependencyError: it is Isaac Gym, which is not there.
    """
    from hot.physics.engines import concrete

    named = engine or "auto"
    if named not in _ENGINES:
        raise UnknownNameError("engine", named, _ENGINES)
    if named == "warp":
        _insist_on_gpu()
    if named == isaac.ENGINE and not isaac.installed():
        raise MissingDependencyError(f"Isaac Gym is not installed. It takes: {isaac.advice('')}")
    return {"physics.engine": concrete(named)}


def _insist_on_gpu() -> None:
    import torch

    if not torch.cuda.is_available():
        raise ConfigError(
            "--engine warp needs an NVIDIA GPU that PyTorch sees; hot doctor says what is missing. "
            "Warp on a CPU is slow and good for comparing only: --set physics.engine=warp"
        )


def planning_device(preset: Preset) -> str:
    """Where clips are planned: on the GPU if the engine runs there."""
    import torch

    from hot.physics.engines import runs_on_gpu

    on_gpu = runs_on_gpu(preset.physics.engine) and preset.physics.device != "cpu" and torch.cuda.is_available()
    return "cuda" if on_gpu else "cpu"


def preset_text(preset: Preset) -> str:
    """A preset as YAML, with the test lengths of its skills as a comment."""
    from hot import presets

    return f"# test length [frames]: {test_lengths(preset)}\n{presets.dump(preset)}".rstrip()


def test_lengths(preset: Preset) -> str:
    """Frames for which each skill is judged, as text."""
    from hot import presets

    lengths: List[str] = [f"{skill} {presets.test_frames(skill)}" for skill in preset.skills]
    return ", ".join(lengths)
