"""Closed shapes of any hand: fingertips and thumb brought together at a point before the palm."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec, Kinematics

_WRIST = 6
_STEPS = 80
_RATE = 0.06
_STIFFNESS = 2e-4
"""Pull towards the open hand [m^2/rad^2], which shares a turn among the joints of a finger."""


@dataclass(frozen=True, eq=False)
class ClosedHands:
    """A library of closed shapes and, for each, where its fingertips meet."""

    fingers: Tensor
    """Joint positions (L, J) [rad]."""
    meeting: Tensor
    """Place along the straight fingers and height over the palm (L, 2) [m]."""


def finger_length(hand: HandSpec) -> float:
    """Distance from the palm's centre to the farthest tip of the open hand, along the straight fingers [m]."""
    return float(_open_tips(hand)[:, 0].max())


def thumb_opposition(hand: HandSpec) -> Tensor:
    """Mask (J,) of the first third of the thumb's joints, which turn it before the palm rather than bend it."""
    fingers = torch.tensor([hand.finger_of_body[body] for body in hand.tree.joint_bodies[_WRIST:]])
    thumb = torch.tensor([f >= 0 and hand.finger_names[f] == "thumb" for f in fingers.tolist()])
    return thumb & (thumb.cumsum(0) <= int(thumb.sum()) // 3)


def _open_tips(hand: HandSpec) -> Tensor:
    """Fingertips of the open hand in the palm frame (F, 3)."""
    joints = torch.cat([torch.zeros(_WRIST), hand.open_fingers])
    return _tips_in_palm(hand, Kinematics(hand), joints[None])[0]


def _tips_in_palm(hand: HandSpec, kinematics: Kinematics, joints: Tensor) -> Tensor:
    tips = kinematics.fingertips(kinematics.forward(joints))
    return rotations.rotate_inverse(hand.palm_quat_h, tips - hand.palm_pos_h)


def close_hands(hand: HandSpec, count: int, generator: torch.Generator) -> ClosedHands:
    """Solve for ``count`` shapes and keep the better-closed half.

    Gradient descent takes the fingertips to random meeting points before the palm.

    The fingers keep part of their spacing across the palm; the thumb goes to the middle.
    """
    kinematics, length, straight = Kinematics(hand), finger_length(hand), _open_tips(hand)
    low, high = torch.tensor([0.05, 0.06]) * length, torch.tensor([0.65, 0.8]) * length
    meeting = low + (high - low) * torch.rand(count, 2, generator=generator)
    spread = 0.3 + 0.6 * torch.rand(count, 1, generator=generator)
    thumb = torch.tensor([name == "thumb" for name in hand.finger_names])
    across = torch.where(thumb, straight[~thumb, 1].mean(), straight[:, 1]) * spread  # (L, F)
    goal = torch.stack([meeting[:, :1].expand_as(across), across, meeting[:, 1:].expand_as(across)], dim=-1)
    lower, upper = hand.joint_lower[_WRIST:], hand.joint_upper[_WRIST:]
    rest = (hand.open_fingers + 0.1 * torch.randn(count, len(lower), generator=generator)).clamp(lower, upper)
    fingers = rest.clone().requires_grad_()
    optimizer = torch.optim.Adam([fingers], lr=_RATE)

    def tips() -> Tensor:
        return _tips_in_palm(hand, kinematics, torch.cat([fingers.new_zeros(count, _WRIST), fingers], dim=1))

    for _ in range(_STEPS):
        miss = tips() - goal
        loss = miss.square().sum() + _STIFFNESS * (fingers - rest).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            fingers.clamp_(lower, upper)
    return _best_half(tips().detach(), thumb, fingers.detach())


def _best_half(tips: Tensor, thumb: Tensor, fingers: Tensor) -> ClosedHands:
    """The shapes whose thumb (L, F, 3) comes nearest to the other tips, with the places where they do meet."""
    thumb_tip, others = tips[:, thumb].mean(1)[:, [0, 2]], tips[:, ~thumb].mean(1)[:, [0, 2]]
    best = (thumb_tip - others).norm(dim=-1).argsort()[: len(tips) // 2]
    return ClosedHands(fingers[best], 0.5 * (thumb_tip + others)[best])
