"""The original release's checkpoints act here as they do there, and nothing in them is executed."""

from __future__ import annotations

import os
import pickle
from typing import Type

import numpy as np
import pytest
import torch

from hot.errors import BadFileError, ConfigError, HotError
from hot.policies import Policy
from hot.tracking.config import ActionConfig, ObservationConfig
from hot.upstream import read_checkpoint, to_policy
from tests.upstream.checkpoints import JOINTS, PLAIN, SIZES, make_checkpoint, upstream_action

HANDS = sorted(JOINTS)


def put(tmp_path, content, name="teacher.pth"):
    path = tmp_path / name
    torch.save(content, path)
    return path


def reject(path, problem, error: Type[HotError] = BadFileError, **action):
    with pytest.raises(error, match=problem):
        to_policy(path, action)


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("dense", [True, False])
def test_a_checkpoint_acts_as_upstreams_own_forward_pass(tmp_path, hand, dense):
    size = (SIZES if dense else PLAIN)[hand]
    content = make_checkpoint(JOINTS[hand], size, dense, units=(32, 16, 16))
    policy = to_policy(put(tmp_path, content))
    observation = 4.0 * torch.randn(20, size, generator=torch.Generator().manual_seed(1))
    expected = upstream_action(content, observation)
    assert 0.01 < expected.abs().mean() < 0.99
    torch.testing.assert_close(policy.act(observation), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("hand", HANDS)
def test_hand_and_observation_follow_from_the_sizes(tmp_path, hand):
    spec = to_policy(put(tmp_path, make_checkpoint(JOINTS[hand], SIZES[hand]))).spec
    assert spec.hand == hand and len(spec.joint_names) == JOINTS[hand]
    assert spec.num_observations == SIZES[hand]
    assert spec.hidden == (16, 8) and spec.point_features == 60 and spec.activation == "relu"
    config = ObservationConfig(**spec.observation)
    assert (config.layout, config.points, config.reference_joints) == ("upstream", 200, True)


def test_the_encoder_takes_the_objects_points_of_mano_alone(tmp_path):
    """Upstream cuts all hands' observations at 268:868, which is where MANO's points lie."""
    starts = {}
    for hand in HANDS:
        spec = to_policy(put(tmp_path, make_checkpoint(JOINTS[hand], SIZES[hand]))).spec
        assert (spec.points, spec.points_start) == (200, 268)
        groups = [name for name, _ in spec.layout]
        starts[hand] = sum(size for _, size in spec.layout[: groups.index("points")])
    assert starts == {"mano": 268, "shadow": 421, "allegro": 319}


@pytest.mark.parametrize(
    ("size", "dense", "points", "joints"),
    [(1084, True, 200, True), (981, True, 200, False), (544, False, 20, True), (441, False, 20, False),
     (484, False, 0, True), (381, False, 0, False)],
)  # fmt: skip
def test_flags_of_upstreams_command_line_are_told_by_the_size(tmp_path, size, dense, points, joints):
    spec = to_policy(put(tmp_path, make_checkpoint(51, size, dense))).spec
    assert (spec.observation["points"], spec.observation["reference_joints"]) == (points, joints)


def test_actions_mean_what_upstreams_readme_says_unless_told_otherwise(tmp_path):
    modes = {}
    for hand in HANDS:
        path = put(tmp_path, make_checkpoint(JOINTS[hand], SIZES[hand]))
        action = ActionConfig(**to_policy(path).spec.action)
        modes[hand] = action.mode
        assert action.drives == "upstream" and not action.follow_object and not action.feed_forward
        told = ActionConfig(**to_policy(path, {"mode": "absolute", "drives": "upstream_classes"}).spec.action)
        assert (told.mode, told.drives) == ("absolute", "upstream_classes")
    assert modes == {"mano": "delta", "shadow": "reference", "allegro": "delta"}


def test_what_a_file_cannot_mean_is_refused(tmp_path):
    path = put(tmp_path, make_checkpoint(51, 1084))
    reject(path, "action.finger has no meaning .* action.mode and action.drives", ConfigError, finger=0.3)
    reject(path, "action.mode: .*delta.*got 'relative'", ConfigError, mode="relative")
    reject(path, "upstream's residual actions are called action.mode=reference", ConfigError, mode="residual")


def test_an_imported_policy_is_a_file_like_others(tmp_path):
    policy = to_policy(put(tmp_path, make_checkpoint(28, 1233)))
    policy.save(tmp_path / "policy.safetensors")
    loaded = Policy.load(tmp_path / "policy.safetensors")
    assert loaded.spec == policy.spec
    observation = torch.randn(5, 1233)
    assert torch.equal(loaded.act(observation), policy.act(observation))


def test_the_epoch_and_numbers_of_numpy_are_read(tmp_path):
    content = make_checkpoint(22, 1083)
    for number in (np.float32(1.5), np.float64(1.5), np.int64(3), -100500):
        content["last_mean_rewards"] = number
        assert read_checkpoint(put(tmp_path, content)).epoch == 20000


def test_files_of_numpy_2_are_read_too(tmp_path):
    """The maker of numbers moved from numpy.core to numpy._core; a file has the name of the NumPy that wrote it."""
    path = put(tmp_path, make_checkpoint(22, 1083))
    old, new = b"cnumpy.core.multiarray\n", b"cnumpy._core.multiarray\n"
    assert read_checkpoint(path).num_actions == 22
    for wanted in (old, new):
        content = _renamed(path, tmp_path / "renamed.pth", wanted)
        assert read_checkpoint(content).num_actions == 22


def _renamed(path, to, wanted):
    """A copy whose pickle names the maker as ``wanted``."""
    import zipfile

    with zipfile.ZipFile(path) as source, zipfile.ZipFile(to, "w") as target:
        for item in source.infolist():
            data = source.read(item)
            for name in (b"cnumpy.core.multiarray\n", b"cnumpy._core.multiarray\n"):
                data = data.replace(name, wanted) if item.filename.endswith("data.pkl") else data
            target.writestr(item.filename, data)
    assert wanted in zipfile.ZipFile(to).read(next(n for n in zipfile.ZipFile(to).namelist() if n.endswith("data.pkl")))
    return to


class Malicious:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("save", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))])
def test_code_in_a_checkpoint_is_refused_and_never_run(tmp_path, save):
    path = tmp_path / "bad.pth"
    save({**make_checkpoint(51, 1084), "env_state": Malicious(tmp_path / "owned")}, path)
    reject(path, "is damaged or holds more than tensors and numbers")
    assert not (tmp_path / "owned").exists()


def test_missing_damaged_and_foreign_files_are_named(tmp_path):
    reject(tmp_path / "none.pth", "no such checkpoint")
    path = put(tmp_path, make_checkpoint(51, 1084))
    path.write_bytes(path.read_bytes()[:2000])
    reject(path, "is damaged")
    reject(put(tmp_path, [1, 2]), "holds a list instead of a checkpoint's dictionary")
    reject(put(tmp_path, {"weights": 1}), "no checkpoint of rl-games 1.1: it has no 'model', but weights")
    content = make_checkpoint(51, 1084)
    del content["running_mean_std"]
    reject(put(tmp_path, content), "it has no 'running_mean_std', but reward_mean_std")


def changed(content, **model):
    """A checkpoint with tensors of its network replaced, or taken out by None."""
    network = {**content["model"], **{f"a2c_network.{name.replace('__', '.')}": v for name, v in model.items()}}
    return {**content, "model": {name: value for name, value in network.items() if value is not None}}


@pytest.mark.parametrize(
    ("model", "problem"),
    [
        ({"mu__weight": None}, "holds no tensor a2c_network.mu.weight of 2 dimensions"),
        ({"mu__bias": torch.zeros(7)}, "a2c_network.mu has 51 outputs but 7 biases"),
        ({"mu__bias": torch.full((51,), float("nan"))}, "a2c_network.mu.bias holds values that are not finite"),
        ({"actor_mlp__2__weight": torch.zeros(8, 3)}, "a layer of 16 outputs is followed by one that takes others"),
        ({"actor_mlp__0__weight": torch.zeros(16, 500)}, "has layers that do not fit its observation"),
        ({"actor_mlp__0__weight": torch.zeros(16, 549)}, "has layers that do not fit its observation"),
        ({"a_rnn__rnn__weight_ih_l0": torch.zeros(4, 4)}, "holds a network that upstream has not: a2c_network.a_rnn"),
        ({"obj_keypos_encoder__global_encoder__0__weight": None}, "holds no tensor .*global_encoder.0.weight"),
        ({"obj_keypos_encoder__local_encoder__0__weight": torch.zeros(32, 4)}, "has layers that do not fit"),
    ],
)
def test_networks_that_are_none_of_upstreams_are_refused(tmp_path, model, problem):
    reject(put(tmp_path, changed(make_checkpoint(51, 1084), **model)), problem)


def test_sizes_of_no_hand_and_no_observation_are_refused(tmp_path):
    reject(
        put(tmp_path, make_checkpoint(56, 1084)), "has 56 actions; upstream's hands have mano 51, shadow 28, allegro 22"
    )
    reject(
        put(tmp_path, make_checkpoint(51, 1090)),
        "sees 1090 numbers; with mano and such a network upstream has 1084, 981",
    )
    reject(put(tmp_path, make_checkpoint(51, 1584)), "trained with --enable_future_target_obs, which is not supported")
    content = make_checkpoint(51, 1084)
    content["running_mean_std"]["running_var"] -= 5.0
    reject(put(tmp_path, content), "running_mean_std holds no means and variances")
