"""What an action means: drive targets relative to the reference, to the present pose, or to the joint ranges."""

from __future__ import annotations

import torch
from torch import Tensor

from hot.errors import ConfigError
from hot.hands import HandSpec, with_upstream_drives
from hot.physics import CONTROL_DT
from hot.tracking.config import ActionConfig

WRIST = 6
RESIDUAL_RANGES = ("wrist_slide", "wrist_hinge", "finger")
"""The choices that say how far residuals reach, and nothing else."""
_UPSTREAM_WRIST_RANGE = (2.0, 2.0, 2.0, 6.28, 6.28, 6.28)
"""Half ranges of the wrist joints [m, rad] that scale upstream's delta and absolute actions."""


def driven(hand: HandSpec, config: ActionConfig) -> HandSpec:
    """The hand with the drives that actions are meant for.

    Raises:
        UnknownNameError: those of the original release, which has no such hand.
    """
    if config.drives == "own":
        return hand
    return with_upstream_drives(hand, by_class=config.drives == "upstream_classes")


def wrist_lead(hand: HandSpec) -> Tensor:
    """How far ahead (6,) targets of the wrist's joints must be so that it does not lag [s].

    A drive that follows q(t) lags by damping / stiffness times the velocity. A target is that of a step's end but
    holds through all of it, which leads by half a step already.
    """
    return (hand.damping / hand.stiffness)[:WRIST] - 0.5 * CONTROL_DT


def residual_ranges(config: ActionConfig, hand: HandSpec) -> Tensor:
    """How far (D,) an action of 1 moves each drive target in the mode "residual" [m, rad]."""
    fingers = [config.finger] * (hand.num_joints - WRIST)
    return torch.tensor([config.wrist_slide] * 3 + [config.wrist_hinge] * 3 + fingers)


def restated(of: ActionConfig, to: ActionConfig, hand: HandSpec) -> Tensor:
    """Factors (D,) by which actions of one meaning become actions that do the same under another.

    Raises:
        ConfigError: the two differ by more than how far residuals reach.
    """
    meant = to.model_dump(mode="json")
    ranges = RESIDUAL_RANGES if to.mode == "residual" else ()
    odd = [key for key, value in of.model_dump(mode="json").items() if key not in ranges and meant[key] != value]
    if odd:
        raise ConfigError(" ".join(f"--set action.{key}={getattr(of, key)}" for key in odd))
    return residual_ranges(of, hand) / residual_ranges(to, hand)


class ActionMap:
    """Turns actions (N, D) in [-1, 1] into drive targets (N, D), which stay inside the joint limits of hands that are
    driven by their own drives; upstream's are not held there."""

    def __init__(self, config: ActionConfig, hand: HandSpec, device: torch.device) -> None:
        self._mode = config.mode
        self._limited = config.drives == "own"
        self.ahead = 0 if config.mode == "reference" else 1
        """Frames from now to that of the reference on which actions are based."""
        self._lower, self._upper = hand.joint_lower.to(device), hand.joint_upper.to(device)
        self._residual = residual_ranges(config, hand).to(device)
        self._lead = torch.zeros(hand.num_joints, device=device)
        if config.feed_forward:
            self._lead[:WRIST] = wrist_lead(hand).to(device)
        half = 0.5 * (self._upper - self._lower)
        middle = 0.5 * (self._upper + self._lower)
        half[:WRIST] = torch.tensor(_UPSTREAM_WRIST_RANGE, device=device)
        middle[:WRIST] = 0.0
        self._half, self._middle = half, middle

    def base(self, drive: Tensor) -> Tensor:
        """Targets (N, D) of a zero residual: the holding command, led by the wrist's reference velocity; on the
        reference itself, its joints.

        ``drive`` is :meth:`hot.tracking.reference.Reference.drive` of the frame that is :attr:`ahead`.
        """
        joints, velocity, command = drive.chunk(3, dim=1)
        return joints if self._mode == "reference" else self.led(command, velocity)

    def led(self, command: Tensor, velocity: Tensor) -> Tensor:
        """Commands (..., D) led by the wrist's reference velocity (..., D)."""
        return command + self._lead * velocity

    def command(self, targets: Tensor, velocity: Tensor) -> Tensor:
        """The commands (..., D) that :meth:`led` by reference velocities (..., D) are ``targets`` (..., D)."""
        return targets - self._lead * velocity

    def targets(self, action: Tensor, base: Tensor, joint_pos: Tensor) -> Tensor:
        """Drive targets (N, D) for the coming control step.

        Args:
            action: (N, D) in [-1, 1].
            base: targets of a zero residual (N, D).
            joint_pos: where the joints are now (N, D).
        """
        if self._mode == "residual":
            target = base + self._residual * action
        elif self._mode == "reference":
            target = base + self._half * action
        else:
            target = self._middle + self._half * action
            if self._mode == "delta":
                target = torch.cat([target[:, :WRIST] + joint_pos[:, :WRIST], target[:, WRIST:]], dim=1)
        return torch.minimum(torch.maximum(target, self._lower), self._upper) if self._limited else target
