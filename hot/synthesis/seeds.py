"""Where hands begin to look for a grasp: before faces of the object, half closed, and asked to touch with some pads."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
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
_UP = (0.0, 0.0, 1.0)
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
    family: Tensor  # (N,) int64 index into FAMILIES
    pads: Tensor  # (N, P) bool: which pads shall press

    def select(self, rows: Tensor) -> Seeds:
        """Some of them, by mask or index."""
        return Seeds(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def join(parts: Sequence[Seeds]) -> Seeds:
        """All of them, in order."""
        return Seeds(*(torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Seeds)))

    def asked(self, resting: RestingPoses) -> Asked:
        """What the seeds are for, on their device."""
        over, device = self.rest >= 0, self.rest.device
        turn, height = resting.quat_w.to(device)[self.rest], resting.height.to(device)[self.rest]
        up = rotations.rotate_inverse(turn, torch.tensor(_UP, device=device)) * over[:, None]
        return Asked(self.pads, up, height * over)


class Seeder:
    """Draws seeds for one hand and one object with its resting poses, on the device of the random numbers."""

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        resting: RestingPoses,
        closed: ClosedHands,
        pads: Pads,
        config: GraspConfig,
        generator: torch.Generator,
    ) -> None:
        self._hand, self._config, self._generator = hand, config, generator
        self._device = generator.device
        self._shapes, self._meeting = closed.fingers.to(self._device), closed.meeting.to(self._device)
        self._points, self._normals = (tensor.to(self._device) for tensor in surface_normals(object_spec))
        self._up_o = rotations.rotate_inverse(resting.quat_w, torch.tensor(_UP)).to(self._device)
        self._opposition, self._pads = thumb_opposition(hand).to(self._device), pads.to(self._device)
        self._open, self._lower, self._upper = (
            fingers.to(self._device)
            for fingers in (hand.open_fingers, hand.joint_lower[_WRIST:], hand.joint_upper[_WRIST:])
        )
        self._palm_h = hand.palm_pos_h.to(self._device), hand.palm_quat_h.to(self._device)

    def draw(self, count: int, rest: Optional[int]) -> Seeds:
        """Up to ``count`` fresh seeds, the palm not turned away from the table of a resting pose."""
        parts, found = [], 0
        for _ in range(_TRIES):
            joints = self._draw_joints(2 * count)
            if rest is not None:
                joints = joints[self._faces_down(joints, rest)]
            parts.append(joints)
            found += len(joints)
            if found >= count:
                break
        joints = torch.cat(parts)[:count]
        return self._asked_for(joints, rest)

    def vary(self, parents: Seeds, count: int) -> Seeds:
        """Random parents, moved and closed a little differently."""
        drawn = parents.select(self._integers(len(parents.joints), count))
        noise = self._normal(*drawn.joints.shape)
        turn = rotations.from_vector(_TURN_NOISE * noise[:, 3:_WRIST])
        quat = rotations.multiply(rotations.from_euler(drawn.joints[:, 3:_WRIST]), turn)
        pos = drawn.joints[:, :3] + _PLACE_NOISE * noise[:, :3]
        fingers = self._within(drawn.joints[:, _WRIST:] + _FINGER_NOISE * noise[:, _WRIST:])
        return replace(drawn, joints=torch.cat([pos, rotations.to_euler(quat), fingers], dim=1))

    def _within(self, fingers: Tensor) -> Tensor:
        return fingers.clamp(self._lower, self._upper)

    def _asked_for(self, joints: Tensor, rest: Optional[int]) -> Seeds:
        count = len(joints)
        rests = torch.full((count,), -1 if rest is None else rest, device=self._device)
        family = self._integers(len(FAMILIES), count)
        return Seeds(joints, rests, family, draw_pads(self._hand, self._pads, family, self._generator))

    def _integers(self, end: int, count: int) -> Tensor:
        return torch.randint(end, (count,), generator=self._generator, device=self._device)

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._generator, device=self._device)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(*shape, generator=self._generator, device=self._device)

    def _faces_down(self, joints: Tensor, rest: int) -> Tensor:
        """Whether palms (N,) lie above the object's origin and do not look up."""
        up = self._up_o[rest]
        palm = compose((joints[:, :3], rotations.from_euler(joints[:, 3:_WRIST])), self._palm_h)
        facing_down = -(rotations.rotate(palm[1], up.new_tensor(_UP)) @ up)
        return (palm[0] @ up > 0) & (facing_down > _LEAST_DOWN)

    def _draw_joints(self, count: int) -> Tensor:
        """Hands (N, D) whose fingertips would meet inside the object, partly closed."""
        config = self._config
        shape, point = self._integers(len(self._shapes), count), self._integers(len(self._points), count)
        quat = self._draw_palm_turns(point)
        low, high = config.min_depth, config.max_depth
        depth = low + (high - low) * self._uniform(count, 1).square()
        across = config.across * self._normal(count)
        along, height = self._meeting[shape].unbind(-1)
        meeting = torch.stack([along, across, height], dim=-1)
        target = self._points[point] + depth * rotations.rotate(quat, quat.new_tensor(_UP))
        palm = (target - rotations.rotate(quat, meeting), quat)
        wrist_pos, wrist_quat = compose(palm, invert(self._palm_h))
        uniform = self._uniform(2, count, 1)
        share = torch.where(self._opposition, 0.5 + 0.5 * uniform[0], 0.3 + 0.5 * uniform[1])
        fingers = self._within(self._open + share * (self._shapes[shape] - self._open))
        return torch.cat([wrist_pos, rotations.to_euler(wrist_quat), fingers], dim=1)

    def _draw_palm_turns(self, point: Tensor) -> Tensor:
        """Palm frames (N, 4) that face the surface at points (N,), their fingers mostly closing on another face."""
        count, tilt = len(point), self._config.tilt
        noise = self._normal(2, count, 3)
        inward = -self._normals[point] + tilt * noise[0]
        inward = inward / inward.norm(dim=-1, keepdim=True)
        facing = self._normals[self._integers(len(self._normals), count)]
        aligned = self._uniform(count, 1) < self._config.aligned_share
        return frame_of(inward, torch.where(aligned, facing + tilt * noise[1], noise[1]))


def draw_pads(hand: HandSpec, pads: Pads, family: Tensor, generator: torch.Generator) -> Tensor:
    """Which pads hands of families (N,) shall press with (N, P) bool: the thumb's, and those of some other fingers."""
    count, family, device = len(family), family[:, None], family.device
    used = torch.rand(count, hand.num_fingers, generator=generator, device=device) < _USED
    thumb = hand.finger_names.index("thumb") if "thumb" in hand.finger_names else 0
    other = torch.randint(max(hand.num_fingers - 1, 1), (count,), generator=generator, device=device)
    used[:, thumb] = True
    used[torch.arange(count, device=device), other + (other >= thumb).long()] = True
    outermost = _outermost(pads)
    of_finger = used[:, pads.finger.clamp_min(0)] & (pads.finger >= 0)
    pinch = (pads.kind == TIP) & outermost
    whole = (pads.kind == INNER) | ((pads.kind == TIP) & ~outermost)
    palm = torch.zeros_like(pinch)
    palm[(pads.kind == PALM).nonzero()[0, 0]] = True  # its centre
    return torch.where(family == 0, of_finger & pinch, (of_finger & whole) | ((family == 2) & palm))


def _outermost(pads: Pads) -> Tensor:
    """The last of each finger's pads (P,) bool."""
    last = torch.zeros(len(pads.finger), dtype=torch.bool, device=pads.finger.device)
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
