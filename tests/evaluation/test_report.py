from __future__ import annotations

import csv
import math

import pytest

from hot.errors import BadFileError, ConfigError
from hot.evaluation import OPEN_LOOP, ClipScore, Report, compare, pick_clips, read_report, summarise, write_report


def report_of(*skills, **extra):
    physics = {"substeps": 4, "impratio": 10.0}
    return Report(
        hand="allegro", objects=("Bottle",), physics={"mujoco": physics}, seed=7, noise=0.1, skills=skills, **extra
    )


@pytest.fixture
def dropped(trace, change):
    """Clip 0 perfect, clip 1 dropped by 20 cm throughout, clip 2 not finite."""
    return change(change(trace, "object_pos_w", (..., 1, 2), 0.3), "joint_pos", (3, 2, 0), math.nan)


def test_summary_counts_failures_and_averages_finite_clips(dropped, spinner):
    report = summarise(dropped, spinner, "teacher")
    assert (report.clips, report.frames, report.nonfinite_clips, report.controller) == (3, 220, 1, "teacher")
    assert (report.rates["hot"].successes, report.rates["hot"].clips) == (1, 3)
    assert report.rates["hot"].value == pytest.approx(1 / 3)
    assert report.rates["hot"].low < 1 / 3 < report.rates["hot"].high
    assert report.means["e_op_cm"] == pytest.approx(10.0, abs=1e-3)  # (0 + 20) / 2
    assert report.means["add_auc"] == pytest.approx(1 / 3)  # (1 + 0 + 0) / 3
    assert [score.success["hot"] for score in report.scores] == [True, False, False]
    assert report.scores[2].means["e_op_cm"] is None


def test_summary_of_a_perfect_trace_is_all_successes(trace, spinner):
    report = summarise(trace, spinner)
    assert report.controller == OPEN_LOOP
    assert all(rate.value == 1.0 for rate in report.rates.values())
    assert set(report.rates) == {
        f"{r}{s}" for r in ("hot", "spider", "strict", "end", "skill") for s in ("", "_symmetric")
    }


def test_rules_that_cannot_judge_leave_clips_out_of_their_rate(make_trace, spinner):
    report = summarise(make_trace("grasp", 60), spinner)
    assert report.rates["skill"].clips == 0 and report.rates["skill"].value is None
    assert report.rates["hot"].clips == 3


def test_comparison_pairs_the_same_clips(trace, dropped, spinner):
    difference = compare(summarise(trace, spinner, "teacher"), summarise(dropped, spinner))
    assert (difference.first, difference.second) == ("teacher", OPEN_LOOP)
    hot, error = difference.rates["hot"], difference.means["e_op_cm"]
    assert hot.value == pytest.approx(2 / 3)
    assert hot.low is not None and hot.high is not None and -1.0 < hot.low < 2 / 3 < hot.high
    assert error.clips == 2 and error.value == pytest.approx(-10.0, abs=1e-3)  # (0 - 20) / 2


def test_comparison_refuses_other_clips(trace, make_trace, spinner):
    with pytest.raises(ConfigError, match="not the same"):
        compare(summarise(trace, spinner), summarise(make_trace(clips=2), spinner))


def score(error):
    return ClipScore(clip_id=0, means={"e_op_cm": error}, success={})


@pytest.mark.parametrize(
    "errors, picked",
    [([3.0, 1.0, 2.0], (1, 2, 0)), ([1.0, None, 2.0, 0.5], (3, 2, 1)), ([1.0], (0, 0, 0)), ([2.0, 1.0], (1, 0, 0))],
)
def test_best_median_and_worst_by_error(errors, picked):
    assert pick_clips([score(error) for error in errors]) == picked


def test_nothing_to_pick_is_said():
    with pytest.raises(ConfigError, match="no clip"):
        pick_clips([])


def test_report_survives_its_file(tmp_path, trace, dropped, spinner):
    good, bad = summarise(trace, spinner, "teacher"), summarise(dropped, spinner)
    report = report_of(good, bad, policy="teacher.safetensors", comparisons=(compare(good, bad),))
    write_report(report, tmp_path / "new")
    assert read_report(tmp_path / "new") == report
    assert read_report(tmp_path / "new" / "report.json") == report
    assert Report.from_json(report.to_json()) == report


def test_csv_has_one_row_per_skill_and_controller(tmp_path, trace, dropped, spinner):
    report = report_of(summarise(trace, spinner, "teacher"), summarise(dropped, spinner))
    write_report(report, tmp_path)
    rows = list(csv.DictReader((tmp_path / "report.csv").read_text().splitlines()))
    assert [(row["skill"], row["controller"]) for row in rows] == [("move", "teacher"), ("move", "open loop")]
    assert float(rows[1]["success_hot"]) == pytest.approx(1 / 3) and rows[1]["success_hot_clips"] == "3"
    assert float(rows[1]["e_op_cm"]) == pytest.approx(10.0, abs=1e-3)


def test_report_cannot_be_changed(trace, spinner):
    with pytest.raises(ValueError):
        report_of(summarise(trace, spinner)).seed = 1


def test_unwritable_place_is_named_and_leaves_the_old_file(tmp_path, trace, spinner):
    (tmp_path / "file").write_text("old")
    with pytest.raises(BadFileError, match="file"):
        write_report(report_of(summarise(trace, spinner)), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hand": 3}'])
def test_damaged_report_is_named(tmp_path, text):
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(BadFileError, match=r"report\.json"):
        read_report(tmp_path)


def test_missing_report_is_named(tmp_path):
    with pytest.raises(BadFileError, match=r"report\.json"):
        read_report(tmp_path / "report.json")


def test_rates_are_split_by_resting_pose_in_report_and_csv(dropped, spinner):
    report = summarise(dropped, spinner, "teacher", ("standing", "lying", "lying"))
    assert [(part.pose, part.clips, part.share) for part in report.poses] == [
        ("lying", 2, pytest.approx(2 / 3)),
        ("standing", 1, pytest.approx(1 / 3)),
    ]
    assert [part.rates["hot"].value for part in report.poses] == [0.0, 1.0]
    rows = list(csv.DictReader(report_of(report).to_csv().splitlines()))
    assert [(row["pose"], row["clips"], row["success_hot_clips"]) for row in rows] == [
        ("all", "3", "3"),
        ("lying", "2", "2"),
        ("standing", "1", "1"),
    ]


def test_one_controller_on_two_engines_is_compared_by_engine(trace, dropped, spinner):
    first, second = (
        summarise(each, spinner, "policy").model_copy(update={"engine": engine})
        for each, engine in ((trace, "warp"), (dropped, "mujoco"))
    )
    pair = compare(first, second)
    assert (pair.first, pair.second) == ("policy on warp", "policy on mujoco")


def test_different_conditions_are_not_compared(trace, spinner):
    pushed = summarise(trace, spinner).model_copy(update={"condition": "push"})
    with pytest.raises(ConfigError, match="not the same"):
        compare(summarise(trace, spinner), pushed)
