"""A policy is one file: what is saved acts the same when loaded, and damage is named."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
import torch

from hot.errors import BadFileError
from hot.policies import Actor, PointEncoder, Policy, PolicySpec

SPEC = PolicySpec(
    hand="allegro",
    joint_names=("a", "b", "c"),
    layout=(("joints", 5), ("points", 12)),
    points=4,
    hidden=(16, 8),
    point_features=6,
    action={"mode": "residual", "drives": "own"},
    observation={"points": 4, "layout": "own", "reference_joints": True},
    trained={"seed": 1},
)


def fresh(spec: PolicySpec = SPEC) -> Policy:
    torch.manual_seed(0)
    size = spec.num_observations
    policy = Policy(spec, Policy.make_actor(spec), torch.randn(size), torch.rand(size) + 0.5)
    torch.nn.init.normal_(policy.actor.last.weight)  # make its actions large enough to compare
    return policy


def test_a_loaded_policy_acts_as_the_saved_one(tmp_path):
    policy = fresh()
    policy.save(tmp_path / "policy.safetensors")
    loaded = Policy.load(tmp_path / "policy.safetensors")
    observation = torch.randn(32, 17)
    assert torch.equal(loaded.act(observation), policy.act(observation))
    assert loaded.spec == dataclasses.replace(SPEC)


def test_older_files_mean_what_there_was_when_they_were_written(tmp_path):
    old = dataclasses.replace(SPEC, action={"mode": "delta"}, observation={"points": 4})
    fresh(old).save(tmp_path / "policy.safetensors")
    spec = Policy.load(tmp_path / "policy.safetensors").spec
    assert spec.action == {"mode": "delta", "drives": "own"}
    assert spec.observation == SPEC.observation
    assert (spec.activation, spec.points_start) == ("elu", None)


def test_an_encoder_in_the_middle_leaves_what_is_on_either_side_where_it_is():
    torch.manual_seed(0)
    middle = Actor(PointEncoder(6), [17, 16, 8], points=4, actions=3, activation="relu", start=2)
    assert any(isinstance(part, torch.nn.ReLU) for part in middle.hidden)
    observation = torch.randn(5, 17)
    expected = torch.cat([observation[:, :2], middle.encoder(observation[:, 2:14]), observation[:, 14:]], dim=1)
    assert torch.equal(middle.encode(observation)[:, :11], expected)
    assert middle.encode(observation).shape == (5, 16) and not middle.encode(observation)[:, 11:].any()


def test_actions_stay_in_their_range_whatever_is_seen():
    actions = fresh().act(torch.randn(64, 17) * 1e6)
    assert actions.abs().max() <= 1.0


def test_the_point_encoder_ignores_the_order_of_points():
    encoder = PointEncoder(6)
    points = torch.randn(3, 4, 3)
    shuffled = points[:, [2, 0, 3, 1]]
    torch.testing.assert_close(encoder(points.flatten(1)), encoder(shuffled.flatten(1)))


def test_a_first_policy_stays_on_the_reference():
    torch.manual_seed(0)
    actor = Policy.make_actor(SPEC)
    assert actor(torch.randn(64, 17)).abs().max() < 0.05


def test_missing_truncated_and_foreign_files_are_named(tmp_path):
    path = tmp_path / "policy.safetensors"
    with pytest.raises(BadFileError, match="no such policy"):
        Policy.load(path)
    fresh().save(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BadFileError, match="damaged"):
        Policy.load(path)


def test_tensors_that_do_not_fit_the_description_are_refused(tmp_path):
    path = tmp_path / "policy.safetensors"
    policy = fresh()
    wrong = dataclasses.replace(SPEC, hidden=(16, 9))
    Policy(wrong, policy.actor, policy.mean, policy.std).save(path)
    with pytest.raises(BadFileError, match="not a usable policy"):
        Policy.load(path)


def test_a_policy_with_nan_weights_is_refused(tmp_path):
    policy = fresh()
    policy.mean[0] = float("nan")
    policy.save(tmp_path / "policy.safetensors")
    with pytest.raises(BadFileError, match="not finite"):
        Policy.load(tmp_path / "policy.safetensors")


def test_acting_needs_no_trainer(tmp_path):
    fresh().save(tmp_path / "policy.safetensors")
    code = (
        "import sys, torch; from hot.policies import Policy;"
        f"p = Policy.load({str(tmp_path / 'policy.safetensors')!r}); p.act(torch.zeros(1, 17));"
        "assert 'rl_games' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_half_precision_moves_actions_by_less_than_two_thousandths(tmp_path):
    policy = fresh(dataclasses.replace(SPEC, layout=(("joints", 300), ("points", 12)), hidden=(768, 512, 256)))
    torch.nn.init.normal_(policy.actor.last.weight, std=0.1)
    policy.save(tmp_path / "half.safetensors", half=True)
    policy.save(tmp_path / "whole.safetensors")
    loaded = Policy.load(tmp_path / "half.safetensors")
    assert {value.dtype for value in loaded.actor.state_dict().values()} == {torch.float32}
    assert torch.equal(loaded.mean, policy.mean) and torch.equal(loaded.std, policy.std)
    observation = torch.randn(256, 312)
    actions = policy.act(observation)
    assert 0.1 < actions.abs().mean() < 0.9
    assert 0 < (loaded.act(observation) - actions).abs().max() < 2e-3
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("half", "whole")]
    assert sizes[0] < 0.51 * sizes[1]


def test_weights_beyond_half_precisions_range_stay_whole(tmp_path):
    policy = fresh()
    with torch.no_grad():
        policy.actor.last.bias[0] = 1e6
    policy.save(tmp_path / "policy.safetensors", half=True)
    assert Policy.load(tmp_path / "policy.safetensors").actor.last.bias[0] == 1e6
