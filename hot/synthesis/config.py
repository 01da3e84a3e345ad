"""Choices of the planner: how grasps are searched for, and how skills are timed."""

from __future__ import annotations

from typing import Tuple

from pydantic import Field, model_validator

from hot.config import Config
from hot.physics import PhysicsConfig

JUDGING_PHYSICS = PhysicsConfig(engine="mujoco").fine()
"""Physics in which grasps and resting poses are judged."""


class RestingConfig(Config):
    """How resting poses are found."""

    drops: int = Field(default=256, ge=20)
    """Copies dropped in random orientations."""
    settle_frames: int = Field(default=240, ge=30)
    """Frames after which a copy must lie still."""
    same_pose: float = Field(default=0.15, gt=0)
    """Poses whose up directions differ less are one [rad]."""
    least_share: float = Field(default=0.02, ge=0, le=1)
    """Poses that fewer drops reach are left out, unless a copy set down axis-aligned stays in them."""
    nudge: float = Field(default=0.14, gt=0)
    """Tilt from which a pose must come back [rad]; what tips over earlier cannot be grasped without luck."""


class ClosureConfig(Config):
    """Weights of what a grasp should be; lengths count in centimetres."""

    touch: float = Field(default=3.0, ge=0)
    """Of the distance between pads and surface."""
    facing: float = Field(default=0.5, ge=0)
    """Of pads that do not face the surface."""
    balance: float = Field(default=30.0, ge=0)
    """Of the forces' resultant and moment."""
    spread: float = Field(default=1.0, ge=0)
    """Of few pads that carry all."""
    object: float = Field(default=1.0, ge=0)
    """Of overlap with the object."""
    table: float = Field(default=1.0, ge=0)
    """Of points below the table."""
    itself: float = Field(default=0.5, ge=0)
    """Of links of different fingers in the same place."""
    friction: float = Field(default=0.6, gt=0)
    """Coefficient within whose cones the forces must balance; in physics it is 1, the rest is reserve."""


class GraspConfig(Config):
    """How static grasps are searched for and judged."""

    candidates: int = Field(default=0, ge=0)
    """Hands closed on the object per round of the search; 0: as many as keep the machine busy, few on a CPU."""
    worlds: int = Field(default=8192, ge=1)
    """Most hands in physics at once: of more candidates those that still hold are put together before the next test."""
    rounds: int = Field(default=12, ge=1)
    """Rounds after which the search ends with what it has."""
    min_depth: float = Field(default=0.0, ge=0)
    max_depth: float = Field(default=0.04, gt=0)
    """How far below the surface that the palm faces the fingertips would meet [m]."""
    across: float = Field(default=0.01, ge=0)
    """Standard deviation of the object's place across the palm [m]."""
    tilt: float = Field(default=0.25, ge=0)
    """Standard deviation of the palm normal's direction [rad]."""
    aligned_share: float = Field(default=0.8, ge=0, le=1)
    """Share of the candidates whose fingers close towards a face of the object, the others roll at random."""
    free_share: float = Field(default=0.2, ge=0, le=1)
    """Share of the candidates that disregard the table."""
    closure: ClosureConfig = ClosureConfig()
    seeds: float = Field(default=6.0, ge=1)
    """Seeds for each candidate."""
    sift_steps: int = Field(default=40, ge=1)
    """Steps after which the seeds of least energy are chosen."""
    surplus: float = Field(default=3.0, ge=1)
    """Seeds chosen for each candidate."""
    refine_steps: int = Field(default=100, ge=1)
    """Further steps by which the chosen become planned grasps; the most promising of them are the candidates."""
    even_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the candidates that is spread evenly over resting poses and families; the others are the most promising
    of all, whatever they are for."""
    close_frames: int = Field(default=30, ge=1)
    """Frames in which the hand closes while the object is held in place."""
    close_substeps: int = Field(default=2, ge=1, le=64)
    """Physics steps per frame of closing and pressing; one contact between two parts then, as in training."""
    close_lead: float = Field(default=0.1, gt=0)
    """Largest distance of the fingers' targets from the fingers in closing [rad]."""
    overclose: float = Field(default=0.1, ge=0)
    """How far beyond the plan fingers that have not met the object go on [rad]."""
    settle_frames: int = Field(default=20, ge=1)
    """Frames in which the hand presses harder and the object gives way without speed."""
    squeeze: float = Field(default=0.25, gt=0)
    """Largest distance of the holding command beyond the joint position [rad]."""
    release_frames: int = Field(default=12, ge=1)
    """Frames after the object is let go, before the test begins."""
    shake_frames: int = Field(default=20, ge=1)
    """Frames of each of the six directions of the shake: an object that is let go has fallen 0.6 m by then."""
    shake: float = Field(default=10.8, gt=0)
    """Net acceleration in each direction of the shake [m/s^2] (1.1 g: a carried object is accelerated too)."""
    stronger: Tuple[float, ...] = (16.0, 24.0)
    """Further accelerations [m/s^2], rising, that tell sturdy grasps from others: sturdy ones are preferred."""
    carry_seconds: float = Field(default=5.0, ge=0.1)
    """Time for which grasps are carried about before they are kept [s]."""
    carry_turn_speed: float = Field(default=1.5, gt=0)
    """Fastest turn of the wrist in carrying [rad/s]; in faster ones contacts creep that last 10 ms (docs/grasps.md)."""
    max_slip: float = Field(default=0.01, gt=0)
    """Largest object displacement in the wrist frame from the release to the end of the shake [m]."""
    max_turn: float = Field(default=0.1745, gt=0)
    """Largest object turn in the wrist frame from the release to the end of the shake [rad] (10 deg)."""
    max_penetration: float = Field(default=0.002, gt=0)
    """Largest hand-object penetration of a kept grasp [m]."""
    min_fingers: int = Field(default=2, ge=1)
    """Fingers that must touch."""


class SynthesisConfig(Config):
    """Counts, work space, timing and limits of generated clips. Frames are 1/60 s."""

    train_clips: int = Field(default=500, ge=1)
    """Clips a skill that are made for training."""
    reach: float = Field(default=0.5, gt=0)
    """Half width of the work space in x and y [m]."""
    low: float = Field(default=0.5, gt=0)
    high: float = Field(default=1.0, gt=0)
    """Heights between which objects are carried [m]."""
    speed: float = Field(default=0.3, gt=0)
    """Mean speed of approach, lift and transport [m/s]."""
    turn_speed: float = Field(default=3.0, gt=0)
    """Largest mean angular speed of transport [rad/s]; longer turns take more frames."""
    approach: float = Field(default=0.2, gt=0)
    """Length of the straight approach [m]."""
    approach_cone: float = Field(default=0.7854, gt=0)
    """Half angle of the cones about the vertical and about the palm's side of the object [rad] (45 deg)."""
    preshape_margin: float = Field(default=0.008, ge=0)
    """Least distance of the opened fingers from the object before they close [m]."""
    close_start: int = Field(default=30, ge=0)
    close_end: int = Field(default=52, ge=1)
    """Frames of a grasp between which the fingers close. The wrist arrives with them: beside an object on a table an
    open hand has no room."""
    squeeze_frames: int = Field(default=8, ge=1)
    """Frames before the hold over which the command grows from the joint positions to the squeeze."""
    hold_start: int = Field(default=60, ge=1)
    """Frame of a grasp at which the lift starts."""
    lift: float = Field(default=0.5, gt=0)
    """Height of the lift [m]."""
    final_hold: int = Field(default=60, ge=0)
    """Frames for which the lifted object is held."""
    place_hold: int = Field(default=20, ge=0)
    """Frames that a placed object is held before the hand retreats."""
    open_frames: int = Field(default=24, ge=1)
    """Frames in which the fingers open after a place."""
    max_tail: int = Field(default=30, ge=0)
    """Longest random hold before or after a transport [frames]."""
    freemove_frames: int = Field(default=120, ge=2)
    """Length of a clip without an object in the hand."""
    table_clearance: float = Field(default=0.001, ge=0)
    """Least height of any hand collider over the table [m]."""
    max_penetration: float = Field(default=0.005, gt=0)
    """Deepest any hand collider may sit in the object [m]."""
    check_stride: int = Field(default=4, ge=1)
    """Every so-many-th frame of an approach is checked for collisions."""
    max_hinge_speed: float = Field(default=12.0, gt=0)
    """Fastest wrist hinge [rad/s]; faster paths pass the gimbal singularity and are drawn again."""
    held_out: int = Field(default=4, ge=2)
    """Every so-many-th grasp is never used for training, only for evaluation."""

    @model_validator(mode="after")
    def _phases_follow_each_other(self) -> SynthesisConfig:
        if not self.close_start < self.close_end <= self.hold_start:
            raise ValueError("the phases of a grasp must follow each other: close_start < close_end <= hold_start")
        if not self.low < self.high:
            raise ValueError("low must lie below high")
        return self
