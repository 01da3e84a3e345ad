"""Where a hand might begin to close on an object: sampled wrist poses and finger shapes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Mapping, Optional, Sequence

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.synthesis.clearance import Clearance
from hot.synthesis.closed_hands import ClosedHands, thumb_opposition
from hot.synthesis.config import GraspConfig
from hot.synthesis.resting import RestingPoses
from hot.synthesis.transforms import compose, frame_of, invert

_WRIST = 6
_PLACE_NOISE, _TURN_NOISE, _GOAL_NOISE = 0.012, 0.15, 0.1
"""Standard deviations by which variations differ from their parents: wrist [m], [rad], finger goal [rad]."""
_CLOSING = (0.6,)
"""Shares of a free closing at which the hand is checked against the table."""
_TRIES = 100
"""Batches after which a resting pose that admits hardly any hand is given up."""
_LEAST_DOWN = -0.1
"""Least cosine between the palm's normal and straight down for a hand over the table."""
_START_GAP = 0.001
"""Least distance of the open hand from the object and, for table grasps, from the table [m]."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """N hands about to close, in the object's frame."""

    wrist_pos_o: Tensor  # (N, 3) [m]
    wrist_quat_o: Tensor  # (N, 4)
    start: Tensor  # (N, J) open fingers [rad]
    goal: Tensor  # (N, J) closed fingers [rad]

    def select(self, rows: Tensor) -> Candidates:
        """Some of them, by mask or index."""
        return Candidates(*(getattr(self, f.name)[rows] for f in fields(self)))

    @staticmethod
    def join(parts: Sequence[Candidates]) -> Candidates:
        """All of them, in order."""
        return Candidates(*(torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Candidates)))


class Sampler:
    """Draws candidates for one hand and one object with its resting poses."""

    def __init__(
        self, hand: HandSpec, object_spec: ObjectSpec, resting: RestingPoses, closed: ClosedHands, config: GraspConfig
    ) -> None:
        self._hand, self._object, self._resting = hand, object_spec, resting
        self._closed, self._config = closed, config
        self._clearance = Clearance(hand, object_spec)
        self._points, self._normals = _surface(object_spec)
        self._opposition = thumb_opposition(hand)
        self._hand_in_palm = invert((hand.palm_pos_h, hand.palm_quat_h))

    def draw(self, count: int, families: Mapping[int, Optional[Candidates]], generator: torch.Generator) -> Candidates:
        """About ``count`` candidates whose open hands are clear of the object, most of them also of the table.

        ``families`` names the resting poses to serve, in equal shares. Where it holds candidates that did well
        for a pose, half of its share are variations of those.
        """
        free = round(count * self._config.free_share) if families else count
        parts = [self._draw_clear(free, None, generator)]
        for rest, family in families.items():
            share = (count - free) // len(families)
            if family is not None:
                parts.append(self._vary(family, share // 2, rest, generator))
                share -= len(parts[-1].start)
            parts.append(self._draw_clear(share, rest, generator))
        return Candidates.join(parts)

    def _vary(self, parents: Candidates, count: int, rest: int, generator: torch.Generator) -> Candidates:
        """Random parents with the wrist and the fingers' goal moved a little, where that is clear."""
        drawn = parents.select(torch.randint(len(parents.start), (2 * count,), generator=generator))
        noise = torch.randn(2 * count, 6, generator=generator)
        goal = drawn.goal + _GOAL_NOISE * torch.randn(drawn.goal.shape, generator=generator)
        drawn = Candidates(
            drawn.wrist_pos_o + _PLACE_NOISE * noise[:, :3],
            rotations.multiply(drawn.wrist_quat_o, rotations.from_vector(_TURN_NOISE * noise[:, 3:])),
            drawn.start,
            goal.clamp(self._hand.joint_lower[_WRIST:], self._hand.joint_upper[_WRIST:]),
        )
        clear = self._is_clear(drawn, rest).nonzero()[:, 0]
        return drawn.select(clear[:count])

    def _draw_clear(self, count: int, rest: Optional[int], generator: torch.Generator) -> Candidates:
        """Up to ``count`` candidates clear of the table below one resting pose, or of nothing but the object."""
        parts, found = [], 0
        for _ in range(_TRIES):
            drawn = self._draw_any(2 * count, generator)
            if rest is not None:
                up = rotations.rotate_inverse(self._resting.quat_w[rest], torch.tensor([0.0, 0.0, 1.0]))
                palm = compose((drawn.wrist_pos_o, drawn.wrist_quat_o), (self._hand.palm_pos_h, self._hand.palm_quat_h))
                facing_down = -(rotations.rotate(palm[1], torch.tensor([0.0, 0.0, 1.0])) @ up)
                drawn = drawn.select((palm[0] @ up > 0) & (facing_down > _LEAST_DOWN))
            parts.append(drawn.select(self._is_clear(drawn, rest)))
            found += len(parts[-1].start)
            if found >= count:
                break
        joined = Candidates.join(parts)
        return joined.select(torch.arange(min(count, found)))

    def _draw_any(self, count: int, generator: torch.Generator) -> Candidates:
        """Hands whose fingertips would meet inside the object, closing on past that point for the squeeze."""
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
        closing = self._closed.fingers[shape] - hand.open_fingers
        share, beyond = self._draw_shares(count, generator)
        lower, upper = hand.joint_lower[_WRIST:], hand.joint_upper[_WRIST:]
        start = (hand.open_fingers + share * closing).clamp(lower, upper)
        goal = (hand.open_fingers + beyond * closing).clamp(lower, upper)
        return Candidates(wrist_pos, wrist_quat, start, goal)

    def _draw_shares(self, count: int, generator: torch.Generator):
        """How far each joint is closed at first and at last (N, J): the thumb starts before the palm already."""
        uniform = torch.rand(3, count, 1, generator=generator)
        share = torch.where(self._opposition, 0.5 + 0.5 * uniform[0], 0.05 + 0.25 * uniform[1])
        return share, torch.where(self._opposition, 1.0, 1.1 + 0.5 * uniform[2])

    def _draw_palm_turns(self, point: Tensor, generator: torch.Generator) -> Tensor:
        """Palm frames (N, 4) that face the surface at points (N,), their fingers mostly closing on another face."""
        count, tilt = len(point), self._config.tilt
        noise = torch.randn(2, count, 3, generator=generator)
        inward = -self._normals[point] + tilt * noise[0]
        inward = inward / inward.norm(dim=-1, keepdim=True)
        facing = self._normals[torch.randint(len(self._normals), (count,), generator=generator)]
        aligned = torch.rand(count, 1, generator=generator) < self._config.aligned_share
        return frame_of(inward, torch.where(aligned, facing + tilt * noise[1], noise[1]))

    def _is_clear(self, drawn: Candidates, rest: Optional[int]) -> Tensor:
        """Whether the open hands (N,) touch neither the object nor, closing freely, the table under a resting pose."""
        count = len(drawn.start)
        quat, pos = torch.tensor([[1.0, 0.0, 0.0, 0.0]]).expand(count, 4), torch.tensor([[0.0, 0.0, 1.0]])
        if rest is not None:
            quat, pos = self._resting.quat_w[rest].expand(count, 4), self._resting.height[rest] * pos
        pos = pos.expand(count, 3)
        wrist_pos, wrist_quat = compose((pos, quat), (drawn.wrist_pos_o, drawn.wrist_quat_o))
        wrist = torch.cat([wrist_pos, rotations.to_euler(wrist_quat)], dim=-1)
        joints = torch.cat([wrist, drawn.start], dim=-1)
        clear = self._clearance.lowest(joints) > _START_GAP
        for share in _CLOSING if rest is not None else ():
            rows = clear.nonzero()[:, 0]
            closing = torch.cat([wrist, torch.lerp(drawn.start, drawn.goal, share)], dim=-1)[rows]
            clear[rows] = self._clearance.lowest(closing) > _START_GAP
        clear[clear.clone()] = self._clearance.depth(joints[clear], pos[clear], quat[clear], 0.01) < -_START_GAP
        return clear


def _surface(object_spec: ObjectSpec):
    """Surface points (P, 3) and outward unit normals there, from the gradient of the distance just outside."""
    points = object_spec.surface_points.clone().requires_grad_()
    object_spec.signed_distance(points).sum().backward()
    normals = points.grad
    assert normals is not None
    return object_spec.surface_points, normals / normals.norm(dim=-1, keepdim=True).clamp_min(1e-9)
