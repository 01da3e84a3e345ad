"""Which controller is judged: the one that was named, else the best one that is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence, Set, Tuple

from hot.errors import BadFileError, ConfigError
from hotcli import choices, console, options

if TYPE_CHECKING:
    from hot.hands import HandSpec
    from hot.objects import ObjectSpec
    from hot.policies import Policy
    from hot.presets import Preset
    from hot.runs import Run


@dataclass(frozen=True)
class Controller:
    """A run's policy, a policy file's, or none, which leaves the open loop alone."""

    run: Optional[Run] = None
    path: Optional[Path] = None
    policy: Optional[Policy] = None

    @property
    def trained_objects(self) -> Tuple[str, ...]:
        """Objects that the policy was trained on, whatever their sizes; empty where the policy does not say."""
        return tuple(dict.fromkeys(name.partition("@")[0] for name in self._trained("objects")))

    @property
    def trained_skills(self) -> Tuple[str, ...]:
        """Skills that the policy was trained on; empty where it does not say."""
        return self._trained("skills")

    def unseen(self, object_name: str, skill: str, size: float) -> Set[str]:
        """What of object, skill and size the policy was never trained on, as far as it says."""
        name = f"{object_name}@{size:g}"
        checks = {
            "object": (object_name, self.trained_objects),
            "skill": (skill, self.trained_skills),
            "size": (name, () if size == 1.0 else self._trained("objects")),
        }
        return {what for what, (each, known) in checks.items() if known and each not in known}

    def _trained(self, what: str) -> Tuple[str, ...]:
        if self.policy is None:
            return ()
        return tuple(str(name) for name in self.policy.spec.trained.get(what, ()))


def find(
    run: Optional[Path],
    policy: Optional[Path],
    hand: Optional[str],
    object_name: Optional[str],
    doing: str = "Judging",
) -> Controller:
    """The controller that was named; else the newest finished run of hand and object, else the policy that is kept
    or shipped for them, else none. ``doing`` says in the remark what is done with it."""
    from hot.policies import Policy
    from hot.runs import Run

    if policy is not None:
        return Controller(path=policy, policy=Policy.load(policy))
    if run is None:
        return _at_hand_or_none(hand, object_name, doing)
    if run.is_file():
        raise BadFileError(run, f"is a file, not a run; if it is a policy: --policy {run}")
    return _of_run(Run.open(run), doing)


def load(path: Path) -> Controller:
    """The controller of a run's folder or of a policy file."""
    from hot.policies import Policy
    from hot.runs import Run

    return _of_run(Run.open(path), "Judging") if path.is_dir() else Controller(path=path, policy=Policy.load(path))


def at_hand(hand: str, object_name: str, doing: str = "Judging") -> Optional[Controller]:
    """The newest finished run of a hand and an object, else the policy that is kept or shipped for them, if any."""
    from hot import policies
    from hot.runs import newest_finished

    newest = newest_finished(options.RUNS_FOLDER, hand, (object_name,))
    if newest is not None:
        return _of_run(newest, doing)
    path = policies.find(hand, object_name)
    if path is None:
        return None
    named = f"the shipped policy of {hand} and {object_name}" if _ships(path) else str(path)
    console.note(f"{doing} {named} (hot policies shows its card)")
    return Controller(path=path, policy=policies.Policy.load(path))


def check(controller: Controller, hand: HandSpec, object_spec: ObjectSpec, skills: Sequence[str]) -> None:
    """Say so if the policy never saw the object or a skill.

    Raises:
        ConfigError: the policy is for another hand.
    """
    check_hand(controller, hand.name)
    warn("this policy", controller, object_spec.name, skills)


def check_hand(controller: Controller, hand: str) -> None:
    """Refuse a policy for another hand.

    Raises:
        ConfigError: the policy is for another hand.
    """
    made_for = controller.policy.spec.hand if controller.policy else hand
    if made_for != hand:
        raise ConfigError(f"{controller.path} drives the {made_for} hand, not {hand}; choose --hand {made_for}")


def warn(name: str, controller: Controller, object_name: str, skills: Sequence[str]) -> None:
    """Say so if the policy, called ``name``, never saw the object or a skill."""
    trained, known = controller.trained_objects, controller.trained_skills
    if trained and object_name not in trained:
        console.note(f"Warning: {name} was trained on {console.names(trained)}, not on {object_name}.")
    unseen = [skill for skill in skills if known and skill not in known]
    if unseen:
        console.note(f"Warning: {name} was trained on {console.names(known)}, not on {console.names(unseen)}.")


def preset_of(controller: Controller, asked: Dict[str, Any], overrides: Mapping[str, Any]) -> Preset:
    """The run's own preset if there is a run, else the defaults of the policy's hand and object; options win."""
    from hot import presets
    from hot.objects import object_names

    if controller.run is not None:
        return presets.override(presets.load(controller.run.preset_path), {**asked, **overrides})
    hand = asked.get("hand") or (controller.policy.spec.hand if controller.policy else None)
    known = [name for name in controller.trained_objects if name in object_names()]
    object_name = asked.get("object") or next(iter(known), None)
    return choices.make_preset(hand, object_name, None, asked.get("skills", ()), overrides)


def _at_hand_or_none(hand: Optional[str], object_name: Optional[str], doing: str) -> Controller:
    wanted = choices.make_preset(hand, object_name, None, (), {})
    found = at_hand(wanted.hand, wanted.object, doing)
    if found is None:
        console.note(
            f"No finished run of {wanted.hand} and {wanted.object} in {options.RUNS_FOLDER}/, "
            "and no policy of theirs is kept or shipped: open loop only."
        )
    return found or Controller()


def _of_run(run: Run, doing: str) -> Controller:
    from hot.policies import Policy

    console.note(f"{doing} {run.path}")
    return Controller(run, run.policy_path, Policy.load(run.policy_path))


def _ships(path: Path) -> bool:
    from hot.assets import packaged

    return packaged() in path.parents
