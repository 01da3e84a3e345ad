"""Whether the grasps of a library last: each is held while the hand carries the object about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.config import Config
from hot.errors import PhysicsError
from hot.hands import HandSpec
from hot.intervals import wilson
from hot.objects import ObjectSpec
from hot.physics import CONTROL_DT, Physics, PhysicsConfig
from hot.progress import Progress, silent
from hot.synthesis.carrying import Carry, draw_carry
from hot.synthesis.config import GraspConfig, SynthesisConfig
from hot.synthesis.grasps import Grasps
from hot.synthesis.pickup import lead_targets
from hot.synthesis.transforms import Transform, compose, invert
from hot.synthesis.worlds import Worlds, filled

_REST_FRAMES = 30
"""Frames for which the hand holds still before it moves."""
_GONE = 0.1
"""Slip from which an object counts as dropped [m]; how far it falls on says nothing."""


@dataclass(frozen=True, eq=False)
class Holding:
    """What became of G held grasps."""

    slip: Tensor  # (G,) largest displacement of the object in the wrist frame [m], at most 0.1
    turn: Tensor  # (G,) largest turn of the object in the wrist frame [rad]

    def lost(self, limits: GraspConfig) -> Tensor:
        """Whether each grasp slipped or turned too far (G,)."""
        return (self.slip >= limits.max_slip) | (self.turn >= limits.max_turn)


class HoldReport(Config):
    """Of one library on one engine."""

    hand: str
    object: str
    engine: str
    seconds: float
    """Of the motion."""
    acceleration_m_s2: float
    """Largest of the object in the motion."""
    turn_speed_rad_s: float
    grasps: int
    lost: Tuple[int, ...]
    """Numbers of the grasps in which the object slipped or turned too far."""
    low: float
    high: float
    """Ends of the 95 % interval of the share that held (Wilson)."""
    median_slip_mm: float
    worst_slip_mm: float
    """100: dropped."""
    median_turn_deg: float
    worst_turn_deg: float

    @property
    def held(self) -> int:
        """How many grasps held."""
        return self.grasps - len(self.lost)


def check_grasps(
    hand: HandSpec,
    object_spec: ObjectSpec,
    grasps: Grasps,
    seconds: float,
    seed: int,
    config: Tuple[SynthesisConfig, GraspConfig, PhysicsConfig],
    progress: Progress = silent,
) -> HoldReport:
    """Hold every grasp for ``seconds`` while the hand moves, the same way for all with the same seed; a grasp is lost
    if the object slips by ``max_slip`` or turns by ``max_turn`` in the wrist frame at any frame.

    Args:
        config: speeds of the motion, limits of slip and turn, and physics.

    Raises:
        HotError: there is no such motion.
        PhysicsError: the engine lost contacts because a buffer was full.
    """
    synthesis, limits, physics = config
    generator = torch.Generator().manual_seed(seed)
    carry = draw_carry(round(seconds / CONTROL_DT), hand, synthesis, limits.carry_turn_speed, generator)
    worlds = Worlds(hand, object_spec, physics, len(grasps))
    try:
        holding = hold(grasps, [carry], worlds, progress)
    finally:
        worlds.free()
    lost = holding.lost(limits)
    share = wilson(int((~lost).sum()), len(grasps))
    slip, turn = 1e3 * holding.slip, holding.turn.rad2deg()
    return HoldReport(
        hand=hand.name,
        object=object_spec.name,
        engine=physics.engine,
        seconds=seconds,
        acceleration_m_s2=carry.acceleration,
        turn_speed_rad_s=carry.turn_speed,
        grasps=len(grasps),
        lost=tuple(lost.nonzero()[:, 0].tolist()),
        low=share.low,
        high=share.high,
        median_slip_mm=float(slip.median()),
        worst_slip_mm=float(slip.max()),
        median_turn_deg=float(turn.median()),
        worst_turn_deg=float(turn.max()),
    )


def hold(grasps: Grasps, carries: Sequence[Carry], worlds: Worlds, progress: Progress = silent) -> Holding:
    """Let go of the object in each grasp, at rest, then carry it, on every one of the motions from the start; the
    largest slips and turns of all. Gravity pulls all the time.

    The wrist's targets lead, so that it does not lag behind the motion.

    Raises:
        PhysicsError: the engine lost contacts because a buffer was full.
    """
    tried = grasps.select(torch.arange(len(grasps)).repeat(len(carries)))
    in_hand = invert(grasps.wrist_o)
    wrist = torch.cat([carry.wrist(in_hand) for carry in carries])
    wrist = torch.cat([wrist[:, :1].expand(-1, _REST_FRAMES, -1), wrist], dim=1)
    parts = [_held(tried.select(rows), wrist[rows], worlds, progress) for rows in worlds.parts(len(wrist))]
    slip, turn = (torch.cat(values).view(len(carries), -1).amax(0) for values in zip(*parts))
    return Holding(slip, turn)


def _held(grasps: Grasps, wrist: Tensor, worlds: Worlds, progress: Progress) -> Tuple[Tensor, Tensor]:
    """Slip and turn (n,) of some grasps, whose hands are to go where the wrist's joints (n, T, 6) say."""
    physics = worlds.of(len(grasps))
    rows = filled(torch.arange(len(grasps)), physics.num_worlds)
    grasps, wrist = grasps.select(rows), wrist[rows]
    lost = int(physics.overflow)
    fingers = grasps.command[:, None].expand(-1, wrist.shape[1], -1)
    targets = torch.cat([lead_targets(worlds.hand, wrist), fingers], dim=-1)
    _place(physics, torch.cat([wrist[:, 0], grasps.fingers], dim=-1), grasps.wrist_o)
    slip, turn = _follow(physics, targets.to(physics.device), invert(grasps.wrist_o), progress)
    if int(physics.overflow) > lost:
        raise PhysicsError("the engine lost contacts; make room for more: physics.contacts")
    count = int(rows.max()) + 1
    return slip[:count], turn[:count]


def _place(physics: Physics, joints: Tensor, wrist_o: Transform) -> None:
    """Hands with joints (N, D) in the grasp, at rest."""
    wrist_w = joints[:, :3], rotations.from_euler(joints[:, 3:6])
    pos, quat = compose(wrist_w, invert(wrist_o))
    still = torch.zeros_like(pos)
    values = {
        "joint_pos": joints,
        "joint_vel": torch.zeros_like(joints),
        "object_pos_w": pos,
        "object_quat_w": quat,
        "object_linvel_w": still,
        "object_angvel_w": still,
    }
    device = physics.device
    physics.write_state(torch.arange(len(joints), device=device), **{k: v.to(device) for k, v in values.items()})


def _follow(physics: Physics, targets: Tensor, in_hand: Transform, progress: Progress) -> Tuple[Tensor, Tensor]:
    """Slip and turn from ``in_hand``, the largest of all frames, while targets (N, T, D) are followed."""
    start = in_hand[0].to(physics.device), in_hand[1].to(physics.device)
    slip = turn = torch.zeros(physics.num_worlds, device=physics.device)
    state, frames = physics.state, targets.shape[1]
    for frame in range(frames):
        physics.set_targets(targets[:, frame])
        physics.step()
        wrist_w = state.joint_pos[:, :3], state.wrist_quat_w
        pos, quat = compose(invert(wrist_w), (state.object_pos_w, state.object_quat_w))
        moved = (pos - start[0]).norm(dim=-1).masked_fill(state.diverged, _GONE)
        slip = torch.maximum(slip, moved.clamp_max(_GONE))
        turn = torch.maximum(turn, rotations.angle_between(start[1], quat))
        progress("holding", frame + 1, frames, {"slipped": float((slip >= _GONE).sum())})
    return slip.cpu(), turn.cpu()
