"""Grasps put to use: an object is lifted off the table and set down by open loop, in physics."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.hands import HandSpec
from hot.physics import CONTROL_DT, Physics
from hot.progress import Progress, silent
from hot.synthesis.approach import Approacher, Approaches
from hot.synthesis.config import SynthesisConfig
from hot.synthesis.grasps import Grasps
from hot.synthesis.paths import Paths, hinge_angles
from hot.synthesis.resting import RestingPoses
from hot.synthesis.timeline import grasp_timeline, place_timeline
from hot.synthesis.transforms import Transform
from hot.synthesis.worlds import Worlds, filled

_DIRECTIONS = 2
"""Directions at least from which a way to a grasp is sought."""
_MAX_MISS = 0.03
"""Farthest that a carried object may end from where it should be [m]."""
_MAX_TILT = 0.35
"""Largest turn of a carried object from where it should be [rad] (20 deg)."""


@dataclass(frozen=True, eq=False)
class Served:
    """What came of grasps (G) tried on the table from resting poses (R), a mask (G, R) each."""

    reach: Tensor
    """A collision-free way to the object or from it was found."""
    lifted: Tensor
    """The object was lifted and set down on every way, and there were some."""
    lost: Tensor
    """It was not where it should be after some way."""


def serve_table(
    grasps: Grasps,
    resting: RestingPoses,
    wanted: Tensor,
    worlds: Worlds,
    generator: torch.Generator,
    progress: Progress = silent,
    ways: int = 1,
) -> Served:
    """Which grasps can be reached over the table, and which of them lift the object and set it down again, from which
    resting pose; only ``wanted`` (G, R) bool pairs are tried.

    Each pair is tried, first up and then down, along at most so many of its collision-free ``ways``. Those are sought
    on the device of ``grasps`` and ``resting``, on which the masks are too.
    """
    config, hand = SynthesisConfig(), worlds.hand
    reach, lost, passed = torch.zeros_like(wanted), torch.zeros_like(wanted), wanted
    approacher = Approacher(hand, worlds.object_spec, grasps, resting, config)
    for timeline in (grasp_timeline(config), place_timeline(config)):
        pairs, passed = passed.nonzero(), torch.zeros_like(passed)
        try:
            found = approacher.find(pairs, timeline, generator, max(_DIRECTIONS, ways))
        except HotError:
            break
        tried = _first(ways, found, len(resting))
        reach[tried.grasp, tried.rest] = passed[tried.grasp, tried.rest] = True
        still = grasps.fingers.new_zeros(len(tried.grasp))
        paths = approacher.paths(tried, timeline, still, still[:, None].expand(-1, 2))
        wrist = wrist_joints(paths)
        held = replay(paths, wrist, lead_targets(hand, wrist), worlds, progress)
        failed = tried.select(~held.to(lost.device))
        lost[failed.grasp, failed.rest] = True
        passed &= ~lost
    return Served(reach, passed, lost)


def replay(paths: Paths, wrist: Tensor, targets: Tensor, worlds: Worlds, progress: Progress = silent) -> Tensor:
    """Which paths (N,) end with the object where it should be when commands are followed blindly: within 3 cm and
    20 deg. All are equally long.

    Args:
        wrist: joints (N, T, 6), as of :func:`wrist_joints`.
        targets: of the wrist's drives (N, T, 6).
    """
    targets = torch.cat([targets, paths.command], dim=-1)
    start = torch.cat([wrist[:, 0], paths.fingers[:, 0]], dim=-1)
    objects = paths.object_pos_w, paths.object_quat_w
    parts = worlds.parts(len(start))
    return torch.cat([_followed(worlds.of(len(rows)), rows, start, targets, objects, progress) for rows in parts])


def wrist_joints(paths: Paths) -> Tensor:
    """Slides and hinges (N, T, 6) [m, rad]."""
    return torch.cat([paths.wrist_pos_w, hinge_angles(paths)[0]], dim=-1)


def lead_targets(hand: HandSpec, wrist: Tensor) -> Tensor:
    """Targets (N, T, 6) that lead wrist joints (N, T, 6) by damping / stiffness times their velocity, so that the
    drives do not lag."""
    lead = (hand.damping / hand.stiffness)[:6].to(wrist) * wrist.diff(dim=1, append=wrist[:, -1:]) / CONTROL_DT
    return wrist + lead


def _first(count: int, ways: Approaches, poses: int) -> Approaches:
    """The first ``count`` ways of each pair, which lie side by side."""
    _, sizes = (ways.grasp * poses + ways.rest).unique_consecutive(return_counts=True)
    begins = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    return ways.select(torch.arange(len(begins), device=begins.device) - begins < count)


def _followed(
    physics: Physics, rows: Tensor, start: Tensor, targets: Tensor, objects: Transform, progress: Progress
) -> Tensor:
    """Which of some rows (n,) end well: hands begin at joints (N, D), and are given targets (N, T, D)."""
    count, frames = len(rows), targets.shape[1]
    rows = filled(rows, physics.num_worlds).to(start.device)
    pos, quat, targets = (part[rows].to(physics.device) for part in (*objects, targets))
    still = torch.zeros_like(pos[:, 0])
    physics.write_state(
        torch.arange(len(rows), device=physics.device),
        joint_pos=start[rows].to(physics.device),
        joint_vel=torch.zeros_like(targets[:, 0]),
        object_pos_w=pos[:, 0],
        object_quat_w=quat[:, 0],
        object_linvel_w=still,
        object_angvel_w=still,
    )
    for frame in range(1, frames):
        physics.set_targets(targets[:, frame])
        physics.step()
        progress("lifting and placing", frame + 1, frames, {})
    state = physics.state
    miss = (state.object_pos_w - pos[:, -1]).norm(dim=-1)
    tilt = rotations.angle_between(state.object_quat_w, quat[:, -1])
    return ((miss < _MAX_MISS) & (tilt < _MAX_TILT) & ~state.diverged)[:count]
