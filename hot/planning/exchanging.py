"""Pairs of grasps between which the fingers can change without letting the object go."""

from __future__ import annotations

from typing import Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.planning.fingers import find_touches
from hot.planning.inhand import Edges, Wanted, opposed, shares_of, solve
from hot.planning.setting import Setting
from hot.synthesis.transforms import Transform, invert

_POINTS = 20
"""Surface points of the object by which two poses in the hand are compared."""
_CHUNK = 512


def find_exchanges(setting: Setting) -> Edges:
    """Transitions between grasps of the split; there may be none.

    Where the object looks the same from several sides, a grasp counts as many: it may be turned by any of the
    symmetry's rotations, and about an axis of revolution by whatever brings it nearest to the other grasp.
    """
    config, grasps = setting.config.regrasp, setting.grasps
    first, second, object_h = _nearest_pairs(setting)
    if not len(first):
        return Edges.none(setting, config.waypoints)
    start = find_touches(setting, (grasps.wrist_pos_o[first], grasps.wrist_quat_o[first]), grasps.fingers[first])
    # The other grasp's wrist as seen from the object in the pose that it is to have, not from the library's.
    end = find_touches(setting, invert(object_h), grasps.fingers[second])
    keep = start.touching & end.touching & (start.body == end.body)
    keep &= (start.point_o - end.point_o).norm(dim=-1) < config.slide
    fits = opposed(start, keep, config.opposed) & opposed(end, keep, config.opposed)
    rows = fits.nonzero()[:, 0]
    if not len(rows):
        return Edges.none(setting, config.waypoints)
    first, second, keep = first[rows], second[rows], keep[rows]
    way, lifted = shares_of(config.waypoints, setting.device)
    held = invert((grasps.wrist_pos_o[first], grasps.wrist_quat_o[first]))
    fingers = grasps.fingers[first], grasps.fingers[second]
    wanted = Wanted(
        start=first,
        end=second,
        object_h=_between(held, (object_h[0][rows], object_h[1][rows]), way),
        begin=start.select(rows),
        finish=end.select(rows),
        fingers=fingers,
        squeeze=(grasps.command[first] - fingers[0], grasps.command[second] - fingers[1]),
        keep=keep,
    )
    edges, good = solve(setting, config, wanted, way, lifted)
    return edges.select(good.all(1))


def _between(start: Transform, end: Transform, way: Tensor) -> Transform:
    """Poses (E, K, ...) on the straight way from one to another."""
    pos = torch.lerp(start[0][:, None], end[0][:, None], way[:, None])
    return pos, rotations.slerp(start[1][:, None], end[1][:, None], way.expand(len(pos), -1))


def _nearest_pairs(setting: Setting) -> Tuple[Tensor, Tensor, Transform]:
    """Grasps (E,), other grasps (E,), and poses of the object in the wrist's frame in which the latter hold it."""
    config, rows, grasps = setting.config.regrasp, setting.rows, setting.grasps
    held = invert((grasps.wrist_pos_o[rows], grasps.wrist_quat_o[rows]))
    points = setting.object_spec.surface_points[:_POINTS].to(setting.device)
    first, second = (each.flatten() for each in torch.meshgrid(rows, rows, indexing="ij"))
    number = torch.arange(len(rows), device=setting.device)
    one, two = (each.flatten() for each in torch.meshgrid(number, number, indexing="ij"))
    distance, turn, poses = [], [], []
    for part in torch.arange(len(first), device=setting.device).split(_CHUNK):
        here = held[0][one[part]], held[1][one[part]]
        there = held[0][two[part]], _alike(setting, here[1], held[1][two[part]])
        seen = [rotations.rotate(quat[:, None], points) + pos[:, None] for pos, quat in (here, there)]
        distance.append((seen[0] - seen[1]).norm(dim=-1).mean(1))
        turn.append(rotations.angle_between(here[1], there[1]))
        poses.append(there[1])
    away, angle, quat = torch.cat(distance), torch.cat(turn), torch.cat(poses)
    other = (grasps.fingers[first] - grasps.fingers[second]).abs().amax(1) > config.differ
    fits = (first != second) & other & (away < config.near) & (angle < config.turn)
    order = torch.where(fits, away, torch.inf).argsort()[: config.pairs]
    order = order[fits[order]]
    return first[order], second[order], (held[0][two[order]], quat[order])


def _alike(setting: Setting, like: Tensor, quat: Tensor) -> Tensor:
    """Of the orientations in which the object looks as in ``quat`` (N, 4) those nearest to ``like`` (N, 4)."""
    symmetry = setting.object_spec.symmetry
    if symmetry.spherical:
        return like
    turned = rotations.multiply(quat[:, None], symmetry.rotations.to(quat))  # (N, S, 4)
    if symmetry.axis is not None:
        axis = symmetry.axis.to(quat)
        between = rotations.multiply(rotations.conjugate(turned), like[:, None])
        spin = 2.0 * torch.atan2((between[..., 1:] * axis).sum(-1), between[..., 0])
        turned = rotations.multiply(turned, rotations.from_axis_angle(axis, spin))
    best = rotations.angle_between(turned, like[:, None].expand_as(turned)).argmin(1)
    return turned[torch.arange(len(turned), device=turned.device), best]
