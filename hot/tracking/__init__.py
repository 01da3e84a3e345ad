"""The task: make a hand and an object follow a motion."""

from hot.tracking.env import Step, TrackingEnv

__all__ = ["Step", "TrackingEnv"]
