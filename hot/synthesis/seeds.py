"""Where hands begin to look for a grasp: before faces of the object, half closed, and asked to touch with some pads."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Optional, Sequence

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.synthesis.closed_hands import ClosedHands, thumb_opposition
from hot.synthesis.closure import Asked
from hot.synthesis.config import GraspConfig
from hot.synthesis.pads import INNER, PALM, TIP, Pads
from hot.synthesis.resting import RestingPoses
from hot.synthesis.transforms import compose, frame_of, invert

_WRIST = 6
_PLACE_NOISE, _TURN_NOISE, _FINGER_NOISE = 0.012, 0.15, 0.15
"""Standard deviations by which variations differ from their parents: wrist [m], [rad], fingers [rad]."""
_LEAST_DOWN = -0.1
"""Least cosine between the palm's normal and straight down for a hand over the table."""
_TRIES = 100
"""Batches after which a resting pose that admits hardly any hand is given up."""
_USED = 0.75
"""Chance of each finger beside the thumb and one other to be asked to touch."""
FAMILIES = ("pinch", "power", "palm")
"""Tips of thumb and fingers; whole fingers; whole fingers and the palm."""


@dataclass(frozen=True, eq=False)
class Seeds:
    """N hands in the object's frame."""

    joints: Tensor  # (N, D)
    rest: Tensor  # (N,) int64 resting pose over whose table the hand shall stay; -1 for none
    pads: Tensor  # (N, P) bool: which pads shall press

    def select(self, rows: Tensor) -> Seeds:
        """Some of them, by mask or index."""
        return Seeds(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def join(parts: Sequence[Seeds]) -> Seeds:
        """All of them, in order."""
        return Seeds(*(torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Seeds)))

    def asked(self, resting: RestingPoses, device: torch.device) -> Asked:
        """What the seeds are for, on a device."""
        over = self.rest >= 0
        up = rotations.rotate_inverse(resting.quat_w[self.rest], torch.tensor([0.0, 0.0, 1.0])) * over[:, None]
        return Asked(self.pads.to(device), up.to(device), (resting.height[self.rest] * over).to(device))


class Seeder:
    """Draws seeds for one hand and one object with its resting poses, on the CPU."""

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        resting: RestingPoses,
        closed: ClosedHands,
        pads: Pads,
        config: GraspConfig,
    ) -> None:
        self._hand, self._resting, self._closed = hand, resting, closed
        self._pads, self._config = pads, config
        self._points, self._normals = surface_normals(object_spec)
        self._opposition = thumb_opposition(hand)
        self._hand_in_palm = invert((hand.palm_pos_h, hand.palm_quat_h))

    def draw(self, count: int, rest: Optional[int], generator: torch.Generator) -> Seeds:
        """Up to ``count`` fresh seeds, the palm not turned away from the table of a resting pose."""
        parts, found = [], 0
        for _ in range(_TRIES):
            joints = self._draw_joints(2 * count, generator)
            if rest is not None:
                joints = joints[self._faces_down(joints, rest)]
            parts.append(joints)
            found += len(joints)
            if found >= count:
                break
        joints = torch.cat(parts)[:count]
        return self._asked_for(joints, rest, generator)

    def vary(self, parents: Seeds, count: int, generator: torch.Generator) -> Seeds:
        """Random parents, moved and closed a little differently."""
        drawn = parents.select(torch.randint(len(parents.joints), (count,), generator=generator))
        noise = torch.randn(drawn.joints.shape, generator=generator)
        turn = rotations.from_vector(_TURN_NOISE * noise[:, 3:_WRIST])
        quat = rotations.multiply(rotations.from_euler(drawn.joints[:, 3:_WRIST]), turn)
        pos = drawn.joints[:, :3] + _PLACE_NOISE * noise[:, :3]
        fingers = self._within(drawn.joints[:, _WRIST:] + _FINGER_NOISE * noise[:, _WRIST:])
        return Seeds(torch.cat([pos, rotations.to_euler(quat), fingers], dim=1), drawn.rest, drawn.pads)

    def _within(self, fingers: Tensor) -> Tensor:
        return fingers.clamp(self._hand.joint_lower[_WRIST:], self._hand.joint_upper[_WRIST:])

    def _asked_for(self, joints: Tensor, rest: Optional[int], generator: torch.Generator) -> Seeds:
        count = len(joints)
        rests = torch.full((count,), -1 if rest is None else rest)
        return Seeds(joints, rests, draw_pads(self._hand, self._pads, count, generator))

    def _faces_down(self, joints: Tensor, rest: int) -> Tensor:
        """Whether palms (N,) lie above the object's origin and do not look up."""
        up = rotations.rotate_inverse(self._resting.quat_w[rest], torch.tensor([0.0, 0.0, 1.0]))
        wrist = joints[:, :3], rotations.from_euler(joints[:, 3:_WRIST])
        palm = compose(wrist, (self._hand.palm_pos_h, self._hand.palm_quat_h))
        facing_down = -(rotations.rotate(palm[1], torch.tensor([0.0, 0.0, 1.0])) @ up)
        return (palm[0] @ up > 0) & (facing_down > _LEAST_DOWN)

    def _draw_joints(self, count: int, generator: torch.Generator) -> Tensor:
        """Hands (N, D) whose fingertips would meet inside the object, partly closed."""
        hand, config = self._hand, self._config
        shape = torch.randint(len(self._closed.fingers), (count,), generator=generator)
        point = torch.randint(len(self._points), (count,), generator=generator)
        quat = self._draw_palm_turns(point, generator)
        low, high = config.min_depth, config.max_depth
        depth = low + (high - low) * torch.rand(count, 1, generator=generator).square()
        across = config.across * torch.randn(count, generator=generator)
        along, height = self._closed.meeting[shape].unbind(-1)
        meeting = torch.stack([along, across, height], dim=-1)
        target = self._points[point] + depth * rotations.rotate(quat, torch.tensor([0.0, 0.0, 1.0]))
        palm = (target - rotations.rotate(quat, meeting), quat)
        wrist_pos, wrist_quat = compose(palm, self._hand_in_palm)
        uniform = torch.rand(2, count, 1, generator=generator)
        share = torch.where(self._opposition, 0.5 + 0.5 * uniform[0], 0.3 + 0.5 * uniform[1])
        fingers = self._within(hand.open_fingers + share * (self._closed.fingers[shape] - hand.open_fingers))
        return torch.cat([wrist_pos, rotations.to_euler(wrist_quat), fingers], dim=1)

    def _draw_palm_turns(self, point: Tensor, generator: torch.Generator) -> Tensor:
        """Palm frames (N, 4) that face the surface at points (N,), their fingers mostly closing on another face."""
        count, tilt = len(point), self._config.tilt
        noise = torch.randn(2, count, 3, generator=generator)
        inward = -self._normals[point] + tilt * noise[0]
        inward = inward / inward.norm(dim=-1, keepdim=True)
        facing = self._normals[torch.randint(len(self._normals), (count,), generator=generator)]
        aligned = torch.rand(count, 1, generator=generator) < self._config.aligned_share
        return frame_of(inward, torch.where(aligned, facing + tilt * noise[1], noise[1]))


def draw_pads(hand: HandSpec, pads: Pads, count: int, generator: torch.Generator) -> Tensor:
    """Which pads N hands shall press with (N, P) bool: a family each, the thumb, and some of the other fingers."""
    family = torch.randint(len(FAMILIES), (count, 1), generator=generator)
    used = torch.rand(count, hand.num_fingers, generator=generator) < _USED
    thumb = hand.finger_names.index("thumb") if "thumb" in hand.finger_names else 0
    other = torch.randint(max(hand.num_fingers - 1, 1), (count,), generator=generator)
    used[:, thumb] = True
    used[torch.arange(count), other + (other >= thumb).long()] = True
    outermost = _outermost(pads)
    of_finger = used[:, pads.finger.clamp_min(0)] & (pads.finger >= 0)
    pinch = (pads.kind == TIP) & outermost
    whole = (pads.kind == INNER) | ((pads.kind == TIP) & ~outermost)
    palm = (pads.kind == PALM) & (torch.arange(len(pads.kind)) == int((pads.kind == PALM).nonzero()[0, 0]))
    return torch.where(family == 0, of_finger & pinch, (of_finger & whole) | ((family == 2) & palm))


def _outermost(pads: Pads) -> Tensor:
    """The last of each finger's pads (P,) bool."""
    last = torch.zeros(len(pads.finger), dtype=torch.bool)
    for finger in pads.finger.unique().tolist():
        last[(pads.finger == finger).nonzero()[-1, 0]] = True
    return last


def surface_normals(object_spec: ObjectSpec):
    """Surface points (P, 3) and outward unit normals there, from the gradient of the distance just outside."""
    points = object_spec.surface_points.clone().requires_grad_()
    object_spec.signed_distance(points).sum().backward()
    normals = points.grad
    assert normals is not None
    return object_spec.surface_points, normals / normals.norm(dim=-1, keepdim=True).clamp_min(1e-9)
