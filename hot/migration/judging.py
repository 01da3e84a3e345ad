"""Commands that run a policy without training it: to judge it, to keep what it does, or to look at clips."""

from __future__ import annotations

from hot.migration.draft import Draft
from hot.migration.flags import Given
from hot.migration.subject import REFINED, Subject, is_open, is_ours, put_clips, put_objects, put_skills

_ACTION_MODES = {"use_delta_action": "delta", "use_res_action": "reference"}
"""What a checkpoint's actions mean, which upstream's files do not say; the first flag counts."""


def write_judgement(draft: Draft, given: Given, subject: Subject) -> None:
    """``hot eval``."""
    draft.put("hot", "eval")
    _put_policy(draft, given)
    _put_judged(draft, given, subject)
    start = given.text("state_init")
    if start.isdigit() and int(start) > 2:
        draft.lack(f"--state_init {start}", "clips are judged from their first frame")
    if "headless" not in given or "save_images" in given:
        _put_video(draft, subject)
        draft.note("Instead of a viewer: a video of the best, the median and the worst clip of each skill.")


def write_look(draft: Draft, given: Given, subject: Subject) -> None:
    """``hot eval`` for its video alone."""
    draft.put("hot", "eval")
    _put_judged(draft, given, subject)
    _put_video(draft, subject)
    draft.note("Instead of a viewer: a video, in which the clip is the ghost; hot data info --png draws our own clips.")


def _put_judged(draft: Draft, given: Given, subject: Subject) -> None:
    """What is judged on which clips."""
    path = given.text("motion_file")
    alone = len(subject.objects) == 1
    draft.put("--hand", subject.hand)
    put_objects(draft, subject, bool(path) and alone)
    put_skills(draft, subject, path)
    put_clips(draft, path, alone)


def _put_video(draft: Draft, subject: Subject) -> None:
    names = [subject.hand, *(name.lower() for name in subject.objects if not is_open(name))]
    draft.put("--video", f"{'_'.join(names[:2])}.mp4")


def write_refinement(draft: Draft, given: Given, subject: Subject) -> None:
    """``hot export refined``."""
    draft.put("hot", "export", "refined", "--hand", subject.hand)
    path, checkpoint = given.text("motion_file"), given.text("checkpoint")
    put_objects(draft, subject, bool(path))
    put_skills(draft, subject, path)
    if is_ours(checkpoint):
        draft.put(checkpoint)
    elif checkpoint:
        draft.note(
            f"{checkpoint} is not rolled out, but the newest run of hand and object, else their policy; "
            "hot policies import makes a policy of it, whose file may be named instead."
        )
    if len(subject.objects) > 1:
        draft.lack("--objnames", "clips are refined object by object; give one command each")
    put_clips(draft, path)
    draft.put("--out", "/".join([REFINED, subject.hand, *(name.lower() for name in subject.objects[:1])]))
    draft.note("Clips hold the commands too; --format upstream writes upstream's files, which have no room for them.")


def _put_policy(draft: Draft, given: Given) -> None:
    checkpoint = given.text("checkpoint")
    if is_ours(checkpoint):
        draft.put("--policy", checkpoint)
    elif checkpoint:
        modes = [mode for flag, mode in _ACTION_MODES.items() if flag in given]
        draft.put("--policy", checkpoint, "--layout", "upstream", "--set", f"action.mode={(*modes, 'absolute')[0]}")
        if is_open(checkpoint):
            draft.note(f"{checkpoint} is to be filled in: upstream's file.")
