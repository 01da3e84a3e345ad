"""Choices of the task: what the policy sees, what its actions mean, what is rewarded, where episodes start and end."""

from __future__ import annotations

from typing import Tuple

from pydantic import Field, field_validator, model_validator
from typing_extensions import Literal

from hot.config import Config
from hot.physics.config import PhysicsConfig


class ActionConfig(Config):
    """How actions in [-1, 1] become drive targets."""

    mode: Literal["residual", "delta", "absolute", "reference"] = "residual"
    """residual: on the reference (or, in contact, on its holding command). The others are upstream's, in shares of half
    of each joint's range: delta, wrist targets relative to where the wrist is, fingers absolute; absolute; and
    reference, on the reference's joints of now (upstream's "residual")."""
    drives: Literal["own", "upstream", "upstream_classes"] = "own"
    """own: the hand file's, which carry no weight; upstream: the original release's, stiff and heavily damped, without
    limits, the same for all joints, as Isaac Gym most likely read its files, and gravity acts on the hand;
    upstream_classes: likewise, but weaker towards the fingertips, as those files meant it."""
    wrist_slide: float = Field(default=0.12, gt=0)
    """Residual range of the wrist slides [m]: an object that starts where it should not is to be reached."""
    wrist_hinge: float = Field(default=0.7, gt=0)
    """Residual range of the wrist hinges [rad]."""
    finger: float = Field(default=0.8, gt=0)
    """Residual range of the finger joints [rad]."""
    follow_object: bool = True
    """Let the wrist's reference go along with an object that is not where it should be, until it has been grasped."""
    feed_forward: bool = True
    """Lead wrist targets by damping/stiffness times the reference velocity, which cancels the drive's lag."""


class ObservationConfig(Config):
    """What the policy sees."""

    layout: Literal["own", "upstream"] = "own"
    """own: all in the wrist frame, as below; upstream: the original release's, for its policies
    (:mod:`hot.tracking.upstream`), which shows no frames ahead."""
    future_frames: Tuple[int, ...] = (1, 2, 4, 8, 16)
    """Reference frames ahead of now whose wrist, object and contact targets are shown."""
    finger_frames: Tuple[int, ...] = (1, 8)
    """Reference frames ahead of now whose finger targets are shown."""
    points: int = Field(default=20, ge=0, le=200)
    """Object surface points shown to the point encoder; 0 leaves it out. Upstream's layout has 0, 20 or 200."""
    reference_joints: bool = True
    """Whether upstream's layout shows the reference's joints and contact (its ``--enable_dof_obs``)."""

    @model_validator(mode="after")
    def _fits_its_layout(self) -> ObservationConfig:
        if self.layout == "upstream":
            if self.future_frames or self.finger_frames:
                raise ValueError("upstream's layout shows no frames ahead: set future_frames and finger_frames to []")
            if self.points not in (0, 20, 200):
                raise ValueError(f"upstream's layout shows 0, 20 or 200 points, not {self.points}")
        elif not self.reference_joints:
            raise ValueError("only upstream's layout can leave reference_joints out")
        return self


class RewardConfig(Config):
    """Weights of the reward's factors; each is exp(-weight * error). Zero switches a factor off.

    ``presets/rewards/`` has whole sets of weights by name; the defaults are "linear".
    """

    form: Literal["product", "linear"] = "linear"
    """product: mean squared errors, as the paper; linear: mean absolute errors, which keep a slope near zero, so that
    an object 3 cm off costs a fifth."""
    key_position: float = Field(default=4.0, ge=0)
    finger: float = Field(default=2.0, ge=0)
    wrist_position: float = Field(default=0.0, ge=0)
    wrist_rotation: float = Field(default=1.5, ge=0)
    wrist_velocity: float = Field(default=0.0, ge=0)
    object_position: float = Field(default=24.0, ge=0)
    object_rotation: float = Field(default=6.0, ge=0)
    object_velocity: float = Field(default=0.0, ge=0)
    interaction: float = Field(default=8.0, ge=0)
    """Of where the hand is relative to the object, which a shifted object does not change."""
    contact: float = Field(default=0.4, ge=0)


class ResetConfig(Config):
    """Where episodes start, and how far from the reference."""

    first_frame_share: float = Field(default=0.3, ge=0, le=1)
    """Share of episodes that start at a clip's first frame; the others start anywhere."""
    hard_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the odds of clips and start frames that follows how often they were given up of late."""
    noise: float = Field(default=0.2, ge=0, le=1)
    """Probability of each perturbation item of the start state (stage 1: 0.2, stage 2: 0.5)."""
    finger_pos: float = Field(default=0.3927, ge=0)
    """Largest finger perturbation [rad] (pi/8)."""
    finger_vel: float = Field(default=0.1, ge=0)
    object_linvel: float = Field(default=0.02, ge=0)
    object_angvel: float = Field(default=0.02, ge=0)
    free_object_pos: float = Field(default=0.05, gt=0)
    """Largest shift of an untouched object along each axis [m]; never down into the table."""
    free_object_yaw: float = Field(default=0.6283, ge=0)
    """Largest turn of an untouched object about the vertical [rad] (pi/5). Roll and pitch are left alone:
    a standing object that is tilted beyond its tip angle falls whatever the policy does."""
    held_object_pos: float = Field(default=0.02, ge=0)
    """Largest shift of a held object, with the hand that holds it, along each axis [m]."""
    held_object_turn: float = Field(default=0.2, ge=0)
    """Largest turn of a held object, with the hand, by each wrist hinge [rad]."""
    held_finger_pos: float = Field(default=0.05, ge=0)
    """Largest finger perturbation of a hand that holds or nearly touches [rad]; more would drop the object or start
    inside it."""


class TerminationConfig(Config):
    """When an episode is given up early."""

    enabled: bool = True
    grace_frames: int = Field(default=5, ge=0)
    object_position: Tuple[float, float] = (0.08, 0.10)
    """Mean surface-point distance [m] that ends an episode: touching the object, and not touching it."""
    object_rotation: float = Field(default=1.5708, gt=0)
    key_position: Tuple[float, float] = (0.15, 0.20)
    """Mean key-body distance [m] that ends an episode: touching the object, and not touching it."""


class RandomizationConfig(Config):
    """Ranges of the factors by which each world differs from the facts, drawn once a world."""

    mass: Tuple[float, float] = (1.0, 1.0)
    """Of the object's mass and inertia."""
    friction: Tuple[float, float] = (1.0, 1.0)
    """Of every surface."""
    gains: Tuple[float, float] = (1.0, 1.0)
    """Of the stiffness and damping of every drive."""

    @field_validator("mass", "friction", "gains")
    @classmethod
    def _are_ranges(cls, value: Tuple[float, float]) -> Tuple[float, float]:
        if not 0 < value[0] <= value[1]:
            raise ValueError(f"must be two positive factors, the smaller one first, not {list(value)}")
        return value


class TaskConfig(Config):
    """The tracking task, whole."""

    episode_frames: int = Field(default=60, ge=2)
    """Longest training episode [frames]; evaluation takes the skill's own length."""
    physics: PhysicsConfig = PhysicsConfig()
    action: ActionConfig = ActionConfig()
    observation: ObservationConfig = ObservationConfig()
    reward: RewardConfig = RewardConfig()
    reset: ResetConfig = ResetConfig()
    randomization: RandomizationConfig = RandomizationConfig()
    termination: TerminationConfig = TerminationConfig()
