"""Running means and variances, the same on all ranks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from hot.training.ranks import Ranks


def absorb(statistics: Any, values: Tensor, ranks: Ranks) -> None:
    """Let statistics take in as many values (B, F) of every rank; by Chan, Golub and LeVeque's update.

    Args:
        statistics: float64 buffers ``running_mean`` (F,), ``running_var`` (F,) and ``count`` (), changed in place.
    """
    mean, var = values.mean(0).double(), values.var(0, unbiased=False).double()
    if ranks.count > 1:
        square = var + mean.square()
        ranks.average([mean, square])
        var = square - mean.square()
    more = float(len(values) * ranks.count)
    with torch.no_grad():
        total = statistics.count + more
        delta = mean - statistics.running_mean
        spread = statistics.running_var * statistics.count + var * more
        statistics.running_mean += delta * (more / total)
        statistics.running_var.copy_((spread + delta.square() * statistics.count * (more / total)) / total)
        statistics.count.copy_(total)
