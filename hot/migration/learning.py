"""Commands that train: a teacher, or a student of several teachers."""

from __future__ import annotations

from pathlib import PurePosixPath

from hot.migration.draft import Draft
from hot.migration.facts import LARGE_NETWORK
from hot.migration.flags import Given, Kind, number
from hot.migration.subject import REFINED, Subject, put_clips, put_objects, put_skills

_RECIPE = (
    "Reward, networks and PPO are those of presets/, not of upstream's YAML files: --dry-run prints them, "
    "--set changes them."
)


def write_training(draft: Draft, given: Given, subject: Subject) -> None:
    """``hot train teacher``."""
    draft.put("hot", "train", "teacher", "--hand", subject.hand)
    path = given.text("motion_file")
    alone = len(subject.objects) == 1
    put_objects(draft, subject, bool(path) and alone)
    draft.put("--stage", str(subject.stage))
    put_skills(draft, subject, path)
    put_clips(draft, path, alone)
    _put_learning(draft, given)
    if "use_delta_action" not in given and "use_res_action" not in given:
        draft.note("Actions are residuals on the reference; upstream's absolute ones: --set action.mode=absolute.")


def write_distillation(draft: Draft, given: Given, subject: Subject) -> None:
    """``hot distill``."""
    draft.put("hot", "distill", "--hand", subject.hand)
    planned, refined = given.text("motion_file"), given.text("refined_motion_file", "None")
    put_objects(draft, subject, bool(planned))
    put_skills(draft, subject, planned)
    put_clips(draft, planned)
    if refined not in ("None", planned):
        draft.put("--refined", f"{REFINED}/{subject.hand}")
        draft.note(f"{REFINED}/{subject.hand} is where hot export refined writes; it takes the place of {refined}.")
    draft.note(
        "Teachers are each object's newest run, else its policy, not the files of the YAML's teacherPolicy; "
        "--teacher [NAMES=]PATH names others."
    )
    if not given.texts("objnames"):
        draft.note("Objects are those of upstream's YAML as released; put yours in --object.")
    _put_learning(draft, given)


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
