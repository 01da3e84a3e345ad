"""Laws of the rotation library, on random rotations and at the places where formulas break down."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hot import rotations

seeds = st.integers(0, 2**31)
angles = st.floats(-math.pi, math.pi)
IDENTITY = torch.tensor([1.0, 0.0, 0.0, 0.0], dtype=torch.float64)


def quats(seed, *shape):
    return rotations.normalize(rotations.random(shape or (8,), torch.Generator().manual_seed(seed)).double())


def vectors(seed, *shape):
    return torch.randn(*(shape or (8,)), 3, generator=torch.Generator().manual_seed(seed)).double()


def close(a, b, atol=1e-6):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


def same_rotation(a, b, atol=1e-6):
    close(rotations.to_matrix(a), rotations.to_matrix(b), atol)


@given(seeds)
def test_random_rotations_are_unit_and_repeat_by_seed(seed):
    drawn, again = (rotations.random((8,), torch.Generator().manual_seed(seed)) for _ in range(2))
    close(drawn.norm(dim=-1), torch.ones(8))
    assert torch.equal(drawn, again)


@given(seeds)
def test_multiplication_is_associative_with_identity_and_inverse(seed):
    a, b, c = quats(seed, 3, 8)
    close(rotations.multiply(rotations.multiply(a, b), c), rotations.multiply(a, rotations.multiply(b, c)))
    close(rotations.multiply(a, IDENTITY), a)
    close(rotations.multiply(a, rotations.conjugate(a)), IDENTITY.expand(8, 4))


@given(seeds)
def test_products_act_in_turn_as_matrices_do(seed):
    a, b = quats(seed, 2, 8)
    v = vectors(seed)
    close(rotations.rotate(rotations.multiply(a, b), v), rotations.rotate(a, rotations.rotate(b, v)))
    close(rotations.to_matrix(rotations.multiply(a, b)), rotations.to_matrix(a) @ rotations.to_matrix(b))
    close(rotations.rotate(a, v), (rotations.to_matrix(a) @ v[..., None]).squeeze(-1))
    close(rotations.rotate_inverse(a, rotations.rotate(a, v)), v)


@given(seeds)
def test_matrices_are_proper_and_convert_back(seed):
    a = quats(seed)
    matrix = rotations.to_matrix(a)
    close(matrix @ matrix.transpose(-1, -2), torch.eye(3).double().expand(8, 3, 3))
    close(torch.linalg.det(matrix), torch.ones(8).double())
    close(rotations.from_matrix(matrix), torch.where(a[..., :1] < 0, -a, a))


@pytest.mark.parametrize("axis", [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0.6, 0.8, 0], [0.48, 0.6, 0.64]])
def test_half_turns_convert_to_matrix_and_back(axis):
    half_turn = torch.cat([torch.zeros(1), torch.tensor(axis)]).double()
    same_rotation(rotations.from_matrix(rotations.to_matrix(half_turn)), half_turn)


def test_a_quarter_turn_about_z_takes_x_to_y():
    quarter = rotations.from_axis_angle(torch.tensor([0.0, 0, 1]), torch.tensor(math.pi / 2))
    close(quarter, torch.tensor([math.sqrt(0.5), 0, 0, math.sqrt(0.5)]))
    close(rotations.rotate(quarter, torch.tensor([1.0, 0, 0])), torch.tensor([0.0, 1, 0]))


@given(seeds, st.floats(0, math.pi - 1e-3))
def test_logarithm_inverts_the_exponential(seed, angle):
    axis = torch.nn.functional.normalize(vectors(seed), dim=-1)
    close(rotations.to_vector(rotations.from_vector(angle * axis)), angle * axis)
    close(
        rotations.from_vector(angle * axis),
        rotations.from_axis_angle(axis, torch.full((8,), angle, dtype=torch.float64)),
    )


@given(seeds)
def test_the_logarithm_is_at_most_pi_long_and_ignores_the_sign(seed):
    a = quats(seed)
    assert (rotations.to_vector(a).norm(dim=-1) <= math.pi + 1e-6).all()
    close(rotations.to_vector(a), rotations.to_vector(-a))
    same_rotation(rotations.from_vector(rotations.to_vector(a)), a)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [0.0, 1e-12, 1e-8, 1e-7, 1e-6, 1e-4])
def test_tiny_turns_keep_their_size(size, dtype):
    vector = torch.tensor([size, 0.0, -size], dtype=dtype)
    torch.testing.assert_close(rotations.to_vector(rotations.from_vector(vector)), vector, atol=1e-15, rtol=1e-5)
    close(rotations.from_vector(vector).norm(), torch.ones((), dtype=dtype))


@given(seeds, st.floats(0, math.pi))
def test_the_angle_between_is_the_angle_turned(seed, angle):
    a = quats(seed)
    axis = torch.nn.functional.normalize(vectors(seed), dim=-1)
    b = rotations.multiply(a, rotations.from_axis_angle(axis, torch.full((8,), angle, dtype=torch.float64)))
    close(rotations.angle_between(a, b), torch.full((8,), angle, dtype=torch.float64))
    close(rotations.angle_between(a, -b), rotations.angle_between(b, a))


@given(seeds)
def test_angles_obey_the_triangle_inequality(seed):
    a, b, c = quats(seed, 3, 8)
    assert (rotations.angle_between(a, c) <= rotations.angle_between(a, b) + rotations.angle_between(b, c) + 1e-9).all()


@given(angles, angles, angles)
def test_euler_angles_are_the_chain_x_then_y_then_z(x, y, z):
    axes = torch.eye(3).double()
    chain = [rotations.from_axis_angle(axis, torch.tensor(a, dtype=torch.float64)) for axis, a in zip(axes, (x, y, z))]
    product = rotations.multiply(rotations.multiply(chain[0], chain[1]), chain[2])
    close(rotations.from_euler(torch.tensor([x, y, z], dtype=torch.float64)), product)


@given(seeds)
def test_euler_angles_convert_back_to_the_same_rotation(seed):
    a = quats(seed)
    euler = rotations.to_euler(a)
    same_rotation(rotations.from_euler(euler), a)
    assert (euler[..., 1].abs() <= math.pi / 2 + 1e-9).all()


@given(angles, st.sampled_from([-math.pi / 2, math.pi / 2]), angles)
def test_euler_angles_at_the_singularity_still_give_the_rotation(x, y, z):
    quat = rotations.from_euler(torch.tensor([x, y, z], dtype=torch.float64))
    same_rotation(rotations.from_euler(rotations.to_euler(quat)), quat, atol=3e-3)


@given(seeds)
def test_slerp_starts_ends_and_turns_at_a_constant_rate(seed):
    a, b = quats(seed, 2)
    t = torch.linspace(0, 1, 11, dtype=torch.float64)
    path = rotations.slerp(a, b, t)
    same_rotation(path[0], a)
    same_rotation(path[-1], b)
    close(rotations.angle_between(path[:-1], path[1:]), (rotations.angle_between(a, b) / 10).expand(10))


@given(seeds)
def test_continuous_signs_change_no_rotation(seed):
    steps = rotations.from_vector(0.3 * vectors(seed, 20, 2))
    flips = torch.where(vectors(seed + 1, 20, 2)[..., :1] > 0, 1.0, -1.0)
    path = rotations.make_continuous(steps * flips, dim=0)
    assert ((path[1:] * path[:-1]).sum(-1) > 0).all()
    same_rotation(path, steps)
    close(path[0], (steps * flips)[0])


@given(st.floats(-100, 100))
def test_wrapped_angles_are_equal_modulo_a_turn_and_small(angle):
    wrapped = float(rotations.wrap_angle(torch.tensor(angle, dtype=torch.float64)))
    assert -math.pi <= wrapped < math.pi + 1e-12
    turns = (angle - wrapped) / (2 * math.pi)
    assert turns == pytest.approx(round(turns), abs=1e-9)


@given(st.floats(-3.1, 3.1), st.floats(-1.0, 1.0), st.floats(-3.1, 3.1))
def test_heading_is_the_yaw_of_a_yawed_pitched_rolled_body(yaw, pitch, roll):
    axes = torch.eye(3).double()
    turns = [
        rotations.from_axis_angle(axes[i], torch.tensor(a, dtype=torch.float64))
        for i, a in ((2, yaw), (1, pitch), (0, roll))
    ]
    body = rotations.multiply(rotations.multiply(turns[0], turns[1]), turns[2])
    same_rotation(rotations.heading(body), turns[0])


def test_functions_broadcast_over_batches():
    assert rotations.multiply(quats(0, 5, 1), quats(1, 3)).shape == (5, 3, 4)
    assert rotations.rotate(quats(0, 5, 1), vectors(1, 3)).shape == (5, 3, 3)
    assert rotations.angle_between(quats(0, 5, 1), quats(1, 3)).shape == (5, 3)
