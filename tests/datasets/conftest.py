"""A served file, and a patience that does not wait."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from hot.datasets import FetchConfig
from tests.datasets.drive import serving

CONTENT = random.Random(0).getrandbits(8 * 3_000_000).to_bytes(3_000_000, "little")


@pytest.fixture
def hasty():
    """Gives up after three failures without waiting between them."""
    return FetchConfig(attempts=3, wait_s=0.0, timeout_s=5.0, reserve=0)


@pytest.fixture
def drive(tmp_path):
    """A server like Google Drive, with three megabytes that mean nothing."""
    file = tmp_path / "served"
    file.write_bytes(CONTENT)
    with serving(file) as server:
        yield server


@pytest.fixture
def heard():
    """A progress listener that remembers."""
    calls = []
    return SimpleNamespace(calls=calls, listen=lambda *call: calls.append(call))
