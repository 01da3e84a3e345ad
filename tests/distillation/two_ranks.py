"""What each of two processes runs in ``test_ranks.py``: a small distillation that leaves every rank's end in a file."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hot.distillation import distill_student
from hot.hands import load_hand
from hot.objects import load_object
from hot.runs import Run
from hot.training import TeacherData, teacher
from hot.training.ranks import joined
from tests.distillation import toys
from tests.distillation.test_student import COURSE, new_run
from tests.training.test_teacher import small


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    hand, bottle = load_hand("allegro"), load_object("Bottle")
    data = TeacherData(hand, {"Bottle": bottle}, toys.two_skills(hand, [bottle]))
    teachers = [toys.teacher(hand, number, [("Bottle", skill)]) for number, skill in enumerate(toys.SKILLS)]
    export = teacher.export_policy
    with joined() as ranks:

        def leave_the_end(learner, *rest):
            state = {"model": learner.agent.model.state_dict(), "agent": learner.agent.snapshot()}
            torch.save(state, folder / f"rank{ranks.rank}.pth")
            return export(learner, *rest)

        teacher.export_policy = leave_the_end
        run = new_run(folder / "run") if ranks.leads else Run(folder / "run")
        ranks.wait()
        distill_student(data, teachers, toys.TASK, small(6), COURSE, run, 3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
