"""From a command line of ``hot/run.py`` to ours: to train, to distil, to judge, to refine, or to look at clips."""

from __future__ import annotations

import difflib
from pathlib import PurePosixPath
from typing import Callable, Dict, Optional, Sequence

from hot.migration.abilities import Abilities
from hot.migration.draft import Draft, Translation
from hot.migration.facts import BUNDLE, LARGE_NETWORK, TASKS
from hot.migration.flags import Given, Kind, number
from hot.migration.machine import put_machine
from hot.migration.shell import ShellCommand
from hot.migration.subject import Subject, is_open, is_ours, put_objects, put_skills, read_subject
from hot.migration.tracker_flags import FLAGS

_RECIPE = (
    "Reward, networks and PPO are those of presets/, not of upstream's YAML files: --dry-run prints them, "
    "--set changes them."
)
_STALE = "does not run in upstream's release either; hot distill makes one policy of several objects"
_REFINED = "data/refined"


def translate_tracker(
    command: ShellCommand, words: Sequence[str], gpus: Optional[str], abilities: Abilities
) -> Translation:
    """The command of ours that does what a command line of ``hot/run.py`` does.

    Args:
        command: the whole of it.
        words: its flags and their values.
        gpus: how many processes a launcher starts, if one does.
        abilities: what our commands can read.
    """
    given = Given(FLAGS, words)
    kind = _kind(given)
    draft = Draft(command, kind, ("learn",) if kind in _LEARNING else ())
    if "postproc_hopdata" in given:
        draft.note("Nothing is to be done: clips always hold key bodies.")
        return draft.finish()
    _check_task(draft, given)
    subject = read_subject(draft, given)
    _WRITERS[kind](draft, given, subject, abilities)
    if kind != "show":
        draft.apply(FLAGS, given)
        put_machine(draft, given, gpus)
    else:
        draft.gaps += given.gaps
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
    return "general" if read_subject(Draft(_NOWHERE, ""), given).stage == 2 else "precise"


_NOWHERE = ShellCommand({}, (), "")
_LEARNING = ("precise", "general", "distill")


def _check_task(draft: Draft, given: Given) -> None:
    task = given.text("task")
    purpose = TASKS.get(task)
    if purpose is None:
        nearest = difflib.get_close_matches(task, TASKS, n=1, cutoff=0.5)
        guess = f"; did you mean {nearest[0]}?" if nearest else ""
        draft.lack(f"--task {task}".strip(), f"upstream has no such task{guess}" if task else "is missing")
    elif purpose == "stale":
        draft.lack(f"--task {task}", _STALE)
    elif purpose == "base":
        draft.lack(f"--task {task}", "is a base class of upstream's, without motions; take SkillMimicHandRand")
    elif purpose == "open loop":
        draft.note("hot eval judges the open loop beside every policy: its row is what OpenLoop does.")


def _write_training(draft: Draft, given: Given, subject: Subject, abilities: Abilities) -> None:
    draft.put("hot", "train", "teacher", "--hand", subject.hand)
    put_objects(draft, subject, abilities)
    draft.put("--stage", str(subject.stage))
    put_skills(draft, subject, given.text("motion_file"))
    if len(subject.objects) > 1:
        draft.lack("--objnames", "a teacher learns one object; hot distill makes one policy of several teachers")
    _put_clips(draft, given.text("motion_file"), abilities)
    _put_learning(draft, given)
    if "use_delta_action" not in given and "use_res_action" not in given:
        draft.note("Actions are residuals on the reference; upstream's absolute ones: --set action.mode=absolute.")


def _write_distillation(draft: Draft, given: Given, subject: Subject, abilities: Abilities) -> None:
    draft.put("hot", "distill", "--hand", subject.hand)
    put_objects(draft, subject, abilities)
    put_skills(draft, subject, given.text("motion_file"))
    planned, refined = given.text("motion_file"), given.text("refined_motion_file", "None")
    _put_clips(draft, planned, abilities)
    if refined not in ("None", planned):
        draft.put("--refined", f"{_REFINED}/{subject.hand}")
        draft.note(f"{_REFINED}/{subject.hand} is where hot export refined writes; it takes the place of {refined}.")
    draft.note(
        "Teachers are each object's newest run, else its policy, not the files of the YAML's teacherPolicy; "
        "--teacher [NAMES=]PATH names others."
    )
    if not given.texts("objnames"):
        draft.note("Objects are those of upstream's YAML as released; put yours in --object.")
    _put_learning(draft, given)


def _write_judgement(draft: Draft, given: Given, subject: Subject, abilities: Abilities) -> None:
    draft.put("hot", "eval")
    _put_policy(draft, given.text("checkpoint"), abilities)
    draft.put("--hand", subject.hand)
    put_objects(draft, subject, abilities)
    put_skills(draft, subject, given.text("motion_file"))
    if len(subject.objects) == 1:
        _put_clips(draft, given.text("motion_file"), abilities, "held-out ones, of grasps that no training saw")
    if given.text("state_init").isdigit() and int(given.text("state_init")) > 2:
        draft.lack(f"--state_init {given.text('state_init')}", "clips are judged from their first frame")
    if "headless" not in given or "save_images" in given:
        names = [subject.hand, *(name.lower() for name in subject.objects if not is_open(name))]
        draft.put("--video", f"{'_'.join(names[:2])}.mp4")
        draft.note("Instead of a viewer: a video of the best, the median and the worst clip of each skill.")


def _write_refinement(draft: Draft, given: Given, subject: Subject, abilities: Abilities) -> None:
    draft.put("hot", "export", "refined", "--hand", subject.hand)
    put_objects(draft, subject, abilities)
    put_skills(draft, subject, given.text("motion_file"))
    checkpoint = given.text("checkpoint")
    if is_ours(checkpoint):
        draft.put(checkpoint)
    elif checkpoint:
        draft.note(f"{checkpoint} is not rolled out, but the newest run of hand and object, else their policy.")
    if len(subject.objects) > 1:
        draft.lack("--objnames", "clips are refined object by object; give one command each")
    _put_clips(draft, given.text("motion_file"), abilities, "the data folder's, planned there if missing")
    draft.put("--out", f"{_REFINED}/{subject.hand}/{subject.objects[0].lower() if subject.objects else ''}")
    draft.note("Clips hold the commands too; --format upstream writes upstream's files, which have no room for them.")


def _write_look(draft: Draft, given: Given, subject: Subject, abilities: Abilities) -> None:
    path = given.text("motion_file")
    picture = f"{subject.hand}_clips.png"
    draft.note("Instead of a viewer: a picture of some clips at six moments each.")
    if abilities.motions or is_ours(path):
        return draft.put("hot", "data", "info", path, "--png", picture)
    draft.put("hot", "data", "generate", "--hand", subject.hand)
    put_objects(draft, subject, abilities)
    put_skills(draft, subject, path)
    draft.before = list(draft.finish().commands)
    folder = f"data/motions/{subject.hand}/{subject.all_objects.lower()}"
    files = [f"{folder}/{skill}.safetensors" for skill in subject.skills or BUNDLE]
    draft.words = ["hot", "data", "info", *files, "--png", picture]
    return draft.note(f"Clips are the planner's, not those of {path}.")


_WRITERS: Dict[str, Callable[[Draft, Given, Subject, Abilities], None]] = {
    "precise": _write_training,
    "general": _write_training,
    "distill": _write_distillation,
    "judge": _write_judgement,
    "refine": _write_refinement,
    "show": _write_look,
}


def _put_clips(draft: Draft, path: str, abilities: Abilities, ours: str = "those of the data folder") -> None:
    if path and (is_ours(path) or abilities.motions):
        draft.put("--motions", path)
    elif path:
        draft.note(f"Clips are the planner's ({ours}), not those of {path}.")


def _put_policy(draft: Draft, checkpoint: str, abilities: Abilities) -> None:
    if is_ours(checkpoint):
        draft.put("--policy", checkpoint)
    elif checkpoint and abilities.policies:
        draft.put("--policy", checkpoint, "--layout", "upstream")
        if is_open(checkpoint):
            draft.note(f"{checkpoint} is to be filled in: upstream's file.")
    elif checkpoint:
        draft.note(f"{checkpoint} is not judged, but the newest run of hand and object, else their policy.")


def _put_start(draft: Draft, given: Given) -> None:
    """From which run training starts."""
    resumed = given.text("checkpoint") if "resume" in given else ""
    weights = given.text("resume_from") or resumed
    if draft.kind == "general":
        instead = f", not from {weights}" if weights else ""
        draft.note(f"It starts from the newest finished stage-1 run of hand and object{instead}; --from RUN names one.")
    elif weights:
        flag = "--resume_from" if "resume_from" in given else "--resume"
        draft.lack(flag, "upstream's checkpoints cannot be trained on; --from RUN starts from a run of ours")


def _put_learning(draft: Draft, given: Given) -> None:
    """What the training YAML, the names of a run and the flags that need others say."""
    _put_start(draft, given)
    draft.note(_RECIPE)
    if PurePosixPath(given.text("cfg_train")).stem.endswith("large_mlp"):
        draft.put("--set", f"ppo.network.hidden={LARGE_NETWORK}")
    start = given.text("state_init", "Random")
    if start != "Random":
        draft.put("--set", "reset.first_frame_share=1")
        draft.note(f"Episodes start at a clip's first frame, not at frame {start}.")
    if "minibatch_size" in given:
        _put_minibatches(draft, given)
    root, name = given.text("output_path"), given.text("experiment")
    if root or name:
        draft.put("--out", str(PurePosixPath(root or "runs") / name))


def _put_minibatches(draft: Draft, given: Given) -> None:
    """Ours are counted: upstream says how large one is."""
    size, worlds, horizon = (_whole(given, name) for name in ("minibatch_size", "num_envs", "horizon_length"))
    if size and worlds and horizon and worlds * horizon % size == 0:
        return draft.put("--set", f"ppo.minibatches={worlds * horizon // size}")
    why = "minibatches are counted here: it must divide --num_envs times --horizon_length, and all three be given"
    return draft.lack("--minibatch_size", why)


def _whole(given: Given, name: str) -> int:
    return int(number(given.text(name), Kind.WHOLE) or 0)
