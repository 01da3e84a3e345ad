"""Foreign meshes: what is mended, what is refused, and that nothing outside their folder is read."""

from __future__ import annotations

import json

import numpy as np
import pytest
import trimesh
from trimesh.exchange.gltf import export_gltf

from hot.errors import BadFileError
from hot.objects.meshes import FORMATS, read_mesh

BOX = trimesh.creation.box([0.05, 0.06, 0.08])
VOLUME = 0.05 * 0.06 * 0.08


def written(tmp_path, mesh, name="thing.ply"):
    path = tmp_path / name
    mesh.export(path)
    return path


def moved(mesh, *by):
    copy = mesh.copy()
    copy.apply_translation(by)
    return copy


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_solid(tmp_path, kind):
    solid = read_mesh(written(tmp_path, BOX, f"thing.{kind}"))
    assert solid.mesh.volume == pytest.approx(VOLUME, rel=1e-5)
    assert solid.mesh.is_volume and solid.repairs == ()


def test_scale_multiplies_lengths(tmp_path):
    large = trimesh.creation.box([50, 60, 80])
    assert read_mesh(written(tmp_path, large), scale=0.001).mesh.volume == pytest.approx(VOLUME)


def test_a_colour_is_kept(tmp_path):
    colours = np.tile(np.array([255, 51, 0, 255], dtype=np.uint8), (len(BOX.faces), 1))
    painted = trimesh.Trimesh(BOX.vertices, BOX.faces, face_colors=colours)
    assert read_mesh(written(tmp_path, painted)).colour == pytest.approx((1.0, 0.2, 0.0, 1.0), abs=0.01)


def test_a_missing_lid_is_closed_and_said(tmp_path):
    fine = BOX.subdivide().subdivide()
    open_box = fine.submesh([np.flatnonzero(fine.triangles_center[:, 2] < 0.04 - 1e-9)], append=True)
    solid = read_mesh(written(tmp_path, open_box))
    assert solid.mesh.volume == pytest.approx(VOLUME)
    assert solid.repairs == ("closed 1 holes, the widest 6.0 cm",)


def test_triangles_that_face_inward_are_turned(tmp_path):
    wrong = BOX.copy()
    faces = np.array(wrong.faces)
    faces[:5] = faces[:5, ::-1]
    solid = read_mesh(written(tmp_path, trimesh.Trimesh(wrong.vertices, faces, process=False)))
    assert solid.mesh.volume == pytest.approx(VOLUME)
    assert "turned triangles that faced inward" in solid.repairs


def test_an_inside_out_solid_is_turned(tmp_path):
    inverted = BOX.copy()
    inverted.invert()
    assert read_mesh(written(tmp_path, inverted)).mesh.volume == pytest.approx(VOLUME)


def test_repeated_triangles_are_left_out(tmp_path):
    twice = trimesh.Trimesh(BOX.vertices, np.concatenate([BOX.faces, BOX.faces[:2]]), process=False)
    solid = read_mesh(written(tmp_path, twice))
    assert solid.mesh.volume == pytest.approx(VOLUME)
    assert solid.repairs == ("left out 2 repeated or degenerate triangles",)


def test_overlapping_bodies_are_joined_and_their_common_volume_counts_once(tmp_path):
    scene = trimesh.Scene([BOX, moved(BOX, 0.025, 0, 0)])
    path = tmp_path / "two.glb"
    scene.export(path)
    solid = read_mesh(path)
    assert solid.mesh.volume == pytest.approx(1.5 * VOLUME)
    assert solid.repairs == ("joined 2 bodies",)


def test_bodies_of_a_scene_are_placed_as_the_file_says(tmp_path):
    scene = trimesh.Scene()
    scene.add_geometry(BOX)
    scene.add_geometry(BOX, transform=trimesh.transformations.translation_matrix([0.2, 0, 0]))
    path = tmp_path / "two.glb"
    scene.export(path)
    solid = read_mesh(path).mesh
    assert solid.extents[0] == pytest.approx(0.25) and solid.volume == pytest.approx(2 * VOLUME)


def test_a_cavity_stays_hollow(tmp_path):
    inner = trimesh.creation.box([0.03, 0.03, 0.03])
    inner.invert()
    solid = read_mesh(written(tmp_path, trimesh.util.concatenate([BOX, inner])))
    assert solid.mesh.volume == pytest.approx(VOLUME - 0.03**3)


def test_bodies_that_touch_along_an_edge_are_a_solid(tmp_path):
    path = written(tmp_path, trimesh.util.concatenate([BOX, moved(BOX, 0.05, 0.06, 0)]))
    assert read_mesh(path).mesh.volume == pytest.approx(2 * VOLUME)


def text_file(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return path


SQUARE = "v 0 0 0\nv 0.1 0 0\nv 0.1 0.1 0\nv 0 0.1 0\nf 1 2 3\nf 1 3 4\n"


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.txt", "hello", "is no mesh that can be read; known: glb, gltf, obj"),
        ("a.glb", "this is not a mesh", "cannot be read as a mesh"),
        ("a.gltf", "{}", "cannot be read as a mesh|no triangles"),
        ("a.obj", "", "cannot be read as a mesh|no triangles"),
        ("a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\n", "cannot be read as a mesh|no triangles"),
        ("a.stl", "solid nothing\nendsolid nothing\n", "cannot be read as a mesh|no triangles"),
        ("a.obj", SQUARE.replace("v 0 0 0", "v nan 0 0"), "not finite"),
        ("a.obj", SQUARE.replace("v 0 0 0", "v inf 0 0"), "not finite"),
        ("a.obj", SQUARE, "encloses no volume|does not bound a solid"),
        ("a.obj", "v 0 0 0\nf 1 1 1\n", "is a single point"),
    ],
)
def test_what_is_no_solid_is_refused(tmp_path, name, text, problem):
    with pytest.raises(BadFileError, match=problem) as caught:
        read_mesh(text_file(tmp_path, name, text))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(BadFileError, match=r"none\.obj: no such mesh file"):
        read_mesh(tmp_path / "none.obj")


def test_a_strip_that_bounds_nothing_is_refused(tmp_path):
    """A Moebius strip has one side: no way to wind it."""
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rows = []
    for side in (-0.02, 0.02):
        reach = 0.05 + side * np.cos(turn / 2)
        rows.append(np.stack([reach * np.cos(turn), reach * np.sin(turn), side * np.sin(turn / 2)], axis=1))
    here, after = np.arange(40), (np.arange(40) + 1) % 40
    low, high = here, here + 40
    low_after, high_after = np.where(after == 0, 40, after), np.where(after == 0, 0, after + 40)
    faces = np.concatenate([np.stack([low, low_after, high], 1), np.stack([high, low_after, high_after], 1)])
    with pytest.raises(BadFileError, match="does not bound a solid, even after repair"):
        read_mesh(written(tmp_path, trimesh.Trimesh(np.concatenate(rows), faces, process=False)))


@pytest.mark.parametrize(
    ("size", "advice"),
    [
        (12.0, r"is 12 m at its longest.*centimetres: --scale 0\.01 makes it 12 cm"),
        (120.0, r"is 120 m at its longest.*millimetres: --scale 0\.001 makes it 12 cm"),
        (2.0, r"decimetres: --scale 0\.1 makes it 20 cm"),
        (0.0001, r"kilometres: --scale 1000 makes it 10 cm"),
        (0.002, r"--scale 50 makes it 10 cm"),
    ],
)
def test_a_size_that_no_hand_holds_is_refused_with_the_likely_scale(tmp_path, size, advice):
    path = written(tmp_path, trimesh.creation.box([size / 2, size / 3, size]))
    with pytest.raises(BadFileError, match=advice):
        read_mesh(path)


def test_advice_on_scale_counts_the_scale_that_was_given(tmp_path):
    path = written(tmp_path, trimesh.creation.box([60.0, 60.0, 120.0]))
    with pytest.raises(BadFileError, match=r"--scale 0\.001 makes it 12 cm"):
        read_mesh(path, scale=0.1)


def as_gltf(folder, mesh):
    """A gltf file in a folder and its buffer beside it; the names of both."""
    folder.mkdir()
    for name, content in export_gltf(trimesh.Scene([mesh]), merge_buffers=True).items():
        (folder / name).write_bytes(content)
    (buffer,) = folder.glob("*.bin")
    return folder / "model.gltf", buffer


def test_a_gltf_reads_its_buffer_beside_it(tmp_path):
    path, _ = as_gltf(tmp_path / "model", BOX)
    assert read_mesh(path).mesh.volume == pytest.approx(VOLUME)


@pytest.mark.parametrize("absolute", [False, True])
def test_a_gltf_that_points_outside_its_folder_is_refused(tmp_path, absolute):
    path, buffer = as_gltf(tmp_path / "model", BOX)
    outside = buffer.rename(tmp_path / "secret.bin")
    tree = json.loads(path.read_text())
    tree["buffers"][0]["uri"] = str(outside) if absolute else "../secret.bin"
    path.write_text(json.dumps(tree))
    with pytest.raises(BadFileError, match="outside its folder"):
        read_mesh(path)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    path, buffer = as_gltf(tmp_path / "model", BOX)
    outside = buffer.rename(tmp_path / "secret.bin")
    buffer.symlink_to(outside)
    with pytest.raises(BadFileError, match="outside its folder"):
        read_mesh(path)
