"""Train a teacher: from clips and a task to a policy file, resumable at any epoch."""

from __future__ import annotations

import contextlib
import copy
import logging
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional

from hot.errors import ConfigError
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.policies import Policy, PolicySpec
from hot.progress import Progress, silent
from hot.runs import Run
from hot.tracking import TrackingEnv
from hot.tracking.config import TaskConfig
from hot.training.config import PpoConfig
from hot.training.ppo import Learner
from hot.training.vecenv import VecEnv

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TeacherData:
    """What a teacher learns from: a hand, its motions, and the objects that they name."""

    hand: HandSpec
    objects: Mapping[str, ObjectSpec]
    motions: Motions


def train_teacher(
    data: TeacherData,
    task: TaskConfig,
    ppo: PpoConfig,
    run: Run,
    seed: int,
    *,
    start: Optional[Path] = None,
    resume: bool = False,
    progress: Progress = silent,
) -> Policy:
    """Train until ``ppo.epochs`` and write ``run.policy_path``.

    Args:
        start: a checkpoint whose networks and normalisers the teacher starts from.
        resume: go on from the run's own checkpoint.

    Raises:
        ConfigError: the batch does not divide into minibatches.
        BadFileError: a checkpoint is missing, damaged or of another shape, or nothing can be written.
        KeyboardInterrupt: on Ctrl-C, after the epoch in progress was finished and saved.
    """
    if ppo.num_envs * ppo.horizon % ppo.minibatches:
        raise ConfigError(
            f"ppo.minibatches = {ppo.minibatches} does not divide ppo.num_envs * ppo.horizon"
            f" = {ppo.num_envs * ppo.horizon}"
        )
    env = TrackingEnv(data.hand, data.objects, data.motions, task, ppo.num_envs, seed)
    with contextlib.closing(env), _interruptible() as interrupted:
        keeper = _Keeper(data, task, ppo, run, progress, interrupted)
        learner = Learner(VecEnv(env), ppo, task.observation.points, seed, run.log_path, keeper.after_epoch)
        if resume:
            learner.restore(run.checkpoint_path)
        elif start is not None:
            learner.warm_start(start)
        keeper.begin(learner)
        if learner.agent.epoch_num < ppo.epochs:
            learner.train()
        if learner.agent.epoch_num < ppo.epochs:
            run.set_status("interrupted")
            raise KeyboardInterrupt
        policy = export_policy(learner, data, task, ppo, run.provenance)
        policy.save(run.policy_path)
        run.set_status("finished")
        return policy


class _Keeper:
    """Saves and reports after each epoch, and decides when to stop."""

    def __init__(
        self, data: TeacherData, task: TaskConfig, ppo: PpoConfig, run: Run, progress: Progress, interrupted: List[int]
    ) -> None:
        self._data, self._task, self._ppo, self._run = data, task, ppo, run
        self._progress, self._interrupted = progress, interrupted
        self._began, self._first = time.monotonic(), 0

    def begin(self, learner: Learner) -> None:
        """Start the clock at the epoch from which training goes on."""
        self._began, self._first = time.monotonic(), int(learner.agent.epoch_num)

    def after_epoch(self, learner: Learner, epoch: int, figures: Dict[str, float]) -> bool:
        """Report, save when it is time, and say whether to stop."""
        rate = (epoch - self._first) * learner.agent.batch_size / (time.monotonic() - self._began)
        shown = {name.split("/")[1]: value for name, value in figures.items()}
        self._progress("training", epoch, self._ppo.epochs, {**shown, "steps_per_s": rate})
        last = epoch >= self._ppo.epochs or bool(self._interrupted)
        if last or epoch % self._ppo.save_every == 0:
            learner.save(self._run.checkpoint_path)
            policy = export_policy(learner, self._data, self._task, self._ppo, self._run.provenance)
            policy.save(self._run.policy_path)
        return last


def export_policy(
    learner: Learner, data: TeacherData, task: TaskConfig, ppo: PpoConfig, provenance: Mapping[str, Any]
) -> Policy:
    """The learner's present actor as a policy that acts without the learner."""
    spec = PolicySpec(
        hand=data.hand.name,
        joint_names=tuple(data.hand.joint_names),
        layout=learner.env.env.layout,
        points=task.observation.points,
        hidden=tuple(ppo.network.hidden),
        point_features=ppo.network.point_features,
        action=task.action.model_dump(mode="json"),
        observation=task.observation.model_dump(mode="json"),
        trained={
            "objects": list(data.motions.objects),
            "skills": list(data.motions.skills),
            "stage": provenance.get("stage"),
            "seed": provenance.get("seed"),
            "samples": int(learner.agent.epoch_num * learner.agent.batch_size),
        },
    )
    # A copy, not a fresh network: making one would draw random numbers and change how training goes on.
    actor = copy.deepcopy(learner.actor).cpu()
    mean, std = (value.cpu().clone() for value in learner.normaliser)
    return Policy(spec, actor, mean, std)


@contextlib.contextmanager
def _interruptible() -> Iterator[List[int]]:
    """Collect the first Ctrl-C in the yielded list instead of raising; a second one raises at once."""
    caught: List[int] = []

    def remember(number: int, frame: object) -> None:
        caught.append(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _LOG.warning("interrupted: finishing this epoch and saving; Ctrl-C again stops at once")

    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield caught
    finally:
        signal.signal(signal.SIGINT, before)
