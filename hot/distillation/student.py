"""Train a student: from teachers, clips and a task to a policy file, resumable at any epoch."""

from __future__ import annotations

from typing import Sequence

from hot.distillation.agent import student_of
from hot.distillation.config import DistillationConfig
from hot.distillation.teachers import Teacher, views_of
from hot.policies import Policy
from hot.progress import Progress, silent
from hot.runs import Run
from hot.tracking.config import TaskConfig
from hot.training import Method, TeacherData, train_teacher
from hot.training.config import PpoConfig


def distill_student(  # noqa: PLR0913  a training, and who teaches it how
    data: TeacherData,
    teachers: Sequence[Teacher],
    task: TaskConfig,
    ppo: PpoConfig,
    distillation: DistillationConfig,
    run: Run,
    seed: int,
    *,
    resume: bool = False,
    progress: Progress = silent,
) -> Policy:
    """Train one policy to do what each of several teachers does, and then better; otherwise as
    :func:`hot.training.train_teacher`.

    Args:
        teachers: who teach every object and skill of ``data.motions``, each of those once.
        task: the student's; its observation may differ from the teachers', its actions may not.

    Raises:
        ConfigError: the teachers do not fit the data or the task, or as for a teacher.
        BadFileError: as for a teacher.
        KeyboardInterrupt: on Ctrl-C, after the epoch in progress was finished and saved.
    """
    method = Method(student_of(teachers, distillation), views_of(teachers, task))
    return train_teacher(data, task, ppo, run, seed, resume=resume, progress=progress, method=method)
