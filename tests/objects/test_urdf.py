"""URDF files of rigid objects: what they mean, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from hot.errors import BadFileError, ConfigError, UnknownNameError
from hot.objects import load_object
from hot.objects.foreign import asset_file, asset_names, object_of_urdf
from hot.objects.inertial import Inertial
from hot.objects.urdf import read_urdf

INERTIAL = """<inertial><origin xyz="{com}" rpy="{rpy}"/><mass value="{mass}"/>
<inertia ixx="{ixx}" iyy="{iyy}" izz="{izz}" ixy="0" ixz="0" iyz="0"/></inertial>"""
MESH = '<geometry><mesh filename="{name}" scale="{scale}"/></geometry>'


def inertial(mass=0.2, com="0 0 0", rpy="0 0 0", moments=(2e-4, 3e-4, 4e-4)):
    return INERTIAL.format(mass=mass, com=com, rpy=rpy, ixx=moments[0], iyy=moments[1], izz=moments[2])


def link(name="top", inside="", shape='<geometry><box size="0.04 0.06 0.1"/></geometry>', origin=""):
    return f'<link name="{name}">{inside}<collision>{origin}{shape}</collision></link>'


def put(folder, *parts, name="Thing", head=""):
    path = folder / f"{name}.urdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<?xml version="1.0"?>{head}<robot name="x">{"".join(parts)}</robot>')
    return path


def joint(parent="a", child="b", kind="fixed", inside=""):
    ends = f'<parent link="{parent}"/><child link="{child}"/>'
    return f'<joint name="{parent}-{child}" type="{kind}">{ends}{inside}</joint>'


def bounds(found):
    return found.solid.mesh.bounds


def reject(path, problem):
    with pytest.raises(BadFileError, match=problem) as caught:
        read_urdf(path)
    assert str(path) in str(caught.value)


def test_a_mesh_is_scaled_along_its_axes_then_turned_then_moved(tmp_path):
    trimesh.creation.box([1.0, 2.0, 3.0]).export(tmp_path / "box.stl")
    shape = MESH.format(name="box.stl", scale="0.02 0.02 0.04")  # 2 x 4 x 12 cm
    origin = f'<origin xyz="0.1 0 0" rpy="0 0 {math.pi / 2}"/>'  # then 4 x 2 x 12 cm
    found = read_urdf(put(tmp_path, link(shape=shape, origin=origin)))
    np.testing.assert_allclose(bounds(found), [[0.08, -0.01, -0.06], [0.12, 0.01, 0.06]], atol=1e-9)
    assert found.inertial is None


def test_roll_pitch_yaw_turn_about_fixed_axes(tmp_path):
    # Rolled by a quarter about x, then yawed by a quarter about the fixed z: the longest side, z, comes to lie along x.
    origin = f'<origin rpy="{math.pi / 2} 0 {math.pi / 2}"/>'
    found = read_urdf(put(tmp_path, link(origin=origin)))
    np.testing.assert_allclose(found.solid.mesh.extents, [0.1, 0.04, 0.06], atol=1e-9)


@pytest.mark.parametrize(
    ("shape", "volume"),
    [
        ('<cylinder radius="0.03" length="0.1"/>', math.pi * 0.03**2 * 0.1),
        ('<sphere radius="0.04"/>', 4 / 3 * math.pi * 0.04**3),
        ('<box size="0.02 0.05 0.1"/>', 1e-4),
    ],
)
def test_simple_shapes_have_their_volumes(tmp_path, shape, volume):
    found = read_urdf(put(tmp_path, link(shape=f"<geometry>{shape}</geometry>")))
    assert found.solid.mesh.volume == pytest.approx(volume, rel=0.02)


def test_the_inertial_is_turned_into_the_links_frame(tmp_path):
    found = read_urdf(put(tmp_path, link(inside=inertial(com="0 0.01 0", rpy=f"0 0 {math.pi / 2}")))).inertial
    assert found is not None and found.mass == 0.2
    np.testing.assert_allclose(found.centre, [0, 0.01, 0])
    np.testing.assert_allclose(found.inertia, np.diag([3e-4, 2e-4, 4e-4]), atol=1e-12)


def test_locked_links_are_one_body_by_steiners_theorem(tmp_path):
    cap = '<limit lower="0" upper="0.001" effort="1" velocity="1"/><origin xyz="0 0 0.08"/>'
    path = put(
        tmp_path,
        link("a", inertial(mass=0.3)),
        link("b", inertial(mass=0.1), shape='<geometry><box size="0.04 0.06 0.06"/></geometry>'),
        joint(kind="revolute", inside=cap),
    )
    found = read_urdf(path)
    assert found.inertial is not None and found.inertial.mass == pytest.approx(0.4)
    np.testing.assert_allclose(found.inertial.centre, [0, 0, 0.02])
    # 0.3 kg 2 cm away and 0.1 kg 6 cm away add 0.3 * 4e-4 + 0.1 * 36e-4 = 4.8e-4 about x and y, nothing about z.
    np.testing.assert_allclose(found.inertial.inertia, np.diag([8.8e-4, 10.8e-4, 8e-4]), atol=1e-12)
    np.testing.assert_allclose(bounds(found)[:, 2], [-0.05, 0.11], atol=1e-9)


def test_what_is_twice_as_large_weighs_eight_times_as_much(tmp_path):
    found = read_urdf(put(tmp_path, link(inside=inertial(com="0 0 0.01"))), scale=2.0)
    assert found.inertial is not None and found.inertial.mass == pytest.approx(1.6)
    np.testing.assert_allclose(found.inertial.centre, [0, 0, 0.02])
    np.testing.assert_allclose(np.diag(found.inertial.inertia), [64e-4, 96e-4, 128e-4])
    np.testing.assert_allclose(found.solid.mesh.extents, [0.08, 0.12, 0.2])


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([], "has no link"),
        (["<link/>"], "has a <link> without a name"),
        (['<link name="a"/>'], "has no shape"),
        ([link("a"), link("b")], r"is not one object: 2 links hang on nothing \(a, b\)"),
        ([link("a"), link("b"), joint(kind="continuous")], r"joint a-b moves \(continuous\); objects are rigid"),
        ([link("a"), link("b"), joint(kind="revolute", inside='<limit lower="-1" upper="1"/>')], "joint a-b moves"),
        ([link("a"), joint()], "there is no link b"),
        ([link("a"), link("b"), link("c"), joint(), joint("c")], "link b hangs on two joints"),
        ([link("a"), link("b"), link("c"), joint("b", "c"), joint("c", "b")], "has joints in a circle"),
        ([link(shape="<geometry><mesh/></geometry>")], "names the mesh '', which is no file beside it"),
        ([link(shape="<geometry/>")], "without a geometry"),
        ([link(shape='<geometry><torus r="1"/></geometry>')], "has a shape <torus>; known: mesh, box"),
        ([link(shape='<geometry><box size="1 2"/></geometry>')], "<box> needs size as 3 finite numbers, not '1 2'"),
        ([link(shape='<geometry><box size="0.1 0.1 -1"/></geometry>')], "has a <box> of no size"),
        ([link(shape='<geometry><sphere radius="nan"/></geometry>')], "needs radius as 1 finite number, not 'nan'"),
        ([link(origin='<origin xyz="0 0"/>')], "<origin> needs xyz as 3 finite numbers"),
        ([link(inside=inertial(mass=0))], "link top has a mass of 0 kg"),
        ([link(inside=inertial(moments=(1, 1, 5)))], "link top has an inertia that no solid body has"),
        ([link(inside='<inertial><mass value="1"/></inertial>')], "link top has a mass but no <inertia>"),
        ([link(shape='<geometry><box size="4 4 4"/></geometry>')], "is 4 m at its longest"),
    ],
)
def test_what_is_no_rigid_object_is_refused_by_what_is_wrong(tmp_path, parts, problem):
    reject(put(tmp_path, *parts), problem)


@pytest.mark.parametrize(
    "name", ["../secret.stl", "/etc/passwd", "a/../../secret.stl", "file:///etc/passwd", "http://x/y.stl"]
)
def test_meshes_outside_the_folder_are_not_read(tmp_path, name):
    trimesh.creation.box([0.1] * 3).export(tmp_path / "secret.stl")
    reject(
        put(tmp_path / "Thing", link(shape=MESH.format(name=name, scale="1 1 1"))), "outside its folder|no file beside"
    )


def test_a_link_to_a_place_outside_the_folder_is_not_followed(tmp_path):
    trimesh.creation.box([0.1] * 3).export(tmp_path / "secret.stl")
    path = put(tmp_path / "Thing", link(shape=MESH.format(name="mesh.stl", scale="1 1 1")))
    (tmp_path / "Thing" / "mesh.stl").symlink_to(tmp_path / "secret.stl")
    reject(path, "outside its folder")


def test_meshes_of_ros_packages_are_those_below_the_file(tmp_path):
    (tmp_path / "meshes").mkdir()
    trimesh.creation.box([0.1, 0.05, 0.04]).export(tmp_path / "meshes" / "m.obj")
    found = read_urdf(put(tmp_path, link(shape=MESH.format(name="package://toys/meshes/m.obj", scale="1 1 1"))))
    np.testing.assert_allclose(found.solid.mesh.extents, [0.1, 0.05, 0.04], atol=1e-9)


LAUGHS = '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
SECRET = '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("head", [LAUGHS, SECRET, '<!DOCTYPE robot SYSTEM "http://example.org/x.dtd">'])
def test_entities_and_document_types_are_refused(tmp_path, head):
    reject(put(tmp_path, link(), head=head), "declares a document type or entities")


def test_missing_foreign_and_damaged_files_are_named(tmp_path):
    reject(tmp_path / "none.urdf", "no such URDF file")
    path = tmp_path / "a.urdf"
    path.write_text("<robot><link")
    reject(path, "is not readable XML")
    path.write_text("<mujoco/>")
    reject(path, "is no URDF: its root is <mujoco>")
    path = put(tmp_path, link(shape=MESH.format(name="gone.stl", scale="1 1 1")))
    with pytest.raises(BadFileError, match=r"gone.stl: no such mesh file"):
        read_urdf(path)


def corner_mesh():
    """Two cubes of 4 cm side by side and one on the first: convex parts have to be found."""
    cubes = [trimesh.creation.box([0.04] * 3).apply_translation(at) for at in ([0, 0, 0], [0.04, 0, 0], [0, 0, 0.04])]
    return trimesh.boolean.union(cubes, engine="manifold")


@pytest.fixture
def assets(tmp_path, monkeypatch) -> Path:
    """Upstream's layout: an object whose mass is not where its shape's is, and one that another spells likewise."""
    monkeypatch.setenv("HOT_DATA", str(tmp_path / "data"))
    folder = tmp_path / "urdf"
    for name in ("Hook", "Box", "box"):
        put(
            folder / name,
            link(inside=inertial(com="0.01 0 0"), shape=MESH.format(name="top.obj", scale="1 1 1")),
            name=name,
        )
        corner_mesh().export(folder / name / "top.obj")
    put(folder, link(), name="helper")
    put(folder / "Hook", link(), name="Hook_fixed")
    return folder


def test_a_folder_lists_objects_by_name_and_says_which_are_alike(assets):
    assert asset_names(assets) == ("Box", "Hook", "box", "helper")
    assert asset_file(assets, "HOOK").name == "Hook.urdf"
    assert asset_file(assets, "box") == assets / "box" / "box.urdf"
    with pytest.raises(ConfigError, match="holds Box and box: spell the one that you mean"):
        asset_file(assets, "BOX")
    with pytest.raises(UnknownNameError, match=r"unknown object in .*'Hok'; did you mean 'Hook'"):
        asset_file(assets, "Hok")
    with pytest.raises(BadFileError, match="no such folder of objects"):
        asset_names(assets / "none")
    (assets / "empty").mkdir()
    with pytest.raises(BadFileError, match="holds no object"):
        asset_names(assets / "empty")


def test_an_asset_becomes_an_object_file_once_and_anew_when_it_changes(assets):
    path, remarks = object_of_urdf(assets / "Hook" / "Hook.urdf")
    assert path.name == "Hook.yaml" and remarks
    before = path.stat().st_mtime_ns
    assert object_of_urdf(assets / "Hook" / "Hook.urdf") == (path, ())
    assert path.stat().st_mtime_ns == before
    trimesh.creation.box([0.05] * 3).export(assets / "Hook" / "top.obj")
    assert object_of_urdf(assets / "Hook" / "Hook.urdf")[0] != path


def test_an_assets_frame_has_its_origin_at_the_files_centre_of_mass(assets):
    spec = load_object(object_of_urdf(assets / "Hook" / "Hook.urdf")[0])
    assert spec.name == "Hook" and spec.mass == 0.2
    np.testing.assert_allclose(spec.inertia, np.diag([2e-4, 3e-4, 4e-4]))
    np.testing.assert_allclose(spec.corners.origin, [-0.01, 0, 0])
    np.testing.assert_allclose(spec.mesh.bounds, corner_mesh().bounds - [0.01, 0, 0], atol=1e-3)
    assert 2 <= len(spec.parts) <= 16
    assert len(spec.symmetry.rotations) == 1


def test_corners_are_picked_as_the_original_release_picks_them(assets):
    spec = load_object(object_of_urdf(assets / "Hook" / "Hook.urdf")[0])
    vertices = trimesh.load_mesh(assets / "Hook" / "top.obj").vertices - [0.01, 0, 0]
    for picked, first in ((spec.corners.from_origin, [-0.01, 0, 0]), (spec.corners.from_first, vertices[0])):
        assert picked.shape == (20, 3)
        np.testing.assert_allclose(picked[0], first, atol=1e-6)
        for number in range(1, 10):
            others = np.linalg.norm(vertices[:, None] - picked[:number], axis=2).min(1)
            own = np.linalg.norm(picked[number] - picked[:number], axis=1).min()
            assert own == pytest.approx(others.max(), abs=1e-5)


def test_points_come_from_upstreams_own_mesh_where_it_lies_beside(tmp_path):
    path = put(tmp_path, link())
    trimesh.creation.icosphere(radius=0.03).export(tmp_path / "top_watertight_tiny.stl")
    assert np.linalg.norm(read_urdf(path).corners, axis=1) == pytest.approx(0.03, rel=1e-5)


def test_a_shipped_objects_corners_scale_with_it(bottle):
    twice = bottle.scaled(2.0)
    np.testing.assert_allclose(twice.corners.from_first, 2 * bottle.corners.from_first)
    assert not bottle.corners.origin.any()
    distance = bottle.signed_distance(torch.from_numpy(bottle.corners.from_origin[1:]))
    assert distance.abs().max() < 1e-9


def test_a_mass_of_ones_own_keeps_the_distribution():
    body = Inertial(0.2, np.array([0.0, 0.1, 0.0]), np.diag([1.0, 2.0, 2.5]))
    np.testing.assert_allclose(body.weighing(0.1).inertia, np.diag([0.5, 1.0, 1.25]))
    np.testing.assert_allclose(body.weighing(0.1).centre, body.centre)


def test_an_inertia_far_from_the_shapes_is_kept_and_told(tmp_path, monkeypatch):
    """Files of upstream's GRAB objects say 1 kg and 1 kg m2; a cube of 10 cm and 1 kg has 1 / 600."""
    monkeypatch.setenv("HOT_DATA", str(tmp_path / "data"))
    shape = '<geometry><box size="0.1 0.1 0.1"/></geometry>'
    path, remarks = object_of_urdf(put(tmp_path, link(inside=inertial(mass=1, moments=(1, 1, 1)), shape=shape)))
    np.testing.assert_allclose(load_object(path).inertia, np.eye(3))
    assert any("inertia is 600 times that of a solid of its shape and mass" in remark for remark in remarks)
    plain = (1 / 600, 1 / 600, 1 / 600)
    _, remarks = object_of_urdf(put(tmp_path, link(inside=inertial(mass=1, moments=plain), shape=shape)))
    assert not any("inertia" in remark for remark in remarks)
