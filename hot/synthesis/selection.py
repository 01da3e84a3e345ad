"""Few but different grasps out of many."""

from __future__ import annotations

from typing import List

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.synthesis.grasps import Grasps
from hot.synthesis.transforms import compose

_LENGTH = 0.05
"""Displacement of the palm that counts as much as one radian of a finger joint [m]."""


def select_diverse(grasps: Grasps, hand: HandSpec, count: int) -> Grasps:
    """At most ``count`` sturdy grasps, far from each other, in blocks by resting pose.

    Every resting pose gets an equal share of grasps that lift the object from it, as far as there are so many;
    the rest of ``count`` are grasps for any use. Within a block come first those that survived the strongest
    disturbance: what is farthest from all others is often what barely holds. Blocks matter because every so-many-th
    grasp is held out.
    """
    features = _features(grasps, hand)
    poses = grasps.pickup.shape[1]
    chosen: List[int] = []
    rarest_first = grasps.pickup.sum(0).argsort(stable=True).tolist()
    for served, pose in enumerate(rarest_first):
        have = int(grasps.pickup[chosen, pose].sum()) if chosen else 0
        quota = (count - len(chosen)) // (poses - served)
        chosen += _sturdiest(features, grasps, grasps.pickup[:, pose], chosen, max(0, quota - have // 2))
    anything = torch.ones(len(grasps), dtype=torch.bool)
    chosen += _sturdiest(features, grasps, anything, chosen, max(0, count - len(chosen)))
    return grasps.select(torch.tensor(chosen, dtype=torch.long))


def farthest(grasps: Grasps, hand: HandSpec, count: int) -> Tensor:
    """Rows of at most ``count`` grasps that are far from each other."""
    if len(grasps) <= count:
        return torch.arange(len(grasps))
    allowed = torch.ones(len(grasps), dtype=torch.bool)
    return torch.tensor(_farthest(_features(grasps, hand), allowed, [], count), dtype=torch.long)


def sturdiest(grasps: Grasps, hand: HandSpec, kind: Tensor, count: int) -> Tensor:
    """Rows of about ``count`` grasps: of every kind (G,) as many, the strongest of each, far from each other."""
    features, kinds = _features(grasps, hand), kind.unique().tolist()
    picked: List[int] = []
    for each in kinds:
        picked += _sturdiest(features, grasps, kind == each, picked, -(-count // len(kinds)))
    return torch.tensor(picked, dtype=torch.long)


def _features(grasps: Grasps, hand: HandSpec) -> Tensor:
    palm_pos, palm_quat = compose(grasps.wrist_o, (hand.palm_pos_h, hand.palm_quat_h))
    axes = rotations.to_matrix(palm_quat).flatten(1)
    return torch.cat([palm_pos / _LENGTH, axes, 0.5 * grasps.fingers], dim=-1)


def _sturdiest(features: Tensor, grasps: Grasps, allowed: Tensor, chosen: List[int], count: int) -> List[int]:
    """Up to ``count`` further allowed rows: of each strength, from the greatest down, those far from each other."""
    picked: List[int] = []
    for strength in grasps.disturbance.unique(sorted=True).flip(0).tolist():
        rest = count - len(picked)
        picked += _farthest(features, allowed & (grasps.disturbance == strength), chosen + picked, rest)
    return picked


def _farthest(features: Tensor, allowed: Tensor, chosen: List[int], count: int) -> List[int]:
    """Greedy farthest-point choice of ``count`` allowed rows, seen from those already chosen."""
    nearest = torch.full((len(features),), torch.inf)
    for row in chosen:
        nearest = torch.minimum(nearest, (features - features[row]).norm(dim=-1))
    nearest = torch.where(allowed, nearest, torch.zeros_like(nearest))
    picked: List[int] = []
    while len(picked) < count and nearest.max() > 0:
        row = int(nearest.argmax())
        picked.append(row)
        nearest = torch.minimum(nearest, (features - features[row]).norm(dim=-1))
    return picked
