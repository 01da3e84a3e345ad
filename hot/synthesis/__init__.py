"""Grasps found in physics, and the planner that turns them into reference motions of four skills."""

from hot.synthesis.config import GraspConfig, RestingConfig, ScalingConfig, SynthesisConfig
from hot.synthesis.generate import SKILLS, generate
from hot.synthesis.grasps import Grasps, has_grasps, load_grasps
from hot.synthesis.resting import RestingPoses, find_resting_poses, load_resting
from hot.synthesis.search import find_grasps
from hot.synthesis.sizes import Sizes, in_sizes

__all__ = [
    "SKILLS",
    "GraspConfig",
    "Grasps",
    "RestingConfig",
    "RestingPoses",
    "ScalingConfig",
    "Sizes",
    "SynthesisConfig",
    "find_grasps",
    "find_resting_poses",
    "generate",
    "has_grasps",
    "in_sizes",
    "load_grasps",
    "load_resting",
]
