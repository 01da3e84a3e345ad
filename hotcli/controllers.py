"""Which controller is judged: the one that was named, else the best one that is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Tuple

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
        if self.policy is None:
            return ()
        names = self.policy.spec.trained.get("objects", ())
        return tuple(dict.fromkeys(str(name).partition("@")[0] for name in names))


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
        return _at_hand(hand, object_name, doing)
    if run.is_file():
        raise BadFileError(run, f"is a file, not a run; if it is a policy: --policy {run}")
    return _of_run(Run.open(run), doing)


def check(controller: Controller, hand: HandSpec, object_spec: ObjectSpec, skills: Sequence[str]) -> None:
    """Say so if the policy never saw the object or a skill.

    Raises:
        ConfigError: the policy is for another hand.
    """
    if controller.policy is None:
        return
    made_for, trained = controller.policy.spec.hand, controller.trained_objects
    if made_for != hand.name:
        raise ConfigError(f"{controller.path} drives the {made_for} hand, not {hand.name}; choose --hand {made_for}")
    if trained and object_spec.name not in trained:
        console.note(f"Warning: this policy was trained on {console.names(trained)}, not on {object_spec.name}.")
    known = controller.policy.spec.trained.get("skills", skills)
    unseen = [skill for skill in skills if skill not in known]
    if unseen:
        console.note(f"Warning: this policy was trained on {console.names(known)}, not on {console.names(unseen)}.")


def preset_of(controller: Controller, asked: Dict[str, Any], overrides: Dict[str, Any]) -> Preset:
    """The run's own preset if there is a run, else the defaults of the policy's hand and object; options win."""
    from hot import presets
    from hot.objects import object_names

    if controller.run is not None:
        return presets.override(presets.load(controller.run.preset_path), {**asked, **overrides})
    hand = asked.get("hand") or (controller.policy.spec.hand if controller.policy else None)
    known = [name for name in controller.trained_objects if name in object_names()]
    object_name = asked.get("object") or next(iter(known), None)
    return choices.make_preset(hand, object_name, None, asked.get("skills", ()), overrides)


def _at_hand(hand: Optional[str], object_name: Optional[str], doing: str) -> Controller:
    from hot import policies
    from hot.runs import newest_finished

    wanted = choices.make_preset(hand, object_name, None, (), {})
    newest = newest_finished(options.RUNS_FOLDER, wanted.hand, wanted.object)
    if newest is not None:
        return _of_run(newest, doing)
    path = policies.find(wanted.hand, wanted.object)
    if path is None:
        console.note(
            f"No finished run of {wanted.hand} and {wanted.object} in {options.RUNS_FOLDER}/, "
            "and no policy of theirs is kept or shipped: open loop only."
        )
        return Controller()
    named = f"the shipped policy of {wanted.hand} and {wanted.object}" if _ships(path) else str(path)
    console.note(f"{doing} {named} (hot policies shows its card)")
    return Controller(path=path, policy=policies.Policy.load(path))


def _of_run(run: Run, doing: str) -> Controller:
    from hot.policies import Policy

    console.note(f"{doing} {run.path}")
    return Controller(run, run.policy_path, Policy.load(run.policy_path))


def _ships(path: Path) -> bool:
    from hot.assets import packaged

    return packaged() in path.parents
