"""A hand that others published becomes one of ours that moves alike, or is refused by what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hot import rotations
from hot.adoption import AdoptionConfig, adopt_hand, own_path
from hot.errors import BadFileError, ConfigError, UnknownNameError
from hot.hands import hand_names, load_hand
from tests.adoption.conftest import published

mujoco = pytest.importorskip("mujoco")

SIX = "".join(f'<joint name="base_{a}" type="slide" axis="{v}"/>' for a, v in zip("xyz", ("1 0 0", "0 1 0", "0 0 1")))
SIX += "".join(f'<joint name="base_r{a}" axis="{v}"/>' for a, v in zip("xyz", ("1 0 0", "0 1 0", "0 0 1")))


def adopt(path, **choices):
    return adopt_hand(path, AdoptionConfig(name=choices.pop("name", "grabber"), **choices))


def places(model, data, wrist):
    """Centres of mass of each jointed body's subtree in the frame of the wrist, by joint name."""
    turn, origin = data.body(wrist).xmat.reshape(3, 3), data.body(wrist).xpos
    names = [model.joint(j).name for j in range(model.njnt)]
    coms = [data.subtree_com[model.jnt_bodyid[j]] for j in range(model.njnt)]
    return {name: (com - origin) @ turn for name, com in zip(names, coms)}


def assert_moves_alike(source, hand, wrist, offset=None):
    """The subtree behind every finger joint has the same mass and centre in both models, for random angles."""
    old, new = mujoco.MjModel.from_xml_path(str(source)), mujoco.MjModel.from_xml_path(str(hand.mjcf))
    old_data, new_data = mujoco.MjData(old), mujoco.MjData(new)
    generator = np.random.default_rng(0)
    names = hand.joint_names[6:]
    for _ in range(5):
        for name in names:
            angle = generator.uniform(*new.joint(name).range)
            new_data.joint(name).qpos[0] = angle
            old_data.joint(name).qpos[0] = angle + (offset or {}).get(name, 0.0)
        mujoco.mj_forward(old, old_data)
        mujoco.mj_forward(new, new_data)
        before, after = places(old, old_data, wrist), places(new, new_data, hand.wrist_body)
        for name in names:
            np.testing.assert_allclose(after[name], before[name], atol=5e-6)
            old_mass = old.body_subtreemass[old.joint(name).bodyid[0]]
            assert new.body_subtreemass[new.joint(name).bodyid[0]] == pytest.approx(old_mass, rel=1e-4)


def test_palm_faces_where_the_fingers_close_and_looks_along_them(write):
    hand = adopt(write(published())).hand
    axes = rotations.to_matrix(hand.palm_quat_h)
    np.testing.assert_allclose(axes, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(hand.palm_pos_h, [0, 0, 0.01], atol=1e-6)


def test_tips_lie_at_the_ends_of_the_last_links_and_the_thumb_is_known(write):
    hand = adopt(write(published())).hand
    assert hand.finger_names == ("index", "middle", "ring", "thumb")
    tips = [site for site in hand.tree.sites if site.name.startswith("tip_")]
    for tip in tips:
        np.testing.assert_allclose(tip.pos, [0.037, 0, 0], atol=1e-6)


def test_hand_without_actuators_gets_drives_that_pass_its_trial(write):
    adoption = adopt(write(published()))
    assert (adoption.hand.stiffness > 0).all()
    assert adoption.hand.force_limit[6:].tolist() == pytest.approx([0.8] * 8)
    assert adoption.trial.drift < 1e-6
    assert all(step.rise_s < 0.25 and step.peak < 1.05 for step in adoption.trial.steps.values())
    assert min(adoption.trial.rises[:3]) > 0.03


def test_limits_of_the_models_own_actuators_are_kept(write):
    motors = '<actuator><position joint="first_bend" kp="9" forcerange="-2 2"/>'
    motors += '<motor joint="thumb_curl" gear="3" ctrlrange="-0.1 0.1"/></actuator>'
    hand = adopt(write(published().replace("</mujoco>", motors + "</mujoco>"))).hand
    limits = dict(zip(hand.joint_names, hand.force_limit.tolist()))
    assert limits["first_bend"] == pytest.approx(2.0)
    assert limits["thumb_curl"] == pytest.approx(0.3)
    assert limits["second_bend"] == pytest.approx(0.8)


@pytest.mark.parametrize("density", [300, 20000])
def test_light_and_heavy_hands_pass_their_trial(write, density):
    text = published().replace('type="capsule"', f'type="capsule" density="{density}"')
    adoption = adopt(write(text))
    assert all(step.rise_s < 0.3 for step in adoption.trial.steps.values())


@pytest.mark.parametrize("base", ['<freejoint name="floating"/>', SIX], ids=["free joint", "six joints"])
def test_floating_bases_give_the_same_hand_as_a_fixed_one(write, base):
    fixed = adopt(write(published())).hand.mjcf.read_text()
    floating = adopt(write(published(base)), name="floating").hand.mjcf.read_text()
    assert fixed[fixed.index("<compiler") :] == floating[floating.index("<compiler") :]


def test_chain_of_six_bodies_before_the_palm_gives_way_to_our_wrist(write):
    text = published()
    opening, closing = '<body name="palm"', "</worldbody>"
    dummies = "".join(
        f'<body name="d{i}"><inertial pos="0 0 0" mass="0.01" diaginertia="1e-6 1e-6 1e-6"/>{joint}/>'
        for i, joint in enumerate(SIX.split("/>")[:6])
    )
    text = text.replace(opening, dummies + opening).replace(closing, "</body>" * 6 + closing)
    adoption = adopt(write(text))
    assert adoption.hand.wrist_body == "palm"
    assert any("base_rx" in note for note in adoption.notes)
    assert_moves_alike(write(text), adoption.hand, "palm")


def test_bodies_without_joints_are_merged_and_frames_move_to_the_joints(write):
    text = published()
    text = text.replace(
        '<joint name="first_curl" axis="0 -1 0"', '<joint name="first_curl" pos="0.001 0.002 -0.003" axis="0 -1 0.2"'
    )
    text = text.replace(
        '<joint name="second_bend"',
        '<joint name="second_spread" axis="0 0 1" range="-0.3 0.3" pos="-0.01 0 0"/><joint name="second_bend"',
    )
    pad = '<body name="pad" pos="0.03 0 0" axisangle="0 1 0 0.4"><geom type="box" size="0.004 0.006 0.002"/></body>'
    marker = '<joint name="third_curl" axis="0 -1 0" range="0 1.5"/>'
    assert marker in text
    path = write(text.replace(marker, marker + pad))
    hand = adopt(path).hand
    assert "pad" not in hand.tree.names
    assert "second_spread" in hand.joint_names
    assert_moves_alike(path, hand, "palm")


def test_reference_angles_become_zero(write):
    path = write(published().replace('range="0 1.5"', 'ref="0.5" range="0 1.5"'))
    hand = adopt(path).hand
    assert hand.joint_lower[hand.joint_names.index("first_curl")].item() == pytest.approx(-0.5)
    offset = {f"{finger}_curl": 0.5 for finger in ("first", "second", "third", "thumb")}
    assert_moves_alike(path, hand, "palm", offset)


def test_hinges_that_close_by_negative_angles_are_recognised(write):
    text = (
        published()
        .replace('axis="0 -1 0"', 'axis="0 1 0"')
        .replace('"-0.2 1.6"', '"-1.6 0.2"')
        .replace('"0 1.5"', '"-1.5 0"')
    )
    hand = adopt(write(text)).hand
    np.testing.assert_allclose(rotations.to_matrix(hand.palm_quat_h), np.eye(3), atol=1e-6)


def test_unnamed_thumb_is_the_finger_that_differs(write):
    hand = adopt(write(published().replace("thumb", "fourth"))).hand
    sites = {site.name: hand.tree.names[site.body] for site in hand.tree.sites}
    assert sites["tip_thumb"] == "fourth_far"


def test_given_thumb_palm_and_posture_are_taken(write):
    hand = adopt(
        write(published()), thumb="third_near", palm=(0.01, 0, 0.02, 1, 0, 0, 0), opened={"first_bend": 0.25}
    ).hand
    sites = {site.name: hand.tree.names[site.body] for site in hand.tree.sites}
    assert sites["tip_thumb"] == "third_far"
    np.testing.assert_allclose(hand.palm_pos_h, [0.01, 0, 0.02], atol=1e-7)
    assert hand.open_fingers[hand.joint_names.index("first_bend") - 6].item() == pytest.approx(0.25)


def test_palm_on_the_wrong_side_is_refused_and_nothing_is_written(write):
    with pytest.raises(BadFileError, match="over the palm"):
        adopt(
            write(published().replace("-0.2 1.6", "0 1.6")),
            palm=(0, 0, -0.01, 0, 1, 0, 0),
        )
    assert not own_path("grabber").exists()


def test_links_without_mass_are_weighed_by_their_shapes(write):
    text = (
        published().replace('type="capsule"', 'type="capsule" mass="0"').replace("<compiler", '<compiler boundmass="0"')
    )
    adoption = adopt(write(text))
    assert any("without mass" in note and "first_near" in note for note in adoption.notes)
    model = mujoco.MjModel.from_xml_path(str(adoption.hand.mjcf))
    volume = np.pi * 0.008**2 * 0.04 + 4 / 3 * np.pi * 0.008**3
    assert model.body("first_near").mass[0] == pytest.approx(1000 * volume, rel=1e-4)


def test_coupled_joints_are_driven_by_themselves_and_noted(write):
    coupling = '<equality><joint joint1="first_curl" joint2="first_bend"/></equality>'
    coupling += '<tendon><fixed name="t"><joint joint="third_bend" coef="1"/>'
    coupling += '<joint joint="third_curl" coef="1"/></fixed></tendon>'
    adoption = adopt(write(published().replace("</mujoco>", coupling + "</mujoco>")))
    note = next(note for note in adoption.notes if "coupled" in note)
    assert all(joint in note for joint in ("first_curl", "third_bend", "third_curl"))
    assert "second_curl" not in note
    assert adoption.hand.num_joints == 14


def test_fixed_joints_disappear(write):
    hand = adopt(write(published()), fixed=("third_curl",)).hand
    assert "third_curl" not in hand.joint_names
    assert "third_far" not in hand.tree.names


def test_own_hand_is_known_by_name_and_its_file_is_whole(write):
    assert "grabber" not in hand_names()
    adopt(write(published()), origin="A test's -- own invention.")
    assert "grabber" in hand_names()
    hand = load_hand("Grabber")
    assert hand.name == "grabber"
    assert "A test's - own invention." in hand.mjcf.read_text()
    assert (hand.open_fingers == torch.zeros(8)).all()


def test_names_are_guarded(write):
    path = write(published())
    with pytest.raises(ConfigError, match="'allegro' ships"):
        adopt(path, name="allegro")
    adopt(path)
    with pytest.raises(ConfigError, match="there already"):
        adopt(path)
    assert adopt_hand(path, AdoptionConfig(name="grabber"), overwrite=True).hand.name == "grabber"
    with pytest.raises(ValueError, match="name is of a-z"):
        AdoptionConfig(name="../up")


def test_palm_needs_a_direction():
    with pytest.raises(ValueError, match="quaternion"):
        AdoptionConfig(name="mine", palm=(0, 0, 0, 0, 0, 0, 0))


def test_fingers_that_hang_from_the_world_itself_get_it_as_wrist(write):
    text = published()
    start, end = text.index('<body name="palm"'), text.index('<geom type="box"')
    text = text[:start] + text[end:].replace("</body></worldbody>", '<geom type="plane" size="1 1 1"/></worldbody>')
    hand = adopt(write(text)).hand
    assert hand.wrist_body == "world_"
    np.testing.assert_allclose(hand.palm_pos_h, [0, 0, 0.01], atol=1e-6)


def test_objects_and_arms_beside_the_hand_are_left_out(write):
    text = published().replace('<body name="palm" pos="0.1 0.2 0.3"', '<body name="palm" pos="0 0 0.1"')
    arm = '<body name="forearm"><joint name="elbow" range="-1 1"/><geom size="0.03"/>'
    text = text.replace('<body name="palm"', arm + '<body name="palm"').replace("</worldbody>", "</body></worldbody>")
    ball = '<body name="ball"><freejoint name="loose"/><geom size="0.02"/></body></worldbody>'
    adoption = adopt(write(text.replace("</worldbody>", ball)))
    assert adoption.hand.wrist_body == "palm"
    assert any("elbow" in note and "loose" in note for note in adoption.notes)


NO_RANGE = published().replace(
    '<joint name="first_bend" axis="0 -1 0" range="-0.2 1.6"/>', '<joint name="first_bend" axis="0 -1 0"/>'
)


def test_range_can_be_given(write):
    hand = adopt(write(NO_RANGE), ranges={"first_bend": (0.0, 1.0)}).hand
    assert hand.joint_upper[hand.joint_names.index("first_bend")].item() == 1.0


ONE = published()[: published().index('<body name="first_near"')] + "</body></worldbody></mujoco>"
EVEN = published().replace('"-0.2 1.6"', '"-1 1"').replace('"0 1.5"', '"-1 1"')
ALIKE = (
    published()
    .replace('pos="0 0.045 0" quat="0.70710678 0 0 0.70710678"', 'pos="0.045 0.06 0"')
    .replace("thumb", "fourth")
)
BRANCH = published().replace(
    '<body name="second_far" pos="0.04 0 0">',
    '<body name="second_twin" pos="0.04 0.01 0"><joint name="twin" axis="0 -1 0" range="0 1"/>'
    '<geom size="0.005"/></body>'
    '<body name="second_far" pos="0.04 0 0">',
)


@pytest.mark.parametrize(
    ("text", "choices", "kind", "problem"),
    [
        (None, {}, BadFileError, "no such file"),
        ("<mujoco", {}, BadFileError, "not readable XML"),
        ("<sdf/>", {}, BadFileError, "neither MJCF nor URDF"),
        ("<mujoco><worldbody><body><geom size='-1'/></body></worldbody></mujoco>", {}, BadFileError, "MuJoCo cannot"),
        ("<mujoco><include file='../other.xml'/></mujoco>", {}, BadFileError, "outside its folder"),
        ("<mujoco><include file='/etc/passwd'/></mujoco>", {}, BadFileError, "outside its folder"),
        ("<mujoco><include file='gone.xml'/></mujoco>", {}, BadFileError, "which does not exist"),
        (ONE, {}, BadFileError, "no fingers"),
        (NO_RANGE, {}, ConfigError, "--range first_bend=LOW,HIGH"),
        (EVEN, {}, ConfigError, "--palm"),
        (ALIKE, {}, ConfigError, "--thumb"),
        (BRANCH, {}, BadFileError, "branches at second_near"),
        (published().replace('"first_curl" axis', '"first_curl" type="slide" axis'), {}, BadFileError, "is a slide"),
        (
            published()
            .replace("<geom", '<geom contype="0" conaffinity="0" density="0"')
            .replace("<geom", "<site")
            .replace(' contype="0" conaffinity="0" density="0"', ""),
            {},
            BadFileError,
            "has no shapes",
        ),
        (published(), {"wrist": "hand"}, UnknownNameError, "unknown body 'hand'"),
        (published(), {"thumb": "first_bear"}, UnknownNameError, "did you mean 'first_near'"),
        (published(), {"fixed": ("bend",)}, UnknownNameError, "unknown joint 'bend'"),
        (published(), {"opened": {"first_bend": 3.0}}, ConfigError, "leaves the joint's range"),
        (published(), {"ranges": {"first_bend": (1.0, 0.0)}}, ConfigError, "cannot move from 1 to 0"),
        (published(), {"wrist": "first_near"}, BadFileError, "no fingers"),
    ],
)
def test_what_cannot_be_a_hand_is_refused_by_what_is_wrong(write, own_folder, text, choices, kind, problem):
    path = write(text) if text is not None else own_folder / "none.xml"
    with pytest.raises(kind) as error:
        adopt(path, **choices)
    assert problem in str(error.value)
    assert not own_path("grabber").exists()


def test_missing_pictures_and_unused_visuals_do_no_harm(write):
    assets = '<asset><texture name="skin" type="2d" file="skin.png"/>'
    assets += '<material name="m" texture="skin"/><mesh name="v" file="v.stl"/></asset>'
    text = published().replace("<worldbody>", assets + "<worldbody>")
    text = text.replace(
        '<geom type="box"', '<geom type="mesh" mesh="v" contype="0" conaffinity="0" material="m"/><geom type="box"', 1
    )
    adoption = adopt(write(text))
    assert any("only seen" in note for note in adoption.notes)


def test_missing_mesh_that_collides_is_named(write):
    text = published().replace("<worldbody>", '<asset><mesh name="v" file="v.stl"/></asset><worldbody>')
    text = text.replace('<geom type="box" size="0.04 0.04 0.01"/>', '<geom type="mesh" mesh="v"/>')
    with pytest.raises(BadFileError, match=r"palm collides as the mesh v\.stl"):
        adopt(write(text))
