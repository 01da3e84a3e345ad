"""Many copies of one hand and one object each, stepped in parallel; the only room that knows an engine."""

from __future__ import annotations

from hot.physics.config import PhysicsConfig
from hot.physics.engines import make_physics
from hot.physics.interface import CONTROL_DT, Physics, Scene, State
from hot.physics.rows import clear, overwrite

__all__ = ["CONTROL_DT", "Physics", "PhysicsConfig", "Scene", "State", "clear", "make_physics", "overwrite"]
