"""Teachers, trained by proximal policy optimisation."""

from hot.training.teacher import Method, TeacherData, train_teacher

__all__ = ["Method", "TeacherData", "train_teacher"]
