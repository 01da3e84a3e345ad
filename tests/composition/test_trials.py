"""Laws of tosses: what the hand does beside a falling object, and what physics makes of it."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

import hot.composition.trials as trials_module
from hot.composition import Script
from hot.composition.composer import Composer
from hot.composition.repertoire import Repertoire
from hot.composition.toss_paths import leaving, toss_up, upward
from hot.composition.trials import Trials
from hot.errors import MissingDependencyError
from hot.hands import load_hand
from hot.objects import load_object
from hot.physics import CONTROL_DT
from hot.planning import PlanningConfig
from hot.planning.generate import SKILLS
from hot.planning.transitions import HELD, UNSURE

HAND, BOTTLE, CONFIG = load_hand("mano"), load_object("Bottle"), PlanningConfig()
SOME = 12


@pytest.fixture(scope="module")
def repertoire():
    return Repertoire(HAND, BOTTLE, frozenset({"throw"}), 0, CONFIG, "test")


def thrown(repertoire, rows):
    """Straight up from one place."""
    exits, config = repertoire.exits.select(rows), CONFIG.toss_up
    place = torch.tensor([0.0, 0.0, 0.85]).expand(len(rows), 3)
    release = upward(config, place, torch.zeros(len(rows), 2))
    quat = leaving(
        repertoire.setting, exits, torch.tensor([0.0, 0.0, 1.0]).expand(len(rows), 3), torch.zeros(len(rows))
    )
    return exits, toss_up(repertoire.setting, exits, release, quat)


@pytest.fixture(scope="module")
def tossed(repertoire):
    return thrown(repertoire, torch.arange(SOME))


def test_what_is_thrown_up_leaves_the_palm_upwards(repertoire, tossed):
    _, toss = tossed
    apart = toss.paths.object_pos_w - toss.paths.wrist_pos_w
    way = apart[:, toss.apart.start] - apart[:, 0]
    along = torch.nn.functional.normalize(way, dim=-1)
    assert torch.allclose(along, torch.tensor([0.0, 0.0, 1.0]).expand(SOME, 3), atol=1e-3)
    config = CONFIG.toss_up  # 16 m/s^2 for four frames, then the first of four in which the hand turns round
    away = 0.5 * 16.0 * (4 / 60) ** 2 + 16.0 * (4 / 60) * (1 / 60) * (1 - 1 / 4)
    assert (config.part_frames, config.turn_frames) == (4, 4)
    assert torch.allclose(way.norm(dim=-1), torch.full((SOME,), away), atol=1e-4)


def test_the_grip_fades_before_any_finger_moves(tossed):
    _, toss = tossed
    paths, config = toss.paths, CONFIG.toss_up
    first = int((paths.contact[0] == UNSURE).nonzero()[0])
    still = paths.fingers[:, first : first + config.unload_frames]
    assert float((still - paths.fingers[:, :1]).abs().max()) == 0.0
    squeeze = (paths.command - paths.fingers)[:, first - 1]
    for frame in range(config.unload_frames - 1):  # the last of them is led by what the fingers do next
        left = (paths.command - paths.fingers)[:, first + frame]
        assert torch.allclose(left, squeeze * (1 - (frame + 1) / config.unload_frames), atol=1e-5)
    assert (paths.fingers[:, first + config.open_frames - 1] - paths.fingers[:, 0]).norm(dim=-1).min() > 0.1


def test_the_object_is_held_on_in_free_fall(tossed):
    _, toss = tossed
    pos, held = toss.paths.object_pos_w, toss.paths.contact[0] == HELD
    acceleration = pos.diff(n=2, dim=1) / CONTROL_DT**2  # of frames 1 to T - 2
    first = int((~held).nonzero()[0])
    falling = range(first - CONFIG.toss_up.fall_frames, first)
    assert held[list(falling)].all()
    expected = torch.tensor([0.0, 0.0, -9.81])
    for frame in falling:
        assert torch.allclose(acceleration[:, frame - 1], expected.expand(SOME, 3), atol=0.1)


def test_a_way_that_was_lost_is_a_way_no_more_and_is_not_tried_again(repertoire, monkeypatch):
    trials = Trials(repertoire.setting, repertoire.exits)
    assert trials.able().sum() == len(repertoire.exits.grasp.unique())
    asked = []

    def replay(paths, *rest):
        asked.append(len(paths.length))
        return torch.arange(len(paths.length)) % 2 == 0

    monkeypatch.setattr(trials_module, "replay", replay)
    rows = (repertoire.exits.grasp == repertoire.exits.grasp[0]).nonzero()[:, 0]
    trials.try_out(rows)
    trials.try_out(rows)
    assert asked == [len(rows)]
    assert trials.lost[rows].tolist() == [number % 2 == 1 for number in range(len(rows))]
    monkeypatch.setattr(trials_module, "replay", lambda paths, *rest: torch.zeros(len(paths.length), dtype=torch.bool))
    others = (repertoire.exits.grasp != repertoire.exits.grasp[0]).nonzero()[:, 0]
    trials.try_out(others)
    assert trials.able().nonzero()[:, 0].tolist() == [int(repertoire.exits.grasp[0])]


def test_without_an_engine_every_way_is_taken(repertoire, monkeypatch, caplog):
    def replay(*_):
        raise MissingDependencyError("no engine here")

    monkeypatch.setattr(trials_module, "replay", replay)
    trials = Trials(repertoire.setting, repertoire.exits)
    trials.try_out(torch.arange(3))
    trials.try_out(torch.arange(6))
    assert not trials.lost.any()
    assert caplog.text.count("no engine here") == 1


@pytest.mark.mujoco
def test_physics_catches_some_of_what_it_throws_and_drops_some(repertoire):
    """The verdict is physics': the same every time, and not the same for all."""
    first, second = (Trials(repertoire.setting, repertoire.exits) for _ in range(2))
    rows = torch.arange(0, len(repertoire.exits.grasp), 8)
    first.try_out(rows)
    second.try_out(rows[:5])
    assert 0 < int(first.lost[rows].sum()) < len(rows)
    assert torch.equal(first.lost[rows[:5]], second.lost[rows[:5]])
    assert not first.lost[torch.ones_like(first.lost).index_fill(0, rows, False)].any()


def test_nothing_is_tried_where_that_is_not_wanted(repertoire, monkeypatch):
    monkeypatch.setattr(trials_module, "replay", lambda *_: pytest.fail("was tried"))
    untried = CONFIG.toss_up.model_copy(update={"tried": False})
    setting = replace(repertoire.setting, config=CONFIG.model_copy(update={"toss_up": untried}))
    trials = Trials(setting, repertoire.exits)
    trials.try_out(torch.arange(4))
    assert not trials.lost.any()


def test_scripts_that_prove_impossible_are_replaced_or_planned_with_tosses_that_were_lost(
    repertoire, monkeypatch, caplog
):
    monkeypatch.setattr(trials_module, "replay", lambda paths, *_: torch.zeros(len(paths.length), dtype=torch.bool))
    toss, carry = (
        Script.model_validate({"steps": [{"skill": skill} for skill in skills]})
        for skills in (["throw", "catch"], ["move"])
    )

    def composer(redraw=None):
        untried = copy.copy(repertoire)
        vars(untried).pop("trials", None)
        return Composer(untried, [carry, toss], redraw=redraw)

    replaced = composer(lambda: carry)
    pieces = replaced.run()
    assert replaced.scripts == [carry, carry]
    assert sorted({int(clip) for piece in pieces for clip in piece.clips}) == [0, 1]
    assert {SKILLS[int(number)] for piece in pieces for number in piece.skill.unique()} == {"move"}
    assert not caplog.text
    skills = {SKILLS[int(number)] for piece in composer().run() for number in piece.skill.unique()}
    assert skills == {"move", "throw", "catch"}
    assert "caught by open loop" in caplog.text
