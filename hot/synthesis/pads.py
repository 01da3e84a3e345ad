"""Where a hand may touch: a pad on the closing side of each link, and some on the palm."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import List, Tuple

import torch
from torch import Tensor

from hot import rotations
from hot.hands import BodyPoses, HandSpec, Kinematics
from hot.synthesis.clearance import shape_distance
from hot.synthesis.closed_hands import ClosedHands, thumb_opposition

_WRIST = 6
_BEFORE, _AFTER = 0.3, 0.8
"""Shares of a closing between which a link's motion says which side its pad is on."""
_ALONG = (0.55, 0.85)
"""Places of pads along a last link, as shares of the way to the tip; inner links have one, in their middle."""
_PALM = ((0.0, 0.0), (0.02, 0.015), (0.02, -0.015), (-0.02, 0.015), (-0.02, -0.015))
"""Pads of the palm: along the fingers and across, from its centre [m]."""
_SHORT, _STEADY = 0.005, 0.5
"""A link is left out that is shorter [m], or that closes now this way and now that: length of its mean direction."""
_STEP, _DEEPEST = 0.0002, 0.06
PALM, INNER, TIP = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Pads:
    """P places at which a hand may press on an object."""

    body: Tensor  # (P,) int64
    pos: Tensor  # (P, 3) in the body's frame [m]
    normal: Tensor  # (P, 3) unit, out of the hand
    finger: Tensor  # (P,) index into the hand's fingers; -1 for the palm
    kind: Tensor  # (P,) PALM, INNER or TIP

    def to(self, device: torch.device) -> Pads:
        """The same on a device."""
        return Pads(*(getattr(self, f.name).to(device) for f in fields(self)))

    def placed(self, poses: BodyPoses) -> Tuple[Tensor, Tensor]:
        """World positions [m] and normals (..., P, 3) for body poses."""
        pos, quat = poses.pos_w.index_select(-2, self.body), poses.quat_w.index_select(-2, self.body)
        return pos + rotations.rotate(quat, self.pos), rotations.rotate(quat, self.normal)


def find_pads(hand: HandSpec, closed: ClosedHands) -> Pads:
    """Pads from the hand's description alone: each link's lies on the side towards which it moves in closing."""
    ends = _link_ends(hand)
    moves = _closing_moves(hand, closed, ends)
    rows: List[Tuple[int, Tensor, Tensor, int, int]] = []
    with_child = set(hand.tree.parents)
    for body, finger in enumerate(hand.finger_of_body):
        if finger < 0 or ends[body].norm() < _SHORT or moves[body].norm() < _STEADY:
            continue
        axis = ends[body] / ends[body].norm()
        normal = moves[body] - (moves[body] @ axis) * axis
        normal = normal / normal.norm().clamp_min(1e-9)
        last = body not in with_child
        for share in _ALONG if last else (0.5,):
            place = _surface(hand, body, share * ends[body], normal)
            rows.append((body, place, normal, finger, TIP if last else INNER))
    turn = hand.palm_quat_h
    for along, across in _PALM:
        place = hand.palm_pos_h + rotations.rotate(turn, torch.tensor([along, across, 0.0]))
        rows.append((0, place, rotations.rotate(turn, torch.tensor([0.0, 0.0, 1.0])), -1, PALM))
    columns = list(zip(*rows))
    body_ids, fingers, kinds = (torch.tensor(columns[number]) for number in (0, 3, 4))
    return Pads(body_ids, torch.stack(columns[1]).float(), torch.stack(columns[2]).float(), fingers, kinds)


def _link_ends(hand: HandSpec) -> Tensor:
    """The far end of each body in its own frame (B, 3) [m]: its first child's origin, or its fingertip."""
    tree = hand.tree
    ends = torch.zeros(len(tree.names), 3)
    for body in range(len(tree.names) - 1, 0, -1):
        parent = tree.parents[body]
        if parent > 0:
            ends[parent] = tree.pos[body].float()
    for site in tree.sites:
        if site.name in hand.fingertips:
            ends[site.body] = site.pos.float()
    return ends


def _closing_moves(hand: HandSpec, closed: ClosedHands, ends: Tensor) -> Tensor:
    """The way that each link's middle goes in closing, in the link's frame (B, 3), averaged over closed shapes."""
    kinematics, turned = Kinematics(hand), thumb_opposition(hand)
    closing = closed.fingers - hand.open_fingers
    poses = []
    for share in (_BEFORE, 0.5 * (_BEFORE + _AFTER), _AFTER):
        fingers = hand.open_fingers + torch.where(turned, torch.ones(()), torch.tensor(share)) * closing
        poses.append(kinematics.forward(torch.cat([torch.zeros(len(closing), _WRIST), fingers], dim=-1)))
    middles = [pose.pos_w + rotations.rotate(pose.quat_w, 0.5 * ends.expand_as(pose.pos_w)) for pose in poses]
    move = rotations.rotate_inverse(poses[1].quat_w, middles[2] - middles[0])
    return (move / move.norm(dim=-1, keepdim=True).clamp_min(1e-9)).mean(0)


def _surface(hand: HandSpec, body: int, start: Tensor, normal: Tensor) -> Tensor:
    """The last point of a ray (3,) from inside a link that is still within one of its collision shapes."""
    steps = torch.arange(0.0, _DEEPEST, _STEP)
    ray = start + steps[:, None] * normal
    inside = torch.zeros(len(steps), dtype=torch.bool)
    for collider in hand.tree.colliders:
        if collider.body == body:
            points = rotations.rotate_inverse(collider.quat.float(), ray - collider.pos.float())
            inside |= shape_distance(collider.shape, collider.size, points) <= 0
    return ray[inside.nonzero()[-1, 0]] if inside.any() else start
