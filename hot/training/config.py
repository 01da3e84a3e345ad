"""Choices of the learner: network and PPO."""

from __future__ import annotations

from typing import Literal, Optional, Tuple

from pydantic import Field

from hot.config import Config


class NetworkConfig(Config):
    """Separate actor and critic MLPs behind one shared point encoder."""

    hidden: Tuple[int, ...] = (512, 384, 256)
    """Units of each layer of either. With 768, 512 and 256 the file of a policy is half as large again."""
    point_features: int = Field(default=60, ge=1)
    initial_std: float = Field(default=0.08, gt=0)
    """Standard deviation of the first policy, as a share of the action range."""


class PpoConfig(Config):
    """Proximal policy optimisation, in rl-games' terms."""

    num_envs: int = Field(default=4096, ge=1)
    """Worlds of each GPU."""
    horizon: int = Field(default=16, ge=1)
    minibatches: int = Field(default=4, ge=1)
    """Minibatches an epoch; must divide num_envs * horizon."""
    mini_epochs: int = Field(default=4, ge=1)
    epochs: int = Field(default=1500, ge=1)
    """Roll-out and update rounds of the whole run."""
    seconds: Optional[float] = Field(default=None, gt=0)
    """Training also ends after the epoch in which this much time is used up, resumed parts included [s]."""
    learning_rate: float = Field(default=5e-4, gt=0)
    schedule: Literal["adaptive", "linear"] = "adaptive"
    """adaptive: the learning rate follows the policy's KL divergence, epoch by epoch; linear: it falls to nearly
    nothing over the epochs, or over the seconds if those run out first."""
    kl_threshold: float = Field(default=0.02, gt=0)
    """Divergence of an epoch's last policy from the one that acted, about which the adaptive schedule keeps it."""
    gamma: float = Field(default=0.99, gt=0, lt=1)
    """Discount a step: a finger placed badly lets its object go some hundred steps later."""
    lam: float = Field(default=0.95, ge=0, le=1)
    clip: float = Field(default=0.2, gt=0)
    critic_coef: float = Field(default=2.0, gt=0)
    bounds_coef: float = Field(default=0.01, ge=0)
    grad_norm: float = Field(default=1.0, gt=0)
    save_every: int = Field(default=25, ge=1)
    """Epochs between checkpoints."""
    network: NetworkConfig = NetworkConfig()
