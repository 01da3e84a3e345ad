"""Grasps found in physics, the resting poses they are for, and the ways in which hands reach them."""

from hot.synthesis.config import GraspConfig, RestingConfig, SynthesisConfig
from hot.synthesis.grasps import Grasps, has_grasps, load_grasps, read_grasps
from hot.synthesis.resting import RestingPoses, find_resting_poses, load_resting
from hot.synthesis.search import find_grasps

__all__ = [
    "GraspConfig",
    "Grasps",
    "RestingConfig",
    "RestingPoses",
    "SynthesisConfig",
    "find_grasps",
    "find_resting_poses",
    "has_grasps",
    "load_grasps",
    "load_resting",
    "read_grasps",
]
