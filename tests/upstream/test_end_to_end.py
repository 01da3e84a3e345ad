"""A checkpoint whose network is a hand-made controller tracks as closed forms say: every number is in its place."""

from __future__ import annotations

import contextlib
import math

import pytest
import torch

from hot.evaluation import Exam, judge
from hot.hands import load_hand
from hot.motions import skill_by_name
from hot.physics import Scene, make_physics
from hot.physics.config import PhysicsConfig
from hot.tracking.actions import driven
from hot.tracking.config import ActionConfig, ResetConfig, TaskConfig
from hot.upstream import to_policy
from tests.conftest import hover_motions
from tests.upstream.checkpoints import JOINTS, SIZES, make_checkpoint

REFERENCE = {"mano": (982, 1033), "shadow": (1177, 1205), "allegro": (1039, 1061)}
"""Where reference joints and joints to go begin, as upstream's tables have them."""


MASS = {"mano": 0.5475, "shadow": 0.611, "allegro": 0.7789}
"""[kg]"""
_UPSTREAM = ActionConfig(drives="upstream")


def servo(hand, gain):
    """A checkpoint that answers: wrist, ``gain`` times what is to go; fingers, where the reference has them.

    With a = W2 relu(W1 x) + b, W1 = (L, -L) and W2 = (1, -1), a two-layer network is the linear map L.
    """
    count, size = hand.num_joints, SIZES[hand.name]
    middle = 0.5 * (hand.joint_upper + hand.joint_lower)
    half = 0.5 * (hand.joint_upper - hand.joint_lower)
    joints, to_go = (start - 540 for start in REFERENCE[hand.name])  # behind the encoder's 60 numbers
    linear, bias = torch.zeros(count, size - 540), torch.zeros(count)
    for joint in range(count):
        if joint < 6:
            linear[joint, to_go + joint] = gain / (2.0 if joint < 3 else 6.28)
        else:
            linear[joint, joints + joint] = 1.0 / half[joint]
            bias[joint] = -middle[joint] / half[joint]
    content = make_checkpoint(count, size, units=(2 * count,))
    content["model"].update(
        {
            "a2c_network.actor_mlp.0.weight": torch.cat([linear, -linear]),
            "a2c_network.actor_mlp.0.bias": torch.zeros(2 * count),
            "a2c_network.mu.weight": torch.cat([torch.eye(count), -torch.eye(count)], dim=1),
            "a2c_network.mu.bias": bias,
        }
    )
    content["running_mean_std"]["running_mean"][:] = 0.0
    content["running_mean_std"]["running_var"][:] = 1.0 - 1e-5
    return content


@pytest.mark.parametrize("name", sorted(JOINTS))
def test_a_servo_in_upstreams_terms_follows_a_moving_hand(tmp_path, name, bottle):
    """A drive goes c = 1 - exp(-dt kp / kd) of the way to its target in a step, so with a gain of g the wrist closes in
    by g c of what is left, while its weight alone sinks it by c m g / kp.

    The wrist turns by 0.3 / 39 rad a frame and rises by 0.05 / 39 m: what is left in the end makes up for just that.
    """
    gain = 5.0
    hand = load_hand(name)
    torch.save(servo(hand, gain), tmp_path / "servo.pth")
    policy = to_policy(tmp_path / "servo.pth", {"mode": "delta"})
    motions = hover_motions(hand, bottle, clips=2)
    task = TaskConfig(reset=ResetConfig(noise=0.0))
    exam = Exam(task, hand, bottle, motions, frames=40, seed=1)
    report, trace = judge(policy, exam)
    assert report.skill == "freemove" == skill_by_name("freemove").name
    left = (trace.ref_joint_pos - trace.joint_pos)[-1]  # (N, D)
    stiff, damped = (
        float(values[0]) for values in (driven(hand, _UPSTREAM).stiffness, driven(hand, _UPSTREAM).damping)
    )
    way = 1.0 - math.exp(-stiff / damped / 60)
    assert left[:, 5].tolist() == pytest.approx([0.3 / 39 / (gain * way)] * 2, rel=0.03)
    rising = 0.05 / 39 / (gain * way) + MASS[name] * 9.81 / stiff / gain
    assert left[:, 2].tolist() == pytest.approx([rising] * 2, rel=0.03)
    assert left[:, 6:].abs().max() < 0.05
    # The drives send what the last action means: the wrist's targets are ahead of where it is, the fingers' on theirs.
    torch.testing.assert_close(trace.targets[1:, :, 6:], trace.ref_joint_pos[:-1, :, 6:], atol=1e-4, rtol=0)


@pytest.mark.parametrize("engine", ["mujoco", pytest.param("warp", marks=pytest.mark.slow)])
def test_a_hand_on_upstreams_drives_hangs_by_its_weight_over_its_stiffness(bottle, engine):
    """Allegro weighs 0.7789 kg: on 250 N/m it hangs 3.06 cm low. With its slides' armature of 0.05 kg it comes there by
    the two roots of 0.8289 s^2 + 45 s + 250, which are -6.28 and -48.0 a second."""
    if engine == "warp":
        pytest.importorskip("mujoco_warp")
    hand = driven(load_hand("allegro"), ActionConfig(drives="upstream"))
    scene = Scene(hand, [bottle], torch.zeros(1, dtype=torch.long))
    with contextlib.closing(make_physics(scene, PhysicsConfig(engine=engine, device="cpu", substeps=4))) as physics:
        start = torch.zeros(1, 22)
        start[0, 2], start[0, 6:] = 0.5, hand.open_fingers
        everyone = torch.tensor([0])
        physics.write_state(everyone, joint_pos=start, object_pos_w=torch.tensor([[1.0, 1.0, 0.2]]))
        physics.set_targets(start)
        heights = []
        for _ in range(120):
            physics.step()
            heights.append(0.5 - float(physics.state.joint_pos[0, 2]))
    sag = 0.7789 * 9.81 / 250.0
    assert heights[-1] == pytest.approx(sag, rel=0.01)
    slow, fast = math.exp(-6.28 * 0.3), math.exp(-48.0 * 0.3)  # 18 frames are 0.3 s
    assert heights[17] == pytest.approx(sag * (1 - (48.0 * slow - 6.28 * fast) / (48.0 - 6.28)), rel=0.01)
