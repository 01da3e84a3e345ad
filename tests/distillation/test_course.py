"""Laws of the course: who acts and what counts, as closed forms of how much of the training is done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hot.distillation.config import DistillationConfig
from hot.distillation.course import Course, Weights

CONFIG = DistillationConfig(
    guided=0.1, handover=0.5, warm_up=0.1, explained_epochs=2, annealing=0.2, cloning=2.0, cloning_floor=0.25
)


def at(share: float, course=None) -> Course:
    course = course or Course(CONFIG)
    course.start_epoch(share)
    return course


@pytest.mark.parametrize(("share", "beta"), [(0.0, 1.0), (0.1, 1.0), (0.2, 0.75), (0.4, 0.25), (0.5, 0.0), (1.0, 0.0)])
def test_the_odds_of_a_teacher_fall_on_a_straight_line(share, beta):
    assert at(share).beta == pytest.approx(beta)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_odds_and_clock_never_go_back(first, second):
    course = at(first)
    before = course.beta
    assert at(second, course).beta <= before
    assert course.beta == pytest.approx(at(max(first, second)).beta)


def test_cloning_comes_first_alone_then_with_the_critic():
    assert (at(0.49).phase, at(0.49).weights) == ("cloning", Weights(2.0, 0.0, 0.0))
    half = at(0.55)
    assert half.phase == "warming up" and half.weights.critic == pytest.approx(0.5)
    assert (half.weights.cloning, half.weights.policy) == (2.0, 0.0)
    assert at(0.9).weights == Weights(2.0, 1.0, 0.0)


def test_rewards_wait_for_a_critic_that_explains_enough_for_some_epochs_in_a_row():
    course = at(0.55)
    for explained in (0.9, 0.9):  # still warming up
        course.after_epoch(explained)
    at(0.7, course)
    for explained in (0.5, 0.6):
        course.after_epoch(explained)
        assert course.phase == "warming up"
    for explained in (0.6, -1.0):
        course.after_epoch(explained)
        assert course.phase == "reinforcing"


def test_once_rewards_count_cloning_falls_to_its_floor_as_they_rise():
    course = at(0.7)
    for _ in range(2):
        course.after_epoch(1.0)
    for share, risen in ((0.7, 0.0), (0.75, 0.25), (0.8, 0.5), (0.9, 1.0), (1.0, 1.0)):
        weights = at(share, course).weights
        assert weights.policy == pytest.approx(risen) and weights.critic == 1.0
        assert weights.cloning == pytest.approx(2.0 - risen * (2.0 - 2.0 * 0.25))


def test_a_longer_training_goes_on_where_it_was():
    course = at(0.7)
    for _ in range(2):
        course.after_epoch(1.0)
    end = at(1.0, course).weights
    assert at(0.3, course).weights == end and course.phase == "reinforcing"


def test_a_restored_course_is_the_same():
    course = at(0.7)
    course.after_epoch(1.0)
    other = Course(CONFIG)
    other.restore(course.snapshot())
    assert other.snapshot() == course.snapshot()
    other.after_epoch(1.0)
    course.after_epoch(1.0)
    assert other.phase == "reinforcing" and at(0.8, other).weights == at(0.8, course).weights


def test_a_handover_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValidationError, match=r"guided = 0\.3 must come before handover = 0\.2"):
        DistillationConfig(guided=0.3, handover=0.2)
