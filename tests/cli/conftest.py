import shlex
from dataclasses import dataclass
from inspect import signature
from types import SimpleNamespace
from typing import Any, Callable

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from hot.motions import Motions
from hotcli import choices
from hotcli.app import app

JOINTS = ("x", "y", "z", "rx", "ry", "rz", "finger")
HAND = SimpleNamespace(name="allegro", joint_names=JOINTS, key_bodies=("tip", "wrist"))
BOTTLE = SimpleNamespace(name="Bottle", corners=SimpleNamespace(origin=np.zeros(3)))


@dataclass
class Call:
    """A stage that remembers what it was called with and answers what it is told to."""

    answer: Callable[..., Any]
    args: tuple = ()
    kwargs: dict = None  # type: ignore[assignment]
    count: int = 0

    def __call__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs
        self.count += 1
        return self.answer(*args, **kwargs)


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """An empty working folder, a toy hand and a toy object."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOT_DATA", raising=False)
    monkeypatch.setattr(choices, "load_specs", lambda preset: (HAND, BOTTLE))
    return tmp_path


@pytest.fixture
def hot():
    """Runs a command line, given in pieces, and returns its exit code, standard output and standard error."""

    # Click before 8.2, the last one on Python 3.8, mixes the streams unless told otherwise.
    apart: dict = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}

    def run(*pieces: str):
        return CliRunner(**apart).invoke(app, shlex.split(" ".join(pieces)), prog_name="hot")

    return run


@pytest.fixture
def clip_set():
    """Makes clips of a skill of the toy hand and object: still, but for a wrist and object speed of 1 and 2 m/s."""

    def make(skill: str = "grasp", clips: int = 3, frames: int = 4) -> Motions:
        rows = clips * frames
        numbers = torch.arange(clips)
        return Motions(
            hand="allegro",
            joint_names=JOINTS,
            key_bodies=("tip", "wrist"),
            fps=60.0,
            objects=("Bottle",),
            skills=(skill,),
            clip_start=torch.arange(clips + 1) * frames,
            clip_object=numbers * 0,
            clip_skill=numbers * 0,
            clip_grasp=numbers,
            clip_rest=numbers,
            joint_pos=torch.zeros(rows, 7),
            joint_vel=torch.tensor([1.0, 0, 0, 0, 0, 0, 0]).repeat(rows, 1),
            command=torch.zeros(rows, 7),
            key_pos_w=torch.zeros(rows, 2, 3),
            object_pos_w=torch.zeros(rows, 3),
            object_quat_w=torch.tensor([1.0, 0, 0, 0]).repeat(rows, 1),
            object_linvel_w=torch.tensor([0, 2.0, 0]).repeat(rows, 1),
            object_angvel_w=torch.zeros(rows, 3),
            contact=torch.ones(rows, dtype=torch.int8),
            meta={},
        )

    return make


@pytest.fixture
def planner(monkeypatch, clip_set):
    """Stands in for the planner; answers as many still clips as it is asked for."""
    import hot.planning

    call = Call(lambda hand, object_spec, skill, clips, *rest: clip_set(skill, clips))
    monkeypatch.setattr(hot.planning, "generate", call, raising=False)
    return call


@pytest.fixture
def stages(monkeypatch, planner):
    """Stands in for the planner and for training, which leaves a checkpoint and a policy file."""
    import hot.training

    def trained(data, task, ppo, run, seed, **rest):
        run.checkpoint_path.write_text("checkpoint")
        run.policy_path.write_text("policy")
        run.set_status("finished")

    train = Call(trained)
    monkeypatch.setattr(hot.training, "train_teacher", train)
    return SimpleNamespace(generate=planner, train=train)
