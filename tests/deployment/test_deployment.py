"""Exported files: they send to the drives what the task sends, and describe what they need."""

from __future__ import annotations

import copy
import importlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hot.deployment import Deployed, Deployment, export, formats
from hot.deployment.examples import random_examples, real_examples
from hot.errors import ConfigError, HotError, MissingDependencyError, UnknownNameError
from hot.hands import load_hand
from hot.policies import Policy, PolicyFile, PolicySpec
from hot.tracking.config import ActionConfig, TaskConfig
from hot.tracking.observations import layout, parts

TASK = TaskConfig()
FILE = PolicyFile(path="p.safetensors", sha256="0")
NAMES = ("observation", "command", "velocity", "object_pos", "displacement")


def policy_of(hand, **action) -> Policy:
    """A policy of random weights and a normaliser that does something."""
    generator = torch.Generator().manual_seed(3)
    spec = PolicySpec(
        hand=hand.name,
        joint_names=tuple(hand.joint_names),
        layout=layout(hand, TASK.observation),
        points=TASK.observation.points,
        hidden=(16,),
        point_features=4,
        action=ActionConfig(**action).model_dump(mode="json"),
        observation=TASK.observation.model_dump(mode="json"),
        trained={"objects": ["Bottle"]},
    )
    actor = Policy.make_actor(spec)
    for weights in actor.parameters():
        torch.nn.init.normal_(weights, std=0.1, generator=generator)
    mean = 0.1 * torch.randn(spec.num_observations, generator=generator)
    return Policy(spec, actor, mean, 0.5 + torch.rand(spec.num_observations, generator=generator))


@pytest.fixture(scope="module")
def policy(allegro):
    return policy_of(allegro)


@pytest.fixture(scope="module")
def reaching(hover):
    """The clips under a skill whose reference follows the object."""
    return replace(hover, skills=("grasp",))


@pytest.fixture(scope="module")
def wanted(policy, allegro, bottle, reaching):
    return Deployment(policy, FILE, allegro, bottle, reaching, TASK)


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ({}, NAMES),
        ({"follow_object": False}, NAMES[:3]),
        ({"mode": "delta"}, ("observation", "joint_pos")),
        ({"mode": "absolute"}, ("observation",)),
    ],
)
def test_the_module_sends_to_the_drives_what_the_task_sends(allegro, bottle, reaching, action, names):
    policy = policy_of(allegro, **action)
    module = Deployed(policy, allegro)
    assert tuple(port.name for port in module.inputs) == names
    met = real_examples(module, policy, allegro, bottle, reaching, TASK, frames=30)
    torch.testing.assert_close(module(*met.inputs)[0], met.targets, atol=1e-6, rtol=0)
    if "displacement" in names:
        moved = met.inputs[names.index("displacement")]
        assert float(moved.abs().max()) > 1e-3  # perturbed starts: there is something to follow


def test_the_module_stays_where_it_is_when_the_policy_moves(policy, allegro):
    module = Deployed(policy, allegro)
    moved = Policy(policy.spec, copy.deepcopy(policy.actor), policy.mean, policy.std)
    other = Deployed(moved, allegro)
    moved.to(torch.device("meta"))
    inputs = random_examples(module, policy, allegro, 2).inputs
    assert torch.equal(other(*inputs)[0], module(*inputs)[0])


@pytest.fixture(scope="module", params=["torchscript", "onnx"])
def written(request, tmp_path_factory, wanted):
    """A format, the only file in its folder, and what was told of it."""
    if request.param == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
    path = tmp_path_factory.mktemp("written") / "policy"
    return request.param, path, export(path, request.param, wanted)


def test_a_file_does_what_the_policy_does_for_any_number_of_rows(written, policy, allegro):
    format_, path, told = written
    assert told["largest deviation"]["random"] < 1e-4 and told["largest deviation"]["real"] < 1e-4
    assert list(path.parent.iterdir()) == [path]
    module, run = Deployed(policy, allegro), formats.RUNNERS[format_](path)
    for rows in (1, 2, 50):
        inputs = random_examples(module, policy, allegro, rows).inputs
        for found, expected in zip(run(inputs), module(*inputs)):
            torch.testing.assert_close(found, expected.detach(), atol=1e-4, rtol=0)


def described_in(format_, path):
    """The description in a file, read without this package."""
    if format_ == "torchscript":
        extra = {"hot.json": ""}
        torch.jit.load(str(path), _extra_files=extra)
        return json.loads(extra["hot.json"])
    session = importlib.import_module("onnxruntime").InferenceSession(str(path))
    assert [each.name for each in session.get_inputs()] == list(NAMES)
    assert [each.name for each in session.get_outputs()] == ["targets", "action"]
    return json.loads(session.get_modelmeta().custom_metadata_map["hot"])


def test_files_describe_themselves(written, allegro):
    format_, path, told = written
    found = described_in(format_, path)
    assert found == {name: value for name, value in told.items() if name != "largest deviation"}
    assert found["joint_names"] == list(allegro.joint_names) and found["control_hz"] == 60
    assert [port["name"] for port in found["inputs"]] == list(NAMES)
    assert found["policy"]["sha256"] == "0"
    last = found["observation"][-1]
    assert last["start"] + last["size"] == found["inputs"][0]["width"]


def test_a_file_that_does_something_else_is_not_written(tmp_path, wanted, monkeypatch):
    run = formats.run_torchscript

    def wrong(path):
        right = run(path)
        return lambda inputs: tuple(value + 0.01 for value in right(inputs))

    monkeypatch.setitem(formats.RUNNERS, "torchscript", wrong)
    with pytest.raises(HotError, match=r"differs from the policy by 0.01 on random observations"):
        export(tmp_path / "p.pt", "torchscript", wanted)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_refused(tmp_path, wanted, policy, monkeypatch):
    with pytest.raises(UnknownNameError, match=r"unknown format 'pickle'.*onnx, torchscript"):
        export(tmp_path / "p", "pickle", wanted)
    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else name)
    with pytest.raises(MissingDependencyError, match=r"needs onnxruntime: pip install 'hand-object-tracking\[onnx\]'"):
        export(tmp_path / "p", "onnx", wanted)
    other = Policy(replace(policy.spec, hand="shadow"), policy.actor, policy.mean, policy.std)
    with pytest.raises(ConfigError, match="drives the shadow hand"):
        export(tmp_path / "p", "torchscript", replace(wanted, policy=other))


def test_the_parts_of_the_observation_add_up_to_its_groups(allegro):
    sizes = {}
    for part in parts(allegro, TASK.observation):
        sizes[part.group] = sizes.get(part.group, 0) + part.size
    # 16 finger joints, 22 joints, 4 fingertips; 5 frames ahead, 2 of fingers; 20 points
    assert sizes["joints"] == 38 and sizes["targets"] == 22 and sizes["tips"] == 12
    assert sizes["reference"] == 65 and sizes["reference_fingers"] == 48 and sizes["points"] == 60
    assert tuple(sizes.items()) == layout(allegro, TASK.observation)
    bare = TASK.observation.model_copy(update={"points": 0})
    assert "points" not in dict(layout(allegro, bare))


def test_the_documented_observation_is_the_one_that_is_made():
    page = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
    start = 0
    for part in parts(load_hand("mano"), TASK.observation):
        assert f"| {part.name} | {start} | {part.size} | {part.meaning} |" in page
        start += part.size
    assert f"| {start} |" not in page
