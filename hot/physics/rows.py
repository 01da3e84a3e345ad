"""Writing some worlds' rows of a tensor, named by number or by mask; neither way waits for a GPU."""

from __future__ import annotations

import torch
from torch import Tensor


def overwrite(view: Tensor, rows: Tensor, values: Tensor) -> None:
    """Put ``values`` into ``view`` (N, ...), in place.

    Args:
        rows: numbers (n,), no row twice, with values (n, ...); or a mask (N,) bool with values (N, ...), of which
            the rows of the mask count.
    """
    values = values.to(view)
    if rows.dtype == torch.bool:
        view.copy_(values.where(_spread(rows, view), view))
    else:
        view.index_copy_(0, rows, values)


def clear(view: Tensor, rows: Tensor) -> None:
    """Zero rows of ``view`` (N, ...), in place; ``rows`` as for :func:`overwrite`."""
    if rows.dtype == torch.bool:
        view.masked_fill_(_spread(rows, view), 0)
    else:
        view.index_fill_(0, rows, 0)


def _spread(mask: Tensor, view: Tensor) -> Tensor:
    return mask.view(-1, *[1] * (view.dim() - 1))
