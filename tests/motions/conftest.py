"""The motion set that most tests of this room start from."""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.motions.clip_sets import make_motions

settings.register_profile("patient", deadline=None)  # the first call of a tensor operation may take long
settings.load_profile("patient")


@pytest.fixture
def motions():
    return make_motions()
