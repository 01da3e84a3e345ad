"""Laws of the measures of diversity."""

from __future__ import annotations

import math

import pytest
import torch

from hot.hands import load_hand
from hot.objects import load_object
from hot.synthesis import GraspConfig, load_grasps, load_resting
from hot.synthesis.bench import bench_grasps
from hot.synthesis.config import JUDGING_PHYSICS
from hot.synthesis.diversity import _joint_entropy, diversity, even_directions


def test_one_grasp_repeated_is_less_different_than_many():
    hand, box, grasps = load_hand("allegro"), load_object("Box"), load_grasps("allegro", "Box")
    many, one = diversity(grasps, hand, box), diversity(grasps.select(torch.zeros(64, dtype=torch.long)), hand, box)
    assert one.wrist_spread == pytest.approx(1 / 32) and one.joint_entropy == pytest.approx(0, abs=1e-6)
    assert many.wrist_spread > one.wrist_spread and many.joint_entropy > 0.3
    assert many.contact_coverage >= one.contact_coverage


def test_an_even_spread_of_joints_has_all_the_entropy():
    even = (torch.arange(100) + 0.5)[:, None] / 100
    assert _joint_entropy(even, torch.zeros(1), torch.ones(1)) == pytest.approx(1.0, abs=1e-6)
    half = 0.5 * even
    assert _joint_entropy(half, torch.zeros(1), torch.ones(1)) == pytest.approx(math.log10(5), abs=1e-6)


def test_directions_are_unit_and_even():
    directions = even_directions(32)
    assert directions.norm(dim=-1) == pytest.approx(torch.ones(32), abs=1e-6)
    assert directions.mean(0).norm() < 0.02
    apart = (directions @ directions.T).fill_diagonal_(-1).amax(1).acos()
    assert float(apart.max() / apart.min()) < 1.6


@pytest.mark.slow
def test_the_bench_counts_what_passes():
    config = GraspConfig(candidates=32, seeds=3.0)
    hand, box = load_hand("allegro"), load_object("Box")
    report = bench_grasps(hand, box, load_resting("Box"), config, JUDGING_PHYSICS, 1, 1)
    assert report.candidates == 32 and 0 < report.grasps <= 32
    assert 0 < report.pass_rate <= 1 and report.penetration_mm < 2.0
