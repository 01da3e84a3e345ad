"""The fake Isaac Gym, where the real one would be imported from."""

from __future__ import annotations

import sys
import types
from typing import Iterator

import pytest

_BACKEND = ("hot.physics.isaacgym", "hot.physics.isaac_sim", "hot.physics.isaac_params")


@pytest.fixture
def fake_isaacgym(monkeypatch) -> Iterator[types.ModuleType]:
    """The fake's ``gymapi``, installed as Isaac Gym; its record of calls is empty."""
    pytest.importorskip("mujoco", reason="the fake moves its worlds by MuJoCo")
    from tests.physics.fake_isaacgym import gymapi, gymtorch

    package = types.ModuleType("isaacgym")
    for name, module in (("", package), (".gymapi", gymapi), (".gymtorch", gymtorch)):
        monkeypatch.setitem(sys.modules, f"isaacgym{name}", module)
    for name in _BACKEND:
        monkeypatch.delitem(sys.modules, name, raising=False)
    gymapi.CALLS.clear()
    yield gymapi
    for name in _BACKEND:
        sys.modules.pop(name, None)
    assert not gymapi.OPEN, "a simulation was left open"
