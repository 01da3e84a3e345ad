"""Upstream's other programs: the planner of motions, the search for grasps, and what needs no counterpart."""

from __future__ import annotations

from typing import Mapping, Sequence

from hot.migration.draft import Draft, Translation
from hot.migration.facts import BUNDLE, MESH_CODES
from hot.migration.flags import Flag, Flags, Gap, Given, Kind, differs, lacks, to
from hot.migration.machine import put_environment
from hot.migration.shell import ShellCommand
from hot.migration.subject import Subject, put_objects, spelled

_SEARCH = Flag(Kind.TEXT, {"any": lacks("grasps are found by another search (docs/grasps.md): --set grasp.KEY=VALUE")})
_ROOT = Flag(Kind.TEXTS, {"any": lacks("upstream's own driver fails on it; here hands move in the world's frame")})

PLANNER: Flags = {
    "obj_name": Flag(Kind.TEXT),
    "hand_model": Flag(Kind.TEXT),
    "asset_path": Flag(Kind.TEXT),
    "rotation_path": Flag(
        Kind.TEXT, {"any": differs("Resting poses are those that ship or that hot objects add found.")}
    ),
    "headless": Flag(Kind.SWITCH),
    "folder_name": Flag(Kind.TEXT),
    "root_pos": _ROOT,
    "root_quat": _ROOT,
}
SEARCH: Flags = {
    "object_code_list": Flag(Kind.TEXTS),
    "batch_size": Flag(Kind.WHOLE, {"any": to("--count {}", "--count is of grasps that hold, not of attempts.", 1)}),
    "seed": Flag(Kind.WHOLE, {"any": to("--seed {}", least=1)}),
    "gpu": Flag(Kind.TEXT),
    "name": Flag(Kind.TEXT),
    **dict.fromkeys(
        [
            "n_contact",
            "n_iter",
            "switch_possibility",
            "mu",
            "step_size",
            "stepsize_period",
            "starting_temperature",
            "annealing_period",
            "temperature_decay",
            "w_dis",
            "w_pen",
            "w_prior",
            "w_joints",
            "w_spen",
            "jitter_strength",
            "distance_lower",
            "distance_upper",
            "theta_lower",
            "theta_upper",
            "thres_fc",
            "thres_dis",
            "thres_pen",
        ],
        _SEARCH,
    ),
}
VALIDATION: Flags = {
    "object_code": Flag(Kind.TEXT),
    **dict.fromkeys(
        ["val_batch", "gpu", "mesh_path", "grasp_path", "result_path", "penetration_threshold", "index", "no_force"],
        Flag(Kind.MAYBE),
    ),
}

IDLE_PROGRAMS: Mapping[str, str] = {
    "read_pt.py": "clips always hold key bodies.",
    "change_position.py": "the table is at height 0, and upstream's raised clips are lowered when they are read.",
    "data_dexgrasp_mano.py": "hot grasps find writes what hot data generate reads.",
    "data_dexgrasp_shad.py": "hot grasps find writes what hot data generate reads.",
    "data_dexgrasp_alle.py": "hot grasps find writes what hot data generate reads.",
    "free_drop.py": "resting poses ship, or hot objects add finds them; hot objects show NAME lists them.",
    "free_drop_test.py": "resting poses ship, or hot objects add finds them; hot objects show NAME lists them.",
    "free_drop_special.py": "resting poses ship, or hot objects add finds them; hot objects show NAME lists them.",
    "visualize_result.py": "grasps that hold are kept without being looked at; hot grasps list tells of them.",
    "app.py": "grasps that hold are kept without being looked at; hot grasps list tells of them.",
    "conda": "any virtual environment does; make setup makes one.",
    "git": "nothing of upstream's is needed.",
    "unzip": "nothing is to be unpacked.",
    "cd": "commands run in any folder; data/ and runs/ are below it.",
    "mkdir": "folders are made as they are needed.",
}
"""Programs for which nothing is to be done, and why."""


def translate_planner(command: ShellCommand, words: Sequence[str]) -> Translation:
    """``hop_data_generator.py``: motions of one object."""
    draft, given = Draft(command, "plan"), Given(PLANNER, words)
    if "obj_name" not in given:
        draft.lack("--obj_name", "is missing")
    name = spelled(given.text("obj_name"))
    subject = Subject(given.text("hand_model", "mano"), (name,), 1, BUNDLE)
    draft.put("hot", "data", "generate", "--hand", subject.hand)
    put_objects(draft, subject)
    draft.put("--skill", ",".join(BUNDLE))
    draft.apply(PLANNER, given)
    put_environment(draft)
    return draft.finish()


def translate_search(command: ShellCommand, words: Sequence[str]) -> Translation:
    """``main.py`` of DexGraspNet: grasps of objects."""
    given = Given(SEARCH, words)
    return _of_grasps(command, "find", SEARCH, given, given.texts("object_code_list"))


def translate_validation(command: ShellCommand, words: Sequence[str]) -> Translation:
    """``validate_grasps.py``: do grasps hold?"""
    given = Given(VALIDATION, words)
    return _of_grasps(command, "check", VALIDATION, given, given.texts("object_code"))


def translate_pip(command: ShellCommand, words: Sequence[str]) -> Translation:
    """Whatever upstream installs."""
    draft = Draft(command, "install", words=["hot", "doctor"])
    draft.note("make setup installs what is needed; hot doctor says what is missing and how to mend it.")
    return draft.finish()


def translate_unpacking(command: ShellCommand, words: Sequence[str]) -> Translation:
    """``tar``: Isaac Gym is all that upstream's page unpacks."""
    note = "Nothing is to be done: Isaac Gym is needed for --engine isaacgym alone."
    return Translation(command.source, (), (note,), ())


def translate_download(command: ShellCommand, words: Sequence[str]) -> Translation:
    """``gdown``: upstream's dataset."""
    return Translation(command.source, ("hot data fetch",), (), ())


def idle(command: ShellCommand, program: str) -> Translation:
    """A program for which nothing is to be done."""
    return Translation(command.source, (), (f"Nothing is to be done: {IDLE_PROGRAMS[program]}",), ())


def unknown(command: ShellCommand, flag: str, why: str) -> Translation:
    """What is no command of upstream's."""
    return Translation(command.source, (), (), (Gap(flag, why),))


def _of_grasps(command: ShellCommand, verb: str, flags: Flags, given: Given, codes: Sequence[str]) -> Translation:
    draft = Draft(command, verb)
    names = [MESH_CODES.get(code, spelled(code)) for code in codes]
    draft.put("hot", "grasps", verb, "--hand", "mano")
    if names:
        draft.put("--object", ",".join(names))
    else:
        draft.note("Objects are upstream's list in the program; name them with --object.")
    draft.apply(flags, given)
    put_environment(draft)
    return draft.finish()
