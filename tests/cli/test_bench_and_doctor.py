import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from hot.hands import packaged_hand_names
from hot.synthesis import has_grasps
from hotcli import doctor


@pytest.fixture
def benched(monkeypatch, planner):
    import hot.tracking
    import hot.tracking.bench

    calls = []

    def bench(env, steps, progress):
        calls.append((env, steps))
        return hot.tracking.bench.BenchReport(
            hand="allegro",
            object="Bottle",
            worlds=env.args[4],
            substeps=2,
            iterations=4,
            threads=2,
            steps=steps,
            contacts=0.5,
            env_steps_per_s=900.0,
            physics_steps_per_s=1000.0,
        )

    def make_env(*args):
        return SimpleNamespace(args=args, close=lambda: calls.append("closed"))

    monkeypatch.setattr(hot.tracking, "TrackingEnv", make_env)
    monkeypatch.setattr(hot.tracking.bench, "bench", bench)
    return calls


def test_bench_steps_as_many_worlds_and_steps_as_asked_and_closes(hot, benched):
    result = hot("bench --hand allegro --num-envs 8 --steps 3 --engine mujoco --set seed=5")
    assert result.exit_code == 0, result.stderr
    (env, steps), closed = benched
    assert (steps, env.args[4], env.args[5], closed) == (3, 8, 5, "closed")
    assert "0.900" in result.stdout


def test_bench_steps_many_objects_as_one_batch(hot, benched, planner):
    result = hot("bench --hand allegro --num-envs 8 --steps 3 --engine mujoco --mixed box,Ball --mixed BOX --json")
    assert result.exit_code == 0, result.stderr
    (one, _), _, (many, steps), _ = benched
    assert (list(one.args[1]), list(many.args[1]), many.args[4], steps) == (["Bottle"], ["Box", "Ball"], 8, 3)
    assert planner.count == 3  # clips of each
    (row,) = json.loads(result.stdout)
    assert row["cost_of_mixing"] == 1.0


def test_bench_refuses_an_unknown_object_before_it_measures(hot, benched):
    result = hot("bench --hand allegro --engine mujoco --mixed Box,Bocks")
    assert (result.exit_code, benched) == (1, [])
    assert "Bocks" in result.stderr


def test_bench_takes_every_hand_unless_one_is_named(hot, benched):
    rows = json.loads(hot("bench --num-envs 2 --steps 1 --json").stdout)
    assert [row["ratio"] for row in rows] == [0.9] * sum(has_grasps(hand, "Bottle") for hand in packaged_hand_names())


def test_bench_measures_learning_when_asked(hot, benched, monkeypatch):
    from hot.training import bench as training_bench

    def bench_training(env, ppo, epochs, progress):
        sizes = {"worlds": ppo.num_envs, "horizon": ppo.horizon, "epochs": epochs, "minibatches": 4, "mini_epochs": 4}
        return training_bench.TrainingBenchReport(**sizes, training_steps_per_s=600.0, plain_steps_per_s=750.0)

    monkeypatch.setattr(training_bench, "bench_training", bench_training)
    words = "bench --hand allegro --num-envs 8 --engine mujoco --training"
    (row,) = json.loads(hot(words, "--json").stdout)
    assert (row["training"]["worlds"], row["training"]["ratio"], row["learning_ratio"]) == (8, 0.8, 0.6)
    text = hot(words).stdout
    assert "0.900" in text and "0.800" in text and "0.600" in text


def test_bench_plans_clips_of_every_skill_and_says_which_cannot_be(hot, monkeypatch):
    from hot.errors import HotError
    from hot.planning import SKILLS
    from hot.planning.bench import GenerationReport

    def bench_generation(hand, object_spec, skill, clips, config, device):
        if skill == "rotate":
            raise HotError("nothing turns")
        facts = {"hand": hand.name, "object": object_spec.name, "skill": skill, "device": device, "threads": 1}
        return GenerationReport(
            **facts, clips=clips, frames=100 * clips, seconds=2.0, cpu_seconds=4.0, bare_seconds=0.5
        )

    monkeypatch.setattr("hot.planning.bench.bench_generation", bench_generation)
    words = "bench --generation --engine mujoco --set synthesis.train_clips=40"
    result = hot(words, "--json")
    rows = json.loads(result.stdout)
    assert [row["skill"] for row in rows] == [skill for skill in SKILLS if skill != "rotate"]
    assert (rows[0]["frames_per_s"], rows[0]["ratio"], rows[0]["device"]) == (2000.0, 0.25, "cpu")
    assert "rotate: nothing turns" in result.stderr
    assert "2,000" in hot(words).stdout


@pytest.fixture
def probed(monkeypatch):
    """Answers every probe of the machine: None is well."""
    answers = {}
    monkeypatch.setattr(doctor, "_probe", lambda code, environment=None: answers.get(code))
    return answers


@pytest.mark.mujoco
def test_a_sound_machine_passes(hot, probed):
    result = hot("doctor", "--json")
    assert result.exit_code == 0
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert findings["engine mujoco"]["ok"] and findings["data folder"]["ok"] and findings["torch"]["ok"]
    assert all(finding["ok"] or finding["fix"] for finding in findings.values())


def test_a_missing_engine_fails_with_its_fix(hot, probed):
    probed["import mujoco"] = "No module named mujoco"
    result = hot("doctor")
    assert result.exit_code == 1
    assert "No module named mujoco" in result.stdout and "pip install 'mujoco" in result.stdout


@pytest.mark.mujoco
def test_missing_rendering_is_told_but_not_needed(hot, probed):
    probed[doctor._RENDER] = "cannot make a context"
    result = hot("doctor")
    assert result.exit_code == 0
    assert "missing (optional)" in result.stdout and "libegl1" in result.stdout


def test_a_data_folder_that_is_a_file_fails_with_its_fix(hot, probed, monkeypatch):
    Path("file").write_text("")
    monkeypatch.setenv("HOT_DATA", "file")
    result = hot("doctor")
    assert result.exit_code == 1 and "HOT_DATA" in result.stdout


def test_a_probe_says_what_went_wrong():
    assert doctor._probe("pass") is None
    assert doctor._probe("import nothing_like_this") == "ModuleNotFoundError: No module named 'nothing_like_this'"
    assert doctor._probe("raise SystemExit(3)") == "ended with 3"
