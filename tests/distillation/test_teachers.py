"""Who teaches whom: a world's label is what its own teacher would do there, seen as that teacher sees."""

from __future__ import annotations

import itertools

import pytest
import torch

from hot.distillation.teachers import Faculty, views_of
from hot.errors import ConfigError
from hot.objects import load_object
from hot.tracking import TrackingEnv
from hot.tracking.actions import ActionMap, residual_ranges
from tests.distillation.toys import SKILLS, TASK, seeing, teacher, two_skills

OBJECTS = ("Bottle", "Box")
ALL = tuple(itertools.product(OBJECTS, SKILLS))
ACTION = TASK.action.model_dump(mode="json")


@pytest.fixture(scope="module")
def objects(bottle):
    return {"Bottle": bottle, "Box": load_object("Box")}


@pytest.fixture
def make_env(allegro, objects):
    made = []

    def make(task=TASK, views=()):
        env = TrackingEnv(allegro, objects, two_skills(allegro, list(objects.values())), task, 12, seed=5)
        env.add_views(views)
        made.append(env)
        return env

    yield make
    for env in made:
        env.close()


def labels(env, teachers, steps=15):
    """What a faculty says at every step, and each world's object and skill there."""
    faculty, observation, rows = Faculty(teachers, env), env.reset(), []
    for _ in range(steps):
        names, skills = env.motions.objects, env.motions.skills
        pairs = [(names[o], skills[s]) for o, s in zip(env.world_object.tolist(), env.skill_due.tolist())]
        rows.append((faculty.act(observation), observation, [view.clone() for view in env.views], pairs))
        observation = env.step(rows[-1][0]).observation
    return rows


@pytest.mark.parametrize(
    "split",
    [
        lambda name, skill: 0,
        lambda name, skill: OBJECTS.index(name),
        lambda name, skill: SKILLS.index(skill),
        lambda name, skill: 2 * OBJECTS.index(name) + SKILLS.index(skill),
    ],
    ids=["one teacher", "by object", "by skill", "by both"],
)
def test_a_worlds_label_is_its_own_teachers_answer(make_env, allegro, split):
    numbers = sorted({split(*pair) for pair in ALL})
    teachers = [teacher(allegro, n, [pair for pair in ALL if split(*pair) == n]) for n in numbers]
    met = set()
    for said, observation, _, pairs in labels(make_env(), teachers):
        for world, pair in enumerate(pairs):
            wanted = teachers[split(*pair)].policy.act(observation[world : world + 1])[0]
            torch.testing.assert_close(said[world], wanted, atol=1e-6, rtol=0)
            met.add(pair)
    assert met == set(ALL)


def test_teachers_see_as_they_were_trained_to_and_those_who_see_alike_share_a_view(make_env, allegro):
    few = seeing(points=5, future_frames=(1, 3))
    teachers = [
        teacher(allegro, 1, [("Bottle", "move")]),
        teacher(allegro, 2, [("Bottle", "freemove")], few),
        teacher(allegro, 3, [("Box", skill) for skill in SKILLS], few),
    ]
    views = views_of(teachers, TASK)
    assert views == (few.observation,)
    seen_by_few = labels(make_env(few), [teacher(allegro, n, [p], few) for n, p in enumerate(ALL, 1)], steps=1)[0][1]
    for said, observation, (view,), pairs in labels(make_env(views=views), teachers, steps=1):
        torch.testing.assert_close(view, seen_by_few)
        for world, pair in enumerate(pairs):
            own = next(each for each in teachers if pair in each.subjects)
            seen = observation if own is teachers[0] else view
            torch.testing.assert_close(said[world], own.policy.act(seen[world : world + 1])[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("finger", [0.2, 3.0])
def test_a_teacher_whose_residuals_reach_otherwise_is_copied_by_what_it_does(make_env, allegro, caplog, finger):
    theirs = TASK.action.model_copy(update={"finger": finger, "wrist_hinge": 0.35})
    own = teacher(allegro, 1, ALL, claims={"action": theirs.model_dump(mode="json")})
    meant, student = (ActionMap(config, allegro, torch.device("cpu")) for config in (theirs, TASK.action))
    base = 0.5 * (allegro.joint_lower + allegro.joint_upper).expand(12, -1)  # far from limits, which would hide a lot
    farthest, cut = residual_ranges(TASK.action, allegro), 0
    for said, observation, _, _ in labels(make_env(), [own], steps=3):
        wanted = meant.targets(own.policy.act(observation), base, base)
        reach = torch.maximum(torch.minimum(wanted - base, farthest), -farthest)
        torch.testing.assert_close(student.targets(said, base, base), base + reach, atol=1e-6, rtol=0)
        cut += int((reach != wanted - base).sum())
    assert (cut > 0) == (finger > 0.8) == ("teacher 1 may leave the reference farther" in caplog.text)


def test_views_travel_with_a_snapshot(make_env):
    env = make_env(views=[seeing(points=5).observation])
    env.reset()
    snapshot, kept = env.snapshot(), env.views[0].clone()
    env.step(torch.zeros(env.num_envs, env.num_actions))
    assert not torch.equal(env.views[0], kept)
    view = env.views[0]
    env.restore(snapshot)
    assert torch.equal(env.views[0], kept) and env.views[0] is view


def test_sizes_of_an_object_have_its_teacher(allegro, bottle, hover):
    from dataclasses import replace

    motions = replace(hover, objects=("Bottle@1.2",))
    env = TrackingEnv(allegro, {"Bottle@1.2": bottle}, motions, TASK, 2, seed=1)
    own = teacher(allegro, 1, [("Bottle", "freemove")])
    assert torch.equal(Faculty([own], env).act(observation := env.reset()), own.policy.act(observation))
    env.close()


@pytest.mark.parametrize(
    ("teachers", "said"),
    [
        (lambda hand: [teacher(hand, 1, ALL[:3])], "Box freemove has no teacher"),
        (
            lambda hand: [teacher(hand, 1, ALL), teacher(hand, 2, ALL[:1])],
            "Bottle move has two teachers: teacher 1 and",
        ),
        (lambda hand: [teacher(hand, 1, ALL, claims={"hand": "mano"})], "teacher 1 drives the mano hand, not allegro"),
        (
            lambda hand: [teacher(hand, 1, ALL, claims={"layout": (("joints", 9),)})],
            "another allegro hand or by an older version",
        ),
        (lambda hand: [teacher(hand, 1, ALL, claims={"observation": {"frames": 3}})], "another version of hot"),
        (
            lambda hand: [teacher(hand, 1, ALL, claims={"action": {**ACTION, "finger": 0.5, "feed_forward": False}})],
            r"teacher 1 means .* than the student is to: --set action\.feed_forward=False$",
        ),
        (lambda hand: [teacher(hand, 1, ALL, claims={"action": {"fingers": 1}})], "another version of hot"),
    ],
)
def test_teachers_that_do_not_fit_are_refused(make_env, allegro, teachers, said):
    env = make_env()
    with pytest.raises(ConfigError, match=said):
        Faculty(teachers(allegro), env)
