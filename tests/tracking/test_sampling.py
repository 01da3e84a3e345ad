"""Laws of what is tracked next: fair shares, own objects, and more of what fails."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from hot.errors import HotError
from hot.tracking.config import ResetConfig
from hot.tracking.sampling import BINS, ClipSampler

CPU = torch.device("cpu")


def make_sampler(motions, worlds, **config):
    world_object = torch.arange(worlds) % len(motions.objects)
    return ClipSampler(motions, world_object, ResetConfig(**config), CPU)


def draw(sampler, worlds, seed=0):
    return sampler.draw(torch.arange(worlds), torch.rand(worlds, 3, generator=torch.Generator().manual_seed(seed)))


def test_grasp_clips_are_drawn_twice_as_often(hover):
    motions = dataclasses.replace(hover, skills=("grasp", "move"), clip_skill=torch.tensor([0, 1, 1, 1]))
    clips, _ = draw(make_sampler(motions, 6000), 6000)
    assert (clips == 0).float().mean().item() == pytest.approx(2 / 3, abs=0.03)


def test_composed_clips_are_drawn_three_times_as_often_as_those_of_one_skill(hover):
    frame_skill = torch.zeros_like(hover.skill_of_frames)
    frame_skill[hover.clip_start[1] + 1] = 1
    motions = dataclasses.replace(
        hover, skills=("move", "place"), clip_skill=torch.tensor([0, 0, 0, 0]), frame_skill=frame_skill
    )
    clips, _ = draw(make_sampler(motions, 6000), 6000)
    assert (clips == 1).float().mean().item() == pytest.approx(3 / 4, abs=0.03)


def test_worlds_draw_clips_of_their_own_object(hover):
    motions = dataclasses.replace(hover, objects=("Bottle", "Box"), clip_object=torch.tensor([0, 1, 1, 0]))
    clips, _ = draw(make_sampler(motions, 1000), 1000)
    assert torch.equal(motions.clip_object[clips], torch.arange(1000) % 2)
    assert set(clips.tolist()) == {0, 1, 2, 3}


def test_skills_are_even_for_each_object_however_many_clips_it_has_of_each(hover):
    kinds = {"skills": ("move", "place"), "clip_skill": torch.tensor([0, 1, 0, 1, 1, 1])}
    six = hover.select([0, 1, 2, 3, 0, 1])
    motions = dataclasses.replace(six, objects=("Bottle", "Box"), clip_object=torch.tensor([0, 0, 1, 1, 1, 1]), **kinds)
    clips, _ = draw(make_sampler(motions, 6000), 6000)
    for world_object in range(2):
        drawn = motions.clip_skill[clips[motions.clip_object[clips] == world_object]]
        assert drawn.float().mean().item() == pytest.approx(0.5, abs=0.04)


def test_an_object_without_clips_is_refused(hover):
    motions = dataclasses.replace(hover, objects=("Bottle", "Box"))
    with pytest.raises(HotError, match="no clip to track with Box"):
        make_sampler(motions, 4)


def test_the_extreme_numbers_stay_in_range(hover):
    sampler = make_sampler(hover, 2, first_frame_share=0.0)
    clips, frames = sampler.draw(torch.arange(2), torch.tensor([[0.0, 0.0, 0.5], [1 - 1e-7, 1 - 1e-7, 0.5]]))
    assert clips.tolist() == [0, 3]
    assert frames.tolist() == [0, 37]  # of 40 frames


def test_start_frames_are_uniform_but_for_the_first(hover):
    _, frames = draw(make_sampler(hover, 8000, first_frame_share=0.25), 8000)
    assert frames.max() == 37
    assert (frames == 0).float().mean().item() == pytest.approx(0.25 + 0.75 / 38, abs=0.02)
    rest = frames[frames > 0].float()
    assert rest.mean().item() == pytest.approx(19, abs=0.5)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1 / 32), (1.0, 0.9), (0.5, 0.45)])
def test_stretches_that_fail_are_drawn_more_often(hover, share, expected):
    """Stretch 3 of clip 2 always fails and nothing else does: with a share of 1 almost all odds go there."""
    worlds = 4 * BINS
    sampler = make_sampler(hover, worlds, hard_share=share, first_frame_share=0.0)
    clips, starts = torch.arange(4).repeat_interleave(BINS), (torch.arange(BINS) * 38 // BINS + 1).repeat(4)
    bad = (clips == 2) & (starts == 3 * 38 // BINS + 1)
    for _ in range(320):
        sampler.record(clips, starts, torch.ones(worlds, dtype=torch.bool), bad)
        sampler.advance()
    sampler = with_worlds(sampler, 4000)
    drawn, frames = draw(sampler, 4000)
    hit = (drawn == 2) & (frames >= 14) & (frames <= 18)
    assert hit.float().mean().item() == pytest.approx(expected, abs=0.12)


def with_worlds(sampler, worlds):
    """The same sampler with more worlds to draw for."""
    sampler._world_object = torch.zeros(worlds, dtype=torch.long)
    return sampler


def test_a_restored_sampler_draws_the_same(hover):
    sampler, other = make_sampler(hover, 64), make_sampler(hover, 64)
    for step in range(40):
        clips, frames = draw(sampler, 64, step)
        sampler.record(clips, frames, torch.ones(64, dtype=torch.bool), clips == 1)
        sampler.advance()
    other.restore(sampler.snapshot())
    for a, b in zip(draw(sampler, 64, 99), draw(other, 64, 99)):
        assert torch.equal(a, b)
    assert not torch.equal(draw(sampler, 64, 99)[0], draw(make_sampler(hover, 64), 64, 99)[0])
