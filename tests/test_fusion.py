"""Functions as CUDA graphs: the same numbers as without, however often; and what stays as it is on a CPU."""

from __future__ import annotations

import pytest
import torch

from hot.fusion import Replay, fuse

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")


class Counter:
    """Adds what it is given to what it keeps, in place, and counts how often Python ran it."""

    def __init__(self, device: torch.device) -> None:
        self.kept = torch.zeros(3, device=device)
        self.calls = 0

    def add(self, value: torch.Tensor) -> tuple:
        self.calls += 1
        self.kept += value
        return self.kept * 2.0, value.sum()


def test_on_a_cpu_every_call_is_the_function_itself():
    cpu = torch.device("cpu")
    counter = Counter(cpu)
    replay = Replay(counter.add, cpu)
    for number in range(1, 6):
        doubled, total = replay(torch.ones(3))
        assert doubled.tolist() == [2.0 * number] * 3 and float(total) == 3.0
    assert counter.calls == 5


def test_on_a_cpu_or_for_a_few_calls_nothing_is_compiled():
    assert fuse(len, torch.device("cpu")) is len
    assert fuse(len, torch.device("cuda"), often=False) is len


@gpu
def test_a_recorded_function_does_what_it_did_and_leaves_earlier_results_alone():
    device = torch.device("cuda")
    recorded, plain = Counter(device), Counter(device)
    replay, results = Replay(recorded.add, device), []
    for number in range(8):
        value = torch.full((3,), float(number), device=device)
        results.append((replay(value), plain.add(value)))
    for ours, theirs in results:
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs))
    assert recorded.calls < plain.calls
    assert torch.equal(recorded.kept, plain.kept)
