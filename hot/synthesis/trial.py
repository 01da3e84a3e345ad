"""Hands close on an object in physics and shake it; what holds is a grasp."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import List, Optional, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import Physics, PhysicsConfig
from hot.progress import Progress
from hot.synthesis.candidates import Candidates
from hot.synthesis.config import GraspConfig
from hot.synthesis.transforms import Transform, compose, invert
from hot.synthesis.worlds import Worlds, filled

_HEIGHT = 1.0
"""Height of the object in the trial, far from the table [m]."""
_GRAVITY = 9.81
_TOUCH = 0.05
"""Force that counts as a touch [N]."""
_WRIST = 6
_UP = (0.0, 0.0, 1.0)
_SIDES = 6


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

    @staticmethod
    def nothing(hand: HandSpec, device: torch.device) -> Held:
        """No hand holds anything."""
        none = {name: torch.zeros(0, device=device) for name in ("slip", "turn")}
        numbers = {name: torch.zeros(0, dtype=torch.long, device=device) for name in ("rows", "fingers")}
        places = {name: torch.zeros(0, 3, device=device) for name in ("pos_h", "first_pos_h")}
        turns = {name: torch.zeros(0, 4, device=device) for name in ("quat_h", "first_quat_h")}
        joints = {name: torch.zeros(0, hand.num_joints, device=device) for name in ("joints", "command")}
        return Held(**none, **numbers, **places, **turns, **joints)

    @staticmethod
    def join(parts: List[Held]) -> Held:
        """All of them, in order."""
        return Held(*(torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Held)))


class Trial:
    """Runs candidates of one hand and one object, some thousand at once.

    Hands close in physics as coarse as training's (``close_substeps``), in which as many find their
    balance (docs/grasps.md); what they hold is shaken in ``physics`` itself.
    """

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        config: GraspConfig,
        physics: PhysicsConfig,
        most: int,
        progress: Progress,
    ) -> None:
        self._object, self._config, self._progress = object_spec, config, progress
        coarse = physics.model_copy(update={"substeps": config.close_substeps, "multi_contact": False})
        self._closing = Worlds(hand, object_spec, coarse, most)
        self._shaking = Worlds(hand, object_spec, physics, most)
        finger_of = dict(zip(hand.tree.names, hand.finger_of_body))
        finger = torch.tensor([finger_of[name] for name in hand.contact_bodies])
        self._finger_mask = torch.stack([finger == f for f in range(hand.num_fingers)]).float()  # (F, C)

    def free(self) -> None:
        """Free the engines."""
        self._closing.free()
        self._shaking.free()

    def run(self, candidates: Candidates) -> Held:
        """The candidates that hold the object through the whole trial."""
        return self.shake(self.close(candidates))

    def close(self, candidates: Candidates) -> Held:
        """Close on the pinned object, press while it gives way, and let it go without gravity; what still holds it."""
        count = len(candidates.start)
        held = Held.join([self._close(candidates, rows) for rows in self._closing.parts(count)])
        self._progress("closing hands", count, count, {"held": float(len(held.rows))})
        return held

    def shake(self, held: Held, acceleration: Optional[float] = None) -> Held:
        """Let net gravity of ``acceleration`` [m/s^2], or the trial's own, pull objects in six directions; slip and
        turn are the largest on the way.

        What falls in the first two directions is not simulated any further.
        """
        count, net = len(held.rows), acceleration or self._config.shake
        for directions in _directions():
            batches = self._shaking.parts(len(held.rows))
            parts = [self._shake(held.select(rows), net * directions) for rows in batches]
            held = Held.join(parts) if parts else held
        self._progress("shaking", count, count, {"held": float(len(held.rows))})
        return held

    def strength(self, held: Held) -> Tensor:
        """Largest acceleration [m/s^2] (N,) of those asked for that each grasp survives in each of six directions.

        Those given must have survived the shake of the trial itself. Directions are tried side by side, from rest.
        """
        device = held.joints.device
        strength = torch.full((len(held.rows),), self._config.shake, device=device)
        rows = torch.arange(len(held.rows), device=device)
        directions = torch.cat(_directions())[:_SIDES].to(device)
        fresh = replace(held, rows=rows)
        for level in self._config.stronger:
            pulled, pulls = fresh.select(rows.repeat_interleave(_SIDES)), level * directions.repeat(len(rows), 1)
            batches = self._shaking.parts(len(pulled.rows))
            parts = [self._shake(pulled.select(part), pulls[part][None]).rows for part in batches]
            survived = torch.cat([rows[:0], *parts]).bincount(minlength=len(strength)) == _SIDES
            rows = survived.nonzero()[:, 0]
            strength[rows] = level
        return strength

    def _close(self, candidates: Candidates, rows: Tensor) -> Held:
        physics = self._closing.of(len(rows))
        rows = rows.to(physics.device)
        tried = candidates.select(filled(rows, physics.num_worlds))
        wrist = self._close_fingers(physics, tried)
        command = self._press(physics, wrist, tried.press)
        before = _object_in_wrist(physics)
        for _ in range(self._config.release_frames):
            physics.step()
        held = self._read(physics, filled(rows, physics.num_worlds), command, before)
        held = held.select(torch.arange(len(rows), device=physics.device))
        return held.select(self._holds(held))

    def _close_fingers(self, physics: Physics, tried: Candidates) -> Tensor:
        """Bring all fingers to the object, which stays where it is; the wrist's joints (N, 6)."""
        config, count, device = self._config, physics.num_worlds, physics.device
        pos = torch.tensor([0.0, 0.0, _HEIGHT], device=device).expand(count, 3)
        quat = torch.tensor([1.0, 0.0, 0.0, 0.0], device=device).expand(count, 4)
        wrist_pos, wrist_quat = compose((pos, quat), (tried.wrist_pos_o, tried.wrist_quat_o))
        wrist = torch.cat([wrist_pos, rotations.to_euler(wrist_quat)], dim=-1)
        joints = torch.cat([wrist, tried.start], dim=-1)
        self._place(physics, joints, (pos, quat))
        physics.set_object_force(self._force(physics, torch.zeros(3)))
        goal = tried.plan + config.overclose * tried.close
        still, ids = torch.zeros_like(pos), torch.arange(count, device=device)
        for _ in range(config.close_frames):
            fingers = physics.state.joint_pos[:, _WRIST:]
            lead = (goal - fingers).clamp(-config.close_lead, config.close_lead)
            physics.set_targets(torch.cat([wrist, fingers + lead], dim=-1))
            physics.step()
            pinned = {"object_pos_w": pos, "object_quat_w": quat, "object_linvel_w": still, "object_angvel_w": still}
            physics.write_state(ids, **pinned)
        return wrist

    def _press(self, physics: Physics, wrist: Tensor, press: Tensor) -> Tensor:
        """Press harder and harder while the object gives way without speed, so that it finds its balance; the targets.

        An object that is let go at once shoots out of a hand whose forces differ a little from the plan.
        """
        config, ids = self._config, torch.arange(physics.num_worlds, device=physics.device)
        still = torch.zeros_like(physics.state.object_linvel_w)
        touching = physics.state.joint_pos[:, _WRIST:].clone()
        for frame in range(config.settle_frames):
            share = min(1.0, 2.0 * (frame + 1) / config.settle_frames)
            physics.set_targets(torch.cat([wrist, touching + share * config.squeeze * press], dim=-1))
            physics.step()
            physics.write_state(ids, object_linvel_w=still, object_angvel_w=still)
        return torch.cat([wrist, touching + config.squeeze * press], dim=-1)

    def _shake(self, held: Held, pulls: Tensor) -> Held:
        """Net gravity (S, 3), or (S, N, 3) for each hand, [m/s^2], one row after another; a zero row is rest.

        Returns what still holds.
        """
        config, physics = self._config, self._shaking.of(len(held.rows))
        whole = held.select(filled(torch.arange(len(held.rows), device=physics.device), physics.num_worlds))
        self._place(physics, whole.joints, compose(_wrist_pose(whole.joints), (whole.pos_h, whole.quat_h)))
        physics.set_targets(whole.command)
        before, worst = (whole.first_pos_h, whole.first_quat_h), whole
        for pull in pulls:
            pull = pull if pull.dim() == 1 else pull[filled(torch.arange(len(pull)), physics.num_worlds)]
            physics.set_object_force(self._force(physics, pull))
            for _ in range(config.shake_frames):
                physics.step()
                now = self._read(physics, whole.rows, whole.command, before)
                slip, turn = torch.maximum(now.slip, worst.slip), torch.maximum(now.turn, worst.turn)
                worst = replace(now, slip=slip, turn=turn)
        worst = worst.select(torch.arange(len(held.rows), device=physics.device))
        return worst.select(self._holds(worst))

    def _place(self, physics: Physics, joints: Tensor, object_w: Transform) -> None:
        """Every hand and object where they shall be, at rest."""
        still = torch.zeros_like(object_w[0])
        physics.write_state(
            torch.arange(physics.num_worlds, device=physics.device),
            joint_pos=joints,
            joint_vel=torch.zeros_like(joints),
            object_pos_w=object_w[0],
            object_quat_w=object_w[1],
            object_linvel_w=still,
            object_angvel_w=still,
        )

    def _holds(self, held: Held) -> Tensor:
        config = self._config
        return (held.slip < config.max_slip) & (held.turn < config.max_turn) & (held.fingers >= config.min_fingers)

    def _force(self, physics: Physics, net: Tensor) -> Tensor:
        """Force (N, 3) [N] that turns gravity into the net acceleration (3,) or (N, 3) [m/s^2]."""
        force = self._object.mass * (net.to(physics.device) + _GRAVITY * torch.tensor(_UP, device=physics.device))
        return force.expand(physics.num_worlds, 3)

    def _read(self, physics: Physics, rows: Tensor, command: Tensor, before: Transform) -> Held:
        """The present state, with slip and turn since the object was at ``before`` in the wrist frame."""
        state = physics.state
        pos, quat = _object_in_wrist(physics)
        slip = (pos - before[0]).norm(dim=-1)
        slip = torch.where(state.diverged, torch.full_like(slip, torch.inf), slip)
        turn = rotations.angle_between(before[1], quat)
        force = state.contact_force_w.norm(dim=-1)  # (N, C)
        fingers = ((force @ self._finger_mask.T.to(force)) > _TOUCH).sum(-1)
        return Held(rows, state.joint_pos.clone(), command, pos, quat, *before, slip, turn, fingers)


def _directions() -> Tuple[Tensor, Tensor]:
    """Down and up; then the four sides and rest."""
    axes = torch.eye(3)
    sides = torch.cat([axes[:2], -axes[:2], torch.zeros(1, 3)])
    return torch.stack([-axes[2], axes[2]]), sides


def _wrist_pose(joints: Tensor) -> Transform:
    return joints[:, :3], rotations.from_euler(joints[:, 3:_WRIST])


def _object_in_wrist(physics: Physics) -> Transform:
    state = physics.state
    return compose(invert(_wrist_pose(state.joint_pos)), (state.object_pos_w, state.object_quat_w))
