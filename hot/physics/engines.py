"""The table of engines; an engine's module is imported when it is picked, so none needs another's libraries."""

from __future__ import annotations

import importlib.util
from typing import Callable, Dict

import torch

from hot.errors import MissingDependencyError, UnknownNameError
from hot.physics.config import PhysicsConfig
from hot.physics.interface import Physics, Scene

AUTO = "auto"


def make_physics(scene: Scene, config: PhysicsConfig, engine: str = AUTO, device: str = AUTO) -> Physics:
    """Copies of ``scene``, one world for each row of ``scene.world_object``.

    Args:
        scene: what the worlds hold.
        config: time step and solver.
        engine: "mujoco" on CPUs, "warp" on an NVIDIA GPU, or "auto": Warp where there is a GPU and it is installed.
        device: of Warp, "cuda:0" or "cpu" (slow, to compare with); "auto" takes the GPU if there is one.

    Raises:
        UnknownNameError: no engine of that name.
        MissingDependencyError: the engine is not installed.
        PhysicsError: the scene does not compile, or does not fit in the device's memory.
    """
    if engine == AUTO:
        engine = "warp" if torch.cuda.is_available() and importlib.util.find_spec("mujoco_warp") else "mujoco"
    if engine not in _ENGINES:
        raise UnknownNameError("engine", engine, [*_ENGINES, AUTO])
    return _ENGINES[engine](scene, config, device)


def _make_mujoco(scene: Scene, config: PhysicsConfig, device: str) -> Physics:
    try:
        from hot.physics.mujoco_cpu import MujocoPhysics
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo cannot be imported ({error}). It needs Python 3.11 or newer: pip install 'mujoco>=4.0'"
        ) from error
    return MujocoPhysics(scene, config)


def _make_warp(scene: Scene, config: PhysicsConfig, device: str) -> Physics:
    try:
        from hot.physics.mujoco_warp import WarpPhysics
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo Warp cannot be imported ({error}). It needs Python 3.11 or newer: pip install 'mujoco-warp>=4.0'"
        ) from error
    if device == AUTO:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        device = f"cuda:{torch.cuda.current_device()}"
    return WarpPhysics(scene, config, torch.device(device))


_ENGINES: Dict[str, Callable[[Scene, PhysicsConfig, str], Physics]] = {"mujoco": _make_mujoco, "warp": _make_warp}
