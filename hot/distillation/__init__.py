"""One student that learns from several teachers."""

from hot.distillation.config import DistillationConfig
from hot.distillation.student import distill_student
from hot.distillation.teachers import Teacher

__all__ = ["DistillationConfig", "Teacher", "distill_student"]
