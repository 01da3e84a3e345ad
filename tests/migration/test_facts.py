import pytest

from hot.hands import packaged_hand_names
from hot.migration.facts import BUNDLE, ENV_CONFIGS, HANDS, MESH_CODES, SCRIPTS, SKILLS
from hot.migration.shipped import shipped_grasps, shipped_objects
from hot.migration.tracker_flags import FLAGS
from hot.motions.skills import SKILLS as OURS
from hot.objects import packaged_names
from hot.synthesis import has_grasps
from hot.training.config import PpoConfig


def test_what_ships_is_what_is_said_to_ship(monkeypatch, tmp_path):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    assert set(packaged_names()) == shipped_objects()
    assert set(HANDS) <= set(packaged_hand_names())
    for hand in HANDS:
        assert {name for name in packaged_names() if has_grasps(hand, name)} == shipped_grasps(hand)
    assert set(MESH_CODES.values()) <= shipped_objects()


def test_upstreams_labels_are_those_of_our_skills():
    assert {skill.label: skill.name for skill in OURS} == SKILLS
    assert set(BUNDLE) <= set(SKILLS.values())


def test_what_is_said_of_an_epoch_holds():
    steps, rate = 32, 2e-5  # upstream's
    assert PpoConfig().horizon == steps / 2
    assert PpoConfig().learning_rate == pytest.approx(25 * rate)


def test_every_stage_has_its_flags_and_every_script_its_lines():
    assert {config.stage for config in ENV_CONFIGS.values()} == {1, 2}
    assert all(script.lines for script in SCRIPTS.values())
    assert all(name == name.strip("-") for name in FLAGS)
