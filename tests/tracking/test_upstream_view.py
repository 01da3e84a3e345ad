"""The original release's observation, term by term, with numbers worked by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from hot.errors import ConfigError, UnknownNameError
from hot.hands import Kinematics, load_hand
from hot.objects import load_object
from hot.physics import State
from hot.tracking.actions import ActionMap, driven
from hot.tracking.config import ActionConfig, ObservationConfig
from hot.tracking.instant import Instant
from hot.tracking.observations import layout, make_view, parts
from hot.tracking.reference import Now

DENSE = ObservationConfig(layout="upstream", points=200, future_frames=(), finger_frames=())
PLAIN = DENSE.model_copy(update={"points": 20})
HALF = math.sqrt(0.5)
QUARTER = (HALF, 0.0, 0.0, HALF)
"""A quarter turn about the vertical, which takes x to y; seen from such a wrist, (0, 1, 0) is (1, 0, 0)."""
WRIST = (1.0, 2.0, 3.0)


def row(*values):
    return torch.tensor([values], dtype=torch.float32)


class Frames:
    """A reference of two frames, numbers 7 and 8."""

    def __init__(self, before: Now, now: Now) -> None:
        self._frames = {7: before, 8: now}

    def now(self, clip_ids, frames):
        assert clip_ids.tolist() == [0]
        return self._frames[int(frames)]


class Scene:
    """A MANO hand whose wrist is at WRIST and turned by a quarter about the vertical, with an object."""

    def __init__(self, name="mano", hinges=(0.0, 0.0, math.pi / 2), spec=None):
        self.hand, self.spec = load_hand(name), spec or load_object("Bottle")
        joints, keys, contacts = self.hand.num_joints, len(self.hand.key_bodies), len(self.hand.contact_bodies)
        joint_pos = torch.zeros(1, joints)
        joint_pos[0, :6] = torch.tensor([*WRIST, *hinges])
        kinematics = Kinematics(self.hand)
        poses = kinematics.forward(joint_pos)
        zero = torch.zeros(1, 3)
        self.sim = State(
            joint_pos=joint_pos,
            joint_vel=torch.zeros(1, joints),
            wrist_quat_w=poses.quat_w[:, 0],
            wrist_linvel_w=zero,
            wrist_angvel_w=zero,
            key_pos_w=kinematics.key_points(poses),
            tip_pos_w=kinematics.fingertips(poses),
            object_pos_w=row(1.0, 2.1, 3.0),
            object_quat_w=row(*QUARTER),
            object_linvel_w=zero,
            object_angvel_w=zero,
            contact_force_w=torch.zeros(1, contacts, 3),
            hand_force_w=zero,
            touching=torch.zeros(1, dtype=torch.bool),
            diverged=torch.zeros(1, dtype=torch.bool),
        )
        self.ref = Now(
            joint_pos=joint_pos.clone(),
            joint_vel=torch.zeros(1, joints),
            command=joint_pos.clone(),
            key_pos_w=self.sim.key_pos_w.clone(),
            wrist_quat_w=self.sim.wrist_quat_w.clone(),
            object_pos_w=row(1.0, 2.1, 3.0),
            object_quat_w=row(*QUARTER),
            object_linvel_w=zero,
            object_angvel_w=zero,
            contact=torch.zeros(1),
            gap=torch.ones(1),
        )
        self.before = self.ref
        assert keys == self.sim.key_pos_w.shape[1]

    def see(self, config=DENSE, **changes):
        """The observation's parts by name; changes are of the state, or of the reference where they begin with ref_."""
        refs = {name[4:]: value for name, value in changes.items() if name.startswith("ref_")}
        sims = {name: value for name, value in changes.items() if not name.startswith("ref_")}
        sim, ref = dataclasses.replace(self.sim, **sims), dataclasses.replace(self.ref, **refs)
        view = make_view(self.hand, [self.spec], torch.tensor([0]), config, torch.device("cpu"))
        clip = torch.tensor([0])
        seen = view(Instant(sim, sim.joint_pos, sim.joint_pos, Frames(self.before, ref), clip, clip + 8))  # type: ignore[arg-type]
        assert seen.shape == (1, sum(size for _, size in layout(self.hand, config)))
        every = parts(self.hand, config)
        return dict(zip([part.name for part in every], seen[0].split([part.size for part in every])))


def near(actual, *expected):
    torch.testing.assert_close(actual, torch.tensor(expected, dtype=torch.float32), atol=1e-5, rtol=0)


COLUMNS = {
    "wrist position": (0, 0, 0), "wrist quaternion": (3, 3, 3),
    "key positions": (7, 7, 7), "key rotations": (52, 73, 55),
    "key velocities": (142, 205, 151), "key angular velocities": (190, 274, 202), "contact forces": (238, 343, 253),
    "object position": (253, 406, 304), "object rotation": (256, 409, 307), "object velocity": (262, 415, 313),
    "object angular velocity": (265, 418, 316), "object points": (268, 421, 319),
    "reference object position": (868, 1021, 919), "reference object quaternion": (871, 1024, 922),
    "reference key positions": (875, 1028, 926), "key positions to go": (923, 1097, 977),
    "reference wrist velocity": (971, 1166, 1028), "object position to go": (974, 1169, 1031),
    "object quaternion to go": (977, 1172, 1034), "contact": (981, 1176, 1038),
    "reference joints": (982, 1177, 1039), "joints to go": (1033, 1205, 1061),
}  # fmt: skip
"""Where each part begins for mano, shadow and allegro, as read in upstream's code."""


@pytest.mark.parametrize(("which", "name", "size"), [(0, "mano", 1084), (1, "shadow", 1233), (2, "allegro", 1083)])
def test_every_part_begins_where_upstreams_does(which, name, size):
    hand, start = load_hand(name), 0
    for part in parts(hand, DENSE):
        assert start == COLUMNS[part.name][which], part.name
        start += part.size
    assert start == size
    plain = layout(hand, PLAIN)
    assert sum(count for _, count in plain) == size - 540
    bare = DENSE.model_copy(update={"points": 0, "reference_joints": False})
    assert sum(count for _, count in layout(hand, bare)) == size - 600 - 1 - 2 * hand.num_joints


def test_the_wrist_is_seen_over_upstreams_table_and_in_x_y_z_w():
    seen = Scene().see()
    near(seen["wrist position"], 1.0, 2.0, 3.1)
    near(seen["wrist quaternion"], 0.0, 0.0, HALF, HALF)


def test_key_bodies_are_seen_from_the_wrist_along_its_heading():
    scene = Scene()
    moved = scene.sim.key_pos_w.clone()
    moved[0, 3] = torch.tensor(WRIST) + torch.tensor([0.0, 0.2, 0.1])
    near(scene.see(key_pos_w=moved)["key positions"].view(15, 3)[3], 0.2, 0.0, 0.1)


def test_key_rotations_are_x_and_z_axes_without_the_heading():
    near(Scene().see()["key rotations"].view(15, 6)[0], 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    # A finger bent by a quarter about its z: its x axis points along the wrist's y.
    scene = Scene()
    bent = scene.sim.joint_pos.clone()
    bent[0, scene.hand.joint_names.index("right_index1_z")] = math.pi / 2
    near(scene.see(joint_pos=bent)["key rotations"].view(15, 6)[1], 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def test_a_tilt_of_the_wrist_stays_in_what_is_seen():
    """Pitched by 0.5 about y, nothing is taken off: the heading is that of the x axis in the plane."""
    seen = Scene(hinges=(0.0, 0.5, 0.0)).see()
    axes = (math.cos(0.5), 0.0, -math.sin(0.5), math.sin(0.5), 0.0, math.cos(0.5))
    near(seen["key rotations"].view(15, 6)[0], *axes)
    near(seen["object position"], 0.0, 0.1, 0.0)


def test_velocities_are_those_of_moving_bodies_along_the_heading():
    scene = Scene()
    rates = torch.zeros(1, 51)
    rates[0, 0], rates[0, 5] = 1.0, 2.0  # 1 m/s along the world's x; 2 rad/s about the vertical
    seen = scene.see(joint_vel=rates)
    near(seen["key velocities"].view(16, 3)[-1], 0.0, -1.0, 0.0)
    near(seen["key angular velocities"].view(16, 3)[-1], 0.0, 0.0, 2.0)
    # In the wrist's axes index1 is at (-0.0880973, -0.00520036, 0.020686); 2 z x that is (0.01040072, -0.1761946, 0).
    near(seen["key velocities"].view(16, 3)[0], 0.01040072, -1.1761946, 0.0)


def test_contact_forces_are_newtons_in_the_world():
    scene = Scene()
    force = torch.zeros(1, 5, 3)
    force[0, 2] = torch.tensor([1.0, -20.0, 300.0])
    near(scene.see(contact_force_w=force)["contact forces"].view(5, 3)[2], 1.0, -20.0, 300.0)


def test_a_far_object_is_drawn_in_but_its_reference_is_not():
    scene = Scene()
    seen = scene.see(object_pos_w=row(1.0, 4.0, 3.0), ref_object_pos_w=row(1.0, 4.0, 3.0))
    near(seen["object position"], 0.5, 0.0, 0.0)
    near(seen["reference object position"], 2.0, 0.0, 0.0)
    near(scene.see()["object position"], 0.1, 0.0, 0.0)
    assert (seen["object points"].view(200, 3).norm(dim=1) <= 0.5 + 1e-6).all()


def test_the_objects_rotation_and_velocities_are_along_the_heading():
    scene = Scene()
    seen = scene.see(object_linvel_w=row(0.0, 0.3, 0.1), object_angvel_w=row(1.0, 0.0, 0.0))
    near(seen["object rotation"], 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    near(seen["object velocity"], 0.3, 0.0, 0.1)
    near(seen["object angular velocity"], 0.0, -1.0, 0.0)


def test_dense_points_are_180_of_the_surface_then_the_origin_and_19_corners():
    scene = Scene()
    points = scene.see()["object points"].view(200, 3)
    own = np.concatenate([scene.spec.surface_points[20:].numpy(), scene.spec.corners.from_origin])
    # Object and heading are turned alike, so that points are seen as they are, 0.1 before the wrist.
    torch.testing.assert_close(points, torch.tensor(own, dtype=torch.float32) + row(0.1, 0, 0), atol=1e-5, rtol=0)
    near(points[180], 0.1, 0.0, 0.0)
    plain = scene.see(PLAIN)["object points"].view(20, 3) - row(0.1, 0, 0)
    torch.testing.assert_close(plain, torch.tensor(scene.spec.corners.from_first).float(), atol=1e-5, rtol=0)


def test_an_object_is_where_its_meshs_origin_is():
    """The origin lies 0.02 along the object's x axis, which points along the world's y."""
    plain = load_object("Bottle")
    moved = plain.corners.moved(np.array([0.02, 0, 0]))
    seen = Scene(spec=dataclasses.replace(plain, corners=moved)).see(ref_object_quat_w=row(1.0, 0.0, 0.0, 0.0))
    near(seen["object position"], 0.12, 0.0, 0.0)
    # The reference is not turned: its origin is at (1.02, 2.1, 3), which is 0.1 before and 0.02 to the right.
    near(seen["reference object position"], 0.1, -0.02, 0.0)
    near(seen["object position to go"], -0.02, -0.02, 0.0)


def test_reference_quaternions_are_without_heading_or_without_the_objects_heading():
    scene = Scene()
    # The reference is turned by half: a quarter beyond the wrist's heading.
    half_turn = row(0.0, 0.0, 0.0, 1.0)
    near(scene.see(ref_object_quat_w=half_turn)["reference object quaternion"], 0.0, 0.0, HALF, HALF)
    # The object is turned by a quarter, then rolled by 0.8 about its own x: its heading is still a quarter, so the
    # roll is not taken off, and nothing but the quarter is to go.
    rolled = row(HALF * math.cos(0.4), HALF * math.sin(0.4), HALF * math.sin(0.4), HALF * math.cos(0.4))
    seen = scene.see(object_quat_w=rolled, ref_object_quat_w=half_turn)
    near(seen["object quaternion to go"], 0.0, 0.0, HALF, HALF)


def test_reference_keys_are_seen_from_the_wrist_and_from_where_they_are():
    scene = Scene()
    wanted = scene.sim.key_pos_w + row(0.0, 0.05, 0.01)
    seen = scene.see(ref_key_pos_w=wanted)
    near(seen["key positions to go"].view(16, 3)[4], 0.05, 0.0, 0.01)
    near(seen["reference key positions"].view(16, 3)[-1], 0.05, 0.0, 0.01)


def test_the_reference_wrists_velocity_is_since_the_frame_before():
    scene = Scene()
    last = scene.ref.joint_pos.clone()
    last[0, 0] -= 0.01  # it came 1 cm along x in 1/60 s
    scene.before = dataclasses.replace(scene.ref, joint_pos=last)
    near(scene.see()["reference wrist velocity"], 0.0, -0.6, 0.0)


def test_reference_joints_are_counted_from_upstreams_base():
    scene = Scene()
    wanted = scene.ref.joint_pos.clone()
    wanted[0, :6] = torch.tensor([1.5, 2.0, 3.0, 3.0, 0.0, math.pi / 2])
    now = scene.sim.joint_pos.clone()
    now[0, 3] = -3.0
    seen = scene.see(joint_pos=now, ref_joint_pos=wanted, ref_contact=torch.tensor([-1.0]))
    near(seen["contact"], -1.0)
    # The base is 0.5 over a ground 0.1 below the table: 3 over the table is a slide of 2.6.
    near(seen["reference joints"][:6], 1.5, 2.0, 2.6, 3.0, 0.0, math.pi / 2)
    near(seen["joints to go"][:4], 0.5, 0.0, 0.0, 6.0 - 2 * math.pi)


def test_the_layout_shows_no_frames_ahead_and_only_upstreams_numbers_of_points():
    with pytest.raises(ValueError, match="shows no frames ahead"):
        ObservationConfig(layout="upstream", points=200)
    with pytest.raises(ValueError, match="0, 20 or 200 points, not 50"):
        ObservationConfig(layout="upstream", points=50, future_frames=(), finger_frames=())
    with pytest.raises(ValueError, match="only upstream's layout"):
        ObservationConfig(reference_joints=False)


def targets(name, mode, action, base=0.0, at=0.0):
    hand = load_hand(name)
    config = ActionConfig(mode=mode, drives="upstream")
    joints = torch.full((1, hand.num_joints), at)
    return ActionMap(config, hand, torch.device("cpu")).targets(
        torch.full((1, hand.num_joints), action), torch.full((1, hand.num_joints), base), joints
    )[0]


def test_delta_actions_move_the_wrist_from_where_it_is_and_put_the_fingers_where_they_say():
    # Slides by 2 m, hinges by 6.28 rad a unit of action; MANO's index1_x goes from -0.14 to 0.46: 0.16 + 0.3 a.
    found = targets("mano", "delta", 0.5, at=1.5)
    near(found[:7], 2.5, 2.5, 2.5, 4.64, 4.64, 4.64, 0.31)
    # Allegro's thumb, joint_12, was widened to [0.263, 3]: its middle is 1.6315.
    assert float(targets("allegro", "delta", 0.0, at=1.5)[6 + 12]) == pytest.approx(1.6315)


def test_absolute_actions_are_shares_of_the_ranges():
    near(targets("shadow", "absolute", -1.0)[:8], -2, -2, -2, -6.28, -6.28, -6.28, -0.349, 0.0)


def test_reference_actions_are_on_the_reference_and_may_leave_the_ranges():
    # FFJ3 reaches from -0.349 to 0.349: half of its range beyond 0.3 is 0.649.
    near(targets("shadow", "reference", 1.0, base=0.3)[:7], 2.3, 2.3, 2.3, 6.58, 6.58, 6.58, 0.649)


def test_actions_on_the_reference_take_its_frame_of_now():
    hand = load_hand("allegro")
    actions = ActionMap(ActionConfig(mode="reference", drives="upstream"), hand, torch.device("cpu"))
    assert actions.ahead == 0
    assert ActionMap(ActionConfig(), hand, torch.device("cpu")).ahead == 1
    joints, velocity, command = torch.rand(3, 1, 22)
    assert torch.equal(actions.base(torch.cat([joints, velocity, command], dim=1)), joints)


def test_drives_are_the_wrists_for_all_joints_or_those_of_each_class():
    mano = driven(load_hand("mano"), ActionConfig(drives="upstream"))
    assert set(zip(mano.stiffness.tolist(), mano.damping.tolist())) == {(250.0, 100.0)}
    allegro = driven(load_hand("allegro"), ActionConfig(drives="upstream_classes"))
    assert allegro.stiffness[6:10].tolist() == [180, 180, 100, 50]
    assert allegro.damping[6:10].tolist() == [25, 25, 18, 12]
    shadow = driven(load_hand("shadow"), ActionConfig(drives="upstream_classes"))
    by_name = dict(zip(shadow.joint_names, shadow.stiffness.tolist()))
    mcp = {f"robot0:{name}" for name in ("FFJ3", "MFJ3", "RFJ3", "LFJ4", "LFJ3", "THJ4", "THJ3")}
    pip = {f"robot0:{name}" for name in ("FFJ2", "MFJ2", "RFJ2", "LFJ2", "THJ2")}
    assert {name for name, value in by_name.items() if value == 180} == mcp
    assert {name for name, value in by_name.items() if value == 100} == pip
    assert driven(load_hand("leap"), ActionConfig()).own_drives
    with pytest.raises(UnknownNameError, match="unknown hand of the original release 'leap'"):
        driven(load_hand("leap"), ActionConfig(drives="upstream"))


def test_nobody_trains_on_the_layout(tmp_path):
    from hot.tracking.config import TaskConfig
    from hot.training.teacher import _check_layout

    with pytest.raises(ConfigError, match="is for policies of the original release, not to train on"):
        _check_layout(TaskConfig(observation=DENSE))
