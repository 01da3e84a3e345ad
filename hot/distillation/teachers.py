"""Who teaches what, and what each world's own teacher would do."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Tuple, Type, TypeVar

import torch
from torch import Tensor

from hot.config import Config
from hot.errors import ConfigError
from hot.hands import HandSpec
from hot.policies import Policy
from hot.tracking import TrackingEnv
from hot.tracking.actions import restated
from hot.tracking.config import ActionConfig, ObservationConfig, TaskConfig
from hot.tracking.observations import layout

_LOG = logging.getLogger(__name__)
_Choices = TypeVar("_Choices", bound=Config)


@dataclass(frozen=True)
class Teacher:
    """A policy and what it teaches."""

    name: str
    """For messages: a path."""
    policy: Policy
    subjects: Tuple[Tuple[str, str], ...]
    """Objects, in whatever sizes, and skills."""

    @property
    def observation(self) -> ObservationConfig:
        """How it sees the worlds.

        Raises:
            ConfigError: by a configuration of another version of this package.
        """
        return self._read(ObservationConfig, self.policy.spec.observation)

    def restated(self, action: ActionConfig, hand: HandSpec) -> Tensor:
        """Factors (A,) by which its actions become those that do the same under a student's ``action``.

        Raises:
            ConfigError: it drives a hand in another way, or by a configuration of another version of this package.
        """
        own = self._read(ActionConfig, self.policy.spec.action)
        try:
            return restated(own, action, hand)
        except ConfigError as error:
            raise ConfigError(
                f"{self.name} means something else by its actions than the student is to: {error}"
            ) from error

    def _read(self, kind: Type[_Choices], recorded: Mapping[str, Any]) -> _Choices:
        try:
            return kind(**recorded)
        except ValueError as error:
            raise ConfigError(f"{self.name} was trained by another version of hot; retrain it ({error})") from error


def object_of(name: str) -> str:
    """The object that ``name`` is a size of."""
    return name.partition("@")[0]


def views_of(teachers: Sequence[Teacher], task: TaskConfig) -> Tuple[ObservationConfig, ...]:
    """How teachers see the worlds where the student sees them otherwise, each way once."""
    seen = [teacher.observation for teacher in teachers]
    return tuple(
        config for index, config in enumerate(seen) if config != task.observation and config not in seen[:index]
    )


class Faculty:
    """All teachers of one environment: each answers, in one batch, for the worlds whose objects it teaches.

    Nothing here waits for the device: which worlds hold which object never changes, and among several teachers of one
    object the skill that is due chooses between answers.

    Args:
        teachers: who teach every object and skill of the environment's clips, each of those once.
        env: after :meth:`TrackingEnv.add_views` of :func:`views_of` the teachers.

    Raises:
        ConfigError: an object's skill has no teacher or two, or a teacher is for another hand, sees what the
            environment does not show, or means something else by its actions.
    """

    def __init__(self, teachers: Sequence[Teacher], env: TrackingEnv) -> None:
        for teacher in teachers:
            _check(teacher, env)
        views = views_of(teachers, env.config)
        self._table = _table(teachers, env)  # (O, S) number of the teacher
        self._lessons = [_Lesson(number, teacher, self._table, views, env) for number, teacher in enumerate(teachers)]
        self._env = env

    def act(self, observation: Tensor) -> Tensor:
        """What each world's own teacher would do now (N, A), said as the student says it, or what comes nearest.

        ``observation`` (N, O) is the student's.
        """
        env = self._env
        due = self._table[env.world_object, env.skill_due]
        answers = observation.new_zeros(env.num_envs, env.num_actions)
        for lesson in self._lessons:
            lesson.answer(observation, env.views, due, answers)
        return answers


class _Lesson:
    """One teacher and its worlds."""

    def __init__(
        self,
        number: int,
        teacher: Teacher,
        table: Tensor,
        views: Sequence[ObservationConfig],
        env: TrackingEnv,
    ) -> None:
        self._number, self._policy = number, teacher.policy.to(env.device)
        self._factors = teacher.restated(env.config.action, env.hand).to(env.device)  # (A,)
        if bool((self._factors > 1.0).any()):
            _LOG.warning("%s may leave the reference farther than the student: what is beyond is cut off", teacher.name)
        own = teacher.observation
        self._view: Optional[int] = None if own == env.config.observation else list(views).index(own)
        self._worlds = (table == number).any(1)[env.world_object].nonzero()[:, 0]  # (n,)
        self._alone = bool((table == number).all(1)[env.world_object[self._worlds]].all())

    def answer(self, observation: Tensor, views: Sequence[Tensor], due: Tensor, answers: Tensor) -> None:
        """Put this teacher's answers into those (N, A) of all worlds where its turn (N,) is due."""
        seen = observation if self._view is None else views[self._view]
        said = (self._policy.act(seen.index_select(0, self._worlds)) * self._factors).clamp(-1.0, 1.0)
        if not self._alone:
            mine = due.index_select(0, self._worlds) == self._number
            said = said.where(mine[:, None], answers.index_select(0, self._worlds))
        answers.index_copy_(0, self._worlds, said)


def _table(teachers: Sequence[Teacher], env: TrackingEnv) -> Tensor:
    names = [object_of(name) for name in env.motions.objects]
    rows = [[_only(teachers, (name, skill)) for skill in env.motions.skills] for name in names]
    return torch.tensor(rows, device=env.device)


def _only(teachers: Sequence[Teacher], subject: Tuple[str, str]) -> int:
    found = [number for number, teacher in enumerate(teachers) if subject in teacher.subjects]
    if len(found) != 1:
        who = " and ".join(teachers[number].name for number in found)
        raise ConfigError(f"{' '.join(subject)} has {f'two teachers: {who}' if found else 'no teacher'}")
    return found[0]


def _check(teacher: Teacher, env: TrackingEnv) -> None:
    spec = teacher.policy.spec
    if spec.hand != env.hand.name:
        raise ConfigError(f"{teacher.name} drives the {spec.hand} hand, not {env.hand.name}")
    if tuple(spec.joint_names) != tuple(env.hand.joint_names) or spec.layout != layout(env.hand, teacher.observation):
        raise ConfigError(
            f"{teacher.name} was trained with another {spec.hand} hand or by an older version: retrain it"
        )
