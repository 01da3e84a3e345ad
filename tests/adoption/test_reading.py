"""URDF as well as MJCF, in the layouts in which they are published."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from hot import rotations
from hot.adoption import AdoptionConfig, adopt_hand
from hot.errors import BadFileError, ConfigError

pytest.importorskip("mujoco")

LINK = """<link name="{name}">
<inertial><origin xyz="{half} 0 0"/><mass value="{mass}"/>
<inertia ixx="2e-6" iyy="4e-6" izz="4e-6" ixy="0" ixz="0" iyz="0"/></inertial>
<visual><geometry><mesh filename="package://pretty/{name}.dae"/></geometry></visual>
<collision><origin xyz="{half} 0 0"/><geometry>{shape}</geometry></collision></link>"""
JOINT = """<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/>
<origin xyz="{place}" rpy="0 0 {yaw}"/><axis xyz="0 -1 0"/>{limit}{more}</joint>"""
LIMIT = '<limit lower="0" upper="{upper}" effort="{effort}" velocity="5"/>'
PADDED = '<box size="0.08 0.08 0.02"/>'


def urdf(shape='<box size="0.04 0.012 0.012"/>', base=PADDED, mimic=True, kind="revolute", effort="0.5"):
    """Three fingers along +x and a thumb along +y on a base that hangs by a fixed joint on a stand."""
    parts = ['<robot name="gripping hand"><link name="stand"/>']
    parts.append(LINK.format(name="base", half=0, mass=0.3, shape=base))
    fix = {"kind": "fixed", "limit": "", "more": "", "yaw": 0}
    parts.append(JOINT.format(name="mount", parent="stand", child="base", place="0 0 0.5", **fix))
    places = {"f1": "0.045 0.03 0", "f2": "0.045 0 0", "f3": "0.045 -0.03 0", "thumb": "0 0.045 0"}
    for name, place in places.items():
        yaw = np.pi / 2 if name == "thumb" else 0
        for link in ("near", "far", "tip"):
            size = shape if link != "tip" else '<sphere radius="0.006"/>'
            half = 0 if link == "tip" else 0.02
            parts.append(
                LINK.format(name=f"{name}_{link}", half=half, mass=0.001 if link == "tip" else 0.02, shape=size)
            )
        first = {
            "kind": kind,
            "limit": LIMIT.format(upper=1.6, effort=effort) if kind == "revolute" else "",
            "more": "",
        }
        second = {"kind": "revolute", "limit": LIMIT.format(upper=1.5, effort=effort)}
        second["more"] = f'<mimic joint="{name}_1" multiplier="0.9"/>' if mimic and kind == "revolute" else ""
        parts.append(JOINT.format(name=f"{name}_1", parent="base", child=f"{name}_near", place=place, yaw=yaw, **first))
        parts.append(
            JOINT.format(
                name=f"{name}_2", parent=f"{name}_near", child=f"{name}_far", place="0.04 0 0", yaw=0, **second
            )
        )
        parts.append(JOINT.format(name=f"{name}_3", parent=f"{name}_far", child=f"{name}_tip", place="0.04 0 0", **fix))
    return "".join(parts) + "</robot>"


def test_urdf_in_which_nothing_collides_takes_the_shapes_that_are_seen(write):
    text = urdf().replace("<collision>", "<!--").replace("</collision>", "-->")
    text = text.replace('<mesh filename="package://pretty/', '<box size="0.02 0.01 0.01"/><!--"').replace(
        '.dae"/>', "-->"
    )
    hand = adopt(write(text, "hand.urdf")).hand
    assert {collider.shape for collider in hand.tree.colliders} == {"box"}


def adopt(path, **choices):
    return adopt_hand(path, AdoptionConfig(name="hand", **choices))


def test_urdf_becomes_a_hand_with_its_masses_ranges_and_efforts(write):
    adoption = adopt(write(urdf(), "hand.urdf"))
    hand = adoption.hand
    assert hand.wrist_body == "base"
    assert hand.joint_names[6:] == tuple(f"{f}_{i}" for f in ("f1", "f2", "f3", "thumb") for i in (1, 2))
    assert hand.joint_upper[6:8].tolist() == pytest.approx([1.6, 1.5])
    assert hand.force_limit[6:].tolist() == pytest.approx([0.5] * 8)
    np.testing.assert_allclose(rotations.to_matrix(hand.palm_quat_h), np.eye(3), atol=1e-6)
    np.testing.assert_allclose(hand.palm_pos_h, [0, 0, 0.01], atol=1e-6)
    tips = {site.name: site for site in hand.tree.sites}
    np.testing.assert_allclose(tips["tip_index"].pos, [0.046, 0, 0], atol=1e-6)
    assert not adoption.notes[:-1]  # but for the coupled joints: meshes that are only seen need not be there


def test_mimic_joints_are_driven_by_themselves_and_noted(write):
    adoption = adopt(write(urdf(), "hand.urdf"))
    note = next(note for note in adoption.notes if "coupled" in note)
    assert "f1_2" in note and "f1_1" not in note
    assert not any("coupled" in note for note in adopt_plain(write).notes)


def adopt_plain(write):
    return adopt_hand(write(urdf(mimic=False), "hand.urdf"), AdoptionConfig(name="plain"))


def test_efforts_that_no_hand_has_are_placeholders(write):
    hand = adopt(write(urdf(effort="1000"), "hand.urdf")).hand
    assert hand.force_limit[6:].tolist() == pytest.approx([0.8] * 8)


def test_continuous_joint_needs_a_range(write):
    path = write(urdf(kind="continuous"), "hand.urdf")
    with pytest.raises(ConfigError, match="--range f1_1=LOW,HIGH"):
        adopt(path)


@pytest.mark.parametrize(
    ("file", "reference"),
    [
        ("pkg/meshes/link.stl", "package://pkg/meshes/link.stl"),
        ("pkg/meshes/link.stl", "../meshes/link.stl"),
        ("pkg/urdf/link.stl", "link.stl"),
        ("meshes/link.stl", "package://elsewhere/meshes/link.stl"),
    ],
)
def test_colliding_meshes_are_found_and_become_primitives(write, tmp_path, file, reference):
    shape = f'<mesh filename="{reference}" scale="0.001 0.001 0.001"/>'
    path = write(urdf(shape=shape), "pkg/urdf/hand.urdf")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    trimesh.creation.box((40, 12, 12)).export(tmp_path / file)
    hand = adopt(path).hand
    boxes = [c for c in hand.tree.colliders if c.shape == "box" and c.body > 0]
    assert len(boxes) == 8
    np.testing.assert_allclose([sorted(box.size) for box in boxes], [[0.006, 0.006, 0.02]] * 8, rtol=1e-4)


def test_pictures_that_mujoco_would_refuse_do_no_harm(write, tmp_path):
    path = write(urdf().replace(".dae", ".stl"), "pretty/hand.urdf")
    flat = trimesh.Trimesh([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[0, 1, 2], [0, 2, 1]])
    for link in (
        "base",
        *(f"{finger}_{part}" for finger in ("f1", "f2", "f3", "thumb") for part in ("near", "far", "tip")),
    ):
        flat.export(tmp_path / "pretty" / f"{link}.stl")
    assert adopt(path).hand.num_fingers == 4


def test_mesh_of_another_kind_is_named(write, tmp_path):
    path = write(urdf(shape='<mesh filename="link.dae"/>'), "hand.urdf")
    (tmp_path / "link.dae").write_text("<COLLADA/>")
    with pytest.raises(BadFileError, match=r"collides as the mesh link\.dae, which is missing or none of \.stl"):
        adopt(path)


def test_xacro_is_pointed_out(write):
    with pytest.raises(BadFileError, match="run xacro"):
        adopt(write(urdf().replace("</robot>", '<xacro:finger name="f"/></robot>'), "hand.urdf.xacro"))
