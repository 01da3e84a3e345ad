"""Everything that knows rl-games: our choices to its parameters, our environment and network to its interfaces."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

import numpy as np
import torch
from rl_games.algos_torch import model_builder
from rl_games.algos_torch.a2c_continuous import A2CAgent
from rl_games.common import tr_helpers
from rl_games.common.a2c_common import swap_and_flatten01
from rl_games.common.algo_observer import AlgoObserver
from rl_games.common.gym_compat import spaces
from rl_games.common.ivecenv import IVecEnv
from torch import Tensor

from hot.fusion import Replay, fuse
from hot.training.config import PpoConfig
from hot.training.network import ActorCritic
from hot.training.normaliser import absorb
from hot.training.ranks import Ranks
from hot.training.schedules import Schedule, make_schedule
from hot.training.vecenv import VecEnv

_LOG = logging.getLogger(__name__)
_NETWORK = "hot_actor_critic"
DRAWN = ("actions", "neglogpacs", "values", "mus", "sigmas")
"""What PPO keeps of a step: rl-games' names, in the order of :meth:`Agent._draw_actions`."""
_NEVER = 1 << 30


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


class Agent(A2CAgent):
    """rl-games' PPO, with what waits for the GPU in every step or forgets the other ranks replaced.

    Losses, minibatches and their order are rl-games' own; on a GPU each minibatch is one CUDA graph. Replaced are its
    loop over epochs, which reads some twenty numbers back from the GPU; the roll-out and the drawing of actions, which
    wait in every step; the schedule, for which it waits in every minibatch; and its normalisers, which differ between
    ranks and move within an epoch, so that the policy seems to change where only its inputs do.
    """

    doing = "training"
    """In a word, for whoever watches."""
    # What rl-games leaves without a type.
    obs: Any
    writer: Any

    def __init__(self, env: VecEnv, config: PpoConfig, points: int, log: Path, ranks: Ranks) -> None:
        model_builder.register_network(_NETWORK, _NetworkBuilder)
        with quiet():
            super().__init__("hot", _parameters(env, config, points, log))
        self._ranks = ranks
        network: Any = self.model.a2c_network
        network.outputs = fuse(network.outputs, env.env.device)
        self._act = Replay(self._draw_actions, env.env.device)
        self._columns: Tuple[str, ...] = ()
        self.schedule: Schedule = make_schedule(config, env.env.device)
        self._learn = self._replayed()
        self._explained = torch.zeros((), device=env.env.device)
        self.use_rate()

    def _replayed(self) -> Callable[..., Tuple[Tensor, ...]]:
        """One minibatch as a CUDA graph; among several ranks it waits for the others in the middle."""
        return Replay(self._learn_from, self.schedule.rate.device) if self._ranks.count == 1 else self._learn_from

    def snapshot(self) -> Dict[str, Any]:
        """What a checkpoint keeps besides networks, optimiser, rate and counters."""
        return {}

    def restore_snapshot(self, snapshot: Dict[str, Any]) -> None:
        """Go back to a :meth:`snapshot`."""

    def use_rate(self) -> None:
        """Make the optimiser read the schedule's tensor, and fit to be recorded; loading its state undoes both."""
        self.last_lr = self.schedule.rate
        for group in self.optimizer.param_groups:
            group.update(lr=self.last_lr, capturable=self.last_lr.is_cuda)

    def begin(self) -> None:
        """Make buffers, start the environment, and agree with the other ranks."""
        self.init_tensors()
        self.obs = self.env_reset()
        self._ranks.copy(list(self.model.state_dict().values()))
        statistics: Any = self.model.running_mean_std
        if float(statistics.count) <= 1.0:  # a first look, or the first epoch would act on raw numbers
            absorb(statistics, self.obs["obs"], self._ranks)

    def run_epoch(self, share: float) -> Dict[str, Tensor]:
        """One roll-out and update; figures () on the device. ``share`` of the training is done."""
        self.schedule.start_epoch(share)
        self.update_epoch()
        with quiet():
            _, _, _, _, policy, critic, bounds, *_ = self.train_epoch()
        self.frame += self.batch_size * self._ranks.count
        kl = self._divergence()
        self._ranks.average([kl])
        self.schedule.after_epoch(kl)
        absorb(self.model.running_mean_std, self.experience_buffer.tensor_dict["obses"].flatten(0, 1), self._ranks)
        return {
            "loss/policy": torch.stack(policy).mean(),
            "loss/critic": torch.stack(critic).mean(),
            "loss/bounds": torch.stack(bounds).mean(),
            "loss/kl": kl,
            "loss/explained_variance": self._explained,
            "loss/learning_rate": self.last_lr.clone(),
            "track/std": self.model.a2c_network.log_std.detach().exp().mean(),
        }

    def _divergence(self) -> Tensor:
        """How far the last pass over the minibatches found the policy from the one that acted: KL divergence (),
        mean over samples. rl-games' own adds 1e-5 inside a logarithm for each action, which at small standard
        deviations is more than the divergence itself."""
        kept, batch = self.experience_buffer.tensor_dict, self.dataset.values_dict
        acted_mean, acted_std = (swap_and_flatten01(kept[name]) for name in ("mus", "sigmas"))
        mean, std = batch["mu"], batch["sigma"]
        self.dataset.update_values_dict(None)
        ratio = (acted_std / std).square()
        kl = 0.5 * (ratio + ((mean - acted_mean) / std).square() - 1.0 - ratio.log())
        return kl.sum(-1).mean()

    def set_train(self) -> None:
        """As rl-games, but observations' statistics stay as they are until the epoch is over."""
        super().set_train()
        self.model.running_mean_std.eval()

    def get_action_values(self, obs: Dict[str, Tensor]) -> Dict[str, Tensor]:
        """Drawn actions with what PPO keeps of them."""
        return dict(zip(DRAWN, self._act(obs["obs"])))

    def _draw_actions(self, observation: Tensor) -> Tuple[Tensor, ...]:
        """``torch.normal``, which rl-games draws by, looks whether any standard deviation is negative, and for that
        waits."""
        model = self.model
        mean, log_std, value = model.a2c_network.outputs(model.norm_obs(observation))
        std = log_std.exp()
        action = mean + std * torch.randn_like(mean)
        return action, model.neglogp(action, mean, std, log_std), model.denorm_value(value), mean, std

    def play_steps(self) -> Dict[str, Any]:
        """Roll out ``horizon`` steps. rl-games looks in every step for the worlds that ended, only to average
        their rewards; the tally does that on the device."""
        buffer = self.experience_buffer
        for n in range(self.horizon_length):
            acted = self.get_action_values(self.obs)
            buffer.update_data("obses", n, self.obs["obs"])
            buffer.update_data("dones", n, self.dones)
            for name in self.update_list:
                buffer.update_data(name, n, acted[name])
            self.obs, rewards, self.dones, infos = self._execute(acted)
            # A time-out is no failure: the last value stands for all that would have followed.
            rewards = rewards + self.gamma * acted["values"] * infos["time_outs"].unsqueeze(1)
            buffer.update_data("rewards", n, rewards)
        kept = buffer.tensor_dict
        values, last = kept["values"], self.get_values(self.obs)
        advantages = self.discount_values(self.dones.float(), last, kept["dones"].float(), values, kept["rewards"])
        batch = buffer.get_transformed_list(swap_and_flatten01, self.tensor_list)
        batch["returns"] = swap_and_flatten01(advantages + values)
        return {**batch, "played_frames": self.batch_size, "step_time": 0.0}

    def _execute(self, acted: Dict[str, Tensor]) -> Tuple[Any, ...]:
        """Step the worlds by what was drawn."""
        return self.env_step(acted["actions"])

    def prepare_dataset(self, batch_dict: Dict[str, Any]) -> None:
        """As rl-games, whose own update of the value statistics is switched off by ``freeze_critic``."""
        returns, values = batch_dict["returns"], batch_dict["values"]
        self._explained = 1.0 - (returns - values).var() / returns.var().clamp(min=1e-8)
        absorb(self.value_mean_std, returns, self._ranks)
        super().prepare_dataset(batch_dict)

    def train_actor_critic(self, input_dict: Dict[str, Any]) -> Tuple[Any, ...]:
        """As rl-games: one minibatch (columns by name), one step of the optimiser."""
        self._columns = tuple(name for name, value in input_dict.items() if torch.is_tensor(value))
        *losses, mean, std, bounds = self._learn(*(input_dict[name] for name in self._columns))
        return (*losses, self.last_lr, 1.0, mean, std, bounds)

    def _learn_from(self, *columns: Tensor) -> Tuple[Tensor, ...]:
        """Losses of policy and critic, entropy, KL divergence, means, standard deviations and loss of bounds."""
        super().train_actor_critic(dict(zip(self._columns, columns)))
        policy, critic, entropy, kl, _, _, mean, std, bounds = self.train_result
        # What is kept must not keep the graph of gradients: CUDA does not record beside an older one.
        kept = (policy, critic, entropy, kl, mean, std, bounds)
        self.train_result = tuple(value.detach() for value in kept)
        return self.train_result

    def trancate_gradients_and_step(self) -> None:
        """rl-games' name; before it clips and steps, gradients become their means over ranks."""
        gradients: List[Tensor] = [p.grad for p in self.model.parameters() if p.grad is not None]
        self._ranks.average(gradients)
        super().trancate_gradients_and_step()


def _parameters(env: VecEnv, config: PpoConfig, points: int, log: Path) -> Dict[str, Any]:
    """rl-games' parameters. Its stop, its best-of saving, its schedules and torch.compile are switched off."""
    wrapped, network = _Env(env), config.network
    batch = config.num_envs * config.horizon
    device = str(env.env.device)
    chosen = {
        "name": "hot", "env_name": "hot", "num_actors": config.num_envs, "horizon_length": config.horizon,
        "minibatch_size": batch // config.minibatches, "mini_epochs": config.mini_epochs,
        "gamma": config.gamma, "tau": config.lam, "e_clip": config.clip, "learning_rate": config.learning_rate,
        "critic_coef": config.critic_coef, "bounds_loss_coef": config.bounds_coef, "grad_norm": config.grad_norm,
    }  # fmt: skip
    # clip_actions: the environment clamps. schedule_type "none": neither of rl-games' own, which wait for the GPU.
    fixed = {
        "lr_schedule": None, "schedule_type": "none", "entropy_coef": 0.0, "clip_value": True,
        "truncate_grads": True, "normalize_input": True, "normalize_value": True, "normalize_advantage": True,
        "value_bootstrap": True, "ppo": True, "mixed_precision": False, "clip_actions": False,
        "freeze_critic": True, "torch_compile": False, "print_stats": False, "max_epochs": -1,
        "save_best_after": _NEVER, "save_frequency": 0, "multi_gpu": False,
    }  # fmt: skip
    places = {
        "device": device, "device_name": device, "env_info": wrapped.get_env_info(), "vec_env": wrapped,
        "train_dir": str(log.parent), "full_experiment_name": log.name, "features": {"observer": AlgoObserver()},
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
def quiet() -> Iterator[None]:
    """Send to the log what rl-games prints."""
    with contextlib.redirect_stdout(_LogStream()), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
