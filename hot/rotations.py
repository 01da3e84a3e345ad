"""Batched rotations: unit quaternions in *w x y z* order, intrinsic x-y-z angles, rotation vectors.

Every function works on any leading batch shape and on any device. Quaternions are assumed to be unit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def normalize(quat: Tensor) -> Tensor:
    """Unit quaternion (..., 4) of the same direction."""
    return quat / quat.norm(dim=-1, keepdim=True).clamp_min(1e-12)


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product (..., 4): the rotation ``b`` followed by ``a`` in fixed axes."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        dim=-1,
    )


def conjugate(quat: Tensor) -> Tensor:
    """Inverse rotation (..., 4)."""
    return torch.cat([quat[..., :1], -quat[..., 1:]], dim=-1)


def rotate(quat: Tensor, vector: Tensor) -> Tensor:
    """Vectors (..., 3) rotated by quaternions (..., 4); the two broadcast."""
    u, vector = torch.broadcast_tensors(quat[..., 1:], vector)
    t = 2.0 * torch.cross(u, vector, dim=-1)
    return vector + quat[..., :1] * t + torch.cross(u, t, dim=-1)


def rotate_inverse(quat: Tensor, vector: Tensor) -> Tensor:
    """Vectors (..., 3) rotated by the inverse of quaternions (..., 4)."""
    return rotate(conjugate(quat), vector)


def to_matrix(quat: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3)."""
    w, x, y, z = quat.unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def from_matrix(matrix: Tensor) -> Tensor:
    """Quaternions (..., 4) with w >= 0 of rotation matrices (..., 3, 3).

    Of the four algebraically equal forms the best-conditioned one is taken (Shepperd 1978).
    """
    xx, yy, zz = (matrix[..., i, i] for i in range(3))
    squares = torch.stack([1 + xx + yy + zz, 1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz], dim=-1)
    wx, wy, wz = (matrix[..., i, j] - matrix[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0)))
    xy, xz, yz = (matrix[..., i, j] + matrix[..., j, i] for i, j in ((0, 1), (0, 2), (1, 2)))
    rows = torch.stack(
        [
            torch.stack([squares[..., 0], wx, wy, wz], dim=-1),
            torch.stack([wx, squares[..., 1], xy, xz], dim=-1),
            torch.stack([wy, xy, squares[..., 2], yz], dim=-1),
            torch.stack([wz, xz, yz, squares[..., 3]], dim=-1),
        ],
        dim=-2,
    )
    best = squares.argmax(dim=-1)[..., None, None].expand(*squares.shape[:-1], 1, 4)
    quat = normalize(rows.gather(-2, best).squeeze(-2))
    return torch.where(quat[..., :1] < 0, -quat, quat)


def from_axis_angle(axis: Tensor, angle: Tensor) -> Tensor:
    """Quaternions (..., 4) of turns by ``angle`` (...) [rad] about unit ``axis`` (..., 3)."""
    half = 0.5 * angle[..., None]
    axis = axis.expand(*half.shape[:-1], 3)
    return torch.cat([half.cos(), half.sin() * axis], dim=-1)


def from_vector(vector: Tensor) -> Tensor:
    """Exponential map: quaternions (..., 4) of rotation vectors (..., 3) [rad]."""
    angle = vector.norm(dim=-1, keepdim=True)
    scale = torch.where(angle < 1e-6, 0.5 - angle * angle / 48, (0.5 * angle).sin() / angle.clamp_min(1e-12))
    return torch.cat([(0.5 * angle).cos(), scale * vector], dim=-1)


def to_vector(quat: Tensor) -> Tensor:
    """Logarithm: rotation vectors (..., 3) [rad] of length at most pi."""
    quat = torch.where(quat[..., :1] < 0, -quat, quat)
    sine = quat[..., 1:].norm(dim=-1, keepdim=True)
    angle = 2.0 * torch.atan2(sine, quat[..., :1])
    return torch.where(sine < 1e-7, torch.full_like(sine, 2.0), angle / sine.clamp_min(1e-12)) * quat[..., 1:]


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """Geodesic angle (...) [rad] in [0, pi] between two rotations, exact near 0 and near pi."""
    relative = multiply(conjugate(a), b)
    return 2.0 * torch.atan2(relative[..., 1:].norm(dim=-1), relative[..., 0].abs())


def from_euler(angles: Tensor) -> Tensor:
    """Quaternions (..., 4) of intrinsic x-y-z angles (..., 3) [rad]: R = Rx Ry Rz, the wrist's hinge chain."""
    cx, cy, cz = (0.5 * angles).cos().unbind(-1)
    sx, sy, sz = (0.5 * angles).sin().unbind(-1)
    return torch.stack(
        [
            cx * cy * cz - sx * sy * sz,
            sx * cy * cz + cx * sy * sz,
            cx * sy * cz - sx * cy * sz,
            cx * cy * sz + sx * sy * cz,
        ],
        dim=-1,
    )


def to_euler(quat: Tensor) -> Tensor:
    """Intrinsic x-y-z angles (..., 3) [rad] of R = Rx Ry Rz; the middle one is in [-pi/2, pi/2].

    At the singularity (middle angle +-pi/2) only the sum or difference of the outer angles is defined;
    the third is then whatever ``atan2`` of the near-zero terms gives, and the product is still R.
    """
    m = to_matrix(quat)
    y = torch.asin(m[..., 0, 2].clamp(-1.0, 1.0))
    singular = m[..., 0, 2].abs() > 1.0 - 1e-6
    x = torch.where(singular, torch.atan2(m[..., 2, 1], m[..., 1, 1]), torch.atan2(-m[..., 1, 2], m[..., 2, 2]))
    z = torch.where(singular, torch.zeros_like(x), torch.atan2(-m[..., 0, 1], m[..., 0, 0]))
    return torch.stack([x, y, z], dim=-1)


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Shortest-path interpolation (..., 4) from ``a`` at t = 0 to ``b`` at t = 1; ``t`` (...) broadcasts."""
    step = to_vector(multiply(conjugate(a), b))
    return multiply(a.expand(*t.shape, 4), from_vector(step * t[..., None]))


def make_continuous(quat: Tensor, dim: int) -> Tensor:
    """The same rotations with signs chosen so that neighbours along ``dim`` are never antipodal."""
    quat = quat.movedim(dim, 0)
    flips = (quat[1:] * quat[:-1]).sum(-1, keepdim=True).lt(0).to(quat.dtype)
    signs = 1.0 - 2.0 * (flips.cumsum(0) % 2)
    return torch.cat([quat[:1], quat[1:] * signs], dim=0).movedim(0, dim)


def random(shape: tuple, generator: torch.Generator) -> Tensor:
    """Uniform rotations (*shape, 4) on the CPU (normalised Gaussian 4-vectors)."""
    return normalize(torch.randn(*shape, 4, generator=generator))


def wrap_angle(angle: Tensor) -> Tensor:
    """The same angle [rad] in [-pi, pi)."""
    return torch.remainder(angle + math.pi, 2 * math.pi) - math.pi


def heading(quat: Tensor) -> Tensor:
    """Yaw-only quaternion (..., 4) about world z of the rotated x axis."""
    x = rotate(quat, quat.new_tensor([1.0, 0.0, 0.0]))
    yaw = torch.atan2(x[..., 1], x[..., 0])
    return from_axis_angle(quat.new_tensor([0.0, 0.0, 1.0]), yaw)
