"""The task: make a hand and an object follow a motion."""

from hot.tracking.env import TrackingEnv
from hot.tracking.step import Step

__all__ = ["Step", "TrackingEnv"]
