"""The parts of a training by themselves: schedules, normalisers, learning curves, advantages."""

from __future__ import annotations

import csv

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hot.errors import BadFileError
from hot.training.config import PpoConfig
from hot.training.metrics import Metrics
from hot.training.normaliser import absorb
from hot.training.plain import Statistics
from hot.training.ranks import ALONE
from hot.training.schedules import make_schedule

CPU = torch.device("cpu")


@pytest.mark.parametrize(("kl", "rate"), [(0.033, 1e-3 / 1.5), (0.031, 1e-3), (0.009, 1e-3), (0.007, 1.5e-3)])
def test_the_adaptive_rate_follows_the_divergence(kl, rate):
    schedule = make_schedule(PpoConfig(learning_rate=1e-3, kl_threshold=0.016), CPU)
    schedule.after_epoch(torch.tensor(kl))
    assert float(schedule.rate) == pytest.approx(rate)


@pytest.mark.parametrize(("kl", "bound"), [(1.0, 1e-6), (0.0, 1e-2)])
def test_the_adaptive_rate_has_bounds(kl, bound):
    schedule = make_schedule(PpoConfig(), CPU)
    for _ in range(40):
        schedule.after_epoch(torch.tensor(kl))
    assert float(schedule.rate) == pytest.approx(bound)


def test_the_linear_rate_falls_to_the_lowest_and_ignores_the_divergence():
    schedule = make_schedule(PpoConfig(learning_rate=1e-3, schedule="linear"), CPU)
    rates = []
    for share in (0.0, 0.25, 1.0):
        schedule.start_epoch(share)
        schedule.after_epoch(torch.tensor(1.0))
        rates.append(float(schedule.rate))
    assert rates == pytest.approx([1e-3, 7.5e-4, 1e-6])


@given(st.lists(st.integers(2, 50), min_size=1, max_size=4), st.integers(0, 1000))
def test_statistics_of_parts_are_those_of_the_whole(sizes, seed):
    generator = torch.Generator().manual_seed(seed)
    parts = [3.0 + 2.0 * torch.randn(size, 2, generator=generator) for size in sizes]
    statistics = Statistics(2, CPU)
    statistics.count.zero_()
    for part in parts:
        absorb(statistics, part, ALONE)
    whole = torch.cat(parts).double()
    torch.testing.assert_close(statistics.running_mean, whole.mean(0), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(statistics.running_var, whole.var(0, unbiased=False), rtol=1e-4, atol=1e-5)
    assert float(statistics.count) == len(whole)


def rows(path) -> list:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_learning_curves_have_a_row_an_epoch(tmp_path):
    metrics = Metrics(tmp_path / "m.csv", 0)
    for epoch in (1, 2):
        metrics.add(epoch, {"track/reward": 0.25 * epoch, "perf/samples": 1e6})
    assert rows(tmp_path / "m.csv") == [
        {"epoch": "1", "track/reward": "0.25", "perf/samples": "1000000"},
        {"epoch": "2", "track/reward": "0.5", "perf/samples": "1000000"},
    ]


def test_learning_curves_go_on_after_the_restored_epoch(tmp_path):
    path = tmp_path / "m.csv"
    first = Metrics(path, 0)
    for epoch in range(1, 6):
        first.add(epoch, {"reward": 0.0})
    path.write_text(path.read_text() + "6")  # a process that was killed while it wrote
    Metrics(path, 3).add(4, {"reward": 1.0, "new": 2.0})
    assert [(row["epoch"], row["reward"], row["new"]) for row in rows(path)] == [
        ("1", "0", ""), ("2", "0", ""), ("3", "0", ""), ("4", "1", "2"),
    ]  # fmt: skip
    Metrics(path, 0).add(1, {"reward": 5.0})
    assert [row["reward"] for row in rows(path)] == ["5"]


def test_learning_curves_that_cannot_be_written_are_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match=r"m\.csv"):
        Metrics(tmp_path / "file" / "m.csv", 0).add(1, {"reward": 1.0})
