"""Two objects, two skills, and teachers with networks of random weights."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import Any, Mapping, Sequence, Tuple

import torch

from hot.distillation import Teacher
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.policies import Policy, PolicySpec
from hot.tracking.config import ObservationConfig, TaskConfig
from hot.tracking.observations import layout
from tests.conftest import hover_motions

TASK = TaskConfig(episode_frames=12)
SKILLS = ("move", "freemove")
NOTHING: Mapping[str, Any] = MappingProxyType({})


def two_skills(hand: HandSpec, objects: Sequence[ObjectSpec]) -> Motions:
    """Four clips of each object, of two skills in turn."""
    return Motions.concatenate(
        [
            dataclasses.replace(hover_motions(hand, spec), skills=SKILLS, clip_skill=torch.tensor([0, 1, 0, 1]))
            for spec in objects
        ]
    )


def policy(hand: HandSpec, seed: int, task: TaskConfig = TASK, claims: Mapping[str, Any] = NOTHING) -> Policy:
    """A policy whose actions are of the size of a trained one's; what it ``claims`` of itself may be false."""
    torch.manual_seed(seed)
    spec = PolicySpec(
        hand=hand.name,
        joint_names=tuple(hand.joint_names),
        layout=layout(hand, task.observation),
        points=task.observation.points,
        hidden=(16,),
        point_features=4,
        action=task.action.model_dump(mode="json"),
        observation=task.observation.model_dump(mode="json"),
        trained={"objects": ["Bottle"], "skills": list(SKILLS)},
    )
    actor = Policy.make_actor(spec)
    torch.nn.init.normal_(actor.last.weight, std=0.03)
    torch.nn.init.uniform_(actor.last.bias, -0.3, 0.3)
    mean = torch.zeros(spec.num_observations)
    return Policy(dataclasses.replace(spec, **claims), actor, mean, torch.ones_like(mean))


def teacher(
    hand: HandSpec,
    seed: int,
    subjects: Sequence[Tuple[str, str]],
    task: TaskConfig = TASK,
    claims: Mapping[str, Any] = NOTHING,
) -> Teacher:
    """A teacher of some objects and skills, named after its seed."""
    return Teacher(f"teacher {seed}", policy(hand, seed, task, claims), tuple(subjects))


def seeing(**changes) -> TaskConfig:
    """The task as somebody sees it who is shown something else."""
    return TASK.model_copy(update={"observation": ObservationConfig(**changes)})
