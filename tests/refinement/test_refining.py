"""Refinement: what happened is kept whole, where it succeeded, and sending its commands makes it happen again."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hot.evaluation import Exam
from hot.evaluation.judging import track
from hot.motions import load_motions, load_upstream, save_motions, save_upstream
from hot.physics import CONTROL_DT
from hot.policies import Policy, PolicyFile, PolicySpec, policy_file
from hot.refinement import realised, refine, refining
from hot.refinement.realised import without_chatter
from hot.tracking.actions import ActionMap
from hot.tracking.config import ActionConfig, ResetConfig, TaskConfig
from hot.tracking.observations import layout
from hot.tracking.reference import Reference
from tests.conftest import shortened

TASK = TaskConfig(reset=ResetConfig(noise=0.0))
FILE = PolicyFile(path="p.safetensors", sha256="0")
FINE_DT = CONTROL_DT / TASK.physics.fine().substeps
CPU = torch.device("cpu")
FALLING = 2


@pytest.fixture(scope="module")
def restless(allegro) -> Policy:
    """A policy whose actions are not zero."""
    spec = PolicySpec(
        hand=allegro.name,
        joint_names=tuple(allegro.joint_names),
        layout=layout(allegro, TASK.observation),
        points=TASK.observation.points,
        hidden=(8,),
        point_features=4,
        action=TASK.action.model_dump(mode="json"),
        observation=TASK.observation.model_dump(mode="json"),
        trained={},
    )
    generator = torch.Generator().manual_seed(0)
    actor = Policy.make_actor(spec)
    for weights in actor.parameters():
        torch.nn.init.normal_(weights, std=0.1, generator=generator)
    return Policy(spec, actor, torch.zeros(spec.num_observations), torch.ones(spec.num_observations))


@pytest.fixture(scope="module")
def exam(allegro, bottle, hover) -> Exam:
    """Free moves; beside one of them the object falls instead of standing."""
    pos = hover.object_pos_w.clone()
    rows = slice(int(hover.clip_start[FALLING]), int(hover.clip_start[FALLING + 1]))
    pos[rows, 2] += 1.0
    pos[rows, 0] -= 1.0
    return Exam(TASK, allegro, bottle, replace(hover, object_pos_w=pos), frames=40, seed=1)


@pytest.fixture(scope="module")
def refined(restless, exam):
    return refine(restless, FILE, exam, "somewhere")


def test_clips_that_only_the_skills_own_rule_lets_pass_are_not_kept(refined):
    report = refined.report  # the rule of free moves does not look at the object, which falls by 1 m
    assert (report.clips, report.by_rule, report.by_hot, report.kept) == (4, 4, 3, 3)
    assert report.sources == (0, 1, 3)
    assert refined.motions.clip_source.tolist() == [0, 1, 3]
    assert report.rate.value == 0.75
    assert report.clip_frames == 4 * 39


def test_refined_clips_are_as_long_as_their_sources_and_begin_with_their_first_frame(refined, exam):
    motions = refined.motions
    assert motions.lengths.tolist() == [40, 40, 40]
    zeros = torch.zeros(3, dtype=torch.long)
    begin, source = motions.at(torch.arange(3), zeros), exam.motions.at(motions.clip_source, zeros)
    for name in ("joint_pos", "joint_vel", "command", "object_pos_w", "object_linvel_w"):
        torch.testing.assert_close(getattr(begin, name), getattr(source, name))


def test_open_loop_repeats_what_happened_and_of_planned_clips_does_something_else(refined, exam, hover):
    replayed, _ = track(None, replace(exam, motions=refined.motions), "again")
    error = (replayed.joint_pos - replayed.ref_joint_pos).abs().max()
    keys = (replayed.key_pos_w - replayed.ref_key_pos_w).norm(dim=-1).mean()
    planned, _ = track(None, replace(exam, motions=hover), "planned")
    of_planned = (planned.key_pos_w - planned.ref_key_pos_w).norm(dim=-1).mean()
    assert error < 1e-4
    assert keys < 0.01 * of_planned


def test_a_zero_action_sends_what_was_sent_whatever_the_policys_own_lead(restless, exam, allegro):
    led = Policy(
        replace(restless.spec, action={**restless.spec.action, "feed_forward": False}),
        restless.actor,
        restless.mean,
        restless.std,
    )
    for policy in (restless, led):
        trace, _ = track(policy, exam, "rolling out")
        motions = realised(trace, exam.motions, torch.arange(4), allegro, FINE_DT)
        drive = torch.cat([motions.joint_pos, motions.joint_vel, motions.command], dim=1)
        base = ActionMap(ActionConfig(), allegro, CPU).base(drive).unflatten(0, (4, 40))
        torch.testing.assert_close(base[:, 1:].transpose(0, 1), trace.targets, atol=1e-6, rtol=0)


def test_an_episode_that_starts_anywhere_starts_in_the_state_that_was_simulated(restless, exam, allegro, bottle):
    trace, _ = track(restless, exam, "rolling out")
    motions = realised(trace, exam.motions, torch.arange(4), allegro, FINE_DT)
    # An engine's step adds g dt to the velocity, then moves by it: n steps lead along a parabola whose slope is
    # g dt (n + 1/2), and the engine's own velocity is g dt n.
    falls = motions.object_linvel_w.unflatten(0, (4, 40))[FALLING, 5:25, 2]
    torch.testing.assert_close(falls, -9.81 * (torch.arange(5.0, 25.0) / 60 + 0.5 * FINE_DT), atol=2e-3, rtol=0)
    reference = Reference(motions, bottle.surface_points[None, :20], CPU, FINE_DT)
    for frame in (5, 17, 38):
        now = reference.now(torch.arange(4), torch.full((4,), frame))
        for name in ("joint_pos", "joint_vel", "object_pos_w", "object_linvel_w", "object_angvel_w"):
            torch.testing.assert_close(getattr(now, name), getattr(trace, name)[frame - 1], atol=1e-5, rtol=0, msg=name)


def test_a_touch_is_labelled_and_its_absence_only_where_the_plan_cares(restless, exam, allegro):
    label = exam.motions.contact.clone().unflatten(0, (4, 40))
    label[:, 5:30], label[:, 30:] = -1, 1
    source = replace(exam.motions, contact=label.flatten())
    trace, _ = track(restless, replace(exam, motions=source), "rolling out")
    touching = torch.zeros_like(trace.touching)
    touching[19:33] = True  # frames 20 to 33
    found = realised(replace(trace, touching=touching), source, torch.arange(4), allegro, FINE_DT).contact
    assert found.unflatten(0, (4, 40))[0].tolist() == [0] * 5 + [-1] * 15 + [1] * 14 + [0] * 6


def test_where_a_touch_vibrates_either_is_fine():
    first = [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1]
    second = [1, 0, 0, 0, 0, 1]  # ends are no interruptions
    wanted = [0, 0, 0, 0, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1, -1, 1, 1, 1, 1, *second]
    found = without_chatter(torch.tensor([*first, *second], dtype=torch.int8), torch.tensor([0, 19, 25]))
    assert found.tolist() == wanted


def test_clips_too_short_for_the_rule_are_counted_and_not_kept(restless, exam, hover):
    cut = shortened(hover, (40, 20))
    whole = refine(restless, FILE, replace(exam, motions=cut), "somewhere")
    assert (whole.report.kept, whole.report.too_short) == (1, 1)
    assert whole.motions is not None and whole.motions.lengths.tolist() == [40]
    assert whole.report.clip_frames == 39 + 19
    none = refine(restless, FILE, replace(exam, motions=cut.select([1])), "somewhere")
    assert none.motions is None and none.report.kept == 0


def test_clips_of_different_lengths_are_kept_in_their_order(restless, exam, hover):
    cut = shortened(hover, (40, 31, 39, 36))
    kept = refine(restless, FILE, replace(exam, motions=cut), "somewhere").motions
    assert kept is not None and kept.clip_source is not None
    assert kept.clip_source.tolist() == [0, 1, 2, 3] and kept.lengths.tolist() == [40, 31, 39, 36]
    first = torch.zeros(4, dtype=torch.long)
    assert torch.equal(kept.at(torch.arange(4), first).joint_pos, cut.at(torch.arange(4), first).joint_pos)


def test_worlds_that_diverge_while_their_clip_runs_are_not_kept(restless, exam, monkeypatch):
    def gone(*args, **rest):
        trace, task = track(*args, **rest)
        diverged, valid = trace.diverged.clone(), trace.valid.clone()
        diverged[-1, :2] = True
        valid[-1, 1] = False
        return replace(trace, diverged=diverged, valid=valid), task

    monkeypatch.setattr(refining, "track", gone)
    report = refine(restless, FILE, exam, "somewhere").report
    assert report.diverged == 1 and report.sources == (1, 3)


def test_files_keep_source_policy_and_every_number(refined, tmp_path, allegro):
    save_motions(tmp_path / "m.safetensors", refined.motions)
    read = load_motions(tmp_path / "m.safetensors", allegro)
    assert read.clip_source is not None and read.clip_source.tolist() == [0, 1, 3]
    assert read.meta["generator"] == "hot.refinement"
    assert (read.meta["policy"]["sha256"], read.meta["source"], read.meta["kept"]) == ("0", "somewhere", 3)
    assert torch.equal(read.command, refined.motions.command)


def test_the_original_releases_files_come_back_the_same(refined, tmp_path, allegro):
    save_upstream(tmp_path, refined.motions)
    read = load_upstream(tmp_path, allegro)
    for name in ("joint_pos", "key_pos_w", "object_pos_w", "object_quat_w", "object_linvel_w", "contact"):
        torch.testing.assert_close(getattr(read, name), getattr(refined.motions, name), atol=1e-5, rtol=0, msg=name)


def test_a_policy_file_is_known_by_its_hash(tmp_path):
    path = tmp_path / "p"
    path.write_bytes(b"")
    assert policy_file(path).sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
