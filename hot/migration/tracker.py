"""From a command line of ``hot/run.py`` to ours: to train, to distil, to judge, to refine, or to look at clips."""

from __future__ import annotations

import difflib
from typing import Callable, Dict, Optional, Sequence

from hot.migration.draft import Draft, Translation
from hot.migration.facts import TASKS
from hot.migration.flags import Given
from hot.migration.judging import write_judgement, write_look, write_refinement
from hot.migration.learning import write_distillation, write_training
from hot.migration.machine import put_machine
from hot.migration.shell import ShellCommand
from hot.migration.subject import Subject, read_subject, stage_of
from hot.migration.tracker_flags import FLAGS

_LEARNING = ("precise", "general", "distill")


def translate_tracker(command: ShellCommand, words: Sequence[str], gpus: Optional[str]) -> Translation:
    """The command of ours that does what a command line of ``hot/run.py`` does.

    Args:
        command: the whole of it.
        words: its flags and their values.
        gpus: how many processes a launcher starts, if one does.
    """
    given = Given(FLAGS, words)
    kind = _kind(given)
    draft = Draft(command, kind, ("learn",) if kind in _LEARNING else ())
    if "postproc_hopdata" in given:
        draft.gaps += given.gaps
        draft.note("Nothing is to be done: clips always hold key bodies.")
        return draft.finish()
    _check_task(draft, given)
    subject = read_subject(draft, given)
    _WRITERS[kind](draft, given, subject)
    draft.apply(FLAGS, given)
    put_machine(draft, given, gpus)
    return draft.finish()


def _kind(given: Given) -> str:
    """Of command: the name by which rules of flags are found."""
    purpose = TASKS.get(given.text("task"), "teacher")
    if purpose == "open loop" or "test" in given or "play" in given:
        if "play_dataset" in given:
            return "show"
        return "refine" if "save_refined_data" in given else "judge"
    if purpose == "student":
        return "distill"
    return "general" if stage_of(given) == 2 else "precise"


def _check_task(draft: Draft, given: Given) -> None:
    task = given.text("task")
    purpose = TASKS.get(task)
    if purpose is None:
        nearest = difflib.get_close_matches(task, TASKS, n=1, cutoff=0.5)
        guess = f"; did you mean {nearest[0]}?" if nearest else ""
        draft.lack(f"--task {task}".strip(), f"upstream has no such task{guess}" if task else "is missing")
    elif purpose == "teacher of several":
        draft.note(f"{task} does not run in upstream's release; here a teacher may learn several objects.")
    elif purpose == "base":
        draft.lack(f"--task {task}", "is a base class of upstream's, without motions; take SkillMimicHandRand")
    elif purpose == "open loop":
        draft.note("hot eval judges the open loop beside every policy: its row is what OpenLoop does.")


_WRITERS: Dict[str, Callable[[Draft, Given, Subject], None]] = {
    "precise": write_training,
    "general": write_training,
    "distill": write_distillation,
    "judge": write_judgement,
    "refine": write_refinement,
    "show": write_look,
}
