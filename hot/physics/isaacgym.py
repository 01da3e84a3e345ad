"""The Isaac Gym engine (Preview 4), for those who have it: thousands of worlds on one GPU, or PhysX on a CPU."""

from __future__ import annotations

import time
from typing import Dict, Optional, Sequence, Tuple

import torch
from torch import Tensor

from hot.errors import PhysicsError
from hot.hands import Kinematics
from hot.physics.config import PhysicsConfig
from hot.physics.factors import Factors
from hot.physics.interface import MAX_SPEED, PARKED_HEIGHT, Scene, State
from hot.physics.isaac_params import check_choices
from hot.physics.isaac_sim import OBJECT, IsaacSim
from hot.physics.rows import clear, overwrite

_TOLERANCE = 1e-3
"""Of a body's place, between Isaac Gym and our own kinematics [m]."""


class IsaacGymPhysics:
    """See :class:`hot.physics.interface.Physics`.

    The state is ours: writes wait in it and go to Isaac Gym in one call before the next step, since Isaac Gym takes
    one a step; poses come from our own kinematics, since those of Isaac Gym are stale until then. Isaac Gym begins at
    the first step, and from then on fixes the objects' masses on a GPU.

    Isaac Gym tells the net contact force on each body, and the hand meets nothing but the object: so that is the
    object's force. Contacts lost to a full buffer are reported on its standard error only; ``overflow`` stays 0.
    A snapshot does not hold PhysX's contact cache, so what is restored in contact continues nearly, not to the bit.

    Raises:
        ConfigError: a choice that Isaac Gym has no counterpart for.
        PhysicsError: the scene has something that it has no counterpart for, or another simulation is open.
    """

    def __init__(self, scene: Scene, config: PhysicsConfig, device: torch.device) -> None:
        check_choices(config)
        self.scene, self.config, self.device = scene, config, device
        self.num_worlds = len(scene.world_object)
        self._sim = IsaacSim(scene, config, device)
        self._kinematics = Kinematics(scene.hand, device)
        self._factors = Factors.ones(self.num_worlds)
        self._overflow = torch.zeros(1, dtype=torch.int64, device=device)
        n, hand = self.num_worlds, scene.hand
        rest = torch.zeros(hand.num_joints).clamp(hand.joint_lower, hand.joint_upper)
        self._rest = rest.to(device).expand(n, -1)
        self._parked = torch.tensor([0.0, 0.0, PARKED_HEIGHT], device=device).expand(n, -1)
        self._upright = torch.tensor([1.0, 0.0, 0.0, 0.0], device=device).expand(n, -1)
        self.state = self._make_state()
        self._targets = self.state.joint_pos.clone()
        self._force = torch.zeros(n, 3, device=device)
        self._written = torch.ones(n, dtype=torch.bool, device=device)
        self._read_poses()

    def _make_state(self) -> State:
        n, hand, device = self.num_worlds, self.scene.hand, self.device
        flags = {name: torch.zeros(n, dtype=torch.bool, device=device) for name in ("touching", "diverged")}
        joint_vel = torch.zeros(n, hand.num_joints, device=device)
        return State(
            joint_pos=self._rest.clone(),
            joint_vel=joint_vel,
            wrist_quat_w=torch.zeros(n, 4, device=device),
            wrist_linvel_w=joint_vel[:, :3],
            wrist_angvel_w=torch.zeros(n, 3, device=device),
            key_pos_w=torch.zeros(n, len(hand.key_bodies), 3, device=device),
            tip_pos_w=torch.zeros(n, len(hand.fingertips), 3, device=device),
            object_pos_w=self._parked.clone(),
            object_quat_w=self._upright.clone(),
            object_linvel_w=torch.zeros(n, 3, device=device),
            object_angvel_w=torch.zeros(n, 3, device=device),
            contact_force_w=torch.zeros(n, len(hand.contact_bodies), 3, device=device),
            hand_force_w=torch.zeros(n, 3, device=device),
            **flags,
        )

    @property
    def overflow(self) -> Tensor:
        """Isaac Gym does not tell: it prints a message."""
        return self._overflow

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
        state, rows = self.state, world_ids.to(self.device)
        parts = [
            (state.joint_pos, joint_pos),
            (self._targets, joint_pos),
            (state.joint_vel, joint_vel),
            (state.object_pos_w, object_pos_w),
            (state.object_quat_w, object_quat_w),
            (state.object_linvel_w, object_linvel_w),
            (state.object_angvel_w, object_angvel_w),
        ]
        for view, value in parts:
            if value is not None:
                overwrite(view, rows, value)
        everyone = torch.ones_like(self._written)
        overwrite(self._written, rows, everyone if rows.dtype == torch.bool else everyone[: len(rows)])
        for view in (state.contact_force_w, state.hand_force_w, state.touching, state.diverged):
            clear(view, rows)
        self._read_poses()

    def set_targets(self, joint_targets: Tensor) -> None:
        self._targets.copy_(joint_targets)

    def set_object_force(self, force_w: Tensor) -> None:
        self._force.copy_(force_w)

    def randomize(
        self, *, mass: Optional[Tensor] = None, friction: Optional[Tensor] = None, gains: Optional[Tensor] = None
    ) -> None:
        """See :class:`hot.physics.interface.Physics`.

        Raises:
            PhysicsError: masses that change after the first step on a GPU.
        """
        wanted = (
            ("mass", self._factors.mass, mass, self._sim.set_mass),
            ("friction", self._factors.friction, friction, self._sim.set_friction),
            ("gains", self._factors.gains, gains, self._sim.set_gains),
        )
        changes = [(name, held, value.cpu().float(), put) for name, held, value, put in wanted if value is not None]
        frozen = self._sim.prepared and self.device.type == "cuda"
        if frozen and any(name == "mass" and not torch.equal(held, value) for name, held, value, _ in changes):
            raise PhysicsError(
                "Isaac Gym fixes masses on a GPU when it begins; draw them before the first step, "
                "or keep them (--set randomization.mass='[1, 1]')"
            )
        for _, held, value, put in changes:
            for world in (held != value).nonzero()[:, 0].tolist():
                put(world, float(value[world]))
            held.copy_(value)

    def step(self) -> None:
        self._begin()
        self._park_diverged()  # implausible states are not handed over at all
        self._hand_over()
        self._sim.advance(self._targets, self._force)
        self._sim.refresh()
        self._read_state()
        self._read_contacts()
        self._park_diverged()
        self._read_poses()

    def _begin(self) -> None:
        """Before the first step: check that Isaac Gym understands the hand's file as we do."""
        if self._sim.prepared:
            return
        self._sim.prepare()
        self._contact_ids = self._sim.hand_bodies(self.scene.hand.contact_bodies)
        self._body_ids = self._sim.hand_bodies(self.scene.hand.tree.names)
        hand = self.scene.hand
        posed = (hand.joint_lower + 0.75 * (hand.joint_upper - hand.joint_lower)).clamp(-1.0, 1.0).to(self.device)
        self._sim.dofs[..., 0], self._sim.dofs[..., 1] = posed, 0.0
        self._sim.write(torch.arange(self.num_worlds, device=self.device))
        self._sim.advance(posed.expand(self.num_worlds, -1).contiguous(), self._force)
        self._sim.refresh()
        ours = self._kinematics.forward(self._sim.dofs[0, :, 0].clone()).pos_w
        off = (self._sim.bodies[0, self._body_ids, :3] - ours).norm(dim=-1)
        if not bool(off.max() < _TOLERANCE):
            body, far = hand.tree.names[int(off.argmax())], float(off.max())
            raise PhysicsError(
                f"Isaac Gym places body {body} of the {hand.name} hand {far:.3g} m from where it should be: its "
                "importer reads our file otherwise than we mean it. Please report this with your version of Isaac Gym."
            )
        self._written.fill_(True)

    def _hand_over(self) -> None:
        """Give Isaac Gym what was written since the last step; its quaternions are x y z w."""
        sim, state = self._sim, self.state
        sim.dofs[..., 0], sim.dofs[..., 1] = state.joint_pos, state.joint_vel
        root = sim.roots[:, OBJECT]
        root[:, :3], root[:, 3:7] = state.object_pos_w, state.object_quat_w.roll(-1, 1)
        root[:, 7:10], root[:, 10:] = state.object_linvel_w, state.object_angvel_w
        sim.write(self._written.nonzero()[:, 0])
        self._written.zero_()

    def _read_state(self) -> None:
        state, dofs, root = self.state, self._sim.dofs, self._sim.roots[:, OBJECT]
        state.joint_pos.copy_(dofs[..., 0])
        state.joint_vel.copy_(dofs[..., 1])
        state.object_pos_w.copy_(root[:, :3])
        state.object_quat_w.copy_(root[:, 3:7].roll(1, 1))
        state.object_linvel_w.copy_(root[:, 7:10])
        state.object_angvel_w.copy_(root[:, 10:])

    def _read_contacts(self) -> None:
        state, forces = self.state, self._sim.forces
        state.contact_force_w.copy_(forces[:, self._contact_ids])
        on_hand = forces[:, self._body_ids]  # (N, B, 3)
        state.hand_force_w.copy_(-on_hand.sum(1))
        state.touching.copy_((on_hand != 0).flatten(1).any(1))

    def _park_diverged(self) -> None:
        """Flag worlds that are no longer finite or plausible, and hold them still until they are written."""
        state = self.state
        parts = self._held()
        numbers = torch.cat([view for view, _ in parts], dim=1)
        speeds = torch.cat([state.joint_vel, state.object_linvel_w, state.object_angvel_w], dim=1).abs()
        sound = numbers.isfinite().all(1) & (speeds.nan_to_num(MAX_SPEED).amax(1) < MAX_SPEED)
        state.diverged.logical_or_(~sound)
        for view, still in parts:
            overwrite(view, state.diverged, still)
        for view in (state.contact_force_w, state.hand_force_w, state.touching):
            clear(view, state.diverged)
        self._written |= state.diverged

    def _held(self) -> Sequence[Tuple[Tensor, Tensor]]:
        """Parts of the state, and what each is in a world that is held still."""
        state, zero = self.state, torch.zeros_like(self._parked)
        return (
            (state.joint_pos, self._rest),
            (state.joint_vel, torch.zeros_like(self._rest)),
            (state.object_pos_w, self._parked),
            (state.object_quat_w, self._upright),
            (state.object_linvel_w, zero),
            (state.object_angvel_w, zero),
        )

    def _read_poses(self) -> None:
        """Poses and velocities of this instant; those of Isaac Gym's bodies are stale after a write."""
        state = self.state
        poses = self._kinematics.forward(state.joint_pos)
        state.key_pos_w.copy_(self._kinematics.key_points(poses))
        state.tip_pos_w.copy_(self._kinematics.fingertips(poses))
        state.wrist_quat_w.copy_(poses.quat_w[:, 0])
        state.wrist_angvel_w.copy_(self._kinematics.wrist_velocity(state.joint_pos, state.joint_vel)[1])

    def snapshot(self) -> Dict[str, Tensor]:
        factors = {name: factor.clone() for name, factor in vars(self._factors).items()}
        return {**{name: tensor.clone() for name, tensor in self._tensors().items()}, **factors}

    def restore(self, snapshot: Dict[str, Tensor]) -> None:
        """See :class:`hot.physics.interface.Physics`.

        Raises:
            PhysicsError: the snapshot has other masses, and Isaac Gym has begun on a GPU.
        """
        self.randomize(**{name: snapshot[name] for name in vars(self._factors)})
        for name, tensor in self._tensors().items():
            tensor.copy_(snapshot[name])
        self._written.fill_(True)
        self._read_poses()

    def _tensors(self) -> Dict[str, Tensor]:
        """Everything the next step depends on but PhysX's contact cache, and the contact readings."""
        state = {name: getattr(self.state, name) for name in _KEPT}
        return {**state, "targets": self._targets, "force": self._force}

    def time_alone(self, snapshots: Sequence[Dict[str, Tensor]]) -> float:
        seconds = 0.0
        for snapshot in snapshots:
            self.restore(snapshot)
            self._begin()
            self._hand_over()
            self._wait()
            began = time.perf_counter()
            self._sim.advance(self._targets, self._force)
            self._wait()
            seconds += time.perf_counter() - began
        return seconds

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def close(self) -> None:
        """Destroy the simulation; the state's tensors stay valid."""
        self._wait()
        self._sim.close()


_KEPT = (
    "joint_pos",
    "joint_vel",
    "object_pos_w",
    "object_quat_w",
    "object_linvel_w",
    "object_angvel_w",
    "contact_force_w",
    "hand_force_w",
    "touching",
    "diverged",
)
