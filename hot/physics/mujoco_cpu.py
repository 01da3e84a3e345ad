"""The MuJoCo engine on CPUs: worlds stepped by a pool of threads, in double precision."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs.

from __future__ import annotations

import os
import time
from typing import Dict, List, Optional, Sequence, Union

import mujoco
import numpy as np
import torch
from mujoco import rollout
from torch import Tensor

from hot import rotations
from hot.hands import Kinematics
from hot.physics.config import PhysicsConfig
from hot.physics.factors import Factors
from hot.physics.interface import MAX_SPEED, PARKED_HEIGHT, Scene, State
from hot.physics.model import build_model, scale_model

_STATE, _CTRL, _QFRC = (
    mujoco.mjtState.mjSTATE_FULLPHYSICS,
    mujoco.mjtState.mjSTATE_CTRL,
    mujoco.mjtState.mjSTATE_QFRC_APPLIED,
)


class _Group:
    """The worlds that hold the same object: one model, and one MjData a thread that fits it."""

    def __init__(self, model: mujoco.MjModel, world_ids: np.ndarray, threads: int) -> None:
        self.model = model
        self.models = [model]
        self.ids = world_ids
        self.datas: List[mujoco.MjData] = [mujoco.MjData(model) for _ in range(threads)]
        self.rows = _as_slice(world_ids)
        self.size = len(world_ids)

    def scale(self, factors: Factors) -> None:
        """Give each world a model of its own."""
        self.models = [
            scale_model(self.model, *(float(factor[world]) for factor in vars(factors).values())) for world in self.ids
        ]


def _cores() -> int:
    """Cores that this process may use, which are fewer than the machine has where lanes share it."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class MujocoPhysics:
    """See :class:`hot.physics.interface.Physics`.

    A roll-out takes a warm start but does not return the last one, so each control step starts its solver
    from the acceleration seen over the previous substep.
    """

    def __init__(self, scene: Scene, config: PhysicsConfig) -> None:
        self.scene = scene
        self.config = config
        self.device = torch.device("cpu")
        self.num_worlds = len(scene.world_object)
        self._threads = config.threads or _cores()
        self._pool = rollout.Rollout(nthread=self._threads if self._threads > 1 else 0)
        self._groups = self._make_groups()
        model = self._groups[0].model
        self._joints, self._nv = scene.hand.num_joints, model.nv
        self._nq, self._dt = model.nq, model.opt.timestep
        self._physics = np.zeros((self.num_worlds, mujoco.mj_stateSize(model, _STATE.value)))
        self._path = np.zeros((self.num_worlds, config.substeps, self._physics.shape[1]))
        self._sensors = np.zeros((self.num_worlds, config.substeps, model.nsensordata))
        self._warm = np.zeros((self.num_worlds, self._nv))
        self._control = np.zeros((self.num_worlds, config.substeps, model.nu + self._nv))
        self._pushed = False
        self._factors = Factors.ones(self.num_worlds)
        self._kinematics = Kinematics(scene.hand)
        self.state = self._make_state()
        everything = torch.arange(self.num_worlds)
        start = torch.zeros(self.num_worlds, self._joints)
        start = start.clamp(scene.hand.joint_lower, scene.hand.joint_upper)
        upright = torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(self.num_worlds, 4)
        self.write_state(everything, joint_pos=start, object_quat_w=upright)

    def _make_groups(self) -> List[_Group]:
        world_object = self.scene.world_object.cpu().numpy()
        return [
            _Group(build_model(self.scene.hand, spec, self.config), np.flatnonzero(world_object == i), self._threads)
            for i, spec in enumerate(self.scene.objects)
            if (world_object == i).any()
        ]

    def _make_state(self) -> State:
        n, hand = self.num_worlds, self.scene.hand
        shapes = {
            "joint_pos": (self._joints,),
            "joint_vel": (self._joints,),
            "wrist_quat_w": (4,),
            "wrist_linvel_w": (3,),
            "wrist_angvel_w": (3,),
            "key_pos_w": (len(hand.key_bodies), 3),
            "tip_pos_w": (len(hand.fingertips), 3),
            "object_pos_w": (3,),
            "object_quat_w": (4,),
            "object_linvel_w": (3,),
            "object_angvel_w": (3,),
            "contact_force_w": (len(hand.contact_bodies), 3),
            "hand_force_w": (3,),
        }
        flags = {name: torch.zeros(n, dtype=torch.bool) for name in ("touching", "diverged")}
        return State(**{name: torch.zeros(n, *shape) for name, shape in shapes.items()}, **flags)

    @property
    def overflow(self) -> Tensor:
        """MuJoCo's buffers grow by themselves."""
        return torch.zeros(1, dtype=torch.int64)

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
        chosen = world_ids if world_ids.dtype == torch.bool else slice(None)
        world_ids = world_ids.nonzero().squeeze(1) if world_ids.dtype == torch.bool else world_ids
        ids = world_ids.cpu().numpy()
        d, q, v = self._joints, 1, 1 + self._nq
        quat = object_quat_w
        parts = [(q, joint_pos), (q + d, object_pos_w), (q + d + 3, quat), (v, joint_vel), (v + d, object_linvel_w)]
        for start, value in parts:
            if value is not None:
                self._physics[ids, start : start + value.shape[-1]] = value[chosen].double().numpy()
        if object_angvel_w is not None:
            # A free joint's angular velocity is expressed in the body's own frame.
            held = torch.from_numpy(self._physics[ids, q + d + 3 : q + d + 7])
            spin_o = rotations.rotate_inverse(held, object_angvel_w[chosen].double())
            self._physics[ids, v + d + 3 : v + d + 6] = spin_o.numpy()
        if joint_pos is not None:
            self._control[ids, :, :d] = joint_pos[chosen].double().numpy()[:, None]
        self._warm[ids] = 0.0
        for tensor in (self.state.contact_force_w, self.state.hand_force_w, self.state.touching, self.state.diverged):
            tensor[world_ids] = 0
        self._read_poses(world_ids)

    def set_targets(self, joint_targets: Tensor) -> None:
        self._control[:, :, : self._joints] = joint_targets.double().numpy()[:, None]

    def set_object_force(self, force_w: Tensor) -> None:
        self._pushed = bool(force_w.any())
        first = self._control.shape[2] - self._nv + self._joints
        self._control[:, :, first : first + 3] = force_w.double().numpy()[:, None]

    def randomize(
        self, *, mass: Optional[Tensor] = None, friction: Optional[Tensor] = None, gains: Optional[Tensor] = None
    ) -> None:
        self._factors.update(mass, friction, gains)
        for group in self._groups:
            group.scale(self._factors)

    def step(self) -> None:
        self._advance()
        self._park_diverged()
        self._read_contacts()
        self._read_poses(slice(None))

    def _advance(self) -> None:
        """The engine alone: one control step of all worlds."""
        for group in self._groups:
            self._step_group(group)
        self._physics[:] = self._path[:, -1]
        v = slice(1 + self._nq, 1 + self._nq + self._nv)
        if self.config.substeps > 1:
            self._warm[:] = (self._path[:, -1, v] - self._path[:, -2, v]) / self._dt

    def _step_group(self, group: _Group) -> None:
        rows, model = group.rows, group.model
        width = model.nu + (model.nv if self._pushed else 0)
        spec = _CTRL.value | (_QFRC.value if self._pushed else 0)
        whole = isinstance(rows, slice)
        path, sensors = (self._path[rows], self._sensors[rows]) if whole else (None, None)
        path, sensors = self._pool.rollout(
            group.models,
            group.datas,
            self._physics[rows],
            np.ascontiguousarray(self._control[rows, :, :width]),
            control_spec=spec,
            initial_warmstart=self._warm[rows],
            state=path,
            sensordata=sensors,
        )
        if not whole:
            self._path[rows], self._sensors[rows] = path, sensors

    def _park_diverged(self) -> None:
        """Flag worlds that are no longer finite or plausible, and hold them still until they are written."""
        speeds = np.abs(self._physics[:, 1 + self._nq : 1 + self._nq + self._nv])
        sound = np.isfinite(self._physics).all(1) & (np.nan_to_num(speeds, nan=np.inf).max(1) < MAX_SPEED)
        bad = ~sound | self.state.diverged.numpy()
        if bad.any():
            self._physics[bad, 1:] = 0.0
            self._physics[bad, 1 + self._joints + 2] = PARKED_HEIGHT
            self._physics[bad, 1 + self._joints + 3] = 1.0
            self._warm[bad] = 0.0
            self._sensors[bad] = 0.0
            self.state.diverged[torch.from_numpy(bad)] = True

    def _read_contacts(self) -> None:
        readings = torch.from_numpy(self._sensors[:, -1]).view(self.num_worlds, -1, 4)  # (N, C + 1, found + force)
        self.state.contact_force_w.copy_(readings[:, :-1, 1:])
        self.state.hand_force_w.copy_(readings[:, -1, 1:])
        self.state.touching.copy_(readings[:, -1, 0] > 0)

    def _read_poses(self, rows: Union[slice, Tensor]) -> None:
        """Refresh poses and velocities of some worlds from the engine's state, by forward kinematics."""
        state, d = self.state, self._joints
        q = torch.from_numpy(self._physics)[rows, 1:].float()
        v = q[:, self._nq :]
        joint_pos, joint_vel, object_quat = q[:, :d], v[:, :d], q[:, d + 3 : d + 7]
        state.joint_pos[rows], state.joint_vel[rows] = joint_pos, joint_vel
        state.object_pos_w[rows], state.object_quat_w[rows] = q[:, d : d + 3], object_quat
        state.object_linvel_w[rows] = v[:, d : d + 3]
        state.object_angvel_w[rows] = rotations.rotate(object_quat, v[:, d + 3 : d + 6])
        poses = self._kinematics.forward(joint_pos)
        state.key_pos_w[rows] = self._kinematics.key_points(poses)
        state.tip_pos_w[rows] = self._kinematics.fingertips(poses)
        state.wrist_quat_w[rows] = poses.quat_w[:, 0]
        linear, angular = self._kinematics.wrist_velocity(joint_pos, joint_vel)
        state.wrist_linvel_w[rows], state.wrist_angvel_w[rows] = linear, angular

    def snapshot(self) -> Dict[str, Tensor]:
        own = {name: torch.from_numpy(array.copy()) for name, array in self._arrays().items()}
        return {**own, **{name: factor.clone() for name, factor in vars(self._factors).items()}}

    def restore(self, snapshot: Dict[str, Tensor]) -> None:
        self._load(snapshot)
        self._read_contacts()
        self._read_poses(slice(None))

    def time_alone(self, snapshots: Sequence[Dict[str, Tensor]]) -> float:
        seconds = 0.0
        for snapshot in snapshots:
            self._load(snapshot)
            began = time.perf_counter()
            self._advance()
            seconds += time.perf_counter() - began
        return seconds

    def _arrays(self) -> Dict[str, np.ndarray]:
        """Everything the next step depends on."""
        return {"physics": self._physics, "warm": self._warm, "targets": self._control, "sensors": self._sensors}

    def _load(self, snapshot: Dict[str, Tensor]) -> None:
        for name, array in self._arrays().items():
            array[:] = snapshot[name].numpy()
        self._pushed = bool(self._control[:, :, self._joints :].any())
        factors = {name: snapshot[name] for name in vars(self._factors)}
        if any(not torch.equal(factor, factors[name]) for name, factor in vars(self._factors).items()):
            self.randomize(**factors)

    def close(self) -> None:
        self._pool.close()


def _as_slice(ids: np.ndarray):
    """A slice where the ids are one run, so that roll-outs write in place instead of copying."""
    run = len(ids) and ids[-1] - ids[0] + 1 == len(ids)
    return slice(int(ids[0]), int(ids[-1]) + 1) if run else ids
