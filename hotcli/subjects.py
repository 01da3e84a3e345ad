"""Who is judged on which objects: the policies that were named, or those at hand for each object."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from hot.errors import ConfigError
from hotcli import choices, console, controllers, options
from hotcli.controllers import Controller, Foreign

if TYPE_CHECKING:
    from hot.evaluation import LeftOut
    from hot.hands import HandSpec
    from hot.objects import ObjectSpec
    from hot.presets import Preset

Presets = Dict[str, "Preset"]
"""The preset of each engine to judge on, the first one leading; they differ in nothing but what engines change."""

_NO_POLICY = "no finished run and no policy kept or shipped: train one, or name one for all objects with --policy"


@dataclass(frozen=True)
class Subject:
    """One object, and who is judged on it."""

    controllers: Dict[str, Controller]
    """By their names in the report; none leaves the open loop alone."""
    presets: Presets
    hand: HandSpec
    object_spec: ObjectSpec

    @property
    def leading(self) -> Preset:
        """The preset of the leading engine."""
        return next(iter(self.presets.values()))


@dataclass(frozen=True)
class Asked:
    """What the options say of policies, objects and presets."""

    hand: Optional[str]
    objects: Tuple[str, ...]
    """None given: those that the policies were trained on, else the default."""
    skills: Tuple[str, ...]
    engines: Optional[str]
    overrides: Mapping[str, Any]
    assigned: Mapping[str, Any]
    has_clips: bool = False
    """Clips were named, so none need be planned from grasps."""


def named(
    run: Optional[Path],
    policy: Optional[Path],
    compared: Optional[Tuple[Path, Path]],
    checkpoints: Optional[Foreign] = None,
) -> Dict[str, Controller]:
    """The controllers that were named for all objects, by their names in the report; none were: empty. ``checkpoints``
    says that policy files are such."""
    if compared is not None:
        both = {f"policy {letter}": controllers.load(path, checkpoints) for letter, path in zip("AB", compared)}
        for name, each in both.items():
            console.note(f"{name}: {each.path}")
        return both
    if run is None and policy is None:
        return {}
    return {"policy": controllers.find(run, policy, None, None, checkpoints=checkpoints)}


def object_list(text: Optional[str], policies: Mapping[str, Controller], written_for: Optional[str]) -> Tuple[str, ...]:
    """The objects that were asked for, "all" for every one; else ``written_for``, else what all of the policies were
    trained on, else none.

    Raises:
        ConfigError: an empty list.
    """
    from hot.objects import object_names

    if text is not None:
        listed = options.split_names([text])
        if not listed:
            raise ConfigError("--object names no object; hot objects list describes them, all takes every one")
        return object_names() if [name.lower() for name in listed] == ["all"] else tuple(dict.fromkeys(listed))
    if written_for is not None:
        return (written_for,)
    trained = [each.trained_objects for each in policies.values()]
    known = tuple(name for name in object_names() if trained and all(name in each for each in trained))
    of_run = len(policies) == 1 and next(iter(policies.values())).run is not None
    return () if of_run and len(known) == 1 else known  # a run's preset says which file its object is


def find(asked: Asked, policies: Dict[str, Controller]) -> Tuple[List[Subject], List[LeftOut]]:
    """A subject for each object; with several objects, those that lack grasps or a policy are left out.

    Several objects are judged under the defaults of hand and engine, or under those of the run that was named; a single
    one under those of its run.

    Raises:
        HotError: a name is unknown, a policy is for another hand, or nothing is left.
    """
    if len(asked.objects) < 2:
        object_name = next(iter(asked.objects), None)
        if not policies:
            object_name = object_name or options.DEFAULT_OBJECT
            found = controllers.find(None, None, asked.hand, object_name, asked.skills)
            policies = {"policy": found} if found.policy is not None else {}
        subject = _subject(asked, object_name, policies)
        for name, each in subject.controllers.items():
            called = "this policy" if len(subject.controllers) == 1 else name
            controllers.warn(called, each, subject.object_spec.name, subject.leading.skills)
        return [subject], []
    return _several(asked, policies)


def _several(asked: Asked, policies: Dict[str, Controller]) -> Tuple[List[Subject], List[LeftOut]]:
    from hot.evaluation import LeftOut
    from hot.synthesis.grasps import has_grasps

    presets = {name: _presets(asked, name, policies) for name in asked.objects}  # wrong names end this at once
    leading = {name: next(iter(each.values())) for name, each in presets.items()}
    hand = next(iter(leading.values())).hand
    no_grasps = f"no grasps with {hand}: hot grasps find --hand {hand} --object NAME"
    left_out, judged = [], {}
    for name, preset in leading.items():
        if asked.has_clips or has_grasps(Path(hand).stem, Path(preset.object).stem):
            judged[name] = policies or _at_hand(preset)
        else:
            left_out.append(LeftOut(object=Path(preset.object).stem, reason=no_grasps))
    if judged and not any(judged.values()):
        console.note(f"None of {console.names(list(judged))} has a policy for {hand}: open loop only.")
    elif not policies:
        lacking = [name for name, each in judged.items() if not each]
        left_out += [LeftOut(object=Path(leading[name].object).stem, reason=_NO_POLICY) for name in lacking]
        found = {name: each["policy"] for name, each in judged.items() if each}
        _tell({Path(leading[name].object).stem: each for name, each in found.items()})
        judged = {name: {"policy": replace(each, run=None)} for name, each in found.items()}
    if not judged:
        raise ConfigError(f"nothing to judge: {console.names(list(asked.objects))}: {no_grasps}")
    return [_made(presets[name], each) for name, each in judged.items()], left_out


def _at_hand(preset: Preset) -> Dict[str, Controller]:
    found = controllers.at_hand(preset.hand, preset.object, preset.skills)
    return {"policy": found} if found else {}


def _tell(judged: Mapping[str, Controller]) -> None:
    """Which policy is judged on which objects, and which of them it never saw."""
    for path in dict.fromkeys(each.path for each in judged.values()):
        own = {name: each for name, each in judged.items() if each.path == path}
        first = next(iter(own.values()))
        unseen = [name for name in own if first.trained_objects and name not in first.trained_objects]
        remark = f"; it never saw {console.names(unseen)}" if unseen else ""
        console.note(f"Judging {controllers.called(first)} on {console.names(list(own))}{remark}")


def _subject(asked: Asked, object_name: Optional[str], policies: Dict[str, Controller]) -> Subject:
    return _made(_presets(asked, object_name, policies), policies)


def _made(presets: Presets, policies: Dict[str, Controller]) -> Subject:
    leading = next(iter(presets.values()))
    for each in policies.values():
        controllers.check_hand(each, Path(leading.hand).stem)
    return Subject(policies, presets, *choices.load_specs(leading))


def _presets(asked: Asked, object_name: Optional[str], policies: Mapping[str, Controller]) -> Presets:
    """The preset of each engine that was named, once each."""
    engines: List[Optional[str]] = [*options.split_names([asked.engines])] if asked.engines else [None]
    made = [
        _preset(asked, object_name, policies, {**asked.overrides, **choices.engine_of(name), **asked.assigned})
        for name in engines
    ]
    return {preset.physics.engine: preset for preset in made}


def _preset(
    asked: Asked, object_name: Optional[str], policies: Mapping[str, Controller], overrides: Mapping[str, Any]
) -> Preset:
    """The run's own preset if one run is judged, else the defaults of the policies' hand; options win."""
    leading, skills = next(iter(policies.values()), Controller()), asked.skills
    if len(policies) > 1:
        leading, skills = replace(leading, run=None), skills or _shared_skills(list(policies.values()))
    given = options.given(hand=asked.hand, object=object_name, skills=list(skills) or None)
    return controllers.preset_of(leading, given, overrides)


def _shared_skills(judged: Sequence[Controller]) -> Tuple[str, ...]:
    """Skills that all of the policies were trained on; none if one does not say."""
    first, *others = (each.trained_skills for each in judged)
    return tuple(skill for skill in first if all(skill in other for other in others))
