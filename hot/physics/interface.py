"""The seam to every engine: many copies of one hand and one object each, stepped in parallel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Protocol, Sequence

import torch
from torch import Tensor

from hot.hands import HandSpec
from hot.objects import ObjectSpec

CONTROL_DT = 1.0 / 60.0
"""Seconds of one control step, on every engine."""
MAX_SPEED = 300.0
"""Joint or object speed [m/s, rad/s] beyond which a world counts as diverged."""

PARKED_HEIGHT = 5.0
"""Where a diverged world's object waits [m], away from hand and table."""


@dataclass(frozen=True)
class Scene:
    """What the worlds hold: one hand over a table plane at z = 0, and one of ``objects`` in each world."""

    hand: HandSpec
    objects: Sequence[ObjectSpec]
    world_object: Tensor
    """Index into ``objects`` of each world's object (N,)."""


@dataclass(frozen=True)
class State:
    """Where everything is now. The tensors are views that the engine updates in place; never reassign them.

    All are float32 on the engine's device. Poses and velocities belong to the instant after the last
    step or write; contact forces are those of the last substep, and zero after a write.
    """

    joint_pos: Tensor  # (N, D) wrist slides [m], wrist hinges and fingers [rad]
    joint_vel: Tensor  # (N, D) [m/s], [rad/s]
    wrist_quat_w: Tensor  # (N, 4) the wrist's position is joint_pos[:, :3]
    wrist_linvel_w: Tensor  # (N, 3) [m/s]
    wrist_angvel_w: Tensor  # (N, 3) [rad/s]
    key_pos_w: Tensor  # (N, K, 3) origins of the hand's key bodies, the wrist last [m]
    tip_pos_w: Tensor  # (N, F, 3) fingertips [m]
    object_pos_w: Tensor  # (N, 3) [m]
    object_quat_w: Tensor  # (N, 4)
    object_linvel_w: Tensor  # (N, 3) of the object's origin [m/s]
    object_angvel_w: Tensor  # (N, 3) [rad/s]
    contact_force_w: Tensor  # (N, C, 3) force of the object on each contact body [N]
    hand_force_w: Tensor  # (N, 3) net force of the hand on the object [N]
    touching: Tensor  # (N,) bool: any contact between hand and object
    diverged: Tensor  # (N,) bool: became non-finite or implausibly fast; held still until it is written


class Physics(Protocol):
    """Write, target, push, step, snapshot. A control step lasts ``CONTROL_DT`` whatever the number of substeps."""

    scene: Scene
    num_worlds: int
    device: torch.device
    state: State

    @property
    def overflow(self) -> Tensor:
        """How many worlds of how many steps lost contacts because a buffer of the engine was full (1,), int64.

        Counted since the engine was made; zero where buffers grow by themselves. Anything else is a wrong result.
        """
        ...

    def write_state(
        self,
        world_ids: Tensor,
        *,
        joint_pos: Optional[Tensor] = None,
        joint_vel: Optional[Tensor] = None,
        object_pos_w: Optional[Tensor] = None,
        object_quat_w: Optional[Tensor] = None,
        object_linvel_w: Optional[Tensor] = None,
        object_angvel_w: Optional[Tensor] = None,
    ) -> None:
        """Overwrite parts of the state of some worlds; solver warm starts there are cleared.

        ``world_ids`` are numbers (n,), no world twice, and each value has shape (n, ...) as in :class:`State`. Or it
        is a mask (N,) bool, and each value has shape (N, ...), of which the rows of the mask count: on a GPU a mask
        needs no count of its worlds, so nothing waits. Parts left out stay as they are.
        Writing joint positions makes them the drives' targets until :meth:`set_targets`.
        """
        ...

    def set_targets(self, joint_targets: Tensor) -> None:
        """Position-drive targets of all joints (N, D), held until set again."""
        ...

    def set_object_force(self, force_w: Tensor) -> None:
        """Extra force on each object's centre of mass, world frame (N, 3) [N], held until set again."""
        ...

    def randomize(
        self, *, mass: Optional[Tensor] = None, friction: Optional[Tensor] = None, gains: Optional[Tensor] = None
    ) -> None:
        """Multiply facts of each world (N,): the object's mass and inertia, every friction coefficient, the stiffness
        and damping of every drive. Factors hold until set again and refer to the scene, not to the last factors.
        """
        ...

    def step(self) -> None:
        """Advance all worlds by one control step; a world that fails is flagged in ``state.diverged``."""
        ...

    def snapshot(self) -> Dict[str, Tensor]:
        """A copy of everything the next step depends on, so that a resumed run continues to the bit."""
        ...

    def restore(self, snapshot: Dict[str, Tensor]) -> None:
        """Go back to a :meth:`snapshot` of a scene of the same shape; contact readings too."""
        ...

    def time_alone(self, snapshots: Sequence[Dict[str, Tensor]]) -> float:
        """Seconds that the bare engine takes for one control step from each snapshot, for benchmarks."""
        ...

    def close(self) -> None:
        """Free threads and device memory."""
        ...
