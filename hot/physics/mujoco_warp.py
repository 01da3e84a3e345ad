"""The MuJoCo Warp engine: thousands of worlds on one GPU, or a few on Warp's CPU device for comparison."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs, and Warp's arrays are typed by hand.

from __future__ import annotations

import time
from typing import Dict, List, Optional, Sequence

import mujoco
import mujoco_warp as mjw
import torch
import warp as wp
from torch import Tensor

from hot import rotations
from hot.errors import PhysicsError
from hot.hands import HandSpec
from hot.physics.config import PhysicsConfig
from hot.physics.factors import Factors
from hot.physics.interface import MAX_SPEED, PARKED_HEIGHT, Scene, State
from hot.physics.model import OBJECT
from hot.physics.rows import clear, overwrite
from hot.physics.union import UnionModel, build_union
from hot.physics.warp_device import Recording
from hot.physics.warp_kernels import NO_HAND_BODY, NOT_SENSED, guard, read_contacts, read_points, read_spins
from hot.physics.warp_model import ModelScaler, buffer_sizes, check_memory, put_model

_LOST = (
    mjw.OverflowType.NEFC
    | mjw.OverflowType.NJMAX_NNZ
    | mjw.OverflowType.BROADPHASE
    | mjw.OverflowType.NARROWPHASE
    | mjw.OverflowType.CCD
)
"""Overflows that lose contacts. A solver that stops at its limit of iterations loses none."""


class WarpPhysics:
    """See :class:`hot.physics.interface.Physics`.

    On a GPU a control step, its guard and its read-outs are one CUDA graph on PyTorch's current stream, and no verb
    waits for the GPU. Sums of contact forces depend on the order in which they are added, so two runs agree to
    rounding, not to the bit; a restored snapshot is the same to the bit.

    Raises:
        PhysicsError: the scene does not compile, or so many worlds do not fit.
    """

    def __init__(self, scene: Scene, config: PhysicsConfig, device: torch.device) -> None:
        self.scene, self.config, self.device = scene, config, device
        self.num_worlds, self._joints = len(scene.world_object), scene.hand.num_joints
        union = build_union(scene.hand, scene.objects, config)
        sizes = buffer_sizes(union, config, self._joints)
        if device.type == "cuda":
            check_memory(union.model, sizes, self.num_worlds, device)
        try:
            self._build(union, sizes)
        except (RuntimeError, MemoryError) as error:
            if "alloc" not in str(error).lower() and "out of memory" not in str(error).lower():
                raise
            raise PhysicsError(f"out of memory for {self.num_worlds} worlds on {device}: {error}") from error

    def _build(self, union: UnionModel, sizes: Dict[str, int]) -> None:
        with wp.ScopedDevice(str(self.device)):
            self._model = put_model(union, self.scene.world_object)
            self._data = mjw.make_data(union.model, nworld=self.num_worlds, **sizes)
            wp.synchronize_device()
        self._scaler = ModelScaler(self._model, union.model)
        self._factors = Factors.ones(self.num_worlds, self.device)
        self._find_views(union.model)
        self._start()
        self._step_recording = Recording(self._step_and_read, self.device)
        self._pose_recording = Recording(self._read_poses, self.device)
        self._bare_recording: Optional[Recording] = None
        self._start()
        self._pose_recording.play()
        self._overflow.zero_()

    def _find_views(self, model: mujoco.MjModel) -> None:
        """Views of the engine's arrays, buffers of what it does not lay out as we need it, and ids."""
        data, d, device = self._data, self._joints, self.device
        hand, n = self.scene.hand, self.num_worlds
        qpos, qvel, force = wp.to_torch(data.qpos), wp.to_torch(data.qvel), wp.to_torch(data.xfrc_applied)
        self._qpos, self._qvel, self._force = qpos, qvel, force
        self._targets, self._warm_start = wp.to_torch(data.ctrl), wp.to_torch(data.qacc_warmstart)
        self._object = model.body(OBJECT).id
        wrist = model.body(hand.wrist_body).id
        self._spin_o = qvel[:, d + 3 : d + 6]
        self._key_ids = self._ids([model.body(name).id for name in hand.key_bodies])
        self._tip_ids = self._ids([model.site(name).id for name in hand.fingertips])
        self._body_sensor = self._ids(_sensor_of_body(model, hand, self._object))
        self._overflow = torch.zeros(1, dtype=torch.int64, device=device)
        rest = torch.zeros(model.nq, device=device)
        rest[:d] = torch.zeros(d).clamp(hand.joint_lower, hand.joint_upper).to(device)
        rest[d + 2], rest[d + 3] = PARKED_HEIGHT, 1.0
        self._rest = rest
        flags = {name: torch.zeros(n, dtype=torch.bool, device=device) for name in ("touching", "diverged")}
        self.state = State(
            joint_pos=qpos[:, :d],
            joint_vel=qvel[:, :d],
            wrist_quat_w=wp.to_torch(data.xquat)[:, wrist],
            wrist_linvel_w=qvel[:, :3],
            wrist_angvel_w=torch.zeros(n, 3, device=device),
            key_pos_w=torch.zeros(n, len(hand.key_bodies), 3, device=device),
            tip_pos_w=torch.zeros(n, len(hand.fingertips), 3, device=device),
            object_pos_w=qpos[:, d : d + 3],
            object_quat_w=qpos[:, d + 3 : d + 7],
            object_linvel_w=qvel[:, d : d + 3],
            object_angvel_w=torch.zeros(n, 3, device=device),
            contact_force_w=torch.zeros(n, len(hand.contact_bodies), 3, device=device),
            hand_force_w=torch.zeros(n, 3, device=device),
            **flags,
        )

    def _ids(self, values: List[int]) -> wp.array:
        return wp.array(values, dtype=int, device=str(self.device))

    def _start(self) -> None:
        """Every world at rest, the object out of reach."""
        self._qpos.copy_(self._rest.expand_as(self._qpos))
        self._qvel.zero_()
        self._warm_start.zero_()
        self._targets.copy_(self.state.joint_pos)

    @property
    def overflow(self) -> Tensor:
        """See :class:`hot.physics.interface.Physics`."""
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
        ]
        for view, value in parts:
            if value is not None:
                overwrite(view, rows, value)
        if object_angvel_w is not None:
            # A free joint's angular velocity is expressed in the body's own frame.
            held = state.object_quat_w if rows.dtype == torch.bool else state.object_quat_w[rows]
            overwrite(self._spin_o, rows, rotations.rotate_inverse(held, object_angvel_w.to(held)))
        for view in (self._warm_start, state.contact_force_w, state.hand_force_w, state.touching, state.diverged):
            clear(view, rows)
        self._pose_recording.play()

    def set_targets(self, joint_targets: Tensor) -> None:
        self._targets.copy_(joint_targets)

    def set_object_force(self, force_w: Tensor) -> None:
        self._force[:, self._object, :3] = force_w.to(self._force)

    def randomize(
        self, *, mass: Optional[Tensor] = None, friction: Optional[Tensor] = None, gains: Optional[Tensor] = None
    ) -> None:
        self._factors.update(mass, friction, gains)
        self._scaler.apply(self._factors)

    def step(self) -> None:
        self._step_recording.play()

    def _step_and_read(self) -> None:
        self._advance()
        self._guard()
        self._read_contacts()
        self._read_poses()

    def _advance(self) -> None:
        """The engine alone: one control step of all worlds."""
        for _ in range(self.config.substeps):
            mjw.step(self._model, self._data)

    def _guard(self) -> None:
        data, diverged, overflow = self._data, wp.from_torch(self.state.diverged), wp.from_torch(self._overflow)
        inputs = [wp.from_torch(self._rest), MAX_SPEED, int(_LOST), data.qpos, data.qvel, data.qacc_warmstart]
        wp.launch(guard, dim=self.num_worlds, inputs=[*inputs, data.overflow, diverged, overflow])

    def _read_contacts(self) -> None:
        data, contact, state = self._data, self._data.contact, self.state
        sums = [_vectors(state.contact_force_w), _vectors(state.hand_force_w), wp.from_torch(state.touching)]
        for array in sums:
            array.zero_()
        found = [data.nacon, contact.geom, contact.frame, contact.worldid, contact.efc_address]
        inputs = [*found, data.efc.force, data.njmax, self._model.geom_bodyid, self._body_sensor, self._object]
        wp.launch(read_contacts, dim=data.naconmax, inputs=[*inputs, wp.from_torch(state.diverged), *sums])

    def _read_poses(self) -> None:
        """Poses and velocities of this instant; those of the engine lag by a substep."""
        data, state = self._data, self.state
        mjw.kinematics(self._model, data)
        keys, tips = _vectors(state.key_pos_w), _vectors(state.tip_pos_w)
        wp.launch(read_points, dim=keys.shape, inputs=[data.xpos, self._key_ids, keys])
        wp.launch(read_points, dim=tips.shape, inputs=[data.site_xpos, self._tip_ids, tips])
        spins = [_vectors(state.wrist_angvel_w), _vectors(state.object_angvel_w)]
        inputs = [data.xaxis, data.xquat, data.qvel, self._object, self._joints + 3]
        wp.launch(read_spins, dim=self.num_worlds, inputs=[*inputs, *spins])

    def snapshot(self) -> Dict[str, Tensor]:
        return {name: tensor.clone() for name, tensor in self._tensors().items()}

    def restore(self, snapshot: Dict[str, Tensor]) -> None:
        for name, tensor in self._tensors().items():
            tensor.copy_(snapshot[name])
        self._scaler.apply(self._factors)
        self._pose_recording.play()

    def time_alone(self, snapshots: Sequence[Dict[str, Tensor]]) -> float:
        if self._bare_recording is None:
            held = self.snapshot()
            self._bare_recording = Recording(self._advance, self.device)
            self.restore(held)
        seconds = 0.0
        for snapshot in snapshots:
            self.restore(snapshot)
            self._wait()
            began = time.perf_counter()
            self._bare_recording.play()
            self._wait()
            seconds += time.perf_counter() - began
        return seconds

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _tensors(self) -> Dict[str, Tensor]:
        """Everything the next step depends on, and the contact readings."""
        own = {"qpos": self._qpos, "qvel": self._qvel, "warm_start": self._warm_start, "targets": self._targets}
        read = ("contact_force_w", "hand_force_w", "touching", "diverged")
        own.update(force=self._force, **vars(self._factors))
        return {**own, **{name: getattr(self.state, name) for name in read}}

    def close(self) -> None:
        """Let go of the graphs and of the engine's arrays; tensors that others hold stay valid."""
        self._wait()
        del self._step_recording, self._pose_recording, self._bare_recording, self._scaler, self._model, self._data


def _vectors(tensor: Tensor) -> wp.array:
    """The same memory as an array of vectors (...)."""
    return wp.from_torch(tensor, dtype=wp.vec3)


def _sensor_of_body(model: mujoco.MjModel, hand: HandSpec, object_body: int) -> List[int]:
    sensors = {model.body(name).id: index for index, name in enumerate(hand.contact_bodies)}
    marks = [sensors.get(body, NOT_SENSED) for body in range(model.nbody)]
    marks[0] = marks[object_body] = NO_HAND_BODY
    return marks
