"""Sequences are judged to their end, and lost in the skill that was due."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import hot.evaluation.sequences as sequences
from hot.evaluation import Exam, clip_scores, judge, judge_sequences
from hot.policies import SwitchedPolicy
from hot.tracking.config import ObservationConfig, TaskConfig
from tests.evaluation.test_judging import TASK, idle_policy
from tests.evaluation.traces import changed, fake_object, perfect_trace

FRAMES, CLIPS = 121, 4


@pytest.fixture
def composed(hover):
    """Clips of 121 frames: 60 of the free move, 30 of a grasp, the rest a move."""
    clips = [hover.select([clip]) for clip in range(CLIPS)]
    rows = torch.arange(FRAMES).clamp_max(39)
    longer = [
        dataclasses.replace(
            each.select([0]),
            clip_start=torch.tensor([0, FRAMES]),
            **{name: getattr(each, name)[rows] for name in each.at(torch.tensor([0]), torch.tensor([0]))._fields},
        )
        for each in clips
    ]
    joined = type(hover).concatenate(longer)
    skill = torch.tensor([0] * 60 + [1] * 30 + [2] * 31).repeat(CLIPS)
    return dataclasses.replace(joined, skills=("freemove", "grasp", "move"), frame_skill=skill)


@pytest.fixture
def judged(monkeypatch, composed, allegro):
    """Judges a trace worked by hand."""

    def judge(trace):
        monkeypatch.setattr(sequences, "track", lambda *given, **named: (trace, TaskConfig()))
        thing = fake_object(torch.tensor([[0.05, 0.0, 0.0], [-0.05, 0.0, 0.0]]))
        return judge_sequences(None, Exam(TASK, allegro, thing, composed, FRAMES, 1))[0]

    return judge


def trace():
    return perfect_trace("freemove", FRAMES - 1, CLIPS)


def test_a_perfect_trace_is_tracked_to_the_end(judged):
    report = judged(trace())
    assert report.tracked.value == 1.0 and report.strict.value == 1.0 and report.tracked_seconds == 1.0
    assert [(each.skill, each.stretches, each.lost) for each in report.skills] == [
        ("freemove", 4, 0), ("grasp", 4, 0), ("move", 4, 0),
    ]  # fmt: skip


def test_a_clip_is_lost_at_its_first_bad_frame_in_the_skill_that_is_due(judged):
    """Row 69 is the instant of frame 70: in the grasp, after 70 / 60 s; later ones are no second loss."""
    bad = changed(trace(), "object_pos_w", (slice(69, 100), 1, 0), 0.05 + 0.11)
    report = judged(bad)
    assert (report.tracked.successes, report.tracked.clips) == (3, 4)
    score = report.scores[1]
    assert score.lost_in == "grasp" and score.tracked_seconds == pytest.approx(70 / 60)
    assert report.tracked_seconds == pytest.approx((3 * 121 + 70) / (4 * 121))
    by_skill = {each.skill: each for each in report.skills}
    assert (by_skill["grasp"].stretches, by_skill["grasp"].lost) == (4, 1)
    assert by_skill["grasp"].median_second == pytest.approx(70 / 60)
    assert by_skill["move"].stretches == 3  # the lost clip never came to it
    assert [each.success["hot"] for each in clip_scores(report)] == [True, False, True, True]


def test_what_only_the_strict_rule_forbids_is_tracked_but_not_strictly(judged):
    report = judged(changed(trace(), "object_pos_w", (80, 2, 0), 0.05 + 0.04))
    assert report.tracked.successes == 4 and report.strict.successes == 3


def test_the_edges_of_a_clip_are_forgiven_as_everywhere(judged):
    report = judged(changed(trace(), "object_pos_w", (slice(0, 10), 0, 0), 9.0))
    assert report.tracked.successes == 4


def test_a_simulation_that_is_not_finite_is_lost(judged):
    report = judged(changed(trace(), "object_pos_w", (30, 3, 0), float("nan")))
    assert report.scores[3].lost_in == "freemove" and report.scores[3].e_op_cm is None


def test_policies_take_turns_at_the_borders_of_skills(allegro, bottle, composed):
    """Which policy acts in a step is that of the frame that the step leads to."""
    acted = []

    class Spy:
        def __init__(self, name):
            self.name, self.inner = name, idle_policy(allegro, ObservationConfig())
            self.spec = self.inner.spec

        def act(self, observation):
            acted.append(self.name)
            return self.inner.act(observation)

        def to(self, device):
            return self

    switched = SwitchedPolicy({skill: Spy(skill) for skill in composed.skills})  # type: ignore[arg-type]
    judge_sequences(switched, Exam(TASK, allegro, bottle, composed.select([0]), FRAMES, 1))
    assert acted == ["freemove"] * 59 + ["grasp"] * 30 + ["move"] * 31


def test_composed_clips_are_a_cell_of_their_own_name_and_without_the_rule_of_a_skill(composed, allegro, bottle):
    report, made = judge(None, Exam(TASK, allegro, bottle, composed, 30, 1, sequence="random"))
    assert (report.skill, made.skill, report.clips, report.poses) == ("random", "random", CLIPS, ())
    assert "hot" in report.rates and "skill" not in report.rates
