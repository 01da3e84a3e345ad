"""Teachers, trained by proximal policy optimisation."""

from hot.training.teacher import TeacherData, train_teacher

__all__ = ["TeacherData", "train_teacher"]
