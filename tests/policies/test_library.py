"""Policies are found by hand and object, the user's own first, and each has a card that says what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hot.assets import packaged
from hot.errors import BadFileError
from hot.policies import Card, CardRate, CardResult, CardStage, card_path, cards, find, library, read_card, write_card

STAGE = CardStage(
    stage=1,
    seed=1,
    samples=1000,
    seconds=60.0,
    machine="a machine",
    engine="mujoco",
    worlds=8,
    substeps=2,
    iterations=20,
    ls_iterations=50,
    clips=500,
)
CARD = Card(
    hand="mano",
    objects=("Bottle",),
    skills=("grasp",),
    grasps={"Bottle": 64},
    held_out=4,
    stages=(STAGE,),
    date="2026-01-01",
    hot="0",
)
RATE = CardRate(successes=9, clips=10, low=0.6, high=0.98)


def result(engine: str, noise: float = 0.0, successes: int = 9) -> CardResult:
    rates = {"hot": RATE.model_copy(update={"successes": successes})}
    physics = {"substeps": 4}
    return CardResult(engine=engine, physics=physics, noise=noise, object="Bottle", skill="grasp", seed=1, rates=rates)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """An empty data folder and an empty package."""
    monkeypatch.setenv("HOT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(library, "packaged", lambda *parts: tmp_path.joinpath("package", *parts))
    return tmp_path


def put(root: Path, hand: str, object_name: str, card: bool = True) -> Path:
    path = root / "policies" / hand / f"{object_name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    if card:
        write_card(path, CARD.model_copy(update={"hand": hand, "objects": (object_name,)}))
    return path


def test_ones_own_policy_hides_the_shipped_one(folders):
    assert find("mano", "Bottle") is None
    shipped = put(folders / "package", "mano", "Bottle")
    assert find("mano", "Bottle") == shipped
    own = put(folders / "data", "mano", "Bottle")
    assert find("mano", "Bottle") == own
    assert [path for path, _ in cards()] == [own]


def test_names_are_taken_in_any_case_and_files_count_as_their_stems(folders):
    path = put(folders / "data", "mano", "Mug")
    assert find("MANO", "mug") == find("hands/mano.xml", "mine/Mug.yaml") == path
    assert find("shadow", "Mug") is None


def test_a_card_is_read_as_it_was_written(folders):
    card = CARD.model_copy(update={"results": (result("mujoco"), result("warp", 0.5))})
    write_card(folders / "p.safetensors", card)
    assert read_card(folders / "p.safetensors") == card


def test_a_card_of_one_object_as_it_was_written_before_there_were_several_still_counts(folders):
    old = CARD.judged((result("mujoco"),), CARD.date, CARD.hot).model_dump(mode="json")
    del old["objects"], old["teachers"], old["results"][0]["object"]
    old.update(object="Bottle", grasps=64)
    path = folders / "p.safetensors"
    card_path(path).write_text(json.dumps(old))
    assert read_card(path) == CARD.judged((result("mujoco"),), CARD.date, CARD.hot)
    card_path(path).write_text(json.dumps({**old, "results": [3]}))
    with pytest.raises(BadFileError, match=r"p.json: is not a policy's card \(results.0"):
        read_card(path)


def test_objects_that_a_policy_was_judged_on_and_not_trained_on_are_unseen():
    several = CARD.model_copy(update={"objects": ("Bottle", "Box")})
    results = [result("mujoco").model_copy(update={"object": name}) for name in ("Mug", "Bottle", "Cup")]
    assert several.unseen == () and several.judged(tuple(results), "", "").unseen == ("Cup", "Mug")


def test_results_of_one_object_leave_those_of_others():
    card = CARD.judged((result("mujoco"),), "", "")
    both = card.judged((result("mujoco", successes=1).model_copy(update={"object": "Box"}),), "", "")
    assert [(each.object, each.rates["hot"].successes) for each in both.results] == [("Bottle", 9), ("Box", 1)]


def test_rates_of_several_objects_are_pooled_by_their_clips():
    # 9 of 10 and 10 of 30 are 19 of 40; Wilson's centre is (19 + z^2 / 2) / (40 + z^2) with z^2 = 3.8415.
    pooled = CardRate.pooled([RATE, CardRate(successes=10, clips=30, low=0.19, high=0.51)])
    assert (pooled.successes, pooled.clips) == (19, 40)
    assert (pooled.low + pooled.high) / 2 == pytest.approx(20.9207 / 43.8415, abs=1e-4)


def test_a_policy_without_a_card_is_named(folders):
    put(folders / "data", "mano", "Bottle", card=False)
    with pytest.raises(BadFileError, match=r"Bottle.json: no card beside Bottle.safetensors"):
        cards()


@pytest.mark.parametrize(("text", "problem"), [("{", "JSON"), ("{}", "hand: Field required")])
def test_a_damaged_card_is_named_with_what_is_wrong(folders, text, problem):
    path = put(folders / "data", "mano", "Bottle")
    card_path(path).write_text(text)
    with pytest.raises(BadFileError, match=rf"Bottle.json: is not a policy's card .*{problem}"):
        cards()


def test_new_results_replace_those_of_the_same_engine_noise_and_skill_only():
    card = CARD.judged((result("warp"), result("warp", 0.5), result("mujoco", 0.0, 1)), "2026-01-02", "1")
    again = card.judged((result("mujoco", 0.0, 7),), "2026-01-03", "2")
    assert [(r.engine, r.noise, r.rates["hot"].successes) for r in again.results] == [
        ("mujoco", 0.0, 7),
        ("warp", 0.0, 9),
        ("warp", 0.5, 9),
    ]
    assert (again.date, again.hot) == ("2026-01-03", "2")


def test_a_cards_time_is_unknown_if_one_stages_is():
    second = STAGE.model_copy(update={"stage": 2, "seconds": None})
    assert (CARD.samples, CARD.seconds) == (1000, 60.0)
    both = CARD.model_copy(update={"stages": (STAGE, second)})
    assert (both.samples, both.seconds) == (2000, None)


def test_shipped_policies_have_whole_cards_and_stay_below_ten_mebibytes():
    paths = list(packaged("policies").glob("*/*.safetensors"))
    assert [read_card(path).hand for path in paths] == [path.parent.name for path in paths]
    assert sum(path.stat().st_size for path in paths) < 10 * 2**20
