"""PPO by hand, of the same size as rl-games': what it takes per epoch is what rl-games is measured against.

It computes the same losses on as many samples with the same networks and normalisers, and nothing else: it saves,
reports and adapts nothing, and trains no policy that anybody uses.
"""

from __future__ import annotations

from typing import Dict, Tuple

import torch
from torch import Tensor

from hot.fusion import Replay, fuse
from hot.training.config import PpoConfig
from hot.training.network import ActorCritic
from hot.training.normaliser import absorb
from hot.training.ranks import ALONE
from hot.training.vecenv import VecEnv


class Statistics:
    """Running mean and variance of features (F,)."""

    def __init__(self, features: int, device: torch.device) -> None:
        self.running_mean = torch.zeros(features, dtype=torch.float64, device=device)
        self.running_var = torch.ones_like(self.running_mean)
        self.count = torch.ones((), dtype=torch.float64, device=device)

    def normalise(self, values: Tensor) -> Tensor:
        """Values (..., F) in standard deviations, within 5 of them."""
        scale = (self.running_var.float() + 1e-5).sqrt()
        return ((values - self.running_mean.float()) / scale).clamp(-5.0, 5.0)

    def denormalise(self, values: Tensor) -> Tensor:
        """The way back."""
        return values.clamp(-5.0, 5.0) * (self.running_var.float() + 1e-5).sqrt() + self.running_mean.float()


class PlainPpo:
    """Roll-outs and updates of one network on one environment."""

    def __init__(self, env: VecEnv, config: PpoConfig, points: int) -> None:
        device, network = env.env.device, config.network
        sizes = (env.env.num_observations, *network.hidden)
        self._env, self._config = env, config
        args = (points, env.env.num_actions, network.point_features, network.initial_std)
        self._network = ActorCritic(sizes, *args).to(device)
        self._forward = fuse(self._network.outputs, device)
        self._act = Replay(self._draw_actions, device)
        chosen = {"lr": config.learning_rate, "fused": True, "capturable": device.type == "cuda"}
        self._optimizer = torch.optim.Adam(self._network.parameters(), **chosen)
        self._inputs = Statistics(env.env.num_observations, device)
        self._values = Statistics(1, device)
        self._learn = Replay(self._update, device)
        self._observation = env.reset()

    def run_epoch(self) -> None:
        """One roll-out and update."""
        with torch.no_grad():
            batch = self._roll_out()
        for _ in range(self._config.mini_epochs):
            for part in zip(*(value.chunk(self._config.minibatches) for value in batch.values())):
                self._learn(*part)

    def _draw_actions(self, seen: Tensor) -> Tuple[Tensor, ...]:
        mean, log_std, value = self._forward(self._inputs.normalise(seen))
        action = mean + log_std.exp() * torch.randn_like(mean)
        return action, _log_prob(action, mean, log_std), self._values.denormalise(value)

    def _roll_out(self) -> Dict[str, Tensor]:
        """A batch of flat tensors (horizon * N, ...), worlds first."""
        config, rows = self._config, []
        for _ in range(config.horizon):
            seen = self._observation
            action, log_prob, value = self._act(seen)
            self._observation, reward, done, info = self._env.step(action)
            earned = reward[:, None] + config.gamma * value * info["time_outs"][:, None]
            rows.append((seen.clone(), action, log_prob, value, earned, 1.0 - done[:, None].float()))
        columns = [torch.stack(column) for column in zip(*rows)]
        observation, action, log_prob, value, earned, alive = columns
        last = self._values.denormalise(self._forward(self._inputs.normalise(self._observation))[2])
        advantage = self._advantages(value, earned, alive, last)
        returns = advantage + value
        absorb(self._values, returns.flatten(0, 1), ALONE)
        batch = {
            "observation": self._inputs.normalise(observation),
            "action": action,
            "log_prob": log_prob,
            "value": self._values.normalise(value),
            "returns": self._values.normalise(returns),
            "advantage": (advantage - advantage.mean()) / (advantage.std() + 1e-8),
        }
        absorb(self._inputs, observation.flatten(0, 1), ALONE)
        return {name: value.transpose(0, 1).flatten(0, 1) for name, value in batch.items()}

    def _advantages(self, value: Tensor, earned: Tensor, alive: Tensor, last: Tensor) -> Tensor:
        """Generalised advantage estimates (H, N, 1)."""
        config, result, later = self._config, torch.zeros_like(value), torch.zeros_like(last)
        for t in reversed(range(len(value))):
            error = earned[t] + config.gamma * last * alive[t] - value[t]
            later = error + config.gamma * config.lam * alive[t] * later
            result[t], last = later, value[t]
        return result

    def _update(
        self, seen: Tensor, action: Tensor, log_prob: Tensor, was: Tensor, returns: Tensor, advantage: Tensor
    ) -> Tuple[()]:
        config = self._config
        mean, log_std, value = self._forward(seen)
        ratio = (_log_prob(action, mean, log_std) - log_prob).exp()
        gain = torch.min(ratio, ratio.clamp(1.0 - config.clip, 1.0 + config.clip)) * advantage.squeeze(1)
        near = was + (value - was).clamp(-config.clip, config.clip)
        miss = torch.max((value - returns).square(), (near - returns).square())
        bounds = (mean.abs() - 1.1).clamp(min=0.0).square().sum(-1)
        loss = -gain.mean() + 0.5 * config.critic_coef * miss.mean() + config.bounds_coef * bounds.mean()
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), config.grad_norm)
        self._optimizer.step()
        return ()


def _log_prob(action: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """Logarithm (N,) of a diagonal Gaussian's density, but for a constant."""
    return -(0.5 * ((action - mean) / log_std.exp()).square() + log_std).sum(-1)
