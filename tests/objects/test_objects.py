"""Facts of the shipped objects and laws of every object."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import ConvexHull

from hot.errors import BadFileError, UnknownNameError
from hot.objects import load_object, object_names, packaged_names

TRAINED = ("Bottle", "Box", "Hammer", "Sword")
LARGEST, THINNEST, HEAVIEST, MOST_PARTS = 0.35, 0.007, 0.51, 16


@pytest.fixture(scope="module", params=packaged_names())
def spec(request):
    return load_object(request.param)


def write(tmp_path, text, name="thing.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_the_catalogue_lists_the_training_objects_among_many():
    assert set(TRAINED) < set(packaged_names()) <= set(object_names())
    assert len(packaged_names()) >= 24


def test_shipped_objects_are_of_a_size_that_physics_and_one_hand_can_take(spec):
    assert 0.03 <= spec.mass <= HEAVIEST
    assert spec.mesh.extents.max() <= LARGEST + 1e-9 and spec.mesh.extents.min() >= THINNEST
    assert len(spec.parts) <= MOST_PARTS


@pytest.mark.parametrize("name", ["bottle", "BOTTLE", "Bottle"])
def test_names_are_found_in_any_case(name):
    assert load_object(name).name == "Bottle"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownNameError, match=r"unknown object 'hamer'; did you mean 'Hammer'.*Bottle, Bowl, Box"):
        load_object("hamer")


def test_a_box_has_the_closed_form_inertia(tmp_path):
    box = load_object(write(tmp_path, "mass: 2\nparts:\n- {kind: box, size: [0.1, 0.2, 0.3], position: [5, 6, 7]}"))
    expected = 2 / 12 * np.diag([0.2**2 + 0.3**2, 0.1**2 + 0.3**2, 0.1**2 + 0.2**2])
    np.testing.assert_allclose(box.inertia, expected, atol=1e-9)
    np.testing.assert_allclose(box.mesh.bounds, [[-0.05, -0.1, -0.15], [0.05, 0.1, 0.15]], atol=1e-12)
    assert box.mass == 2
    assert box.radius == pytest.approx(0.5 * np.sqrt(0.14))


def test_a_cylinder_has_the_closed_form_volume_and_inertia(tmp_path):
    rod = load_object(write(tmp_path, "mass: 3\nparts:\n- {kind: cylinder, radius: 0.05, length: 0.2}"))
    across = 3 / 12 * (3 * 0.05**2 + 0.2**2)
    np.testing.assert_allclose(rod.inertia, np.diag([across, across, 0.5 * 3 * 0.05**2]), rtol=5e-4, atol=1e-9)
    assert rod.mesh.volume == pytest.approx(np.pi * 0.05**2 * 0.2)


def test_a_cone_has_its_centre_of_mass_at_a_quarter_of_its_height(tmp_path):
    cone = load_object(write(tmp_path, "mass: 1\nparts:\n- {kind: frustum, radii: [0.1, 0], length: 0.4}"))
    np.testing.assert_allclose(cone.mesh.bounds[:, 2], [-0.1, 0.3], atol=1e-9)


def test_a_turned_cylinder_lies_along_the_turned_axis(tmp_path):
    text = "mass: 1\nparts:\n- {kind: cylinder, radius: 0.01, length: 0.2, rotation_deg: [-90, 0, 0]}"
    assert load_object(write(tmp_path, text)).mesh.extents[1] == pytest.approx(0.2)


def test_two_halves_weigh_and_turn_like_the_whole(tmp_path):
    halves = "mass: 1\nparts:\n" + "".join(
        f"- {{kind: box, size: [0.1, 0.1, 0.1], position: [{x}, 0, 0]}}\n" for x in (0.0, 0.1)
    )
    whole = load_object(write(tmp_path, "mass: 1\nparts:\n- {kind: box, size: [0.2, 0.1, 0.1]}", "whole.yaml"))
    both = load_object(write(tmp_path, halves))
    np.testing.assert_allclose(both.inertia, whole.inertia, atol=1e-12)
    np.testing.assert_allclose(both.mesh.bounds, whole.mesh.bounds, atol=1e-12)


def test_the_origin_is_the_centre_of_mass(spec):
    np.testing.assert_allclose(spec.mesh.center_mass, 0, atol=1e-12)


def test_inertia_is_that_of_a_rigid_body(spec):
    low, middle, high = np.linalg.eigvalsh(spec.inertia)
    assert 0 < low <= middle <= high <= low + middle + 1e-12
    np.testing.assert_allclose(spec.inertia, spec.inertia.T)
    assert high < spec.mass * spec.radius**2


@pytest.mark.parametrize(
    ("name", "extents"),
    [
        ("Bottle", [0.055, 0.19, 0.055]),
        ("Box", [0.049, 0.049, 0.049]),
        ("Hammer", [0.094, 0.187, 0.032]),
        ("Sword", [0.1, 0.35, 0.036]),
    ],
)
def test_sizes_are_near_upstreams(name, extents):
    np.testing.assert_allclose(load_object(name).mesh.extents, extents, atol=1e-3)


def test_parts_are_convex_and_make_up_the_mesh(spec):
    assert len(spec.parts) == len(spec.colours)
    assert sum(ConvexHull(part).volume for part in spec.parts) == pytest.approx(spec.mesh.volume)
    for part in spec.parts:
        assert len(ConvexHull(part).vertices) == len(part)
        assert (part >= spec.mesh.bounds[0] - 1e-12).all() and (part <= spec.mesh.bounds[1] + 1e-12).all()


def test_parts_do_not_overlap(spec):
    rng = np.random.default_rng(0)
    points = rng.uniform(*spec.mesh.bounds, size=(20000, 3))
    heights = np.einsum("pi,cfi->pcf", points, spec.half_spaces[..., :3].numpy()) - spec.half_spaces[..., 3].numpy()
    assert ((heights.max(-1) < -1e-6).sum(-1) <= 1).all()


def test_surface_points_lie_on_the_outer_surface(spec):
    points = spec.surface_points
    assert points.shape == (200, 3) and points.dtype == torch.float32
    _, distance, _ = trimesh.proximity.closest_point_naive(spec.mesh, points.double().numpy())
    assert distance.max() < 2e-4  # trimesh is inexact on slender triangles
    assert spec.signed_distance(points.double()).abs().max() < 1e-7


def test_no_surface_point_lies_where_two_parts_touch():
    points = load_object("Bottle").surface_points
    inner_wall = points[(points[:, 1] - (0.115 - 0.074)).abs() < 1e-5]
    assert (inner_wall[:, [0, 2]].norm(dim=-1) > 0.0125).all()
    bottom = points[points[:, 1] < -0.0739]
    assert len(bottom) > 5


def test_surface_points_are_the_same_on_every_load(spec):
    assert torch.equal(spec.surface_points, load_object(spec.name).surface_points)


def test_the_first_twenty_points_are_spread_wider_than_the_others(spec):
    def least_gap(points):
        return (torch.cdist(points, points) + torch.eye(len(points))).min()

    others = torch.stack([least_gap(points) for points in spec.surface_points[20:].split(20)])
    assert least_gap(spec.surface_points[:20]) > 2 * others.median()


def test_the_other_points_share_the_faces_of_a_cube_by_area():
    points = load_object("Box").surface_points[20:]
    per_face = [(points[:, i] * sign > 0.0244).sum().item() for i in range(3) for sign in (-1, 1)]
    assert sum(per_face) >= 180
    assert min(per_face) > 15 and max(per_face) < 48


def test_the_radius_reaches_the_farthest_corner(spec):
    assert spec.radius == pytest.approx(max(np.linalg.norm(part, axis=1).max() for part in spec.parts))
    assert spec.surface_points.norm(dim=-1).max() <= spec.radius + 1e-6


@pytest.mark.parametrize(
    ("point", "distance"),
    [
        ([0, 0, 0], -0.0245),
        ([0.02, 0, 0], -0.0045),
        ([0.0245, 0, 0], 0),
        ([0.1, 0.01, 0], 0.0755),
        ([0, 0, -0.03], 0.0055),
    ],
)
def test_distances_to_the_cube_by_hand(point, distance):
    assert float(load_object("Box").signed_distance(torch.tensor(point).float())) == pytest.approx(distance, abs=1e-7)


def test_distance_never_exceeds_the_true_distance(spec):
    rng = np.random.default_rng(1)
    points = rng.uniform(-1.5 * spec.radius, 1.5 * spec.radius, size=(300, 3))
    signed = spec.signed_distance(torch.from_numpy(points)).numpy()
    _, true, _ = trimesh.proximity.closest_point_naive(spec.mesh, points)
    assert (signed[signed > 0] <= true[signed > 0] + 1e-9).all()
    assert (signed > 0).any()


def test_distance_has_unit_gradient_and_any_batch_shape(spec):
    points = (0.05 * torch.randn(2, 3, 5, 3, generator=torch.Generator().manual_seed(0))).requires_grad_()
    distance = spec.signed_distance(points)
    assert distance.shape == (2, 3, 5)
    (gradient,) = torch.autograd.grad(distance.sum(), points)
    torch.testing.assert_close(gradient.norm(dim=-1), torch.ones(2, 3, 5))


def test_scaling_keeps_density_and_scales_every_length(spec):
    large = spec.scaled(2.0)
    assert large.name == spec.name
    assert large.mass == pytest.approx(8 * spec.mass)
    np.testing.assert_allclose(large.inertia, 32 * spec.inertia)
    np.testing.assert_allclose(large.mesh.extents, 2 * spec.mesh.extents)
    assert large.radius == pytest.approx(2 * spec.radius)
    torch.testing.assert_close(large.surface_points, 2 * spec.surface_points)
    for a, b in zip(large.parts, spec.parts):
        np.testing.assert_allclose(a, 2 * b)
    points = 0.1 * torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(large.signed_distance(2 * points), 2 * spec.signed_distance(points))


def test_scaling_leaves_the_original_alone(spec):
    before = spec.half_spaces.clone(), spec.mesh.extents.copy()
    spec.scaled(0.5)
    assert torch.equal(spec.half_spaces, before[0])
    np.testing.assert_array_equal(spec.mesh.extents, before[1])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("parts:\n- {kind: box, size: [1, 1, 1]}", "mass: Field required"),
        ("mass: -1\nparts:\n- {kind: box, size: [1, 1, 1]}", "mass: Input should be greater than 0"),
        ("mass: 1\nparts: []", "parts: List should have at least 1 item"),
        ("mass: 1\nparts:\n- {kind: blob}", "parts.0: .*'box'"),
        ("mass: 1\nparts:\n- {kind: box, size: [1, 1]}", "parts.0.box.size"),
        ("mass: 1\nparts:\n- {kind: box, size: [1, 1, .nan]}", "parts.0.box.size.2"),
        ("mass: 1\nweight: 2\nparts:\n- {kind: box, size: [1, 1, 1]}", "weight: Extra inputs"),
        ("mass: 1\nparts:\n- {kind: hull, points: [[0,0,0],[1,0,0],[0,1,0],[1,1,0]]}", "parts.0.hull.points: .*plane"),
        ("mass: 1\nsymmetry: {axis: [0, 0, 0]}\nparts:\n- {kind: box, size: [1, 1, 1]}", "symmetry.axis: .*direction"),
        ("mass: [", "is not YAML"),
        ("", "the file: Input should be"),
    ],
)
def test_a_malformed_file_is_refused_by_key(tmp_path, text, problem):
    with pytest.raises(BadFileError, match=problem):
        load_object(write(tmp_path, text))


def test_turns_that_do_not_close_are_refused(tmp_path):
    turns = "[{axis: [0, 0, 1], order: 4}, {axis: [1, 0, 0.3], order: 5}]"
    text = f"mass: 1\nsymmetry: {{turns: {turns}}}\nparts:\n- {{kind: box, size: [1, 1, 1]}}"
    with pytest.raises(BadFileError, match=r"symmetry\.turns: .*more than 60"):
        load_object(write(tmp_path, text))


def test_missing_and_binary_files_are_refused(tmp_path):
    with pytest.raises(BadFileError, match=r"none\.yaml: cannot be read"):
        load_object(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(BadFileError, match="cannot be read"):
        load_object(tmp_path / "b.yaml")
