"""Everything that knows rl-games: our choices to its parameters, our environment and network to its interfaces."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import numpy as np
import torch
from rl_games.algos_torch import model_builder
from rl_games.algos_torch.a2c_continuous import A2CAgent
from rl_games.common import tr_helpers
from rl_games.common.algo_observer import AlgoObserver
from rl_games.common.gym_compat import spaces
from rl_games.common.ivecenv import IVecEnv
from torch import Tensor, nn

from hot.errors import BadFileError
from hot.policies import Actor, Critic, PointEncoder
from hot.training.config import PpoConfig
from hot.training.vecenv import VecEnv
from hot.writing import write_atomically

_LOG = logging.getLogger(__name__)
_NETWORK = "hot_actor_critic"
_NEVER = 1 << 30

OnEpoch = Callable[["Learner", int, Dict[str, float]], bool]
"""Called after each epoch with the learner, the epoch and its figures; True stops the training."""


class ActorCritic(nn.Module):
    """Actor and critic behind one point encoder, with one learnt standard deviation an action."""

    def __init__(self, sizes: Tuple[int, ...], points: int, actions: int, features: int, std: float) -> None:
        super().__init__()
        encoder = PointEncoder(features)
        self.actor = Actor(encoder, sizes, points, actions)
        self.critic = Critic(encoder, sizes, points)
        self.log_std = nn.Parameter(torch.full((actions,), float(np.log(std))))

    def forward(self, inputs: Dict[str, Tensor]) -> Tuple[Tensor, Tensor, Tensor, None]:
        """Mean actions, log standard deviations, values, and no recurrent state."""
        mean = self.actor(inputs["obs"])
        return mean, self.log_std.expand_as(mean), self.critic(inputs["obs"]), None

    def is_rnn(self) -> bool:
        return False

    def get_aux_loss(self) -> None:
        return None

    def get_value_layer(self) -> None:
        return None

    def get_default_rnn_state(self) -> None:
        return None


class _NetworkBuilder:
    """rl-games builds networks in two steps: ``load`` the parameters, then ``build`` with the spaces' shapes."""

    def load(self, params: Dict[str, Any]) -> None:
        self._params = params

    def build(self, name: str, **shapes: Any) -> ActorCritic:
        p = self._params
        sizes = (shapes["input_shape"][0], *p["hidden"])
        return ActorCritic(sizes, p["points"], shapes["actions_num"], p["features"], p["std"])


class _Env(IVecEnv):
    """Our environment as rl-games sees it; it is asked for no state, since checkpoints are ours."""

    def __init__(self, env: VecEnv) -> None:
        self._env = env

    def reset(self) -> Tensor:
        return self._env.reset()

    def step(self, actions: Tensor) -> Tuple[Tensor, Tensor, Tensor, Dict[str, Tensor]]:
        return self._env.step(actions)

    def get_env_info(self) -> Dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        env = self._env.env
        observations = spaces.Box(-np.inf, np.inf, (env.num_observations,), dtype=np.float32)
        actions = spaces.Box(-1.0, 1.0, (env.num_actions,), dtype=np.float32)
        return {"observation_space": observations, "action_space": actions, "agents": 1, "value_size": 1}


class _Stop(Exception):
    """Ends rl-games' loop, whose own stop would write a checkpoint of its own."""


class _Observer(AlgoObserver):
    """Hands each epoch's figures on. rl-games calls it; progress goes to the stream that was there before."""

    def __init__(self, learner: Learner, on_epoch: OnEpoch) -> None:
        super().__init__()
        self._learner, self._on_epoch, self._stdout = learner, on_epoch, sys.stdout

    def process_infos(self, infos: Dict[str, Tensor], done_indices: Tensor) -> None:
        """Nothing a step: figures are tallied on the device."""

    def after_clear_stats(self) -> None:
        """Required of observers, though the base class lacks it."""

    def after_print_stats(self, frame: int, epoch_num: int, total_time: float) -> None:
        agent = self._learner.agent
        figures = {f"track/{name}": value for name, value in self._learner.env.tally.read().items()}
        figures["perf/samples"] = float(epoch_num * agent.batch_size)
        figures["perf/seconds"] = float(total_time)
        figures["loss/learning_rate"] = float(agent.last_lr)
        figures["track/std"] = agent.model.a2c_network.log_std.detach().exp().mean().item()
        if agent.writer is not None:
            for name, value in figures.items():
                agent.writer.add_scalar(name, value, frame)
        with contextlib.redirect_stdout(self._stdout):
            if self._on_epoch(self._learner, epoch_num, figures):
                raise _Stop


class Learner:
    """PPO on one environment. Holds what a checkpoint holds.

    Args:
        env: the environment.
        config: PPO's numbers.
        points: object points that end the observation.
        seed: of network, exploration and rl-games' own draws; at least 1, since rl-games ignores 0.
        log: folder for TensorBoard files.
        on_epoch: see :data:`OnEpoch`.
    """

    def __init__(self, env: VecEnv, config: PpoConfig, points: int, seed: int, log: Path, on_epoch: OnEpoch) -> None:
        self.env, self.config = env, config
        torch.manual_seed(seed)
        np.random.seed(seed)
        model_builder.register_network(_NETWORK, _NetworkBuilder)
        params = _parameters(env, config, points, log)
        params["config"]["features"] = {"observer": _Observer(self, on_epoch)}
        with _quiet():
            self.agent = A2CAgent("hot", params)

    def train(self) -> None:
        """Run epochs until ``on_epoch`` asks to stop."""
        with _quiet(), contextlib.suppress(_Stop):
            self.agent.train()

    @property
    def normaliser(self) -> Tuple[Tensor, Tensor]:
        """Mean and standard deviation (O,) by which observations are normalised."""
        stats = self.agent.model.running_mean_std
        return stats.running_mean.float(), (stats.running_var.float() + 1e-5).sqrt()

    @property
    def actor(self) -> Actor:
        """The actor in training."""
        return self.agent.model.a2c_network.actor

    def save(self, path: Path) -> None:
        """Write everything that training needs to go on to the bit.

        Raises:
            BadFileError: it cannot be written; an earlier checkpoint is left as it was.
        """
        agent = self.agent
        state = {
            "epoch": int(agent.epoch_num),
            "frame": int(agent.frame),
            "learning_rate": float(agent.last_lr),
            "model": agent.model.state_dict(),
            "optimizer": agent.optimizer.state_dict(),
            "environment": self.env.snapshot(),
            "random": torch.get_rng_state(),
        }
        with write_atomically(path) as temporary:
            torch.save(state, temporary)

    def restore(self, path: Path) -> None:
        """Continue from a checkpoint of a learner that was made the same way.

        Raises:
            BadFileError: missing, damaged, or of another task or network.
        """
        state, agent = load_checkpoint(path), self.agent
        with _fitting(path):
            agent.model.load_state_dict(state["model"])
            agent.optimizer.load_state_dict(state["optimizer"])
            self.env.restore(state["environment"])
            agent.epoch_num, agent.frame = state["epoch"], state["frame"]
            agent.last_lr = state["learning_rate"]
            torch.set_rng_state(state["random"])

    def warm_start(self, path: Path) -> None:
        """Take networks and normalisers from another run's checkpoint; optimiser and counters start fresh.

        Raises:
            BadFileError: missing, damaged, or of another network.
        """
        with _fitting(path):
            self.agent.model.load_state_dict(load_checkpoint(path)["model"])


def load_checkpoint(path: Path) -> Dict[str, Any]:
    """Read a checkpoint; nothing in it is executed.

    Raises:
        BadFileError: missing or damaged.
    """
    if not Path(path).is_file():
        raise BadFileError(path, "no such checkpoint")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen kinds for damaged files
        raise BadFileError(path, f"is damaged or not a checkpoint ({type(error).__name__})") from error


@contextlib.contextmanager
def _fitting(path: Path):
    try:
        yield
    except (KeyError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadFileError(path, f"does not fit this hand, network or number of environments: {reason}") from error


def _parameters(env: VecEnv, config: PpoConfig, points: int, log: Path) -> Dict[str, Any]:
    """rl-games' parameters. Its stop, its best-of saving and torch.compile are switched off on purpose."""
    wrapped, network = _Env(env), config.network
    batch = config.num_envs * config.horizon
    device = str(env.env.device)
    chosen = {
        "name": "hot", "env_name": "hot", "num_actors": config.num_envs, "horizon_length": config.horizon,
        "minibatch_size": batch // config.minibatches, "mini_epochs": config.mini_epochs,
        "gamma": config.gamma, "tau": config.lam, "e_clip": config.clip, "learning_rate": config.learning_rate,
        "kl_threshold": config.kl_threshold, "critic_coef": config.critic_coef,
        "bounds_loss_coef": config.bounds_coef, "grad_norm": config.grad_norm,
    }  # fmt: skip
    fixed = {
        "lr_schedule": "adaptive", "schedule_type": "legacy", "entropy_coef": 0.0, "clip_value": True,
        "truncate_grads": True, "normalize_input": True, "normalize_value": True, "normalize_advantage": True,
        "value_bootstrap": True, "ppo": True, "mixed_precision": False, "clip_actions": True,
        "torch_compile": False, "print_stats": False, "max_epochs": -1, "save_best_after": _NEVER,
        "save_frequency": 0, "multi_gpu": False,
    }  # fmt: skip
    places = {
        "device": device, "device_name": device, "env_info": wrapped.get_env_info(), "vec_env": wrapped,
        "train_dir": str(log.parent), "full_experiment_name": log.name,
        "reward_shaper": tr_helpers.DefaultRewardsShaper(),
    }  # fmt: skip
    shape = {"hidden": network.hidden, "points": points, "features": network.point_features}
    return {
        "algo": {"name": "a2c_continuous"},
        "model": {"name": "continuous_a2c_logstd"},
        "network": {"name": _NETWORK, "std": network.initial_std, **shape},
        "config": {**chosen, **fixed, **places},
    }


class _LogStream(io.TextIOBase):
    """rl-games prints; a library logs."""

    def write(self, text: str) -> int:
        if text.strip():
            _LOG.debug("%s", text.rstrip())
        return len(text)


@contextlib.contextmanager
def _quiet():
    with contextlib.redirect_stdout(_LogStream()), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
