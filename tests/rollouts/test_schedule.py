"""Clips are dealt to worlds one after another: none is left out, none overlaps, and few worlds idle."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from hot.rollouts.schedule import enough_worlds, schedule

LENGTHS = st.lists(st.integers(1, 300), min_size=1, max_size=60).map(torch.tensor)
CPU = torch.device("cpu")


@given(LENGTHS, st.integers(1, 20))
def test_a_world_tracks_one_clip_at_a_time_and_every_clip_once(lengths, worlds):
    plan = schedule(lengths, worlds)
    busy = torch.zeros(plan.steps, worlds, dtype=torch.long)
    begun = []
    for step, (clips, chosen) in enumerate(plan.starts(CPU)):
        for clip, world in zip(clips.tolist(), chosen.tolist()):
            assert step % 4 == 0
            busy[step : step + int(lengths[clip]), world] += 1
            begun.append(clip)
    assert sorted(begun) == list(range(len(lengths)))
    assert busy.max() == 1 and busy.sum() == lengths.sum() and busy[-1].any()
    beats = 4 * (-(-lengths // 4))
    assert worlds * plan.steps <= beats.sum() + beats.max() * (worlds - 1)  # Graham's bound


@given(LENGTHS, st.integers(1, 20))
def test_worlds_that_are_enough_are_as_busy_as_the_longest_clip_allows(lengths, most):
    worlds = enough_worlds(lengths, most)
    assert 1 <= worlds <= min(most, len(lengths))
    bound = torch.ceil(lengths.sum() / (lengths.max() * most)) * lengths.max()
    assert lengths.sum() <= worlds * bound  # so a perfect schedule ends as soon as with ``most``
    assert worlds == 1 or lengths.sum() > (worlds - 1) * bound  # and with fewer it does not


def test_clips_by_hand():
    plan = schedule(torch.tensor([2, 9, 6, 7]), 2)
    assert plan.world.tolist() == [0, 0, 1, 1] and plan.begin.tolist() == [12, 0, 0, 8] and plan.steps == 15
    assert [clips.tolist() for clips, _ in plan.starts(CPU)][:9] == [[1, 2], [], [], [], [], [], [], [], [3]]
    assert enough_worlds(torch.tensor([5, 5, 5, 5]), 3) == 2
    assert enough_worlds(torch.tensor([10, 4, 3, 3]), 3) == 2
