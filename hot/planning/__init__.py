"""From libraries of grasps to reference motions."""

from hot.planning.config import PlanningConfig, ScalingConfig
from hot.planning.generate import SKILLS, generate
from hot.planning.sizes import Sizes, in_sizes

__all__ = ["SKILLS", "PlanningConfig", "ScalingConfig", "Sizes", "generate", "in_sizes"]
