"""What each of two processes runs in ``test_ranks.py``: a small training that leaves every rank's model in a file."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from hot.hands import load_hand
from hot.objects import load_object
from hot.runs import Run
from hot.training import TeacherData, teacher, train_teacher
from hot.training.ranks import joined
from tests.conftest import hover_motions
from tests.training.test_teacher import TASK, new_run, small


def main(folder: Path, epochs: int, resume: bool) -> None:
    torch.set_num_threads(1)
    hand, bottle = load_hand("allegro"), load_object("Bottle")
    data = TeacherData(hand, {"Bottle": bottle}, hover_motions(hand, bottle))
    export = teacher.export_policy
    with joined() as ranks:

        def leave_the_model(learner, *rest):
            state = {"model": learner.agent.model.state_dict(), "worlds": learner.env.observation}
            torch.save(state, folder / f"rank{ranks.rank}.pth")
            return export(learner, *rest)

        teacher.export_policy = leave_the_model
        path = folder / "run"
        run = new_run(path) if ranks.leads and not resume else Run(path)
        ranks.wait()
        train_teacher(
            data, TASK, small(epochs), run, 3, resume=resume, progress=lambda what, done, *_: print(done, flush=True)
        )


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "resume")
    except KeyboardInterrupt:
        sys.exit(130)
