"""The table of engines; an engine's module is imported when it is picked, so none needs another's libraries."""

from __future__ import annotations

import importlib.util
import sys
from typing import Callable, Dict

import torch

from hot.errors import MissingDependencyError
from hot.physics.config import PhysicsConfig
from hot.physics.interface import Physics, Scene


def make_physics(scene: Scene, config: PhysicsConfig) -> Physics:
    """Copies of ``scene``, one world for each row of ``scene.world_object``, on the engine that ``config`` names.

    Raises:
        MissingDependencyError: the engine is not installed.
        PhysicsError: the scene does not compile, or does not fit in the device's memory.
    """
    return _ENGINES[concrete(config.engine)](scene, config)


def concrete(engine: str) -> str:
    """An engine's own name for "auto": Warp where there is an NVIDIA GPU and it is installed, else MuJoCo."""
    if engine != "auto":
        return engine
    return "warp" if torch.cuda.is_available() and importlib.util.find_spec("mujoco_warp") else "mujoco"


def runs_on_gpu(engine: str) -> bool:
    """Whether an engine steps thousands of worlds about as fast as few, being made for a GPU."""
    return concrete(engine) != "mujoco"


def _make_mujoco(scene: Scene, config: PhysicsConfig) -> Physics:
    try:
        from hot.physics.mujoco_cpu import MujocoPhysics
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo cannot be imported ({error}). It needs Python 3.11 or newer: pip install 'mujoco>=4.0'. "
            "On Python 3.8 there is --engine isaacgym, for those who have Isaac Gym (hot doctor)."
        ) from error
    return MujocoPhysics(scene, config)


def _make_warp(scene: Scene, config: PhysicsConfig) -> Physics:
    try:
        from hot.physics.mujoco_warp import WarpPhysics
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo Warp cannot be imported ({error}). It needs Python 3.11 or newer: pip install 'mujoco-warp>=4.0'"
        ) from error
    return WarpPhysics(scene, config, _device(config))


def _make_isaacgym(scene: Scene, config: PhysicsConfig) -> Physics:
    if "isaacgym.gymapi" not in sys.modules and importlib.util.find_spec("isaacgym") is not None:
        raise MissingDependencyError(
            "Isaac Gym is installed but was not imported before torch, on which it insists. The hot command sees to it "
            "where --engine isaacgym is given; in a program of your own, make 'import isaacgym' the first import."
        )
    try:
        from hot.physics.isaacgym import IsaacGymPhysics
    except ImportError as error:
        raise MissingDependencyError(
            f"Isaac Gym cannot be imported ({error}). It needs Python 3.8 and NVIDIA's package of Preview 4; "
            "hot doctor and docs/isaacgym.md say what is missing."
        ) from error
    return IsaacGymPhysics(scene, config, _device(config))


def _device(config: PhysicsConfig) -> torch.device:
    """The device that a configuration means, with the number of the GPU."""
    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda":
        device = f"cuda:{torch.cuda.current_device()}"
    return torch.device(device)


_ENGINES: Dict[str, Callable[[Scene, PhysicsConfig], Physics]] = {
    "mujoco": _make_mujoco,
    "warp": _make_warp,
    "isaacgym": _make_isaacgym,
}
