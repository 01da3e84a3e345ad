import pytest
import yaml

from hot import presets
from hot.errors import BadFileError, ConfigError, UnknownNameError
from hot.tracking.config import TaskConfig

WARP = {"physics.engine": "warp"}
FILES = sorted(presets.preset_folder().rglob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_preset_file_is_a_short_mapping(path):
    assert isinstance(yaml.safe_load(path.read_text()), dict)
    assert len(path.read_text().splitlines()) <= 40


@pytest.mark.parametrize("hand", ["allegro", "mano", "shadow"])
@pytest.mark.parametrize("stage", [1, 2, 3])
def test_every_hand_and_stage_resolves_and_survives_a_round_trip(hand, stage, tmp_path):
    preset = presets.resolve(hand, "Bottle", stage)
    (tmp_path / "preset.yaml").write_text(presets.dump(preset))
    assert presets.load(tmp_path / "preset.yaml") == preset


def test_every_preset_file_belongs_to_a_known_hand_stage_engine_reward_or_skill():
    known = {
        "hands": {"allegro", "mano", "shadow"},
        "stages": {"1", "2", "3"},
        "engines": {"isaacgym", "mujoco", "warp"},
        "rewards": {"product", "linear"},
        "skills": set(presets.skill_names()),
    }
    assert all(path.stem in known[path.parent.name] for path in FILES)


def test_test_frames_are_the_methods_table():
    names = ("grasp", "move", "place", "regrasp", "rotate", "catch", "throw", "freemove")
    assert [presets.test_frames(name) for name in names] == [180, 120, 220, 180, 120, 100, 50, 120]
    assert set(presets.skill_names()) == set(names)


def test_students_meet_what_their_teachers_met():
    teacher, student = presets.resolve("mano", "Bottle", 2), presets.resolve("mano", "Bottle", 3)
    changed = set(presets.differences(teacher, student))
    ppo = {"ppo.epochs", "ppo.learning_rate", "ppo.network.hidden"}
    assert changed == {"stage", "observation.points", *ppo}


def test_stage_two_perturbs_more_and_varies_the_worlds():
    one, two = presets.resolve("mano", "bottle", 1), presets.resolve("MANO", "Bottle", 2)
    assert (one.reset.noise, one.randomization.mass, one.scaling.factors) == (0.2, (1.0, 1.0), ())
    assert (two.reset.noise, two.randomization.mass, two.scaling.factors) == (0.5, (0.6, 1.6), (0.75, 0.9, 1.2, 1.5))


def test_a_hand_changes_what_its_file_says():
    assert presets.resolve("shadow", "Bottle").reward.finger == 0.5 != presets.resolve("mano", "Bottle").reward.finger


def test_an_engine_brings_its_numbers_and_options_win_over_them():
    here, there = presets.resolve("mano", "Bottle"), presets.resolve("mano", "Bottle", 1, (), WARP)
    assert (here.physics.engine, here.physics.iterations, here.ppo.num_envs) == ("mujoco", 20, 4096)
    assert (there.physics.engine, there.physics.iterations, there.physics.ls_iterations) == ("warp", 4, 8)
    assert there.ppo.num_envs == 8192
    assert presets.resolve("mano", "Bottle", 1, (), {**WARP, "ppo.num_envs": 64}).ppo.num_envs == 64
    with pytest.raises(UnknownNameError, match=r"Known: isaacgym, mujoco, warp\."):
        presets.resolve("mano", "Bottle", 1, (), {"physics.engine": "warpp"})


@pytest.mark.mujoco
@pytest.mark.parametrize(("gpu", "engine"), [(True, "warp"), (False, "mujoco")])
def test_auto_is_stored_as_the_engine_that_was_chosen(monkeypatch, gpu, engine):
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    preset = presets.resolve("mano", "Bottle", 1, (), {"physics.engine": "auto"})
    assert preset == presets.resolve("mano", "Bottle", 1, (), {"physics.engine": engine})
    assert preset.physics.engine == engine


def test_a_change_of_engine_takes_back_the_numbers_of_the_old_one_only():
    there = presets.resolve("mano", "Bottle", 1, (), {**WARP, "ppo.num_envs": 64})
    back = presets.override(there, {"physics.engine": "mujoco"})
    assert back == presets.resolve("mano", "Bottle", 1, (), {"ppo.num_envs": 64})
    assert presets.override(back, WARP) == there


def test_isaac_gym_takes_over_no_choice_of_mujocos_solver():
    there = presets.override(presets.resolve("mano", "Bottle", 1, (), WARP), {"physics.engine": "isaacgym"})
    assert (there.physics.iterations, there.physics.ls_iterations, there.physics.multi_contact) == (10, 50, True)
    assert there.ppo.num_envs == 4096
    assert there.physics.fine().iterations == 20


def test_names_are_taken_in_any_case_and_stored_as_the_catalogue_spells_them():
    preset = presets.resolve("Allegro", "BOTTLE", 1, ["Grasp"])
    assert (preset.hand, preset.object, preset.skills) == ("allegro", "Bottle", ("grasp",))


def test_an_objects_file_is_kept_as_a_path():
    assert presets.resolve("mano", "cups/Mug.yaml").object == "cups/Mug.yaml"


def test_later_sources_win():
    preset = presets.resolve("mano", "Bottle", 2, (), {"reset.noise": "0.7", "reward.object_position": 60})
    assert (preset.reset.noise, preset.reward.object_position, preset.reward.finger) == (0.7, 60.0, 2.0)


def test_override_changes_only_what_is_named():
    preset = presets.resolve("mano", "Bottle")
    changed = presets.override(preset, {"ppo.epochs": 3})
    assert changed.ppo.epochs == 3
    assert changed.model_copy(update={"ppo": preset.ppo}) == preset


def test_differences_are_named_by_dotted_key():
    preset = presets.resolve("mano", "Bottle")
    changed = presets.override(preset, {"ppo.network.point_features": 8, "seed": 2})
    assert presets.differences(preset, changed) == {"seed": (1, 2), "ppo.network.point_features": (60, 8)}


def test_the_task_is_the_presets_share_of_it():
    preset = presets.resolve("mano", "Bottle", 1, (), {"physics.substeps": 4})
    assert preset.task.physics.substeps == 4
    assert set(preset.task.model_dump()) == set(TaskConfig.model_fields)


@pytest.mark.parametrize("text", ["1e-3", "1.0e-3", "0.001", ".001", "1E-3"])
def test_every_way_to_write_a_number_is_a_number(text):
    assert presets.resolve("mano", "Bottle", 1, (), {"ppo.learning_rate": text}).ppo.learning_rate == 0.001


@pytest.mark.parametrize(
    ("key", "value", "needed"),
    [
        ("reward.object_position", "on", "number"),
        ("reward.object_position", "true", "number"),
        ("ppo.epochs", "1.5", "integer"),
        ("ppo.epochs", "many", "integer"),
        ("termination.enabled", "on", "boolean"),
        ("termination.enabled", "1", "boolean"),
        ("ppo.learning_rate", "-1", "greater than 0"),
        ("ppo.learning_rate", ".nan", "number"),
        ("reward", "5", "object"),
        ("reward.finger.left", "5", "number"),
        ("seed", "2020-01-01", "integer"),
        ("skills", "[]", "at least 1"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_path_and_what_is_needed(key, value, needed):
    with pytest.raises(ConfigError) as caught:
        presets.resolve("mano", "Bottle", 1, (), {key: value})
    path = "reward.finger" if key == "reward.finger.left" else key
    assert f"'{path}'" in str(caught.value) and needed in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_key_is_named_with_its_path_the_nearest_and_its_sections_keys():
    with pytest.raises(ConfigError) as caught:
        presets.resolve("mano", "Bottle", 1, (), {"reward.objct_position": 60})
    message = str(caught.value)
    assert "unknown preset key 'reward.objct_position'; did you mean 'reward.object_position'?" in message
    assert "Keys of reward: contact, finger, form" in message


def test_unknown_keys_are_found_at_every_depth():
    for key in ("rewards.finger", "ppo.network.hiden", "lerning_rate"):
        with pytest.raises(ConfigError, match="unknown preset key"):
            presets.resolve("mano", "Bottle", 1, (), {key: 1})


@pytest.mark.parametrize("request_", [("hook", "Bottle", 1, ()), ("mano", "Botle", 1, ()), ("mano", "Box", 4, ())])
def test_unknown_names_list_the_known_ones(request_):
    with pytest.raises(UnknownNameError, match="Known:"):
        presets.resolve(*request_)


def test_an_unknown_skill_names_the_nearest():
    with pytest.raises(UnknownNameError, match="did you mean 'grasp'"):
        presets.resolve("mano", "Bottle", 1, ["grsp"])


def test_a_preset_file_of_an_unknown_hand_lists_the_known_ones(tmp_path):
    path = tmp_path / "preset.yaml"
    path.write_text("hand: hook\nobject: Bottle\n")
    with pytest.raises(UnknownNameError, match="unknown hand 'hook'"):
        presets.load(path)


@pytest.mark.parametrize("text", ["- a\n", "just words", "a: [", ""])
def test_a_file_that_is_no_preset_is_refused(tmp_path, text):
    path = tmp_path / "preset.yaml"
    path.write_text(text)
    with pytest.raises((BadFileError, ConfigError), match=r"preset\.yaml"):
        presets.load(path)


def test_a_preset_file_with_a_key_left_out_says_which(tmp_path):
    path = tmp_path / "preset.yaml"
    path.write_text("hand: mano\n")
    with pytest.raises(ConfigError, match=r"preset\.yaml: preset key 'object' is missing"):
        presets.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadFileError, match=r"nothing\.yaml"):
        presets.load(tmp_path / "nothing.yaml")


def test_a_reward_is_chosen_by_name_and_its_weights_can_still_be_changed():
    preset = presets.resolve("shadow", "Bottle", 2, overrides={"reward": "product", "reward.finger": 1})
    assert (preset.reward.form, preset.reward.object_position, preset.reward.finger) == ("product", 50.0, 1.0)
    with pytest.raises(UnknownNameError, match="linear, product"):
        presets.resolve("allegro", "Bottle", overrides={"reward": "sum"})


@pytest.mark.parametrize("name", ["linear", "product"])
def test_a_named_reward_is_whole(name):
    of_hands = [presets.resolve(hand, "Bottle", 1, (), {"reward": name}).reward for hand in ("mano", "shadow")]
    assert of_hands[0] == of_hands[1]


def test_the_default_reward_is_the_linear_one():
    assert presets.resolve("mano", "Bottle", 1, (), {"reward": "linear"}) == presets.resolve("mano", "Bottle")


def test_all_skills_have_a_name_together():
    assert presets.resolve("mano", "Bottle", skills=["all"]).skills == presets.skill_names()
