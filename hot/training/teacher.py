"""Train a teacher: from clips and a task to a policy file, resumable at any epoch."""

from __future__ import annotations

import contextlib
import copy
import logging
import math
import signal
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from hot.errors import ConfigError
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.policies import Policy, PolicySpec
from hot.progress import Progress, silent
from hot.runs import Run
from hot.tracking import TrackingEnv
from hot.tracking.config import ObservationConfig, TaskConfig
from hot.training.config import PpoConfig
from hot.training.learner import Learner
from hot.training.metrics import Metrics
from hot.training.ppo import Agent
from hot.training.ranks import Ranks, joined
from hot.training.vecenv import VecEnv

_LOG = logging.getLogger(__name__)
DETAIL = "detail/"
"""Begins the names of figures that are written down but too many to be shown."""


@dataclass(frozen=True)
class TeacherData:
    """What a teacher learns from: a hand, its motions, and the objects that they name."""

    hand: HandSpec
    objects: Mapping[str, ObjectSpec]
    motions: Motions
    shares: Optional[Mapping[str, float]] = None
    """Of the worlds, by object; equal if not given."""


@dataclass(frozen=True)
class Method:
    """How a policy learns."""

    make_agent: Callable[..., Agent] = Agent
    """Called as :class:`hot.training.learner.Learner` does."""
    views: Tuple[ObservationConfig, ...] = ()
    """How others that take part see the worlds."""


def train_teacher(  # noqa: PLR0913  the one place where all that training needs comes together
    data: TeacherData,
    task: TaskConfig,
    ppo: PpoConfig,
    run: Run,
    seed: int,
    *,
    start: Optional[Path] = None,
    resume: bool = False,
    progress: Progress = silent,
    method: Method = Method(),
) -> Policy:
    """Train until ``ppo.epochs`` or ``ppo.seconds`` and write ``run.policy_path``.

    Records in the run whether it is running, was interrupted (by an error, too) or is finished. Called in each of
    the processes that torchrun started, it trains one teacher on all their GPUs, each with ``ppo.num_envs`` worlds;
    the first process alone writes, reports and decides when to stop.

    Args:
        start: a checkpoint whose networks and normalisers the teacher starts from.
        resume: go on from the run's own checkpoint. Environments of all but the first process start anew.

    Raises:
        ConfigError: the batch does not divide into minibatches, there are more processes than GPUs, or the observation
            is one that is not trained on.
        BadFileError: a checkpoint is missing, damaged or of another shape, or nothing can be written.
        KeyboardInterrupt: on Ctrl-C, after the epoch in progress was finished and saved.
    """
    with joined() as ranks, _recorded(run, ranks), _interruptible(ranks) as interrupted, _log(run, ranks) as log:
        _check_batch(ppo)
        _check_layout(task)
        env = TrackingEnv(
            data.hand, data.objects, data.motions, task, ppo.num_envs, ranks.seed(seed), shares=data.shares
        )
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.closing(env))
            env.add_views(method.views)
            learner = Learner(VecEnv(env), ppo, task.observation.points, seed, log, ranks, method.make_agent)
            stack.enter_context(contextlib.closing(learner))
            if resume:
                learner.restore(run.checkpoint_path)
            elif start is not None:
                learner.warm_start(start)
            if learner.share < 1.0:
                learner.train(_Keeper(data, task, run, learner.epoch, progress, ranks, interrupted).after_epoch)
            policy = export_policy(learner, data, task, run.provenance)
            if ranks.leads:
                policy.save(run.policy_path)
            return policy


def _check_layout(task: TaskConfig) -> None:
    if task.observation.layout != "own":
        raise ConfigError(
            f"observation.layout = {task.observation.layout} is for policies of the original release, not to train on"
        )


def _check_batch(ppo: PpoConfig) -> None:
    if ppo.num_envs * ppo.horizon % ppo.minibatches:
        raise ConfigError(
            f"ppo.minibatches = {ppo.minibatches} does not divide ppo.num_envs * ppo.horizon"
            f" = {ppo.num_envs * ppo.horizon}"
        )


class _Keeper:
    """Saves and reports after each epoch, and decides when to stop."""

    def __init__(
        self,
        data: TeacherData,
        task: TaskConfig,
        run: Run,
        epoch: int,
        progress: Progress,
        ranks: Ranks,
        interrupted: List[int],
    ) -> None:
        self._data, self._task, self._run, self._progress = data, task, run, progress
        self._ranks, self._interrupted = ranks, interrupted
        self._metrics = Metrics(run.metrics_path, epoch)

    def after_epoch(self, learner: Learner, figures: Dict[str, float]) -> bool:
        """Report, save when it is time, and say whether training is done.

        Raises:
            KeyboardInterrupt: on all ranks, if it is to stop early.
        """
        done, early = self._ranks.share((learner.share >= 1.0, bool(self._interrupted)))
        if self._ranks.leads:
            self._report(learner, figures)
            if done or early or learner.epoch % learner.config.save_every == 0:
                learner.save(self._run.checkpoint_path)
                policy = export_policy(learner, self._data, self._task, self._run.provenance)
                policy.save(self._run.policy_path)
        if early and not done:
            raise KeyboardInterrupt
        return done

    def _report(self, learner: Learner, figures: Dict[str, float]) -> None:
        self._metrics.add(learner.epoch, figures)
        shown = {name.split("/")[1]: value for name, value in figures.items() if not name.startswith(DETAIL)}
        total = max(learner.epoch, min(learner.config.epochs, math.ceil(learner.epoch / learner.share)))
        self._progress(learner.agent.doing, learner.epoch, total, shown)


def export_policy(learner: Learner, data: TeacherData, task: TaskConfig, provenance: Mapping[str, Any]) -> Policy:
    """The learner's present actor as a policy that acts without the learner."""
    network = learner.config.network
    spec = PolicySpec(
        hand=data.hand.name,
        joint_names=tuple(data.hand.joint_names),
        layout=learner.env.env.layout,
        points=task.observation.points,
        hidden=tuple(network.hidden),
        point_features=network.point_features,
        action=task.action.model_dump(mode="json"),
        observation=task.observation.model_dump(mode="json"),
        trained={
            "objects": list(data.motions.objects),
            "skills": list(data.motions.skills),
            "stage": provenance.get("stage"),
            "seed": provenance.get("seed"),
            "samples": learner.samples,
            "seconds": round(learner.seconds, 1),
            **({"teachers": _named(provenance["teachers"])} if "teachers" in provenance else {}),
        },
    )
    # A copy, not a fresh network: making one would draw random numbers and change how training goes on.
    actor = copy.deepcopy(learner.actor).cpu()
    mean, std = (value.cpu().clone() for value in learner.normaliser)
    return Policy(spec, actor, mean, std)


def _named(teachers: Sequence[Mapping[str, Any]]) -> Dict[str, str]:
    """Digests of the teachers' files by the files' names, without where they lay on this machine."""
    return {"/".join(Path(each["policy"]).parts[-2:]): each["sha256"] for each in teachers}


@contextlib.contextmanager
def _recorded(run: Run, ranks: Ranks) -> Iterator[None]:
    """Keep the run's status true to what becomes of the block."""
    if not ranks.leads:
        yield
        return
    run.set_status("running")
    try:
        yield
    except BaseException:
        run.set_status("interrupted")
        raise
    run.set_status("finished")


@contextlib.contextmanager
def _log(run: Run, ranks: Ranks) -> Iterator[Path]:
    """The folder of TensorBoard files; rl-games makes one on every rank, and only the leader's is kept."""
    if ranks.leads:
        yield run.log_path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "log"


@contextlib.contextmanager
def _interruptible(ranks: Ranks) -> Iterator[List[int]]:
    """Collect the first Ctrl-C in the yielded list instead of raising; a second one raises at once.

    Of several ranks none raises, since the others would wait for it; whoever started them can still end them.
    """
    caught: List[int] = []

    def remember(number: int, frame: object) -> None:
        caught.append(number)
        if ranks.count == 1:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if ranks.leads and len(caught) == 1:
            _LOG.warning("interrupted: finishing this epoch and saving; Ctrl-C again stops at once")

    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield caught
    finally:
        signal.signal(signal.SIGINT, before)
