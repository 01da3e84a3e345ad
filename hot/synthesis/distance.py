"""Signed distance to an object, read from a grid: fast for millions of points, and differentiable."""

from __future__ import annotations

from typing import Tuple, Union

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from hot.objects import ObjectSpec

_SPACING = 0.0025
"""Between grid nodes [m]: a third of the thinnest wall that hands are expected to meet."""
_MARGIN = 0.04
"""Of the grid beyond the object [m]; farther points see the distance to its edge added."""
_CHUNK = 1 << 16


class DistanceField:
    """The distance of :meth:`hot.objects.ObjectSpec.signed_distance` on a grid, interpolated linearly.

    Beside faces it is exact to rounding; where two faces are equally near it is off by half the spacing at most. Beyond
    edges the distance itself is a lower bound.
    """

    def __init__(self, object_spec: ObjectSpec, device: Union[str, torch.device] = "cpu") -> None:
        self.device = torch.device(device)
        corners = torch.from_numpy(object_spec.mesh.vertices).float()
        low, high = corners.amin(0) - _MARGIN, corners.amax(0) + _MARGIN
        counts = ((high - low) / _SPACING).ceil().long() + 1
        axes = [low[i] + _SPACING * torch.arange(int(counts[i])) for i in range(3)]
        nodes = torch.cartesian_prod(*axes).to(device)
        values = torch.cat([object_spec.signed_distance(part) for part in nodes.split(_CHUNK)])
        values = values.reshape(*counts.tolist())
        slopes = torch.gradient(values, spacing=_SPACING)
        # grid_sample takes (x, y, z) as indices of (width, height, depth), so the axes are reversed.
        self._grid = torch.stack([values, *slopes]).permute(0, 3, 2, 1)[None].contiguous()
        self._low = low.to(device)
        self._size = _SPACING * (counts - 1).to(device)

    def at(self, points_o: Tensor) -> Tuple[Tensor, Tensor]:
        """Signed distance (...) [m] and outward unit normal (..., 3) at points (..., 3) in the object frame."""
        read, beyond = self._read(self._grid, points_o)
        normal = read[1:].movedim(0, -1)
        return read[0] + beyond, normal / normal.norm(dim=-1, keepdim=True).clamp_min(1e-6)

    def distance(self, points_o: Tensor) -> Tensor:
        """Signed distance (...) [m] at points (..., 3) in the object frame."""
        read, beyond = self._read(self._grid[:, :1], points_o)
        return read[0] + beyond

    def _read(self, grid: Tensor, points_o: Tensor) -> Tuple[Tensor, Tensor]:
        inside = torch.minimum(torch.maximum(points_o, self._low), self._low + self._size)
        unit = 2.0 * (inside - self._low) / self._size - 1.0
        read = grid_sample(grid, unit.reshape(1, 1, 1, -1, 3), align_corners=True)
        beyond = (points_o - inside).square().sum(-1).add(1e-12).sqrt()
        return read.reshape(-1, *points_o.shape[:-1]), beyond
