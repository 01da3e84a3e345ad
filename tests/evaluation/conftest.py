"""Fixtures over the traces of :mod:`tests.evaluation.traces`."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import torch

from hot.rollouts import Trace
from tests.evaluation.traces import changed, fake_object, perfect_trace


@pytest.fixture
def trace() -> Trace:
    return perfect_trace()


@pytest.fixture
def make_trace() -> Callable[..., Trace]:
    return perfect_trace


@pytest.fixture
def change() -> Callable[..., Trace]:
    return changed


@pytest.fixture
def spinner() -> Any:
    """Free to spin about its y axis; 24 points within 10 cm of its origin, of which 20 count."""
    points = 0.1 * torch.nn.functional.normalize(torch.randn(24, 3, generator=torch.Generator().manual_seed(1)), dim=-1)
    return fake_object(points, torch.tensor([0.0, 1.0, 0.0]))


@pytest.fixture
def cross() -> Any:
    """Two points, 10 cm up and down the x axis."""
    return fake_object(torch.tensor([[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]]))
