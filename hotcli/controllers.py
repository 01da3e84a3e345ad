"""Which controller is judged: the one that was named, else the best one that is at hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Mapping, Optional, Sequence, Set, Tuple

from hot.errors import BadFileError, ConfigError, UnknownNameError
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


@dataclass(frozen=True)
class Foreign:
    """That policy files are checkpoints of the original release, and what they leave unsaid."""

    layout: str
    """upstream; there is no other."""
    action: Mapping[str, Any]
    """What their actions mean, where that is not as upstream's README says for the hand, by preset key below action."""


def foreign(layout: Optional[str], assigned: Mapping[str, Any]) -> Optional[Foreign]:
    """What ``--layout`` and ``--set action...`` say of policy files; None: they are our own.

    Raises:
        UnknownNameError: no such layout.
    """
    if layout is None:
        return None
    if layout.lower() != "upstream":
        raise UnknownNameError("layout", layout, ["upstream"])
    prefix = "action."
    return Foreign("upstream", {key[len(prefix) :]: v for key, v in assigned.items() if key.startswith(prefix)})


def policy_path(given: Path) -> Path:
    """The file that is meant by a path, or by ``HAND/NAME`` of a policy that is kept or ships.

    Raises:
        UnknownNameError: neither.
    """
    from hot.policies import names

    if given.suffix or given.exists() or len(given.parts) != 2:
        return given
    path = in_library(given)
    if path is None:
        raise UnknownNameError("policy", str(given), names(), "Or give the path of a file or a run.")
    return path


def in_library(given: Path) -> Optional[Path]:
    """The file of a policy called ``HAND/NAME``, if there is one."""
    from hot.policies import find

    return find(*given.parts) if len(given.parts) == 2 else None


def read_policy(path: Path, checkpoints: Optional[Foreign] = None) -> Policy:
    """The policy of a file of ours, or, if it is said to be one, of a checkpoint of the original release.

    Raises:
        BadFileError: it is none, or the other of the two.
    """
    from hot.policies import Policy

    if checkpoints is None:
        if path.suffix.lower() in _CHECKPOINTS:
            raise BadFileError(
                path,
                "is a checkpoint, no policy file; one of the original release is made one by hot policies import, "
                "and judged as it is by hot eval --layout upstream",
            )
        return Policy.load(path)
    from hot.upstream import to_policy

    if path.suffix == ".safetensors":
        raise BadFileError(path, "is a policy file, which says itself what it sees: leave out --layout")
    policy = to_policy(path, checkpoints.action)
    spec = policy.spec
    console.note(
        f"{path}: {spec.hand}, sees {spec.num_observations} numbers, action.mode={spec.action['mode']} "
        f"action.drives={spec.action['drives']} (--set changes what the file does not say)"
    )
    return policy


_CHECKPOINTS = (".pth", ".pt")


def find(
    run: Optional[Path],
    policy: Optional[Path],
    hand: Optional[str],
    object_name: Optional[str],
    skills: Sequence[str] = (),
    doing: str = "Judging",
    checkpoints: Optional[Foreign] = None,
) -> Controller:
    """The controller that was named; else the one at hand for a hand, an object and, if some are given, skills, else
    none. ``doing`` says in the remark what is done with it, ``checkpoints`` whether policy files are such."""
    from hot.runs import Run

    if policy is not None:
        path = policy_path(policy)
        return Controller(path=path, policy=read_policy(path, checkpoints))
    if run is None:
        return _at_hand_or_none(hand, object_name, skills, doing)
    if run.is_file():
        raise BadFileError(run, f"is a file, not a run; if it is a policy: --policy {run}")
    if not run.exists() and in_library(run) is not None:
        raise BadFileError(run, f"is a policy's name, not a run: --policy {run}")
    return _of_run(Run.open(run), doing)


def load(path: Path, checkpoints: Optional[Foreign] = None) -> Controller:
    """The controller of a run's folder or of a policy file."""
    from hot.runs import Run

    if path.is_dir():
        return _of_run(Run.open(path), "Judging")
    path = policy_path(path)
    # Of two that are compared one may be ours.
    own = path.suffix == ".safetensors"
    return Controller(path=path, policy=read_policy(path, None if own else checkpoints))


def at_hand(hand: str, object_name: str, skills: Sequence[str]) -> Optional[Controller]:
    """The newest finished run of a hand and an object, else the most suitable policy that is kept or ships, if any."""
    from hot import policies
    from hot.runs import newest_finished

    newest = newest_finished(options.RUNS_FOLDER, hand, (object_name,))
    if newest is not None:
        return Controller(newest, newest.policy_path, policies.Policy.load(newest.policy_path))
    path = next((each.path for each in policies.suitable(hand, object_name, skills)), None)
    return None if path is None else Controller(path=path, policy=policies.Policy.load(path))


def called(controller: Controller) -> str:
    """What is judged, in words."""
    path = controller.path
    if controller.run is not None or path is None:
        return str(controller.run.path if controller.run else path)
    if not _ships(path):
        return f"{path} (hot policies shows its card)"
    known = controller.trained_objects
    several = f", of {len(known)} objects" if len(known) > 1 else ""
    return f"the shipped policy {path.parent.name}/{path.stem}{several} (hot policies shows its card)"


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
    object_name = asked.get("object") or (None if options.DEFAULT_OBJECT in known else next(iter(known), None))
    return choices.make_preset(hand, object_name, None, asked.get("skills", ()), overrides)


def _at_hand_or_none(hand: Optional[str], object_name: Optional[str], skills: Sequence[str], doing: str) -> Controller:
    wanted = choices.make_preset(hand, object_name, None, skills, {})
    found = at_hand(wanted.hand, wanted.object, wanted.skills)
    if found is None:
        console.note(
            f"No finished run of {wanted.hand} and {wanted.object} in {options.RUNS_FOLDER}/, "
            "and no policy of theirs is kept or shipped: open loop only."
        )
        return Controller()
    console.note(f"{doing} {called(found)}")
    return found


def _of_run(run: Run, doing: str) -> Controller:
    from hot.policies import Policy

    found = Controller(run, run.policy_path, Policy.load(run.policy_path))
    console.note(f"{doing} {called(found)}")
    return found


def _ships(path: Path) -> bool:
    from hot.assets import packaged

    return packaged() in path.parents
