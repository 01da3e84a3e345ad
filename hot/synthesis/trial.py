"""Hands close on an object in physics, lift it and shake it; what holds is a grasp."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import Physics, Scene, make_physics
from hot.progress import Progress
from hot.synthesis.candidates import Candidates
from hot.synthesis.config import JUDGING_PHYSICS, GraspConfig
from hot.synthesis.transforms import Transform, compose, invert

_HEIGHT = 1.0
"""Height of the object in the trial, far from the table [m]."""
_GRAVITY = 9.81
_TOUCH = 0.05
"""Force that counts as a touch [N]."""
_WRIST = 6
_UP = (0.0, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Held:
    """What N hands held at the end of a trial stage."""

    rows: Tensor  # (N,) index of the candidate
    joints: Tensor  # (N, D) at equilibrium
    command: Tensor  # (N, D) targets that hold
    pos_h: Tensor  # (N, 3) object in the wrist frame [m]
    quat_h: Tensor  # (N, 4)
    first_pos_h: Tensor  # (N, 3) the same when the object was let go
    first_quat_h: Tensor  # (N, 4)
    slip: Tensor  # (N,) largest displacement from there [m]
    turn: Tensor  # (N,) largest turn from there [rad]
    fingers: Tensor  # (N,) fingers that touch

    def select(self, rows: Tensor) -> Held:
        """Some of them, by mask or index."""
        return Held(*(getattr(self, f.name)[rows] for f in fields(self)))


class Trial:
    """Runs candidates of one hand and one object."""

    def __init__(self, hand: HandSpec, object_spec: ObjectSpec, config: GraspConfig, progress: Progress) -> None:
        self._hand, self._object, self._config, self._progress = hand, object_spec, config, progress
        finger_of = dict(zip(hand.tree.names, hand.finger_of_body))
        finger = torch.tensor([finger_of[name] for name in hand.contact_bodies])
        self._finger_mask = torch.stack([finger == f for f in range(hand.num_fingers)]).float()  # (F, C)

    def close(self, candidates: Candidates) -> Held:
        """Close on the pinned object, let it go without gravity, and return the hands that still hold it."""
        count, config = len(candidates.start), self._config
        pos = torch.tensor([0.0, 0.0, _HEIGHT]).expand(count, 3)
        quat = torch.tensor([1.0, 0.0, 0.0, 0.0]).expand(count, 4)
        wrist_pos, wrist_quat = compose((pos, quat), (candidates.wrist_pos_o, candidates.wrist_quat_o))
        wrist = torch.cat([wrist_pos, rotations.to_euler(wrist_quat)], dim=-1)
        physics = self._make_physics(count)
        try:
            ids, still = torch.arange(count), torch.zeros(count, 3)
            physics.write_state(ids, joint_pos=torch.cat([wrist, candidates.start], dim=-1), object_pos_w=pos)
            physics.set_object_force(self._force(count, torch.zeros(3)))
            for frame in range(config.close_frames):
                targets = torch.cat([wrist, self._squeeze(physics.state.joint_pos[:, _WRIST:], candidates.goal)], -1)
                physics.set_targets(targets)
                physics.step()
                pinned = {"object_quat_w": quat, "object_linvel_w": still, "object_angvel_w": still}
                physics.write_state(ids, object_pos_w=pos, **pinned)
                self._progress("closing hands", frame + 1, config.close_frames, {})
            command = torch.cat([wrist, self._squeeze(physics.state.joint_pos[:, _WRIST:], candidates.goal)], -1)
            physics.set_targets(command)
            before = _object_in_wrist(physics)
            for _ in range(config.release_frames):
                physics.step()
            held = self._read(physics, ids, command, before)
        finally:
            physics.close()
        return held.select((held.fingers >= config.min_fingers) & (held.slip < config.max_slip))

    def shake(self, held: Held) -> Held:
        """Let gravity pull lifted objects in six directions; slip and turn are the largest on the way.

        What falls in the first directions is not simulated any further.
        """
        axes = torch.eye(3)
        first, others = torch.stack([-axes[2], axes[2]]), torch.cat([axes[:2], -axes[:2], torch.zeros(1, 3)])
        held = self._pull(held, first)
        return self._pull(held, others) if len(held.rows) else held

    def lift(self, held: Held) -> Held:
        """Raise the wrist under gravity; returns what still holds."""
        if not len(held.rows):
            return held
        config = self._config
        physics = self._resume(held)
        try:
            command = held.command.clone()
            for frame in range(config.shake_frames):
                command[:, 2] = held.command[:, 2] + config.lift * (frame + 1) / config.shake_frames
                physics.set_targets(command)
                physics.step()
            lifted = self._read(physics, held.rows, held.command, (held.first_pos_h, held.first_quat_h))
        finally:
            physics.close()
        joints = lifted.joints.clone()
        joints[:, 2] -= config.lift
        return replace(lifted, joints=joints).select(self._holds(lifted))

    def _pull(self, held: Held, directions: Tensor) -> Held:
        """Net gravity along each direction (S, 3) in turn; a zero row is rest. Returns what still holds."""
        if not len(held.rows):
            return held
        config, worst, before = self._config, held, (held.first_pos_h, held.first_quat_h)
        physics = self._resume(held)
        try:
            for direction in directions:
                physics.set_object_force(self._force(len(held.rows), config.shake * direction))
                for _ in range(config.shake_frames):
                    physics.step()
                    now = self._read(physics, held.rows, held.command, before)
                    slip, turn = torch.maximum(now.slip, worst.slip), torch.maximum(now.turn, worst.turn)
                    worst = replace(now, slip=slip, turn=turn)
                self._progress("shaking", len(held.rows), len(held.rows), {"held": float(self._holds(worst).sum())})
        finally:
            physics.close()
        return worst.select(self._holds(worst))

    def _resume(self, held: Held) -> Physics:
        """Physics with the hands as they were, squeezing."""
        pos, quat = compose(_wrist_pose(held.joints), (held.pos_h, held.quat_h))
        physics = self._make_physics(len(held.rows))
        ids = torch.arange(len(held.rows))
        physics.write_state(ids, joint_pos=held.joints, object_pos_w=pos, object_quat_w=quat)
        physics.set_targets(held.command)
        return physics

    def _holds(self, held: Held) -> Tensor:
        config = self._config
        return (held.slip < config.max_slip) & (held.turn < config.max_turn) & (held.fingers >= config.min_fingers)

    def _make_physics(self, count: int) -> Physics:
        scene = Scene(self._hand, [self._object], torch.zeros(count, dtype=torch.long))
        return make_physics(scene, JUDGING_PHYSICS)

    def _force(self, count: int, net: Tensor) -> Tensor:
        """Force (N, 3) [N] that turns gravity into the net acceleration (3,) [m/s^2]."""
        return (self._object.mass * (net + _GRAVITY * net.new_tensor(_UP))).expand(count, 3)

    def _squeeze(self, fingers: Tensor, goal: Tensor) -> Tensor:
        return fingers + (goal - fingers).clamp(-self._config.squeeze, self._config.squeeze)

    def _read(self, physics: Physics, rows: Tensor, command: Tensor, before: Transform) -> Held:
        """The present state, with slip and turn since the object was at ``before`` in the wrist frame."""
        state = physics.state
        pos, quat = _object_in_wrist(physics)
        slip = (pos - before[0]).norm(dim=-1)
        slip = torch.where(state.diverged, torch.full_like(slip, torch.inf), slip)
        turn = rotations.angle_between(before[1], quat)
        force = state.contact_force_w.norm(dim=-1)  # (N, C)
        fingers = ((force @ self._finger_mask.T) > _TOUCH).sum(-1)
        return Held(rows, state.joint_pos.clone(), command, pos, quat, *before, slip, turn, fingers)


def _wrist_pose(joints: Tensor) -> Transform:
    return joints[:, :3], rotations.from_euler(joints[:, 3:_WRIST])


def _object_in_wrist(physics: Physics) -> Transform:
    state = physics.state
    return compose(invert(_wrist_pose(state.joint_pos)), (state.object_pos_w, state.object_quat_w))
