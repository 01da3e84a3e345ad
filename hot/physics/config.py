"""Choices of the simulation: how finely to step, and how hard the solver works."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hot.config import Config


class PhysicsConfig(Config):
    """Solver and time step. The defaults train; ``fine()`` evaluates and finds grasps."""

    engine: Literal["auto", "mujoco", "warp", "isaacgym"] = "mujoco"
    """mujoco: on CPUs; warp: MuJoCo Warp on an NVIDIA GPU; isaacgym: Isaac Gym Preview 4, for those who have it; auto:
    Warp where there is a GPU and it is installed, else mujoco."""
    device: str = "auto"
    """Of Warp and Isaac Gym: "cuda", or "cpu" (slow, to compare with); auto takes the GPU if there is one."""
    substeps: int = Field(default=2, ge=1, le=64)
    """Physics steps per control step of 1/60 s. One substep is not usable: grasps slip."""
    iterations: int = Field(default=20, ge=1)
    """Most Newton iterations of the contact solver. It stops when it has converged, so a CPU pays for the cap
    only where it is needed; with 4, and 8 line-search steps, MuJoCo throws a light box off a flat palm. Of Isaac Gym,
    whose solver is another (TGS): its position iterations."""
    ls_iterations: int = Field(default=50, ge=1)
    """Most line-search steps of the contact solver; too few leave impacts wrong before iterations do."""
    impratio: float = Field(default=10.0, gt=0)
    """Friction-to-normal impedance ratio; 10 cuts slip four-fold against 1."""
    multi_contact: bool = True
    """Several contacts where faces of two convex parts meet, instead of one in their middle. They make a GPU's step
    longer; training does without."""
    threads: int = Field(default=0, ge=0)
    """Worker threads of a CPU engine; 0 takes every core that the process may use."""

    contacts: int = Field(default=0, ge=0)
    """Contacts a world, on average, for which a GPU engine makes room; 0 sizes it by the objects."""

    def fine(self) -> PhysicsConfig:
        """The same choices as grasps are found and policies judged: 4 substeps, every contact, and a solver that may
        work at least as hard as by default."""
        default = PhysicsConfig()
        exact = {name: max(getattr(self, name), getattr(default, name)) for name in ("iterations", "ls_iterations")}
        return self.model_copy(update={"substeps": 4, "multi_contact": True, **exact})
