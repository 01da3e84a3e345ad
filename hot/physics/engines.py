"""The table of engines; an engine's module is imported when it is picked, so none needs another's libraries."""

from __future__ import annotations

from hot.errors import MissingDependencyError
from hot.physics.config import PhysicsConfig
from hot.physics.interface import Physics, Scene


def make_physics(scene: Scene, config: PhysicsConfig) -> Physics:
    """Copies of ``scene`` on MuJoCo's CPU engine, one world for each row of ``scene.world_object``.

    Raises:
        MissingDependencyError: MuJoCo is not installed.
        PhysicsError: the scene does not compile.
    """
    try:
        from hot.physics.mujoco_cpu import MujocoPhysics
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo cannot be imported ({error}). It needs Python 3.11 or newer: pip install 'mujoco>=4.0'"
        ) from error
    return MujocoPhysics(scene, config)
