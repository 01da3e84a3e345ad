"""The learner: what it replaces in rl-games computes the same, and it stops when it is told to."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import pytest
import torch
from rl_games.algos_torch.a2c_continuous import A2CAgent

from hot.tracking import TrackingEnv
from hot.training import learner as learner_module
from hot.training import train_teacher
from hot.training.bench import bench_training
from hot.training.checkpoints import load_checkpoint
from hot.training.learner import Learner, fast_matmul
from hot.training.vecenv import VecEnv
from tests.training.test_teacher import TASK, data, new_run, small

__all__ = ["data"]


@pytest.fixture
def env(allegro, bottle, hover):
    env = TrackingEnv(allegro, {"Bottle": bottle}, hover, TASK, 8, seed=1)
    yield env
    env.close()


def begun(env, folder, **changes) -> Learner:
    learner = Learner(VecEnv(env), small(2, **changes), TASK.observation.points, 3, folder / "log")
    learner.agent.begin()
    learner.agent.set_eval()
    return learner


def test_the_roll_out_computes_what_rl_games_does(env, tmp_path):
    """Also over time-outs and failures: episodes of 12 frames end within the 16 that are rolled out."""
    learner = begun(env, tmp_path, horizon=16)
    start, random = learner.env.snapshot(), torch.get_rng_state()
    with torch.no_grad():
        ours = {name: value for name, value in learner.agent.play_steps().items() if torch.is_tensor(value)}
        learner.env.restore(start)
        torch.set_rng_state(random)
        learner.agent.init_tensors()
        learner.agent.obs = learner.agent.env_reset()
        theirs = A2CAgent.play_steps(learner.agent)
    assert ours["dones"].any()
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], msg=name)


def test_drawn_actions_have_the_densities_that_rl_games_gives_them(env, tmp_path):
    agent = begun(env, tmp_path).agent
    agent.set_eval()
    with torch.no_grad():
        acted = agent.get_action_values(agent.obs)
        given = {"is_train": True, "prev_actions": acted["actions"], "obs": agent.obs["obs"]}
        judged = agent.model(given)
    torch.testing.assert_close(judged["prev_neglogp"], acted["neglogpacs"])
    assert float((acted["actions"] - acted["mus"]).div(acted["sigmas"]).std()) == pytest.approx(1.0, abs=0.25)


def test_observations_are_normalised_alike_all_through_an_epoch(env, tmp_path, monkeypatch):
    learner = begun(env, tmp_path)
    statistics = learner.agent.model.running_mean_std
    assert float(statistics.count) == 1 + 8  # the first look
    counts = []
    step = learner.agent.trancate_gradients_and_step
    monkeypatch.setattr(
        learner.agent, "trancate_gradients_and_step", lambda: (counts.append(float(statistics.count)), step())
    )
    learner.agent.run_epoch(0.0)
    assert set(counts) == {1.0 + 8.0} and len(counts) == 2 * 2
    assert float(statistics.count) == 1 + 8 + 8 * 4


def test_an_epoch_reports_losses_divergence_and_pace(env, tmp_path):
    learner, seen = Learner(VecEnv(env), small(2), TASK.observation.points, 3, tmp_path / "log"), []
    learner.train(lambda learner, figures: seen.append(figures) or len(seen) == 2)
    names = {"policy", "critic", "bounds", "kl", "explained_variance", "learning_rate"}
    assert {f"loss/{name}" for name in names} <= set(seen[1])
    assert seen[1]["perf/samples"] == 2 * 8 * 4 and seen[1]["perf/seconds"] > seen[0]["perf/seconds"] > 0
    assert 0 <= seen[1]["loss/kl"] < 1 and seen[1]["loss/explained_variance"] <= 1 and seen[1]["track/std"] > 0
    learner.agent.schedule.rate.fill_(0.125)
    assert learner.agent.optimizer.param_groups[0]["lr"] == 0.125  # the optimiser reads the schedule's own tensor


def curve(run) -> list:
    with run.metrics_path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_time_ends_a_training_and_counts_over_a_resume(tmp_path, data, monkeypatch):
    ticks = iter(range(100000))
    monkeypatch.setattr(learner_module, "time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    run = new_run(tmp_path / "run")
    train_teacher(data, TASK, small(1000, seconds=60), run, seed=3)
    assert run.status == "finished"
    epoch, seconds = (load_checkpoint(run.checkpoint_path)[name] for name in ("epoch", "seconds"))
    assert 1 < epoch < 60 and 60 <= seconds < 80
    assert [int(row["epoch"]) for row in curve(run)] == list(range(1, epoch + 1))
    train_teacher(data, TASK, small(1000, seconds=60), run, seed=3, resume=True)
    assert load_checkpoint(run.checkpoint_path)["epoch"] == epoch  # the time was used up already
    train_teacher(data, TASK, small(1000, seconds=120), run, seed=3, resume=True)
    assert load_checkpoint(run.checkpoint_path)["seconds"] >= 120
    assert [int(row["epoch"]) for row in curve(run)] == list(range(1, len(curve(run)) + 1))


def test_a_failure_marks_the_run_and_its_curve_stays(tmp_path, data):
    def fail(what, done, total, figures):
        if done == 2:
            raise ZeroDivisionError

    run = new_run(tmp_path / "run")
    with pytest.raises(ZeroDivisionError):
        train_teacher(data, TASK, small(3), run, seed=3, progress=fail)
    assert run.status == "interrupted" and len(curve(run)) == 2


def test_the_matrix_precision_is_raised_on_gpus_only_and_given_back():
    before = torch.get_float32_matmul_precision()
    with fast_matmul(torch.device("cuda")):
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before
    with fast_matmul(torch.device("cpu")):
        assert torch.get_float32_matmul_precision() == before


def test_the_benchmark_times_both_loops(env):
    report = bench_training(env, small(1), epochs=1)
    assert (report.worlds, report.horizon, report.minibatches, report.epochs) == (8, 4, 2, 1)
    assert report.ratio == report.training_steps_per_s / report.plain_steps_per_s
