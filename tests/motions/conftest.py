"""The motion set that most tests of this room start from."""

from __future__ import annotations

import pytest

from tests.motions.clip_sets import make_motions


@pytest.fixture
def motions():
    return make_motions()
