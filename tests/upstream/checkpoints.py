"""Checkpoints as rl-games 1.1.4 writes them for the original release's networks, with made-up weights."""

from __future__ import annotations

from collections import OrderedDict
from typing import Dict, Sequence

import numpy as np
import torch
from torch import Tensor

JOINTS = {"mano": 51, "shadow": 28, "allegro": 22}
SIZES = {"mano": 1084, "shadow": 1233, "allegro": 1083}
"""Observations with 200 points, as upstream's tables have them; with 20 points 540 fewer."""
PLAIN = {hand: size - 540 for hand, size in SIZES.items()}


def linear(tensors: Dict[str, Tensor], name: str, inputs: int, outputs: int, generator: torch.Generator) -> None:
    tensors[f"a2c_network.{name}.weight"] = torch.randn(outputs, inputs, generator=generator) / inputs**0.5
    tensors[f"a2c_network.{name}.bias"] = 0.1 * torch.randn(outputs, generator=generator)


def make_checkpoint(
    actions: int, observations: int, dense: bool = True, units: Sequence[int] = (16, 8), seed: int = 0
) -> dict:
    """A whole file's content: model, normalisers, optimiser and what else is saved."""
    generator = torch.Generator().manual_seed(seed)
    model: Dict[str, Tensor] = OrderedDict()
    model["a2c_network.sigma"] = torch.full((actions,), -2.9)
    inputs = observations - 540 if dense else observations
    for mlp in ("actor_mlp", "critic_mlp"):
        for number, (before, after) in enumerate(zip([inputs, *units], units)):
            linear(model, f"{mlp}.{2 * number}", before, after, generator)
    linear(model, "value", units[-1], 1, generator)
    linear(model, "mu", units[-1], actions, generator)
    if dense:
        linear(model, "obj_keypos_encoder.local_encoder.0", 3, 32, generator)
        linear(model, "obj_keypos_encoder.global_encoder.0", 32, 60, generator)
    return {
        "running_mean_std": _statistics(observations, generator),
        "reward_mean_std": _statistics(1, generator),
        "amp_input_mean_std": _statistics(4, generator),
        "model": model,
        "epoch": 20000,
        "optimizer": {"state": {}, "param_groups": [{"lr": 2e-5, "betas": (0.9, 0.999), "params": [0, 1]}]},
        "frame": 2621440000,
        "last_mean_rewards": np.float32(31.5),
        "env_state": None,
    }


def _statistics(size: int, generator: torch.Generator) -> Dict[str, Tensor]:
    return OrderedDict(
        running_mean=torch.randn(size, generator=generator, dtype=torch.float64),
        running_var=torch.rand(size, generator=generator, dtype=torch.float64) + 0.1,
        count=torch.tensor(1e9, dtype=torch.float64),
    )


def upstream_action(content: dict, observation: Tensor) -> Tensor:
    """What upstream's player does with a file's content, in upstream's own words: its forward pass, written plainly."""
    stats, model = content["running_mean_std"], content["model"]
    x = (observation - stats["running_mean"].float()) / torch.sqrt(stats["running_var"].float() + 1e-5)
    x = torch.clamp(x, -5.0, 5.0)

    def layer(name: str, value: Tensor) -> Tensor:
        return value @ model[f"a2c_network.{name}.weight"].T + model[f"a2c_network.{name}.bias"]

    if "a2c_network.obj_keypos_encoder.local_encoder.0.weight" in model:
        points = x[:, 268:868].reshape(len(x), 200, 3)
        code = torch.nn.functional.gelu(layer("obj_keypos_encoder.local_encoder.0", points)).max(dim=1).values
        x = torch.cat([x[:, :268], layer("obj_keypos_encoder.global_encoder.0", code), x[:, 868:]], dim=1)
    number = 0
    while f"a2c_network.actor_mlp.{number}.weight" in model:
        x = torch.relu(layer(f"actor_mlp.{number}", x))
        number += 2
    return torch.clamp(layer("mu", x), -1.0, 1.0)
