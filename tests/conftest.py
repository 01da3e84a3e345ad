"""Shared facts and small motions, made without synthesis so that a broken planner fails its own tests only."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from dataclasses import replace
from typing import Any, Iterator, Sequence

with contextlib.suppress(ImportError):
    importlib.import_module("isaacgym.gymapi")  # Isaac Gym refuses to be imported after torch

import pytest
import torch
from hypothesis import settings

from hot import rotations
from hot.hands import HandSpec, Kinematics, load_hand
from hot.motions import Motions
from hot.motions.clips import FRAME_FIELDS
from hot.objects import ObjectSpec, load_object

FRAMES = 40
_LACKS_MUJOCO = importlib.util.find_spec("mujoco") is None  # as on Python 3.8


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is marked."""
    if _LACKS_MUJOCO and item.get_closest_marker("mujoco"):
        pytest.skip("MuJoCo is not installed")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    """Where there is no MuJoCo, a test that turns out to need it is skipped, and says so."""
    outcome: Any = yield
    if _LACKS_MUJOCO and call.excinfo is not None and _is_for_mujoco(call.excinfo.value):
        report = outcome.get_result()
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, "Skipped: MuJoCo is not installed")


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """The same for files that import it at their top."""
    outcome: Any = yield
    report = outcome.get_result()
    if _LACKS_MUJOCO and report.failed and "No module named 'mujoco'" in str(report.longrepr):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, "Skipped: MuJoCo is not installed")
        report.result = []


def _is_for_mujoco(error: BaseException) -> bool:
    return "No module named 'mujoco'" in str(error) or "MuJoCo cannot be imported" in str(error)


# A busy machine is no failure: properties are judged by what they say, not by how long an example takes.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def allegro() -> HandSpec:
    return load_hand("allegro")


@pytest.fixture(scope="session")
def bottle() -> ObjectSpec:
    return load_object("Bottle")


def standing(spec: ObjectSpec) -> tuple:
    """Position and orientation of an object that stands on the table with its y axis up."""
    quat = torch.tensor([0.5**0.5, 0.5**0.5, 0.0, 0.0])
    lowest = min(
        float(rotations.rotate(quat, torch.as_tensor(part, dtype=torch.float32))[:, 2].min()) for part in spec.parts
    )
    return torch.tensor([0.0, 0.0, -lowest]), quat


def hover_motions(hand: HandSpec, spec: ObjectSpec, clips: int = 4) -> Motions:
    """The hand travels in an arc beside a standing object without touching it: one free-move clip each."""
    pos, quat = standing(spec)
    total = clips * FRAMES
    phase = torch.linspace(0, 1, FRAMES).repeat(clips)
    offset = torch.arange(clips).repeat_interleave(FRAMES) * 0.05
    joint_pos = torch.zeros(total, hand.num_joints)
    joint_pos[:, 6:] = hand.open_fingers
    joint_pos[:, 0] = 0.3 + offset + 0.05 * torch.sin(3.0 * phase)
    joint_pos[:, 2] = 0.4 + 0.05 * phase
    joint_pos[:, 5] = 0.3 * phase
    kinematics = Kinematics(hand)
    motions = Motions(
        hand=hand.name,
        joint_names=tuple(hand.joint_names),
        key_bodies=tuple(hand.key_bodies),
        fps=60.0,
        objects=(spec.name,),
        skills=("freemove",),
        clip_start=torch.arange(clips + 1) * FRAMES,
        clip_object=torch.zeros(clips, dtype=torch.long),
        clip_skill=torch.zeros(clips, dtype=torch.long),
        clip_grasp=torch.full((clips,), -1),
        clip_rest=torch.full((clips,), -1),
        joint_pos=joint_pos,
        joint_vel=torch.zeros_like(joint_pos),
        command=joint_pos.clone(),
        key_pos_w=kinematics.key_points(kinematics.forward(joint_pos)),
        object_pos_w=pos.repeat(total, 1),
        object_quat_w=quat.repeat(total, 1),
        object_linvel_w=torch.zeros(total, 3),
        object_angvel_w=torch.zeros(total, 3),
        contact=torch.zeros(total, dtype=torch.int8),
        meta={},
    )
    return motions.with_velocities()


def shortened(motions: Motions, lengths: Sequence[int]) -> Motions:
    """The first clips, each cut after so many frames."""
    first = motions.clip_start.tolist()
    frames = torch.cat([start + torch.arange(length) for start, length in zip(first, lengths)])
    starts = torch.tensor([0, *lengths]).cumsum(0)
    chosen = {name: getattr(motions, name)[frames] for name in FRAME_FIELDS}
    return replace(motions.select(range(len(lengths))), clip_start=starts, **chosen)


@pytest.fixture(scope="session")
def hover(allegro: HandSpec, bottle: ObjectSpec) -> Motions:
    return hover_motions(allegro, bottle)
