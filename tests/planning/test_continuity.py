"""Measures of breaks in motions, against breaks that were put there."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hot import rotations
from hot.motions import SKILLS as KNOWN
from hot.planning.bench import bench_generation
from hot.planning.config import PlanningConfig
from hot.planning.continuity import flight_deviation, jumps
from hot.planning.generate import SKILLS


@pytest.fixture
def flying(hover):
    """Every clip's object flies off at 1 m/s."""
    time = torch.arange(40).repeat(4)[:, None] / 60.0
    pos = torch.cat([time, 0 * time, 2.0 - 4.905 * time**2], dim=1)
    return replace(hover, object_pos_w=pos, contact=torch.zeros_like(hover.contact)).with_velocities()


def test_a_parabola_has_no_deviation_and_a_bump_in_it_has_its_height(flying):
    assert flight_deviation(flying) == pytest.approx(0.0, abs=1e-3)
    pos = flying.object_pos_w.clone()
    pos[20, 1] += 0.005
    assert flight_deviation(replace(flying, object_pos_w=pos)) == pytest.approx(5.0, rel=0.06)


def test_without_a_flight_there_is_nothing_to_deviate(hover):
    assert flight_deviation(hover) is None


def test_steady_motion_is_no_jump_however_fast(flying):
    quick = replace(flying, object_pos_w=torch.arange(160.0)[:, None] * torch.tensor([0.05, 0.0, 0.0]))
    jump, turn = jumps(quick)
    assert jump < 5e-4 and turn < 0.1  # the wrist's own arc


def test_a_jump_has_its_size_and_the_borders_of_clips_are_none(hover):
    pos, quat = hover.object_pos_w.clone(), hover.object_quat_w.clone()
    pos[40:] += 5.0  # the second clip lies elsewhere
    pos[50:] += torch.tensor([0.03, 0.0, 0.0])
    tilt = rotations.from_axis_angle(torch.tensor([1.0, 0.0, 0.0]), torch.tensor(0.2))
    quat[90:] = rotations.multiply(tilt, quat[90:])
    jump, turn = jumps(replace(hover, object_pos_w=pos, object_quat_w=quat))
    assert jump == pytest.approx(0.03, abs=1e-4)
    assert turn == pytest.approx(torch.rad2deg(torch.tensor(0.2)).item(), abs=0.1)


def test_the_bench_counts_the_frames_that_it_plans(allegro, bottle):
    report = bench_generation(allegro, bottle, "move", 5, PlanningConfig())
    assert (report.hand, report.object, report.skill, report.clips) == ("allegro", "Bottle", "move", 5)
    assert report.frames > 5 * 60
    assert report.frames_per_s == pytest.approx(report.frames / report.seconds)


def test_there_is_a_planner_for_every_skill():
    assert set(SKILLS) == {skill.name for skill in KNOWN}
