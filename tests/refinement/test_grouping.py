"""Clips are rolled out with those of about their length, in groups that keep an engine busy."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from hot.refinement.grouping import alike

LENGTHS = st.lists(st.integers(2, 700), min_size=1, max_size=80).map(torch.tensor)


@given(LENGTHS, st.integers(1, 30), st.integers(1, 30))
def test_every_clip_is_in_one_group_and_groups_are_neither_large_nor_needlessly_small(lengths, least, most):
    groups = alike(lengths, least, most)
    assert torch.cat(groups).sort().values.tolist() == list(range(len(lengths)))
    assert max(map(len, groups)) <= most
    assert min(map(len, groups)) >= min(least, most // 2 + most % 2, len(lengths))


@given(LENGTHS)
def test_where_groups_may_be_small_lengths_differ_by_less_than_a_third(lengths):
    for group in alike(lengths, 1, len(lengths)):
        assert lengths[group].max() < 1.31 * lengths[group].min()


def test_few_clips_join_those_next_to_them():
    lengths = torch.tensor([100, 10, 101, 11, 300, 102, 10])
    assert [group.tolist() for group in alike(lengths, 3, 9)] == [[1, 6, 3], [0, 2, 5, 4]]
    assert [group.tolist() for group in alike(lengths, 1, 2)] == [[1, 6], [3], [0, 2], [5], [4]]
    assert [group.tolist() for group in alike(lengths, 8, 9)] == [[1, 6, 3, 0, 2, 5, 4]]
