"""The compiled models hold the published numbers of the hands."""

from __future__ import annotations

import numpy as np
import pytest

from hot.hands import load_hand, packaged_hand_names

mujoco = pytest.importorskip("mujoco")

WRIST = ["x_joint", "y_joint", "z_joint", "x_rotation_joint", "y_rotation_joint", "z_rotation_joint"]
MANO_WRIST = [f"right_wrist_{axis}" for axis in ("x", "y", "z", "rx", "ry")] + ["right_wrist"]
MANO_FINGERS = ("index", "middle", "pinky", "ring", "thumb")
ALLEGRO_JOINTS = WRIST + [f"joint_{i}.0" for i in range(16)]
SHADOW_JOINTS = WRIST + [
    f"robot0:{finger}J{i}"
    for finger, n in (("FF", 4), ("MF", 4), ("RF", 4), ("LF", 5), ("TH", 5))
    for i in range(n)[::-1]
]
MANO_JOINTS = MANO_WRIST + [f"right_{f}{n}_{axis}" for f in MANO_FINGERS for n in (1, 2, 3) for axis in "xyz"]
LEAP_JOINTS = WRIST + [f"{finger}_{joint}" for finger in ("if", "mf", "rf") for joint in ("mcp", "rot", "pip", "dip")]
LEAP_JOINTS += [f"th_{joint}" for joint in ("cmc", "axl", "mcp", "ipl")]

JOINTS = {"allegro": ALLEGRO_JOINTS, "leap": LEAP_JOINTS, "shadow": SHADOW_JOINTS, "mano": MANO_JOINTS}
NUM_BODIES = {"allegro": 17, "leap": 17, "shadow": 23, "mano": 16}
MASS = {"allegro": 0.7789, "leap": 0.746, "shadow": 0.611, "mano": 0.5475}

RANGES = [
    ("allegro", "x_joint", -2, 2),
    ("allegro", "x_rotation_joint", -12.6, 12.6),
    ("allegro", "joint_0.0", -0.47, 0.47),
    ("allegro", "joint_5.0", -0.196, 1.61),
    ("allegro", "joint_12.0", 0.263, 3.0),
    ("allegro", "joint_15.0", -0.162, 1.719),
    ("leap", "if_rot", -1.047, 1.047),
    ("leap", "rf_dip", -0.366, 2.042),
    ("leap", "th_ipl", -1.34, 1.88),
    ("shadow", "robot0:FFJ3", -0.349, 0.349),
    ("shadow", "robot0:LFJ4", 0, 0.785),
    ("shadow", "robot0:THJ3", 0, 1.222),
    ("shadow", "robot0:THJ0", -1.571, 0),
    ("mano", "right_index1_x", -0.14, 0.46),
    ("mano", "right_ring2_x", -0.58, -0.11),
    ("mano", "right_pinky3_z", -1.06, 0.46),
    ("mano", "right_thumb2_z", -1.52, 2.5),
]
OFFSETS = [
    ("allegro", "link_8.0", (0, -0.0435, -0.001542)),
    ("allegro", "link_12.0", (-0.0182, 0.019333, -0.045987)),
    ("allegro", "link_14.0", (0, 0, 0.0177)),
    ("leap", "rf_bs", (-0.00709, -0.0678, -0.0187)),
    ("leap", "if_px", (-0.0122, 0.0381, 0.0145)),
    ("leap", "th_ds", (0, 0.0466, 0.0002)),
    ("shadow", "robot0:mfknuckle", (0.011, 0, 0.099)),
    ("shadow", "robot0:lfdistal", (0, 0, 0.025)),
    ("shadow", "robot0:thbase", (0.034, -0.009, 0.029)),
    ("mano", "right_index1_z", (-0.0880973, -0.00520036, 0.020686)),
    ("mano", "right_thumb3_z", (-0.0222177, -0.00543297, 0.0145241)),
]
MASSES = [
    ("allegro", "base_link", 0.4154),
    ("allegro", "link_3.0", 0.0216295),
    ("allegro", "link_15.0", 0.0300379),
    ("leap", "palm", 0.237),
    ("leap", "mf_md", 0.037),
    ("leap", "th_bs", 0.003),
    ("shadow", "robot0:palm", 0.3),
    ("shadow", "robot0:lfmetacarpal", 0.075),
    ("shadow", "robot0:rfknuckle", 0.008),
    ("mano", "right_wrist", 0.46),
    ("mano", "right_thumb1_z", 0.013891),
    ("mano", "right_pinky3_z", 0.00156606),
]
GAINS = [  # kp, kv, force limit
    ("allegro", "z_joint", 1500, 65, 100),
    ("allegro", "joint_12.0", 4, 0.17, 0.8),
    ("allegro", "joint_2.0", 3, 0.125, 0.8),
    ("leap", "z_joint", 1500, 63.5799, 100),
    ("leap", "mf_pip", 3, 0.127776, 0.8),
    ("shadow", "robot0:THJ2", 3, 0.125, 0.8),
    ("shadow", "robot0:FFJ0", 2, 0.082, 0.8),
    ("mano", "right_wrist", 40, 1.3, 10),
    ("mano", "right_ring1_y", 3, 0.12, 0.8),
    ("mano", "right_ring3_y", 1.35, 0.052, 0.8),
]


@pytest.fixture(scope="module")
def models():
    return {name: mujoco.MjModel.from_xml_path(str(load_hand(name).mjcf)) for name in packaged_hand_names()}


def test_four_hands_ship_with_the_package():
    assert packaged_hand_names() == ["allegro", "leap", "mano", "shadow"]


@pytest.mark.parametrize("name", JOINTS)
def test_joints_have_the_published_names_and_order(models, name):
    model = models[name]
    assert [model.joint(i).name for i in range(model.njnt)] == JOINTS[name]
    assert (model.nq, model.nv, model.nu) == (len(JOINTS[name]),) * 3


@pytest.mark.parametrize("name", JOINTS)
def test_actuators_drive_the_joints_in_order_within_their_ranges(models, name):
    model = models[name]
    assert [model.actuator(i).name for i in range(model.nu)] == JOINTS[name]
    assert model.actuator_trnid[:, 0].tolist() == list(range(model.nu))
    np.testing.assert_allclose(model.actuator_ctrlrange, model.jnt_range, atol=1e-12)


@pytest.mark.parametrize("name", JOINTS)
def test_bodies_and_total_mass(models, name):
    assert models[name].nbody - 1 == NUM_BODIES[name]
    assert models[name].body_mass.sum() == pytest.approx(MASS[name], abs=1e-4)


@pytest.mark.parametrize("name", JOINTS)
def test_gravity_is_compensated_on_every_body(models, name):
    assert (models[name].body_gravcomp[1:] == 1).all()


@pytest.mark.parametrize(("name", "joint", "lower", "upper"), RANGES)
def test_joint_ranges(models, name, joint, lower, upper):
    assert models[name].joint(joint).range.tolist() == [lower, upper]


@pytest.mark.parametrize(("name", "body", "offset"), OFFSETS)
def test_link_offsets(models, name, body, offset):
    np.testing.assert_allclose(models[name].body(body).pos, offset, atol=1e-9)


@pytest.mark.parametrize(("name", "body", "mass"), MASSES)
def test_link_masses(models, name, body, mass):
    assert models[name].body(body).mass[0] == pytest.approx(mass, rel=1e-5)


@pytest.mark.parametrize(("name", "joint", "kp", "kv", "limit"), GAINS)
def test_drive_gains_and_the_spec_that_repeats_them(models, name, joint, kp, kv, limit):
    actuator, spec = models[name].actuator(joint), load_hand(name)
    i = spec.joint_names.index(joint)
    assert actuator.gainprm[0] == kp
    assert actuator.biasprm[:3].tolist() == [0, -kp, -kv]
    assert actuator.forcerange.tolist() == [-limit, limit]
    values = [spec.stiffness[i], spec.damping[i], spec.force_limit[i]]
    np.testing.assert_allclose(values, [kp, kv, limit], rtol=1e-6)


@pytest.mark.parametrize("name", JOINTS)
def test_spec_repeats_every_range_and_gain_of_the_compiled_model(models, name):
    model, spec = models[name], load_hand(name)
    np.testing.assert_allclose(spec.joint_lower, model.jnt_range[:, 0], rtol=1e-6)
    np.testing.assert_allclose(spec.joint_upper, model.jnt_range[:, 1], rtol=1e-6)
    np.testing.assert_allclose(spec.stiffness, model.actuator_gainprm[:, 0], rtol=1e-6)
    np.testing.assert_allclose(spec.damping, -model.actuator_biasprm[:, 2], rtol=1e-6)
    np.testing.assert_allclose(spec.force_limit, model.actuator_forcerange[:, 1], rtol=1e-6)


@pytest.mark.parametrize("name", JOINTS)
def test_stiffness_falls_from_knuckle_to_tip(name):
    spec = load_hand(name)
    finger = {"allegro": "joint_{}.0", "leap": "if_{}", "shadow": "robot0:FFJ{}", "mano": "right_index{}_z"}[name]
    chain = {"allegro": (1, 2, 3), "leap": ("mcp", "pip", "dip"), "shadow": (3, 2, 1), "mano": (1, 2, 3)}[name]
    stiffness = [spec.stiffness[spec.joint_names.index(finger.format(i))].item() for i in chain]
    assert stiffness[0] > stiffness[1] > stiffness[2]


def scene_with_object(name, object_pos):
    """The hand, a table at z = 0 and a free ball of 2 cm radius, with the contact bits that the hand file assumes."""
    scene = mujoco.MjSpec.from_file(str(load_hand(name).mjcf))
    world = scene.worldbody
    world.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[1, 1, 1], contype=2, conaffinity=2)
    ball = world.add_body(name="ball", pos=object_pos)
    ball.add_freejoint()
    ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[0.02, 0, 0], contype=2, conaffinity=3)
    model = scene.compile()
    return model, mujoco.MjData(model)


@pytest.mark.parametrize("name", JOINTS)
def test_hand_meets_neither_itself_nor_the_table(name):
    spec = load_hand(name)
    model, data = scene_with_object(name, [1, 0, 1])
    generator = np.random.default_rng(0)
    for _ in range(50):
        fingers = generator.uniform(spec.joint_lower[6:], spec.joint_upper[6:])
        data.qpos[: spec.num_joints] = [*np.zeros(6), *fingers]
        mujoco.mj_forward(model, data)
        assert data.ncon == 0


@pytest.mark.parametrize("name", JOINTS)
def test_hand_meets_an_object_on_its_palm_and_the_object_meets_the_table(name):
    spec = load_hand(name)
    model, data = scene_with_object(name, [1, 0, 0.015])
    data.qpos[2], data.qpos[6 : spec.num_joints] = 0.5, spec.open_fingers
    mujoco.mj_forward(model, data)
    assert data.ncon == 1
    palm = data.site("palm")
    normal = palm.xmat.reshape(3, 3)[:, 2]
    data.qpos[spec.num_joints : spec.num_joints + 3] = palm.xpos + 0.015 * normal
    mujoco.mj_forward(model, data)
    assert data.ncon >= 1
    assert {spec.wrist_body, "ball"} <= {model.body(model.geom_bodyid[g]).name for g in data.contact.geom.ravel()}


@pytest.mark.parametrize("name", JOINTS)
def test_open_hand_leaves_the_palm_free(name):
    """A ball of 2 cm radius that hovers 3 mm over the palm's centre touches nothing."""
    spec = load_hand(name)
    model, data = scene_with_object(name, [1, 0, 1])
    data.qpos[2], data.qpos[6 : spec.num_joints] = 0.5, spec.open_fingers
    mujoco.mj_forward(model, data)
    palm = data.site("palm")
    data.qpos[spec.num_joints : spec.num_joints + 3] = palm.xpos + 0.023 * palm.xmat.reshape(3, 3)[:, 2]
    mujoco.mj_forward(model, data)
    assert data.ncon == 0


@pytest.mark.parametrize("name", JOINTS)
def test_palm_site_looks_out_of_the_palm_and_along_the_fingers(models, name):
    spec = load_hand(name)
    data = mujoco.MjData(models[name])
    data.qpos[6:] = spec.open_fingers
    mujoco.mj_forward(models[name], data)
    palm = data.site("palm")
    axes = palm.xmat.reshape(3, 3)
    middle = data.site("tip_middle").xpos - palm.xpos
    assert middle @ axes[:, 0] > 0.95 * np.linalg.norm(middle)
    flex = {"allegro": "joint_5.0", "leap": "mf_mcp", "shadow": "robot0:MFJ2", "mano": "right_middle1_z"}[name]
    data.joint(flex).qpos[0] += 1.0
    mujoco.mj_forward(models[name], data)
    assert (data.site("tip_middle").xpos - palm.xpos) @ axes[:, 2] > 0.04
