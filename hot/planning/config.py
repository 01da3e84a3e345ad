"""Choices of the planner beyond those of reaching an object on the table. Frames are 1/60 s."""

from __future__ import annotations

from typing import Tuple

from pydantic import Field, field_validator

from hot.config import Config
from hot.synthesis.config import SynthesisConfig


class LimitsConfig(Config):
    """What a hand must be able to follow. Hinges of the wrist have ``max_hinge_speed``."""

    wrist_speed: float = Field(default=3.0, gt=0)
    """Of the wrist's origin [m/s]."""
    wrist_acceleration: float = Field(default=40.0, gt=0)
    """[m/s^2]; the drives' 100 N move any hand with a 0.4 kg object at 80."""
    finger_speed: float = Field(default=12.0, gt=0)
    """Of any finger joint [rad/s]."""
    load: float = Field(default=4.0, gt=0)
    """Most that a held object may be accelerated beyond what its grasp was shaken with, as a factor: a shake lasts
    half a second in each direction, a swing a tenth."""


class TossConfig(Config):
    """A throw, or a catch run backwards: swing, let go in free fall, part, stop."""

    still_frames: int = Field(default=2, ge=1)
    """Frames at rest with the object in the hand."""
    swing_frames: int = Field(default=22, ge=2)
    """Frames between rest and the speed of flight."""
    open_frames: int = Field(default=8, ge=2)
    """Frames in which hand and object fall freely side by side while the fingers open or close."""
    unload_frames: int = Field(default=0, ge=0)
    """The first of them, in which the grip fades before any finger moves: forces that fade together stay in balance,
    fingers that leave one after the other turn the object. 0: the grip fades while the fingers open; backwards, fingers
    that close have all frames for it."""
    part_frames: int = Field(default=6, ge=3)
    """Frames in which the hand falls back from the object at ``part_acceleration``."""
    part_acceleration: float = Field(default=16.0, gt=0)
    """Of the object as seen from the hand [m/s^2]: 2 cm in three frames, 8 cm in six."""
    stop_frames: int = Field(default=12, ge=2)
    """Frames in which the free hand comes to rest, or leaves it."""
    unsure_frames: int = Field(default=2, ge=0)
    """Frames of parting in which a touch is still neither asked for nor wrong."""
    height: Tuple[float, float] = (0.6, 1.1)
    """Of the object where the fingers begin to open, or have closed [m]."""
    exit_cone: float = Field(default=0.9, gt=0)
    """Half angle of the cone about the palm's normal in which an object may leave the hand [rad]."""

    @property
    def frames(self) -> int:
        """Of the whole clip."""
        return self.still_frames + self.swing_frames + self.open_frames + self.part_frames + self.stop_frames


class ThrowConfig(TossConfig):
    """Where a thrown object goes, as seen from where it is let go."""

    unload_frames: int = Field(default=4, ge=0)
    flight: Tuple[float, float] = (0.25, 0.4)
    """Time to the target [s]."""
    distance: Tuple[float, float] = (0.2, 0.6)
    """Of the target along the ground [m]."""
    rise: Tuple[float, float] = (-0.4, 0.1)
    """Of the target [m]."""


class TossUpConfig(TossConfig):
    """Objects of sequences that are thrown up and caught again, or let fall onto the table."""

    open_frames: int = Field(default=8, ge=2)
    unload_frames: int = Field(default=4, ge=0)
    part_frames: int = Field(default=4, ge=3)
    height: Tuple[float, float] = (0.75, 0.95)
    fall_frames: int = Field(default=3, ge=0)
    """Frames in which the object is held on in free fall before the fingers open, and after they have closed: what the
    swing strained springs back in them, and not at letting go."""
    turn_frames: int = Field(default=4, ge=2)
    """Frames between parting and coming again: at 16 m/s^2 either way the hand turns round at 32 m/s^2."""
    tried: bool = True
    """Whether only what open loop has tossed up and caught again in physics is tossed; 70 ms of a core each way out of
    the hand, once. Without, open loop loses 16 instead of 7 of 100 tosses of MANO and the bottle."""

    @property
    def beside_frames(self) -> int:
        """From the end of the swing to parting."""
        return self.fall_frames + self.open_frames + self.part_frames


class CatchConfig(TossConfig):
    """How an object comes in. ``still_frames`` are those for which the caught object is held in the end."""

    still_frames: int = Field(default=50, ge=1)
    stop_frames: int = Field(default=14, ge=2)
    height: Tuple[float, float] = (0.8, 1.3)
    speed: Tuple[float, float] = (1.2, 2.0)
    """Of the object where the fingers begin to close [m/s]."""
    cone: float = Field(default=0.8, gt=0)
    """Half angle of the cone about straight down in which it moves there [rad]."""


class InHandConfig(Config):
    """Transitions between grasps while the fingers hold the object."""

    waypoints: int = Field(default=13, ge=5)
    """Of each transition, between which joints and poses are interpolated."""
    miss: float = Field(default=0.0012, gt=0)
    """Farthest that a finger that keeps contact may be from its point of contact [m]."""
    penetration: float = Field(default=0.003, gt=0)
    """Deepest overlap of hand and object on the way [m]."""
    lift: float = Field(default=0.3, gt=0, le=1)
    """Share of the way to the open hand by which a finger that lets go is lifted."""
    opposed: float = Field(default=-0.5, ge=-1, lt=0)
    """Two fingers hold an object between them if the cosine between their contact normals is less: 60 deg from facing
    each other straight, which a friction coefficient of 0.6 bears on either side."""
    palm_up: float = Field(default=1.05, gt=0)
    """Half angle of the cone about the vertical in which the palm's normal points [rad] (60 deg): the object rests on
    the hand as much as it is held by it."""


class RotateConfig(InHandConfig):
    """In-hand turns: fingers stay where they touch and carry the object round."""

    axes: int = Field(default=8, ge=1)
    """Axes tried for each grasp."""
    kept: int = Field(default=3, ge=1)
    """Axes kept for each grasp: those that turn farthest with most fingers."""
    reach: float = Field(default=0.6, gt=0)
    """Farthest turn from the library's grasp, either way [rad]."""
    least: float = Field(default=0.5, gt=0)
    """Least turn from one end to the other [rad]: the skill's rule forgives a third of a radian."""
    speed: float = Field(default=1.5, gt=0)
    """Peak angular speed of the object in the hand [rad/s]."""
    still_frames: int = Field(default=12, ge=1)
    """Frames before the turn."""
    frames: int = Field(default=120, ge=30)


class RegraspConfig(InHandConfig):
    """From one grasp to another: in the hand where fingers can keep hold, else over the table."""

    in_hand_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the clips that stay in the hand, as far as the library allows."""
    near: float = Field(default=0.05, gt=0)
    """Farthest that surface points of the object move in the hand, on average [m]."""
    turn: float = Field(default=1.0, gt=0)
    """Largest turn of the object in the hand [rad]."""
    slide: float = Field(default=0.02, gt=0)
    """Farthest that the contact of a finger that stays may wander on the object [m]."""
    differ: float = Field(default=0.15, gt=0)
    """Least change of some finger joint [rad]: less is no other grasp."""
    pairs: int = Field(default=400, ge=1)
    """Pairs of grasps looked at, the nearest first."""
    still_frames: int = Field(default=20, ge=1)
    """Frames at the first grasp."""
    change_frames: int = Field(default=80, ge=10)
    """Frames of a transition in the hand."""
    changes: int = Field(default=160, ge=1)
    """Pairs of grasps for which a way over the table is looked for."""
    height: float = Field(default=0.08, gt=0)
    """Over the table from which the object is put down and to which it is taken up again [m]."""
    retreat: float = Field(default=0.1, gt=0)
    """How far the hand retreats from the object before it turns to the other grasp [m]."""
    arch: float = Field(default=0.06, ge=0)
    """How far it rises on the way [m]."""
    transit_speed: float = Field(default=1.0, gt=0)
    """Peak speed of the wrist there [m/s]."""
    transit_turn: float = Field(default=8.0, gt=0)
    """Peak angular speed of the wrist there [rad/s]."""
    open_frames: int = Field(default=12, ge=2)
    close_frames: int = Field(default=20, ge=2)
    """Frames in which the fingers let the object go, and close on it again."""
    frames: int = Field(default=180, ge=60)


class PlanningConfig(SynthesisConfig):
    """Counts, work space, timing and limits of all skills."""

    limits: LimitsConfig = LimitsConfig()
    throw: ThrowConfig = ThrowConfig()
    toss_up: TossUpConfig = TossUpConfig()
    catch: CatchConfig = CatchConfig()
    rotate: RotateConfig = RotateConfig()
    regrasp: RegraspConfig = RegraspConfig()
    transport_ramp: int = Field(default=6, ge=1)
    """Frames in which a transport gains and loses its speed."""


class ScalingConfig(Config):
    """Other sizes of the object that a teacher also trains on."""

    factors: Tuple[float, ...] = ()
    """Of length, besides 1."""
    share: float = Field(default=0.4, gt=0, lt=1)
    """Share of the worlds that hold an object of another size."""

    @field_validator("factors")
    @classmethod
    def _are_other_sizes(cls, value: Tuple[float, ...]) -> Tuple[float, ...]:
        if any(factor <= 0 or factor == 1 for factor in value):
            raise ValueError(f"must be positive and not 1, not {list(value)}")
        return value
