from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, multinomial

from hot.intervals import paired_means, paired_rates, wilson


def test_wilson_of_eight_in_ten_by_hand():
    # z^2 = 3.8415: centre (0.8 + 0.19207) / 1.38415 = 0.71674;
    # half 1.95996 sqrt(0.016 + 0.0096036) / 1.38415 = 0.22658
    assert wilson(8, 10) == pytest.approx((0.8, 0.49016, 0.94332), abs=1e-5)


def test_wilson_at_the_ends_by_hand():
    # no success in n: upper end z^2 / (n + z^2) = 3.84146 / 13.84146
    assert wilson(0, 10) == pytest.approx((0.0, 0.0, 0.27753), abs=1e-5)
    assert wilson(10, 10) == pytest.approx((1.0, 0.72247, 1.0), abs=1e-5)


def test_wilson_without_clips_knows_nothing():
    rate, low, high = wilson(0, 0)
    assert math.isnan(rate) and (low, high) == (0.0, 1.0)


@given(clips=st.integers(1, 2000), data=st.data())
def test_wilson_contains_its_rate_and_stays_in_range(clips, data):
    rate, low, high = wilson(data.draw(st.integers(0, clips)), clips)
    assert 0.0 <= low <= rate <= high <= 1.0 and low < high


def test_paired_rates_by_hand():
    # 4 gained, 1 lost of 10: up 5/12, down 2/12, difference 0.25, variance (7/12 - 1/16) / 12 = 0.0434028
    first = [True] * 4 + [False] + [True] * 5
    second = [False] * 4 + [True] + [True] * 5
    assert paired_rates(first, second) == pytest.approx((0.3, 0.25 - 0.408327, 0.25 + 0.408327), abs=1e-4)


def test_paired_rates_that_agree_still_have_a_width():
    value, low, high = paired_rates([True] * 10, [True] * 10)
    assert value == 0.0 and low < 0.0 < high


def test_paired_means_by_hand():
    # differences 1, 2, 3: mean 2, sd 1, t(2) = 4.30265, half 4.30265 / sqrt 3
    assert paired_means([2, 3, 4], [1, 1, 1]) == pytest.approx((2.0, 2 - 2.48414, 2 + 2.48414), abs=1e-4)


def test_paired_means_leave_out_pairs_that_are_not_finite():
    assert paired_means([2, 3, 4, math.inf], [1, 1, 1, 1]).value == pytest.approx(2.0)


def test_one_pair_has_no_finite_interval():
    assert paired_means([2.0], [1.0]) == (1.0, -math.inf, math.inf)


@given(clips=st.integers(20, 200), rate=st.floats(0.1, 0.9))
def test_wilson_covers_the_true_rate_in_closed_form(clips, rate):
    """Its coverage swings about 95 %: no rate away from the ends falls below 91 %."""
    counts = range(clips + 1)
    covers = [wilson(count, clips).low <= rate <= wilson(count, clips).high for count in counts]
    assert sum(binom.pmf(count, clips, rate) for count in counts if covers[count]) > 0.91


@pytest.mark.parametrize("gained, lost", [(0.1, 0.1), (0.2, 0.05), (0.02, 0.02), (0.3, 0.3), (0.0, 0.1)])
def test_paired_rates_cover_the_true_difference_in_closed_form(gained, lost):
    """All ways in which 40 pairs can fall, each with its probability."""
    clips, covered = 40, 0.0
    for up in range(clips + 1):
        for down in range(clips + 1 - up):
            both = clips - up - down
            first, second = [True] * up + [False] * down, [False] * up + [True] * down
            _, low, high = paired_rates(first + [True] * both, second + [True] * both)
            if low <= gained - lost <= high:
                covered += float(multinomial.pmf([up, down, both], clips, [gained, lost, 1 - gained - lost]))
    assert covered > 0.93
