"""The student: it reaches its teacher, worlds are stepped by whom beta says, and a stop loses nothing."""

from __future__ import annotations

import csv
import os
import signal

import pytest
import torch

from hot.distillation import DistillationConfig, distill_student
from hot.distillation.agent import divergence, squared_error, student_of
from hot.distillation.course import Course
from hot.policies import Policy
from hot.runs import Run
from hot.tracking import TrackingEnv
from hot.training import TeacherData
from hot.training.checkpoints import load_checkpoint
from hot.training.learner import Learner
from hot.training.vecenv import VecEnv
from tests.distillation.toys import SKILLS, TASK, seeing, teacher, two_skills
from tests.training.test_teacher import small, weights

COURSE = DistillationConfig(
    guided=0.1, handover=0.3, warm_up=0.1, explained_variance=-100.0, explained_epochs=1, learning_rate=3e-3
)


@pytest.fixture(scope="module")
def data(allegro, bottle) -> TeacherData:
    return TeacherData(allegro, {"Bottle": bottle}, two_skills(allegro, [bottle]))


@pytest.fixture
def teachers(allegro):
    """One of each skill; the second sees the worlds in a way of its own."""
    return [
        teacher(allegro, 1, [("Bottle", SKILLS[0])]),
        teacher(allegro, 2, [("Bottle", SKILLS[1])], seeing(points=5)),
    ]


def new_run(path) -> Run:
    made = {"hand": "allegro", "object": "Bottle", "stage": 3, "seed": 3}
    return Run.create(path, "", {**made, "teachers": [{"policy": "/far/away/runs/a/policy", "sha256": "12"}]})


def rows(run: Run) -> list:
    with run.metrics_path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_student_reaches_its_teacher(tmp_path, data, allegro):
    own = teacher(allegro, 1, [("Bottle", skill) for skill in SKILLS])
    run, course = new_run(tmp_path / "run"), COURSE.model_copy(update={"handover": 1.0})
    config = small(12, num_envs=16, horizon=8, mini_epochs=8)
    policy = distill_student(data, [own], TASK, config, course, run, 3)
    lost = [float(row["loss/cloning"]) for row in rows(run)]
    assert lost[-1] < 0.1 * lost[0]
    env = TrackingEnv(allegro, data.objects, data.motions, TASK, 32, seed=9)
    seen = env.reset()
    idle, copied = (
        squared_error(action, own.policy.act(seen)) for action in (0.0 * own.policy.act(seen), policy.act(seen))
    )
    assert copied < 0.2 * idle
    env.close()


def test_the_whole_course_is_run_and_written_down(tmp_path, data, teachers):
    run, shown = new_run(tmp_path / "run"), []
    distill_student(
        data, teachers, TASK, small(10), COURSE, run, 3, progress=lambda what, done, total, f: shown.append((what, f))
    )
    assert [what for what, _ in shown] == ["cloning"] * 3 + ["warming up"] * 1 + ["reinforcing"] * 6
    assert {"cloning", "explained_variance", "beta", "Bottle", "move", "freemove"} <= set(shown[0][1])
    assert "Bottle move" not in shown[0][1]
    table = rows(run)
    assert [row["loss/beta"] for row in table[:4]] == ["1", "1", "0.5", "0"]
    assert {"survival/Bottle", "survival/move", "detail/Bottle move", "loss/cloning"} <= set(table[0])
    spec = Policy.load(run.policy_path).spec
    assert (spec.trained["stage"], spec.trained["teachers"]) == (3, {"a/policy": "12"})
    assert spec.observation == TASK.observation.model_dump(mode="json")


def test_the_rate_of_cloning_falls_to_the_one_that_rewards_begin_with(tmp_path, data, teachers):
    run, course = new_run(tmp_path / "run"), COURSE.model_copy(update={"explained_variance": 0.999})
    distill_student(data, teachers, TASK, small(10, learning_rate=1e-3), course, run, 3)
    rates = [float(row["loss/learning_rate"]) for row in rows(run)]
    assert rates == pytest.approx([3e-3, 2.5e-3, 2e-3, 1.5e-3, *[1e-3] * 6], rel=1e-4)
    assert {row["loss/phase"] for row in rows(run)} == {"1", "2"}


def test_only_rewards_move_the_width_of_exploration(tmp_path, data, teachers):
    run = new_run(tmp_path / "run")
    distill_student(data, teachers, TASK, small(10), COURSE, run, 3)
    widths = [float(row["track/std"]) for row in rows(run)]
    assert len(set(widths[:4])) == 1 and len(set(widths[4:])) > 1


def test_a_stopped_distillation_goes_on_to_the_bit(tmp_path, data, teachers):
    whole, parts = new_run(tmp_path / "whole"), new_run(tmp_path / "parts")
    distill_student(data, teachers, TASK, small(8), COURSE, whole, 3)
    for stop in (2, 4, 6, None):  # in each phase

        def interrupt(what, done, total, figures, stop=stop):
            if done == stop:
                os.kill(os.getpid(), signal.SIGINT)

        rest = {"resume": stop != 2, "progress": interrupt}
        if stop is None:
            distill_student(data, teachers, TASK, small(8), COURSE, parts, 3, **rest)
        else:
            with pytest.raises(KeyboardInterrupt):
                distill_student(data, teachers, TASK, small(8), COURSE, parts, 3, **rest)
            assert parts.status == "interrupted"
    first, second = weights(whole), weights(parts)
    for name in first:
        assert torch.equal(first[name], second[name]), name
    ends = [load_checkpoint(run.checkpoint_path) for run in (whole, parts)]
    assert ends[0]["agent"]["course"] == ends[1]["agent"]["course"]
    assert torch.equal(ends[0]["agent"]["survival"], ends[1]["agent"]["survival"])
    timed = ("perf/seconds", "perf/steps_per_s")
    for one, other in zip(rows(whole), rows(parts)):
        assert {k: v for k, v in one.items() if k not in timed} == {k: v for k, v in other.items() if k not in timed}


def test_the_cloning_loss_is_the_divergence_of_two_gaussians_of_one_width():
    mean, wanted, std = torch.randn(40, 3), torch.randn(40, 3), torch.tensor([0.1, 0.2, 0.5])
    pair = (torch.distributions.Normal(each, std) for each in (mean, wanted))
    exact = torch.distributions.kl_divergence(*pair).sum(1).mean()
    torch.testing.assert_close(divergence(mean, wanted, std), exact)


@pytest.fixture
def agent(tmp_path, data, teachers):
    env = TrackingEnv(data.hand, data.objects, data.motions, TASK, 64, seed=1)
    env.add_views([seeing(points=5).observation])
    config = small(2, num_envs=64)
    learner = Learner(
        VecEnv(env), config, TASK.observation.points, 3, tmp_path, make_agent=student_of(teachers, COURSE)
    )
    learner.agent.begin()
    learner.agent.set_eval()
    yield learner.agent
    env.close()


@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_worlds_are_stepped_by_teachers_with_probability_beta(agent, beta):
    agent._beta.fill_(beta)
    theirs = []
    for _ in range(20):
        with torch.no_grad():
            acted = agent.get_action_values(agent.obs)
        by_teacher = (acted["taken"] == acted["wanted"]).all(1)
        by_student = (acted["taken"] == acted["actions"]).all(1)
        assert (by_teacher | by_student).all()
        theirs.append(by_teacher)
        agent.obs = agent._execute(acted)[0]
        assert torch.equal(agent.vec_env._env.env.physics.state.joint_pos.isfinite().all(1), torch.ones(64) > 0)
    assert torch.stack(theirs).float().mean().item() == pytest.approx(beta, abs=0.05)


def test_survival_counts_episodes_by_object_and_skill(agent):
    survival = agent._survival
    env = agent.vec_env._env.env
    ended = completed = 0
    for _ in range(14):
        due = survival.due()
        assert torch.equal(due % 2, env.skill_due)
        step = env.step(torch.zeros(64, env.num_actions))
        survival.count(due, step.done, step.timed_out)
        ended, completed = ended + int(step.done.sum()), completed + int(step.timed_out.sum())
    assert ended >= 64
    figures = survival.read(lambda tensors: None)
    assert float(figures["survival/Bottle"]) == pytest.approx(completed / ended)
    assert set(figures) == {
        *("survival/Bottle", "survival/move", "survival/freemove"),
        *("detail/Bottle move", "detail/Bottle freemove"),
    }


def test_the_course_of_an_agent_survives_a_checkpoint(agent):
    agent._course.start_epoch(0.5)
    snapshot = agent.snapshot()
    other = Course(COURSE)
    other.restore(snapshot["course"])
    assert other.phase == "warming up"
