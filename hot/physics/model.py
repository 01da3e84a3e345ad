"""A hand, an object and a table plane as one MuJoCo model."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs.

from __future__ import annotations

import copy
from typing import Optional

import mujoco
import numpy as np

from hot.errors import PhysicsError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics.config import PhysicsConfig
from hot.physics.interface import CONTROL_DT

OBJECT = "object"
# Which geoms meet: the hand file's geoms carry contype 1 and conaffinity 0, so hands meet objects and nothing else.
_TABLE_BITS = {"contype": 2, "conaffinity": 2}
_OBJECT_BITS = {"contype": 2, "conaffinity": 3}
_SOLREF, _SOLIMP = [0.01, 1.0], [0.95, 0.99, 0.001, 0.5, 2.0]
_TABLE_FRICTION = [1.0, 0.005, 0.0005]
"""Sliding; turning and rolling [m]. The last is our choice: without it a lying bottle rolls for ever."""
_CCD_ITERATIONS = 20
"""Of the search for the contact of two convex parts; parts of few corners need fewer, and a GPU's scratch memory grows
with it."""
_DATA = mujoco.mjtConDataField
_FOUND_FORCE = (1 << _DATA.mjCONDATA_FOUND.value) | (1 << _DATA.mjCONDATA_FORCE.value)
_NET_FORCE = 3


def build_model(hand: HandSpec, object_spec: ObjectSpec, config: PhysicsConfig) -> mujoco.MjModel:
    """Compile the scene. Joint order: the hand's joints, then the object's free joint.

    Raises:
        PhysicsError: MuJoCo refuses the scene.
    """
    try:
        spec = begin_spec(hand, config)
        body = add_object_body(spec, object_spec.mass, object_spec.inertia)
        for part, vertices in enumerate(object_spec.parts):
            add_part(spec, body, part_name(part), vertices)
        _add_contact_sensors(spec, hand)
        return spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        raise PhysicsError(f"{hand.name} with {object_spec.name} does not compile: {error}") from error


def scale_model(model: mujoco.MjModel, mass: float, friction: float, gains: float) -> mujoco.MjModel:
    """A copy with the object's mass and inertia, all friction and the drives' gains multiplied."""
    scaled = copy.copy(model)
    body = model.body(OBJECT).id
    for values in (scaled.body_mass, scaled.body_inertia, scaled.body_subtreemass):
        values[body] *= mass
    scaled.body_invweight0[body] /= mass
    scaled.dof_invweight0[-6:] /= mass
    scaled.geom_friction *= friction
    scaled.actuator_gainprm[:, 0] *= gains
    scaled.actuator_biasprm[:, 1:3] *= gains
    return scaled


def begin_spec(hand: HandSpec, config: PhysicsConfig) -> mujoco.MjSpec:
    """The hand over the table, under the options of ``config``."""
    spec = mujoco.MjSpec.from_file(str(hand.mjcf))
    for key in list(spec.keys):
        spec.delete(key)
    if not hand.own_drives:
        _set_drives(spec, hand)
    _set_options(spec, config)
    _add_table(spec)
    return spec


def _set_drives(spec: mujoco.MjSpec, hand: HandSpec) -> None:
    """The record's gains instead of the file's, no limit of force or target, and the hand's weight."""
    for body in spec.bodies:
        body.gravcomp = 0.0
    gains = dict(zip(hand.joint_names, zip(hand.stiffness.tolist(), hand.damping.tolist())))
    for actuator in spec.actuators:
        stiffness, damping = gains[actuator.target]
        actuator.gainprm[0], actuator.biasprm[1], actuator.biasprm[2] = stiffness, -stiffness, -damping
        actuator.ctrllimited = actuator.forcelimited = mujoco.mjtLimited.mjLIMITED_FALSE
        actuator.inheritrange = 0.0


def part_name(part: int, which: int = 0) -> str:
    """Name of the mesh, and of the geom, of a part of the object that is number ``which`` of its scene."""
    return f"{OBJECT}_{which}_{part}"


def _set_options(spec: mujoco.MjSpec, config: PhysicsConfig) -> None:
    spec.option.timestep = CONTROL_DT / config.substeps
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = config.impratio
    spec.option.iterations = config.iterations
    spec.option.ls_iterations = config.ls_iterations
    spec.option.ccd_iterations = _CCD_ITERATIONS
    if not config.multi_contact:
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_MULTICCD
    # A diverged world must stay visible instead of jumping back to its first pose.
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET


def _add_table(spec: mujoco.MjSpec) -> None:
    spec.worldbody.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[3.0, 3.0, 0.1],
        friction=_TABLE_FRICTION,
        solref=_SOLREF,
        solimp=_SOLIMP,
        condim=6,  # rolling too, unlike the hand's contacts, which seldom roll far
        **_TABLE_BITS,
    )


def add_object_body(spec: mujoco.MjSpec, mass: float, inertia: np.ndarray) -> mujoco.MjsBody:
    """A free body without parts; its centre of mass is its origin."""
    body = spec.worldbody.add_body(name=OBJECT, pos=[0.0, 0.0, 0.0])
    body.add_freejoint(name=OBJECT)
    body.explicitinertial = True
    body.mass = mass
    # Without a centre of mass MuJoCo takes the principal moments but leaves their axes out.
    body.ipos = [0.0, 0.0, 0.0]
    body.fullinertia = np.asarray(inertia, dtype=float)[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    return body


def add_part(spec: mujoco.MjSpec, body: Optional[mujoco.MjsBody], name: str, vertices: np.ndarray) -> None:
    """A convex mesh of corners (V, 3), as a massless geom of ``body`` if one is given."""
    spec.add_mesh(name=name, uservert=np.asarray(vertices, dtype=float).ravel())
    if body is not None:
        body.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_MESH,
            meshname=name,
            friction=[1.0, 0.005, 0.0001],
            solref=_SOLREF,
            solimp=_SOLIMP,
            condim=4,
            mass=0.0,
            **_OBJECT_BITS,
        )


def _add_contact_sensors(spec: mujoco.MjSpec, hand: HandSpec) -> None:
    """Net force of the object on each contact body, then of the whole hand on the object."""
    body, subtree = mujoco.mjtObj.mjOBJ_BODY, mujoco.mjtObj.mjOBJ_XBODY
    pairs = [(body, OBJECT, body, name) for name in hand.contact_bodies]
    pairs.append((subtree, hand.wrist_body, body, OBJECT))
    for i, (kind, first, other_kind, second) in enumerate(pairs):
        spec.add_sensor(
            name=f"contact_{i}",
            type=mujoco.mjtSensor.mjSENS_CONTACT,
            objtype=kind,
            objname=first,
            reftype=other_kind,
            refname=second,
            intprm=[_FOUND_FORCE, _NET_FORCE, 1],
        )
