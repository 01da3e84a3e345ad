"""A hand put to the test by itself: does it hold still, follow steps without ringing, and close towards its palm?"""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs.

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Tuple

import mujoco
import numpy as np

from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics.config import PhysicsConfig
from hot.physics.model import build_model

_HEIGHT = 1.0
"""Of the wrist over the table [m]."""
_ASIDE = (2.0, 0.0, 0.5)
"""Where the object is [m]: in the scene, but out of reach."""
_HOLD_S, _STEP_S, _CLOSE_S = 2.0, 0.5, 1.0
_SLIDE_STEP, _HINGE_STEP = 0.02, 0.1
"""Steps of a slide [m] and of a hinge [rad], below the force limits; at most a quarter of the range."""


@dataclass(frozen=True)
class StepResponse:
    """How one joint follows a step of its target; travels are shares of the step."""

    rise_s: float
    """Time to nine tenths [s]; infinite if it never gets there."""
    peak: float
    """Farthest travel."""
    lowest_after: float
    """Least travel after the peak: well below 1, the joint rings."""


@dataclass(frozen=True)
class HandTrial:
    """What was measured."""

    drift: float
    """Farthest that any joint moved in two seconds under constant targets [m] or [rad]."""
    steps: Dict[str, StepResponse]
    rises: Tuple[float, ...]
    """Farthest that each fingertip came out over the palm, along its +z, while the fingers closed (F) [m]."""


def try_hand(hand: HandSpec, object_spec: ObjectSpec, closed: np.ndarray) -> HandTrial:
    """Simulate a hand in the scene of an object that it does not reach.

    ``closed`` (D - 6,) are the finger joints of the closed hand [rad].

    Raises:
        PhysicsError: the scene does not compile.
    """
    model = build_model(hand, object_spec, PhysicsConfig())
    trial = _Trial(model, hand)
    drift = trial.hold()
    steps = {name: trial.step(joint) for joint, name in enumerate(hand.joint_names)}
    return HandTrial(drift, steps, tuple(trial.close(closed)))


def mass_of(hand: HandSpec) -> float:
    """Mass of a whole hand [kg]."""
    return float(mujoco.MjModel.from_xml_path(str(hand.mjcf)).body_mass.sum())


class _Trial:
    def __init__(self, model: mujoco.MjModel, hand: HandSpec) -> None:
        self._model, self._data, self._hand = model, mujoco.MjData(model), hand
        self._start = np.array([0.0, 0.0, _HEIGHT, 0.0, 0.0, 0.0, *hand.open_fingers.tolist()])
        self._count = len(self._start)

    def _reset(self) -> None:
        mujoco.mj_resetData(self._model, self._data)
        self._data.qpos[: self._count] = self._data.ctrl[:] = self._start
        self._data.qpos[self._count : self._count + 3] = _ASIDE

    def _frames(self, seconds: float) -> int:
        return round(seconds / self._model.opt.timestep)

    def hold(self) -> float:
        self._reset()
        mujoco.mj_step(self._model, self._data, self._frames(_HOLD_S))
        return float(np.abs(self._data.qpos[: self._count] - self._start).max())

    def step(self, joint: int) -> StepResponse:
        self._reset()
        size = self._step_size(joint)
        self._data.ctrl[joint] += size
        travel = []
        for _ in range(self._frames(_STEP_S)):
            mujoco.mj_step(self._model, self._data)
            travel.append((self._data.qpos[joint] - self._start[joint]) / size)
        there, peak = np.flatnonzero(np.array(travel) >= 0.9), int(np.argmax(travel))
        rise = (there[0] + 1) * self._model.opt.timestep if len(there) else np.inf
        return StepResponse(float(rise), float(travel[peak]), float(min(travel[peak:])))

    def _step_size(self, joint: int) -> float:
        """Towards the middle of the range."""
        lower, upper = self._hand.joint_lower[joint].item(), self._hand.joint_upper[joint].item()
        size = min(_SLIDE_STEP if joint < 3 else _HINGE_STEP, 0.25 * (upper - lower))
        return size if self._start[joint] <= 0.5 * (lower + upper) else -size

    def close(self, closed: np.ndarray) -> List[float]:
        self._reset()
        frames, rises = self._frames(_CLOSE_S), []
        for frame in range(frames):
            share = min(1.0, 1.5 * (frame + 1) / frames)
            self._data.ctrl[6:] = self._start[6:] + share * (closed - self._start[6:])
            mujoco.mj_step(self._model, self._data)
            rises.append(self._heights())
        return np.max(np.array(rises) - rises[0], axis=0).tolist()

    def _heights(self) -> np.ndarray:
        """Fingertips' heights over the palm's plane (F,) [m]."""
        palm = self._data.site("palm")
        tips = np.array([self._data.site(tip).xpos for tip in self._hand.fingertips])
        return (tips - palm.xpos) @ palm.xmat.reshape(3, 3)[:, 2]
