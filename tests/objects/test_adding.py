"""From meshes to objects: parts, mass distribution, symmetry, files."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import ConvexHull

from hot.errors import BadFileError, ConfigError, HotError
from hot.objects import decomposition, load_object, object_names, own_names
from hot.objects.adding import DENSITY, free_name, inertial_of, make_object, write_object
from hot.objects.decomposition import MOST_PARTS, convex_pieces
from hot.objects.guessing import guess_symmetry
from hot.objects.inertial import Inertial
from hot.objects.meshes import SolidMesh

CREATE = trimesh.creation


def solid(mesh):
    return SolidMesh(mesh, (), (0.5, 0.5, 0.5, 1.0))


def of_mass(mesh, mass):
    return solid(mesh), Inertial.of_mesh(mesh, mass)


def corner():
    """Three equal cubes of 4 cm around a corner."""
    cubes = [CREATE.box([0.04] * 3).apply_translation(at) for at in ([0, 0, 0], [0.04, 0, 0], [0, 0.04, 0])]
    return trimesh.boolean.union(cubes, engine="manifold")


@pytest.fixture(scope="module")
def made():
    return make_object("Corner", *of_mass(corner(), 0.2), "none")


def test_a_concave_mesh_becomes_a_few_pieces_that_cover_it():
    pieces = convex_pieces(corner())
    assert 2 <= len(pieces) <= 4
    assert sum(ConvexHull(piece).volume for piece in pieces) == pytest.approx(3 * 0.04**3, rel=0.05)


def test_a_hole_stays_open():
    ring = CREATE.annulus(0.02, 0.04, 0.02)
    spec = make_object("Ring", *of_mass(ring, 0.1), "none").spec
    assert len(spec.parts) <= MOST_PARTS
    assert float(spec.signed_distance(torch.zeros(3, dtype=torch.float64))) > 0.01


def test_a_convex_mesh_is_one_piece_of_few_corners_and_of_its_volume():
    ball = CREATE.icosphere(subdivisions=4, radius=0.04)
    (piece,) = convex_pieces(ball)
    assert len(piece) <= 48
    assert ConvexHull(piece).volume == pytest.approx(ball.volume)


@pytest.mark.parametrize(
    ("patience", "run", "problem"),
    [
        (0.01, decomposition._RUN, "not done within"),
        (60.0, "import os; os.abort()", "exit code -6"),
        (60.0, "raise SystemExit('no such cut')", "no such cut"),
    ],
)
def test_a_cut_that_ends_badly_is_one_line(monkeypatch, patience, run, problem):
    monkeypatch.setattr(decomposition, "_PATIENCE", patience)
    monkeypatch.setattr(decomposition, "_RUN", run)
    with pytest.raises(HotError, match=f"cannot be cut into convex pieces .*{problem}"):
        convex_pieces(corner())


def test_the_mass_distribution_is_the_meshs_own(made):
    mesh = corner()
    np.testing.assert_allclose(made.spec.inertia, mesh.moment_inertia * 0.2 / mesh.volume, atol=1e-10)
    low = made.spec.mesh.bounds[0] + mesh.center_mass
    np.testing.assert_allclose(low, mesh.bounds[0], atol=1e-3)
    assert made.spec.mass == 0.2


def test_surface_points_lie_on_the_mesh_itself(made):
    mesh = corner()
    points = made.spec.surface_points.double().numpy() + mesh.center_mass
    _, distance, _ = trimesh.proximity.closest_point_naive(mesh, points)
    assert distance.max() < 1e-5
    assert made.deviation[0] <= made.deviation[1] < 2e-3


def test_an_object_is_found_by_name_after_it_was_written(made, tmp_path, monkeypatch):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    write_object(tmp_path / "objects" / "Corner.yaml", made.entry, ("a remark",))
    assert own_names() == ("Corner",) and "Corner" in object_names()
    spec = load_object("corner")
    assert spec.name == "Corner"
    np.testing.assert_allclose(spec.inertia, made.spec.inertia)
    assert torch.equal(spec.surface_points, made.spec.surface_points)
    for read, known in zip(spec.parts, made.spec.parts):
        np.testing.assert_array_equal(read, known)
    assert (tmp_path / "objects" / "Corner.yaml").read_text().startswith("# a remark\n")


def test_a_written_object_is_not_overwritten(made, tmp_path):
    (tmp_path / "Corner.yaml").write_text("mine")
    with pytest.raises(BadFileError, match="exists; choose another name"):
        write_object(tmp_path / "Corner.yaml", made.entry)
    assert (tmp_path / "Corner.yaml").read_text() == "mine"


def test_names_are_free_once(made, tmp_path, monkeypatch):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    assert free_name("Corner-2") == "Corner-2"
    write_object(tmp_path / "objects" / "Corner.yaml", made.entry)
    with pytest.raises(ConfigError, match=r"an object named Corner is in .*--name NAME"):
        free_name("corner")
    with pytest.raises(ConfigError, match="an object named Bottle ships with the package"):
        free_name("BOTTLE")


@pytest.mark.parametrize("name", ["", "a/b", "../x", "1a", "a.b", "x" * 41])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(ConfigError, match="cannot name an object"):
        free_name(name)


def test_a_file_with_a_packaged_name_is_refused_when_it_is_asked_for(made, tmp_path, monkeypatch):
    monkeypatch.setenv("HOT_DATA", str(tmp_path))
    write_object(tmp_path / "objects" / "box.yaml", made.entry)
    with pytest.raises(BadFileError, match="the package has an object of this name"):
        load_object("Box")


def test_mass_comes_from_itself_or_a_density():
    block = solid(CREATE.box([0.1, 0.1, 0.02]))
    assert inertial_of(block, 0.3, None).mass == 0.3
    assert inertial_of(block, None, 1000.0).mass == pytest.approx(0.2)
    assert inertial_of(block, None, None).mass == pytest.approx(DENSITY * 2e-4)


@pytest.mark.parametrize(
    ("mass", "density", "problem"),
    [
        (1.0, 2.0, "not both"),
        (-1.0, None, "--mass must be positive, not -1"),
        (0.0, None, "--mass must be positive"),
        (None, -5.0, "--density must be positive"),
        (float("nan"), None, "--mass must be positive"),
        (80.0, None, "a mass of 80 kg .* is not what one hand holds"),
        (None, 1.0, "give --mass"),
    ],
)
def test_masses_that_cannot_be_are_refused(mass, density, problem):
    with pytest.raises(ConfigError, match=problem):
        inertial_of(solid(CREATE.box([0.1, 0.1, 0.02])), mass, density)


@pytest.mark.parametrize(
    ("mesh", "axis", "members"),
    [
        (CREATE.box([0.05, 0.07, 0.1]), None, 4),
        (CREATE.box([0.05, 0.05, 0.1]), None, 8),
        (CREATE.box([0.05, 0.05, 0.05]), None, 24),
        (CREATE.cylinder(0.03, 0.1), [0, 0, 1], 2),
        (CREATE.cone(0.03, 0.1), [0, 0, 1], 1),
        (corner(), None, 2),
    ],
)
def test_symmetries_by_hand(mesh, axis, members):
    spec = make_object("Thing", *of_mass(mesh, 0.1)).spec
    assert len(spec.symmetry.rotations) == members
    found = spec.symmetry.axis
    assert (None if found is None else found.abs().tolist()) == axis


def test_a_turned_box_keeps_its_symmetry():
    box = CREATE.box([0.05, 0.07, 0.1])
    box.apply_transform(trimesh.transformations.random_rotation_matrix(np.array([0.1, 0.5, 0.7])))
    assert len(guess_symmetry(box).turns) == 2


def test_a_ball_is_spherical():
    assert guess_symmetry(CREATE.icosphere(3, 0.05)).spherical


def test_a_handle_breaks_the_symmetry_of_a_pot():
    pot, handle = CREATE.cylinder(0.03, 0.1), CREATE.box([0.02, 0.01, 0.03]).apply_translation([0.035, 0, 0.01])
    guess = guess_symmetry(trimesh.boolean.union([pot, handle], engine="manifold"))
    assert guess.axis is None and not guess.turns


def test_symmetry_can_be_said():
    block = of_mass(CREATE.box([0.05, 0.05, 0.1]), 0.1)
    assert make_object("A", *block, "none").entry.symmetry.turns == ()
    assert make_object("A", *block, "z").entry.symmetry.axis == (0.0, 0.0, 1.0)
    assert make_object("A", *block, "sphere").entry.symmetry.spherical
    with pytest.raises(ConfigError, match="no symmetry 'w'; known: guess, none, x, y, z, sphere"):
        make_object("A", *block, "w")
