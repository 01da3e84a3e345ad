"""When a skill counts as done: upstream's rules per skill, with its frame numbers and thresholds.

Mended against upstream: horizontal speed is judged by magnitude instead of by signed components, so that
fast motion in a negative direction fails, and E_op is the Euclidean form, which is the larger. Only the
vertical test of *place* stays one-sided, because lowering is the skill. A rule counts its frames from the
first frame of a clip; clips too short for the rule are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, NamedTuple

from torch import Tensor

from hot.errors import UnknownNameError
from hot.evaluation.metrics import FrameErrors, Verdict, frame_numbers, hold_on, middle_frames
from hot.rollouts import Trace


@dataclass(frozen=True)
class _Clip:
    """What the rules read; (T, N) each."""

    errors: FrameErrors
    number: Tensor  # frame number within the clip, -1 where not valid
    near: Tensor  # bool: the object's origin within 30 cm of the wrist
    speed: Tensor  # [m/s]
    horizontal_speed: Tensor  # [m/s]
    rise: Tensor  # vertical velocity [m/s]
    height: Tensor  # of the object's origin over the table [m]
    wrist_height: Tensor  # [m]

    def between(self, first: int, last: int) -> Tensor:
        """Frames (T, N) from number ``first`` to ``last``, both included."""
        return (self.number >= first) & (self.number <= last)

    def within(self, point_cm: float, rotation_deg: float, hand_cm: float = float("inf")) -> Tensor:
        errors = self.errors
        good = (errors.point_cm < point_cm) & (errors.rotation_deg < rotation_deg)
        return good & (errors.hand_cm < hand_cm)


class _Rule(NamedTuple):
    min_frames: int
    judge: Callable[[_Clip], Verdict]


def skill_success(trace: Trace, errors: FrameErrors) -> Verdict:
    """The trace's skill judged by its own rule; heights are over the table plane z = 0.

    Raises:
        UnknownNameError: no rule for the trace's skill.
    """
    rule = _RULES.get(trace.skill)
    if rule is None:
        raise UnknownNameError("skill", trace.skill, _RULES)
    success, judged = rule.judge(_read(trace, errors))
    judged = judged & (errors.valid.sum(0) >= rule.min_frames)
    return Verdict(success & judged, judged)


def _read(trace: Trace, errors: FrameErrors) -> _Clip:
    wrist, velocity = trace.key_pos_w[..., -1, :], trace.object_linvel_w
    return _Clip(
        errors=errors,
        number=frame_numbers(trace.valid),
        near=(trace.object_pos_w - wrist).norm(dim=-1) < 0.3,
        speed=velocity.norm(dim=-1),
        horizontal_speed=velocity[..., :2].norm(dim=-1),
        rise=velocity[..., 2],
        height=trace.object_pos_w[..., 2],
        wrist_height=wrist[..., 2],
    )


def _more_than(count: int, good: Tensor, clip: _Clip) -> Verdict:
    return Verdict((good.sum(0) > count) & clip.errors.finite, clip.errors.valid.any(0))


def _grasp(clip: _Clip) -> Verdict:
    """More than 120 of 180 frames: before frame 50 the object rests, from then on it is held 10 cm up."""
    rests = clip.between(0, 49) & (clip.speed <= 0.2)
    held = clip.between(50, 179) & clip.near & (clip.horizontal_speed < 0.1) & (clip.height >= 0.1)
    return _more_than(120, rests | held, clip)


def _place(clip: _Clip) -> Verdict:
    """More than 190 of 220 frames: to frame 160 held, not moved aside nor raised; then at rest."""
    lowered = clip.between(0, 160) & clip.near & (clip.horizontal_speed < 0.1) & (clip.rise <= 0.1)
    rests = clip.between(161, 219) & (clip.speed <= 0.4)
    return _more_than(190, lowered | rests, clip)


def _move(clip: _Clip) -> Verdict:
    frames = (clip.number > 20) & (clip.number < clip.errors.valid.sum(0) - 5)
    return hold_on(clip.within(12, 90, 25), frames, clip.errors)


def _regrasp(clip: _Clip) -> Verdict:
    frames = clip.between(30, 30) | clip.between(116, 116)
    return hold_on(clip.near & clip.within(5, 20, 5), frames, clip.errors)


def _rotate(clip: _Clip) -> Verdict:
    frames = clip.between(20, 20) | clip.between(50, 50) | clip.between(110, 110)
    return hold_on(clip.near & clip.within(20, 20), frames, clip.errors)


def _catch(clip: _Clip) -> Verdict:
    good = clip.near & (clip.height > 0.3) & (clip.wrist_height > 0.3)
    return hold_on(good, clip.between(51, 88), clip.errors)


def _throw(clip: _Clip) -> Verdict:
    return hold_on(clip.within(40, 90, 40), clip.between(30, 34), clip.errors)


def _freemove(clip: _Clip) -> Verdict:
    """Upstream has no rule: the hand part of the HOT rule, on the same frames."""
    return hold_on(clip.errors.hand_cm < 20, middle_frames(clip.errors.valid), clip.errors)


# Shortest clip that reaches the rule's last frame. The two counting rules get ten frames of grace below their full
# length, because a roll-out that starts after the first frame has fewer rows.
_RULES: Dict[str, _Rule] = {
    "grasp": _Rule(170, _grasp),
    "move": _Rule(30, _move),
    "place": _Rule(210, _place),
    "regrasp": _Rule(117, _regrasp),
    "rotate": _Rule(111, _rotate),
    "catch": _Rule(89, _catch),
    "throw": _Rule(35, _throw),
    "freemove": _Rule(30, _freemove),
}
