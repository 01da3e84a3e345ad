from __future__ import annotations

import math

import pytest

from hot.errors import UnknownNameError
from hot.evaluation.metrics import frame_errors
from hot.evaluation.skill_rules import skill_success

SKILLS = {
    "grasp": 180,
    "move": 120,
    "place": 220,
    "regrasp": 180,
    "rotate": 120,
    "catch": 100,
    "throw": 50,
    "freemove": 120,
}


def judge(trace, spec):
    return skill_success(trace, frame_errors(trace, spec))


@pytest.mark.parametrize("skill, frames", SKILLS.items())
def test_perfect_trace_of_the_usual_length_succeeds(make_trace, spinner, skill, frames):
    # a roll-out from the first frame has one row fewer than the clip has frames
    verdict = judge(make_trace(skill, frames - 1), spinner)
    assert verdict.success.all() and verdict.judged.all()


@pytest.mark.parametrize("skill", SKILLS)
def test_clips_too_short_for_the_rule_are_not_judged(make_trace, spinner, skill):
    verdict = judge(make_trace(skill, 20), spinner)
    assert not verdict.judged.any() and not verdict.success.any()


@pytest.mark.parametrize("skill, frames", SKILLS.items())
def test_a_non_finite_frame_fails_the_clip(make_trace, spinner, change, skill, frames):
    verdict = judge(change(make_trace(skill, frames), "joint_pos", (frames - 1, 1), math.nan), spinner)
    assert verdict.success.tolist() == [True, False, True] and verdict.judged.all()


def test_unknown_skill_lists_the_known_ones(make_trace, spinner):
    with pytest.raises(UnknownNameError, match="regrasp"):
        judge(make_trace("juggle"), spinner)


@pytest.mark.parametrize("bad, passes", [(59, True), (60, False)])
def test_grasp_needs_more_than_120_good_frames_of_180(make_trace, spinner, change, bad, passes):
    dropped = change(make_trace("grasp", 180), "object_pos_w", (slice(180 - bad, 180), 1), [0.05, 0.0, 0.09])
    assert judge(dropped, spinner).success.tolist() == [True, passes, True]


@pytest.mark.parametrize("velocity, passes", [([0.09, 0, 0], True), ([-0.5, 0, 0], False), ([0.08, 0.08, 0], False)])
def test_grasp_judges_horizontal_speed_by_magnitude(make_trace, spinner, change, velocity, passes):
    moving = change(make_trace("grasp", 180), "object_linvel_w", slice(50, 180), velocity)
    assert judge(moving, spinner).success.all() == passes


def test_grasp_counts_the_object_at_rest_before_it_is_held(make_trace, spinner, change):
    trace = change(make_trace("grasp", 180), "object_pos_w", slice(0, 50), [0.4, 0.0, 0.02])  # far and low, but still
    trace = change(trace, "object_pos_w", slice(121, 180), [0.4, 0.0, 0.5])  # 50 + 71 good frames
    assert judge(trace, spinner).success.all()
    assert not judge(change(trace, "object_linvel_w", (0, ...), [0.0, 0.0, -0.3]), spinner).success.any()


@pytest.mark.parametrize("velocity, passes", [([0, 0, -0.3], True), ([0, 0, 0.2], False), ([-0.2, 0, 0], False)])
def test_place_may_lower_at_any_speed_but_neither_raise_nor_carry(make_trace, spinner, change, velocity, passes):
    moving = change(make_trace("place", 220), "object_linvel_w", slice(60, 160), velocity)
    assert judge(moving, spinner).success.all() == passes


def test_place_needs_rest_after_the_release_but_no_hand(make_trace, spinner, change):
    left = change(make_trace("place", 220), "key_pos_w", (slice(161, 220), ...), 5.0)
    assert judge(left, spinner).success.all()
    assert not judge(change(left, "object_linvel_w", slice(161, 220), [0.5, 0, 0]), spinner).success.any()


@pytest.mark.parametrize("frame, passes", [(20, True), (21, False), (114, False), (115, True)])
def test_move_leaves_out_the_first_21_and_the_last_5(make_trace, spinner, change, frame, passes):
    slipped = change(make_trace("move", 120), "object_pos_w", (frame, 1), [0.05, 0.0, 0.63])
    assert judge(slipped, spinner).success.tolist() == [True, passes, True]


@pytest.mark.parametrize(
    "skill, frames, good_height, bad_height",
    [
        ("regrasp", {30, 116}, 0.549, 0.551),
        ("rotate", {20, 50, 110}, 0.699, 0.701),
        ("throw", set(range(30, 35)), 0.89, 0.91),
    ],
)
def test_rules_at_fixed_frames_read_only_those(make_trace, spinner, change, skill, frames, good_height, bad_height):
    trace = make_trace(skill, SKILLS[skill])
    assert judge(change(trace, "object_pos_w", (..., 2), good_height), spinner).success.all()
    for frame in range(SKILLS[skill]):
        dropped = change(trace, "object_pos_w", (frame, 1, 2), bad_height)
        assert judge(dropped, spinner).success.tolist() == [True, frame not in frames, True]


@pytest.mark.parametrize("frame, passes", [(50, True), (51, False), (88, False), (89, True)])
def test_catch_holds_high_from_51_to_88(make_trace, spinner, change, frame, passes):
    low = change(make_trace("catch", 100), "object_pos_w", (frame, 1), [0.0, 0.0, 0.29])
    assert judge(low, spinner).success.tolist() == [True, passes, True]
    lost = change(make_trace("catch", 100), "object_pos_w", (frame, 1), [0.31, 0.0, 0.5])
    assert judge(lost, spinner).success.tolist() == [True, passes, True]


@pytest.mark.parametrize("shift, passes", [(0.19, True), (0.21, False)])
def test_freemove_judges_the_hand_alone(make_trace, spinner, change, shift, passes):
    trace = make_trace("freemove", 120)
    trace = change(trace, "object_pos_w", ..., 3.0)
    shifted = change(trace, "key_pos_w", (..., 0), trace.key_pos_w[..., 0] + shift)
    assert judge(shifted, spinner).success.all() == passes
