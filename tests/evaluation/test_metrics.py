from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hot import rotations
from hot.evaluation.metrics import (
    add_auc,
    clip_mean,
    end_success,
    frame_errors,
    hot_success,
    middle_frames,
    spider_success,
    strict_success,
)
from tests.evaluation.traces import changed, fake_object, perfect_trace

RULES = (hot_success, spider_success, strict_success)
QUARTER_ABOUT_Z = [math.sqrt(0.5), 0.0, 0.0, math.sqrt(0.5)]


def test_perfect_trace_scores_the_best_of_everything(trace, spinner):
    errors = frame_errors(trace, spinner)
    for name in ("point_cm", "coordinate_cm", "rotation_deg", "symmetric_deg", "hand_cm", "object_cm"):
        assert getattr(errors, name).abs().max() < 1e-4, name
    assert all(rule(errors).success.all() and rule(errors).judged.all() for rule in RULES)
    assert torch.allclose(add_auc(errors), torch.ones(3))


def test_point_error_of_a_shift_is_its_length_and_its_mean_coordinate(trace, cross, change):
    # shift (3, 0, 4) cm: Euclidean 5 cm, mean over coordinates 7 / 3 cm
    errors = frame_errors(change(trace, "object_pos_w", ..., [0.08, 0.0, 0.54]), cross)
    assert torch.allclose(errors.point_cm, torch.tensor(5.0), atol=1e-4)
    assert torch.allclose(errors.coordinate_cm, torch.tensor(7.0 / 3.0), atol=1e-4)
    assert torch.allclose(errors.object_cm, torch.tensor(5.0), atol=1e-4)
    assert torch.allclose(add_auc(errors), torch.tensor(0.5), atol=1e-5)


def test_point_error_of_a_quarter_turn(trace, cross, change):
    # (10, 0, 0) goes to (0, 10, 0): distance 10 sqrt 2, coordinates (10 + 10 + 0) / 3
    errors = frame_errors(change(trace, "object_quat_w", ..., QUARTER_ABOUT_Z), cross)
    assert torch.allclose(errors.point_cm, torch.tensor(10 * math.sqrt(2)), atol=1e-3)
    assert torch.allclose(errors.coordinate_cm, torch.tensor(20.0 / 3.0), atol=1e-3)
    assert torch.allclose(errors.rotation_deg, torch.tensor(90.0), atol=1e-3)


def test_only_the_first_twenty_points_count(trace, spinner, change):
    turned = change(trace, "object_quat_w", ..., QUARTER_ABOUT_Z)
    before = frame_errors(turned, spinner).point_cm
    spinner.surface_points[20:] = 100.0
    assert torch.equal(frame_errors(turned, spinner).point_cm, before)


def test_spin_about_the_symmetry_axis_is_an_error_only_of_the_plain_angle(trace, spinner, change):
    spun = change(trace, "object_quat_w", ..., [math.cos(0.5), 0.0, math.sin(0.5), 0.0])  # 1 rad about y
    errors = frame_errors(spun, spinner)
    assert torch.allclose(errors.rotation_deg, torch.tensor(math.degrees(1.0)), atol=1e-3)
    assert errors.symmetric_deg.max() < 1e-3
    assert not strict_success(errors).success.any()
    assert strict_success(errors.up_to_symmetry()).success.all()


def test_hand_error_is_the_mean_over_key_bodies(trace, cross, change):
    moved = change(trace, "key_pos_w", (..., 0, 2), trace.key_pos_w[..., 0, 2] + 0.08)  # one body of four by 8 cm
    assert torch.allclose(frame_errors(moved, cross).hand_cm, torch.tensor(2.0), atol=1e-3)


def test_add_auc_averages_over_frames(trace, cross, change):
    half = change(trace, "object_pos_w", (slice(0, 110), 1), [0.05, 0.0, 0.7])  # 20 cm off in half of the frames
    assert torch.allclose(add_auc(frame_errors(half, cross)), torch.tensor([1.0, 0.5, 1.0]))


@pytest.mark.parametrize("frame, passes", [(9, True), (10, False), (209, False), (210, True)])
def test_first_and_last_ten_frames_are_left_out(trace, cross, change, frame, passes):
    slipped = change(trace, "object_pos_w", (frame, 1), [0.05, 0.0, 0.7])
    verdict = hot_success(frame_errors(slipped, cross))
    assert verdict.success.tolist() == [True, passes, True]


def test_the_last_ten_are_the_last_ten_valid_frames(trace, cross, change):
    short = change(trace, "valid", (slice(100, None), 0), False)
    assert middle_frames(short.valid)[:, 0].nonzero().flatten().tolist() == list(range(10, 90))
    assert hot_success(frame_errors(change(short, "object_pos_w", (95, 0), 9.0), cross)).success.all()
    assert not hot_success(frame_errors(change(short, "object_pos_w", (89, 0), 9.0), cross)).success[0]


def test_a_clip_without_middle_frames_is_not_judged(trace, cross, change):
    verdict = hot_success(frame_errors(change(trace, "valid", (slice(20, None), 2), False), cross))
    assert verdict.judged.tolist() == [True, True, False]
    assert verdict.success.tolist() == [True, True, False]


def test_what_follows_the_last_valid_frame_is_ignored(trace, cross, change):
    ended = change(trace, "valid", (slice(100, None), 0), False)
    garbage = change(change(ended, "object_pos_w", (slice(100, None), 0), math.nan), "reward", (150, 0), math.nan)
    errors = frame_errors(garbage, cross)
    assert all(rule(errors).success.all() for rule in RULES)
    assert torch.allclose(clip_mean(errors.point_cm, errors), torch.zeros(3), atol=1e-4)


@pytest.mark.parametrize("field", ["joint_pos", "key_pos_w", "object_pos_w", "object_quat_w", "object_linvel_w"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("frame", [0, 100])
def test_non_finite_frames_are_failures_wherever_they_are(trace, cross, change, field, value, frame):
    errors = frame_errors(change(trace, field, (frame, 1), value), cross)
    for rule in RULES:
        assert rule(errors).success.tolist() == [True, False, True]
        assert rule(errors).judged.all()
    assert add_auc(errors)[1] == 0.0
    assert clip_mean(errors.point_cm, errors)[1] == math.inf


def test_a_zero_quaternion_is_a_failure_and_not_a_rotation_without_error(trace, cross, change):
    assert not spider_success(frame_errors(change(trace, "object_quat_w", (5, 1), 0.0), cross)).success[1]


def test_spider_rule_reads_means_and_not_single_frames(trace, cross, change):
    slipped = change(trace, "object_pos_w", (slice(0, 22), 1), [0.05, 0.0, 1.3])  # 80 cm in a tenth: mean 8 cm
    assert spider_success(frame_errors(slipped, cross)).success.tolist() == [True, True, True]
    turned = change(trace, "object_quat_w", (slice(0, 110), 1), QUARTER_ABOUT_Z)  # mean 45 deg > 0.5 rad
    assert spider_success(frame_errors(turned, cross)).success.tolist() == [True, False, True]


@pytest.mark.parametrize(
    "rule, field, value, passes",
    [
        (hot_success, "object_pos_w", [0.05, 0.0, 0.599], True),
        (hot_success, "object_pos_w", [0.05, 0.0, 0.601], False),
        (strict_success, "object_pos_w", [0.05, 0.0, 0.529], True),
        (strict_success, "object_pos_w", [0.05, 0.0, 0.531], False),
        (spider_success, "object_pos_w", [0.05, 0.0, 0.599], True),
        (spider_success, "object_pos_w", [0.05, 0.0, 0.601], False),
        (strict_success, "object_quat_w", [math.cos(math.radians(14.9)), math.sin(math.radians(14.9)), 0, 0], True),
        (strict_success, "object_quat_w", [math.cos(math.radians(15.1)), math.sin(math.radians(15.1)), 0, 0], False),
        (spider_success, "object_quat_w", [math.cos(0.249), math.sin(0.249), 0, 0], True),
        (spider_success, "object_quat_w", [math.cos(0.251), math.sin(0.251), 0, 0], False),
        (hot_success, "object_quat_w", [math.cos(math.radians(44.9)), math.sin(math.radians(44.9)), 0, 0], True),
        (hot_success, "object_quat_w", [math.cos(math.radians(45.1)), math.sin(math.radians(45.1)), 0, 0], False),
    ],
)
def test_thresholds(trace, cross, change, rule, field, value, passes):
    assert rule(frame_errors(change(trace, field, ..., value), cross)).success.all() == passes


angles, metres = st.floats(-math.pi, math.pi), st.floats(-2.0, 2.0)
small_turns = st.tuples(*[st.floats(-1.2, 1.2)] * 3)
small_shifts = st.tuples(*[st.floats(-0.12, 0.12)] * 3)


def disturbed(trace, turn, shift, hand_shift=(0.0, 0.0, 0.0)):
    quat = rotations.from_vector(torch.tensor(turn)).expand_as(trace.object_quat_w)
    trace = changed(trace, "object_quat_w", ..., rotations.multiply(quat, trace.object_quat_w))
    trace = changed(trace, "object_pos_w", ..., trace.object_pos_w + torch.tensor(shift))
    return changed(trace, "key_pos_w", ..., trace.key_pos_w + torch.tensor(hand_shift))


@settings(max_examples=30, deadline=None)
@given(turn=small_turns, shift=small_shifts, yaw=angles, by=st.tuples(metres, metres, metres))
def test_errors_do_not_change_under_a_common_rigid_motion(turn, shift, yaw, by):
    spec = fake_object(
        torch.tensor([[0.1, 0.0, 0.0], [-0.1, 0.0, 0.03], [0.0, 0.05, 0.0]]), torch.tensor([0.0, 1.0, 0.0])
    )
    trace = disturbed(perfect_trace(frames=24, clips=1), turn, shift, shift)
    turned, offset = rotations.from_axis_angle(torch.tensor([0.0, 0.0, 1.0]), torch.tensor(yaw)), torch.tensor(by)
    moved = trace
    for name in ("key_pos_w", "object_pos_w", "ref_key_pos_w", "ref_object_pos_w"):
        moved = changed(moved, name, ..., rotations.rotate(turned, getattr(trace, name)) + offset)
    for name in ("object_quat_w", "ref_object_quat_w"):
        quat = getattr(trace, name)
        moved = changed(moved, name, ..., rotations.multiply(turned.expand_as(quat), quat))
    before, after = frame_errors(trace, spec), frame_errors(moved, spec)
    for name in ("point_cm", "rotation_deg", "symmetric_deg", "hand_cm", "object_cm"):
        assert torch.allclose(getattr(before, name), getattr(after, name), atol=0.02), name


@settings(max_examples=50, deadline=None)
@given(turn=small_turns, shift=small_shifts)
def test_strict_success_implies_the_other_rules_when_hand_and_size_allow(turn, shift):
    # 3 cm + 2 sin(15 deg) x 10 cm < 10 cm, so a 10 cm object within the strict rule is within the HOT rule
    spec = fake_object(torch.tensor([[0.1, 0.0, 0.0], [0.0, 0.1, 0.0], [0.0, 0.0, -0.1]]))
    errors = frame_errors(disturbed(perfect_trace(frames=24, clips=1), turn, shift), spec)
    strict = strict_success(errors).success
    assert (~strict | hot_success(errors).success).all()


@settings(max_examples=50, deadline=None)
@given(turn=small_turns, shift=small_shifts, factor=st.floats(1.0, 5.0))
def test_scores_are_bounded_and_never_rise_when_the_object_strays_further(turn, shift, factor):
    spec = fake_object(torch.zeros(1, 3))
    trace = perfect_trace(frames=24, clips=1)
    near = frame_errors(disturbed(trace, turn, shift), spec)
    far = frame_errors(disturbed(trace, turn, [factor * s for s in shift]), spec)
    assert 0.0 <= add_auc(far) <= add_auc(near) + 1e-6 <= 1.0 + 2e-6
    for rule in RULES:
        assert rule(near).success >= rule(far).success


@pytest.mark.parametrize("frame, passes", [(189, True), (190, False), (219, False)])
def test_end_rule_reads_the_last_thirty_frames_only(trace, cross, change, frame, passes):
    slipped = change(trace, "object_pos_w", (frame, 1), [0.05, 0.0, 0.531])
    assert end_success(frame_errors(slipped, cross)).success.tolist() == [True, passes, True]


def test_the_end_is_that_of_the_valid_frames(trace, cross, change):
    short = change(change(trace, "valid", (slice(100, None), 0), False), "object_pos_w", (slice(100, None), 0), 9.0)
    assert end_success(frame_errors(short, cross)).success.all()
    assert not end_success(frame_errors(change(short, "object_pos_w", (70, 0), 9.0), cross)).success[0]
