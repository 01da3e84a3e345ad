"""Who teaches a student what: the policies that were named, else for each object the best one at hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from hot.errors import BadFileError, ConfigError
from hotcli import console, controllers, options

if TYPE_CHECKING:
    from hot.distillation import Teacher
    from hot.policies import Policy

STUDENT_STAGE = 3
"""The stage of students among presets and runs."""

Subject = Tuple[str, str]
"""An object and a skill."""


@dataclass(frozen=True)
class Asked:
    """What is to be taught, of one hand."""

    hand: str
    objects: Tuple[str, ...]
    skills: Tuple[str, ...]


@dataclass(frozen=True)
class _Named:
    """A ``--teacher``: a policy, and the objects and skills it was named for, if any."""

    path: Path
    policy: Policy
    objects: Tuple[str, ...]
    skills: Tuple[str, ...]

    @property
    def rank(self) -> int:
        """The more is said of what a teacher is for, the more it counts."""
        return bool(self.objects) + bool(self.skills)

    def teaches(self, subject: Subject) -> bool:
        """Whether it was named for the subject, or else trained on it."""
        objects, skills = (self.objects or _objects_of(self.policy)), (self.skills or _skills_of(self.policy))
        return (not objects or subject[0] in objects) and (not skills or subject[1] in skills)


def choose(named: Sequence[str], asked: Asked) -> List[Teacher]:
    """A teacher for every object and skill, and say which.

    Args:
        named: ``PATH``, ``OBJECT,...=PATH``, ``SKILL,...=PATH`` or both kinds of names before the ``=``; what has no
            name teaches what it was trained on. A path is a policy file's or a run's.

    Raises:
        ConfigError: a subject has no teacher, or two that were named alike; a teacher is for another hand.
        UnknownNameError: a name that is neither an object nor a skill that is asked for.
        BadFileError: a path is neither a policy nor a run.
    """
    subjects: Dict[Subject, Path] = {}
    policies: Dict[Path, Policy] = {}
    claims = [_read(text, asked) for text in named]
    for subject in [(name, skill) for name in asked.objects for skill in asked.skills]:
        claim = _strongest(subject, claims)
        if claim is not None:
            subjects[subject], policies[claim.path] = claim.path, claim.policy
    for claim in claims:
        if claim.path not in subjects.values():
            raise ConfigError(
                f"--teacher {claim.path} teaches nothing that is asked for: it knows {_known(claim.policy)}"
            )
    for name in asked.objects:
        left = [skill for skill in asked.skills if (name, skill) not in subjects]
        if left:
            path, policy = _at_hand(name, left, asked)
            subjects.update({(name, skill): path for skill in left})
            policies[path] = policy
    return _made(subjects, policies)


def recorded(teachers: Sequence[Teacher]) -> List[Dict[str, Any]]:
    """Teachers as JSON values: their files, what is in them, and what they teach."""
    return [
        {"policy": teacher.name, "sha256": _digest(Path(teacher.name)), "teaches": _by_object(teacher.subjects)}
        for teacher in teachers
    ]


def again(entries: Sequence[Mapping[str, Any]]) -> List[Teacher]:
    """The teachers that were :func:`recorded`.

    Raises:
        BadFileError: one is gone, or is not what it was.
    """
    from hot.distillation import Teacher
    from hot.policies import Policy

    found = []
    for entry in entries:
        path = Path(entry["policy"])
        policy = Policy.load(path)
        if _digest(path) != entry["sha256"]:
            raise BadFileError(path, "has changed since it began to teach; put the old file back, or begin a new run")
        subjects = [(name, skill) for name, skills in entry["teaches"].items() for skill in skills]
        found.append(Teacher(str(path), policy, tuple(subjects)))
    return found


def objects_at_hand(hand: str) -> List[str]:
    """Every object for which a policy of the hand is at hand that is no student, sorted."""
    from hot.policies import kept
    from hot.runs import runs_in

    made = [run.provenance for run in runs_in(options.RUNS_FOLDER) if run.status == "finished"]
    taught = [entry for entry in made if entry["hand"] == hand and entry["stage"] != STUDENT_STAGE]
    of_runs = {name for entry in taught for name in entry.get("objects", [entry["object"]])}
    return sorted(of_runs.union(*(each.objects for each in kept(hand) if not each.is_student)))


def _read(text: str, asked: Asked) -> _Named:
    from hot.errors import UnknownNameError
    from hot.runs import Run

    names, equals, path = text.rpartition("=") if _names_subjects(text) else ("", "", text)
    known = {name.lower(): name for name in (*asked.objects, *asked.skills)}
    chosen = options.split_names([names]) if equals else []
    for name in chosen:
        if name.lower() not in known:
            raise UnknownNameError("object or skill in --teacher", name, known.values())
    spelled = [known[name.lower()] for name in chosen]
    file = Run.open(Path(path)).policy_path if Path(path).is_dir() else controllers.policy_path(Path(path))
    policy = controllers.read_policy(file)
    if policy.spec.hand != asked.hand:
        raise ConfigError(f"{file} drives the {policy.spec.hand} hand, not {asked.hand}")
    skills = tuple(name for name in spelled if name in asked.skills)
    unknown = [skill for skill in skills if _skills_of(policy) and skill not in _skills_of(policy)]
    if unknown:
        raise ConfigError(
            f"--teacher {text}: the policy never learnt {console.names(unknown)}; it knows {_known(policy)}"
        )
    objects = tuple(name for name in spelled if name in asked.objects)
    new = [name for name in objects if _objects_of(policy) and name not in _objects_of(policy)]
    if new:
        console.note(
            f"Warning: {file} was trained on {console.names(_objects_of(policy))}, not on {console.names(new)}."
        )
    return _Named(file, policy, objects, skills)


def _names_subjects(text: str) -> bool:
    """Whether what comes before a = are names, and not part of a path."""
    names, equals, _ = text.partition("=")
    return bool(equals) and not any(sign in names for sign in "/\\.")


def _strongest(subject: Subject, claims: Sequence[_Named]) -> Optional[_Named]:
    able = [claim for claim in claims if claim.teaches(subject)]
    best = [claim for claim in able if claim.rank == max(each.rank for each in able)]
    if len({claim.path for claim in best}) > 1:
        paths = " and ".join(str(claim.path) for claim in best)
        raise ConfigError(
            f"--teacher names two policies for {' '.join(subject)}: {paths}; say which, as in "
            f"--teacher {subject[0]},{subject[1]}={best[0].path}"
        )
    return best[0] if best else None


def _at_hand(name: str, skills: Sequence[str], asked: Asked) -> Tuple[Path, Policy]:
    """The newest finished run of the object that knows the skills, else the policy kept or shipped for it; never a
    student."""
    from hot.policies import Policy, suitable
    from hot.runs import runs_in

    runs = [run for run in runs_in(options.RUNS_FOLDER) if run.status == "finished"]
    paths = [
        run.policy_path
        for run in runs
        if run.is_of(asked.hand, (name,), run.provenance["stage"]) and run.provenance["stage"] != STUDENT_STAGE
    ]
    kept = suitable(asked.hand, name, skills)
    paths += [each.path for each in kept if each.knows(name) and not each.is_student]
    seen = {path: Policy.load(path) for path in paths}
    for path, policy in seen.items():
        if not _skills_of(policy) or set(skills) <= set(_skills_of(policy)):
            return path, policy
    there = "; ".join(f"{path} ({console.names(_skills_of(policy))})" for path, policy in seen.items())
    make = f"hot train teacher --hand {asked.hand} --object {name} --skill {','.join(skills)}"
    raise ConfigError(
        f"no teacher of {name} knows {console.names(skills)}. At hand for {asked.hand} and {name}: {there or 'none'}; "
        f"for {asked.hand} and others: {console.names([n for n in objects_at_hand(asked.hand) if n != name])}. "
        f"Train one: {make}. Or name one: --teacher {name}=PATH"
    )


def _made(subjects: Mapping[Subject, Path], policies: Mapping[Path, Policy]) -> List[Teacher]:
    from hot.distillation import Teacher

    teachers = []
    for path in dict.fromkeys(subjects.values()):
        own = tuple(subject for subject, chosen in subjects.items() if chosen == path)
        teachers.append(Teacher(str(path), policies[path], own))
        taught = "; ".join(f"{name}: {', '.join(skills)}" for name, skills in _by_object(own).items())
        console.note(f"Teacher: {path} ({taught})")
    return teachers


def _by_object(subjects: Sequence[Subject]) -> Dict[str, List[str]]:
    names = dict.fromkeys(name for name, _ in subjects)
    return {name: [skill for each, skill in subjects if each == name] for name in names}


def _objects_of(policy: Policy) -> Tuple[str, ...]:
    from hot.distillation.teachers import object_of

    return tuple(dict.fromkeys(object_of(str(name)) for name in policy.spec.trained.get("objects", ())))


def _skills_of(policy: Policy) -> Tuple[str, ...]:
    return tuple(str(skill) for skill in policy.spec.trained.get("skills", ()))


def _known(policy: Policy) -> str:
    return f"{console.names(_skills_of(policy))} with {console.names(_objects_of(policy))}"


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadFileError(path, f"cannot be read: {error.strerror}") from error
