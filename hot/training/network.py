"""The network in training: the actor that becomes the policy, and the critic that only training needs."""

from __future__ import annotations

import math
from typing import Dict, Tuple

import torch
from torch import Tensor, nn

from hot.policies import Actor, Critic, PointEncoder


class ActorCritic(nn.Module):
    """Actor and critic behind one point encoder, with one learnt standard deviation an action."""

    def __init__(self, sizes: Tuple[int, ...], points: int, actions: int, features: int, std: float) -> None:
        super().__init__()
        encoder = PointEncoder(features)
        self.actor = Actor(encoder, sizes, points, actions)
        self.critic = Critic(encoder, sizes, points)
        self.log_std = nn.Parameter(torch.full((actions,), math.log(std)))

    def forward(self, inputs: Dict[str, Tensor]) -> Tuple[Tensor, Tensor, Tensor, None]:
        """rl-games' interface: :meth:`outputs`, and no recurrent state."""
        return (*self.outputs(inputs["obs"]), None)

    def outputs(self, observation: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Mean actions (N, A), log standard deviations (N, A) and values (N, 1)."""
        encoded = self.actor.encode(observation)
        mean = self.actor.read(encoded)
        return mean, self.log_std.expand_as(mean), self.critic.read(encoded)

    def is_rnn(self) -> bool:
        return False

    def get_aux_loss(self) -> None:
        return None

    def get_value_layer(self) -> None:
        return None

    def get_default_rnn_state(self) -> None:
        return None
