"""Small kernels around MuJoCo Warp's step: catch what failed, read contacts and poses out."""
# pyright: reportInvalidTypeForm=false, reportArgumentType=false, reportIndexIssue=false, reportCallIssue=false
# pyright: reportOperatorIssue=false, reportAttributeAccessIssue=false
# pyright: reportAssignmentType=false, reportGeneralTypeIssues=false
# ruff: noqa: PLR0913, UP018
# Annotations are Warp's types, and the bodies are compiled, not run: arrays come one by one, float() makes a variable.

import warp as wp

NO_HAND_BODY, NOT_SENSED = -2, -1
"""Marks of bodies that are no part of the hand, and of hand bodies whose contacts are not read apart."""


@wp.kernel(enable_backward=False)
def guard(
    rest_qpos: wp.array(dtype=float),  # (Q,)
    max_speed: float,
    buffer_bits: int,
    qpos: wp.array2d(dtype=float),  # (N, Q)
    qvel: wp.array2d(dtype=float),  # (N, V)
    warm_start: wp.array2d(dtype=float),  # (N, V)
    overflow_bits: wp.array(dtype=int),  # (N,)
    diverged: wp.array(dtype=wp.bool),  # (N,)
    overflow: wp.array(dtype=wp.int64),  # (1,)
):
    """Flag worlds that are not finite or too fast, hold flagged ones at rest, count worlds whose buffers overflowed."""
    world = wp.tid()
    bad = diverged[world]
    for i in range(qpos.shape[1]):
        if not wp.isfinite(qpos[world, i]):
            bad = True
    for i in range(qvel.shape[1]):
        if not (wp.abs(qvel[world, i]) < max_speed):
            bad = True
    if bad:
        diverged[world] = True
        for i in range(qpos.shape[1]):
            qpos[world, i] = rest_qpos[i]
        for i in range(qvel.shape[1]):
            qvel[world, i] = 0.0
            warm_start[world, i] = 0.0
    if (overflow_bits[world] & buffer_bits) != 0:
        wp.atomic_add(overflow, 0, wp.int64(1))
    overflow_bits[world] = 0


@wp.kernel(enable_backward=False)
def read_contacts(
    count: wp.array(dtype=int),  # (1,) contacts of all worlds; more than there is room for if they overflowed
    geoms: wp.array(dtype=wp.vec2i),  # (G,)
    frames: wp.array(dtype=wp.mat33),  # (G,) rows: normal from the first geom to the second, two tangents
    worlds: wp.array(dtype=int),  # (G,)
    rows: wp.array2d(dtype=int),  # (G, ...) of the contact's normal and tangential force among the constraints
    forces: wp.array2d(dtype=float),  # (N, R) [N]
    max_rows: int,
    geom_body: wp.array(dtype=int),
    body_sensor: wp.array(dtype=int),  # index of the contact body, or one of the marks above
    object_body: int,
    diverged: wp.array(dtype=wp.bool),  # (N,)
    contact_force_w: wp.array2d(dtype=wp.vec3),  # (N, C)
    hand_force_w: wp.array(dtype=wp.vec3),  # (N,)
    touching: wp.array(dtype=wp.bool),  # (N,)
):
    """Sum the forces between the hand and the object; an elliptic cone's rows are the force itself."""
    contact = wp.tid()
    if contact >= count[0]:
        return
    world = worlds[contact]
    if rows[contact, 0] < 0 or diverged[world]:
        return
    first = int(geom_body[geoms[contact][0]])
    second = int(geom_body[geoms[contact][1]])
    if first != object_body and second != object_body:
        return
    sign = float(1.0)
    other = int(second)
    if second == object_body:
        sign = float(-1.0)
        other = int(first)
    sensor = body_sensor[other]
    if sensor == wp.static(NO_HAND_BODY):
        return
    force = wp.vec3(0.0, 0.0, 0.0)
    for i in range(3):
        row = rows[contact, i]
        if row >= 0 and row < max_rows:
            force[i] = forces[world, row]
    force_w = sign * (wp.transpose(frames[contact]) * force)
    touching[world] = True
    wp.atomic_sub(hand_force_w, world, force_w)
    if sensor != wp.static(NOT_SENSED):
        wp.atomic_add(contact_force_w, world, sensor, force_w)


@wp.kernel(enable_backward=False)
def read_points(
    positions: wp.array2d(dtype=wp.vec3),  # (N, ...)
    ids: wp.array(dtype=int),  # (P,)
    points: wp.array2d(dtype=wp.vec3),  # (N, P)
):
    """Gather some positions of each world."""
    world, point = wp.tid()
    points[world, point] = positions[world, ids[point]]


@wp.kernel(enable_backward=False)
def read_spins(
    hinge_axes_w: wp.array2d(dtype=wp.vec3),  # (N, joints)
    quats_w: wp.array2d(dtype=wp.quat),  # (N, bodies), stored w x y z
    qvel: wp.array2d(dtype=float),  # (N, V)
    object_body: int,
    object_spin: int,
    wrist_angvel_w: wp.array(dtype=wp.vec3),  # (N,)
    object_angvel_w: wp.array(dtype=wp.vec3),  # (N,)
):
    """World-frame angular velocities: of the wrist from its hinges, of the object from its own frame."""
    world = wp.tid()
    spin = wp.vec3(0.0, 0.0, 0.0)
    for hinge in range(3, 6):
        spin += qvel[world, hinge] * hinge_axes_w[world, hinge]
    wrist_angvel_w[world] = spin
    stored = quats_w[world, object_body]
    turn = wp.quat(stored[1], stored[2], stored[3], stored[0])
    spin_o = wp.vec3(qvel[world, object_spin], qvel[world, object_spin + 1], qvel[world, object_spin + 2])
    object_angvel_w[world] = wp.quat_rotate(turn, spin_o)
