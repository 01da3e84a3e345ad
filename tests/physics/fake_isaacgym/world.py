"""One world of the fake, moved by MuJoCo."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs.

from __future__ import annotations

from typing import Any, List

import mujoco
import numpy as np

from tests.physics.fake_isaacgym.assets import FakeAsset
from tests.physics.fake_isaacgym.records import (
    Mat33,
    RigidBodyProperties,
    RigidShapeProperties,
    Transform,
    Vec3,
)

DOF_FIELDS = np.dtype(
    [
        *[("hasLimits", "?"), ("lower", "f4"), ("upper", "f4"), ("driveMode", "i4"), ("velocity", "f4")],
        *[(name, "f4") for name in ("effort", "stiffness", "damping", "friction", "armature")],
    ]
)
_CONTACT = {"solref": [0.01, 1.0], "solimp": [0.95, 0.99, 0.001, 0.5, 2.0], "condim": 4}
_BITS = {"hand": (1, 0), "object": (2, 3), "table": (2, 2)}


class Actor:
    """An asset in a world, and the properties that were set on it."""

    def __init__(self, asset: FakeAsset, pose: Transform, group: int, filter_: int, index: int) -> None:
        self.asset, self.pose, self.group, self.filter, self.index = asset, pose, group, filter_, index
        self.bodies = [_body(asset.mass, asset.inertia) for _ in asset.bodies]
        self.shapes = [RigidShapeProperties(friction=-1.0, restitution=-1.0) for _ in range(asset.shapes)]
        self.dofs = np.zeros(len(asset.joints), DOF_FIELDS)

    def meets(self, other: Actor) -> bool:
        """Whether shapes of two actors collide."""
        return self.group == other.group and not self.filter & other.filter


class World:
    """An env: three actors, and one MuJoCo model of them once the simulation is prepared."""

    def __init__(self) -> None:
        self.actors: List[Actor] = []

    def body_names(self) -> List[str]:
        return [name for actor in self.actors for name in actor.asset.bodies]

    def build(self, params: Any) -> None:
        """Compile the model."""
        hand, thing, table = self.actors
        kinds = [actor.asset.kind for actor in self.actors]
        assert kinds == ["hand", "object", "table"], kinds
        assert hand.meets(thing) and thing.meets(table) and not hand.meets(table) and not hand.meets(hand)
        spec = mujoco.MjSpec.from_string(hand.asset.text)
        _set_options(spec, params)
        self._drive(spec, hand)
        self._add_object(spec, thing)
        size = [0.5 * edge for edge in table.asset.size]
        spec.worldbody.add_geom(
            type=mujoco.mjtGeom.mjGEOM_BOX, size=size, pos=table.pose.p.numbers(), name="table", **_CONTACT
        )
        self.model = spec.compile()
        self.data = mujoco.MjData(self.model)
        self.joints, self.body = len(hand.asset.joints), self.model.body("the object").id
        ids = [self.model.body(name).id for name in hand.asset.bodies]
        self.rows = {0: len(ids) + 1, self.body: len(ids), **{body: row for row, body in enumerate(ids)}}
        self.update()

    def _drive(self, spec: Any, hand: Actor) -> None:
        for name, properties in zip(hand.asset.bodies, hand.bodies):
            body = spec.body(name)
            _set_mass(body, properties)
            body.gravcomp = float(hand.asset.options["disable_gravity"])
        for name in hand.asset.joints:
            spec.add_actuator(
                name=name,
                target=name,
                trntype=mujoco.mjtTrn.mjTRN_JOINT,
                biastype=mujoco.mjtBias.mjBIAS_AFFINE,
                forcelimited=True,
                forcerange=[-1.0, 1.0],
            )
        for geom in spec.geoms:
            geom.solref, geom.solimp, geom.condim = _CONTACT["solref"], _CONTACT["solimp"], 4

    @staticmethod
    def _add_object(spec: Any, thing: Actor) -> None:
        body = spec.worldbody.add_body(name="the object", pos=thing.pose.p.numbers())
        body.add_freejoint()
        _set_mass(body, thing.bodies[0])
        for part, corners in enumerate(thing.asset.parts):
            spec.add_mesh(name=f"part {part}", uservert=corners.ravel())
            body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=f"part {part}", mass=0.0, **_CONTACT)

    def update(self) -> None:
        """Bring drives, surfaces and the object's mass into the model; any of them may change while it runs."""
        hand, thing, table = self.actors
        model, drives = self.model, hand.dofs
        assert (drives["driveMode"] == 1).all() and drives["hasLimits"].all() and not drives["friction"].any()
        model.actuator_gainprm[:, 0] = drives["stiffness"]
        model.actuator_biasprm[:, 1], model.actuator_biasprm[:, 2] = -drives["stiffness"], -drives["damping"]
        model.actuator_forcerange[:] = np.stack([-drives["effort"], drives["effort"]], axis=1)
        model.dof_armature[: self.joints] = drives["armature"]
        model.jnt_range[: self.joints] = np.stack([drives["lower"], drives["upper"]], axis=1)
        for geom in range(model.ngeom):
            actor = {0: table, self.body: thing}.get(int(model.geom_bodyid[geom]), hand)
            assert actor.shapes[0].restitution == 0.0
            model.geom_friction[geom, 0] = actor.shapes[0].friction
            model.geom_contype[geom], model.geom_conaffinity[geom] = _BITS[actor.asset.kind]
        old, mass = model.body_mass[self.body], thing.bodies[0].mass
        model.body_mass[self.body], model.body_subtreemass[self.body] = mass, mass
        model.body_inertia[self.body] *= mass / old
        model.body_invweight0[self.body] *= old / mass
        model.dof_invweight0[-6:] *= old / mass

    def write_dofs(self, rows: np.ndarray) -> None:
        self.data.qpos[: self.joints], self.data.qvel[: self.joints] = rows[:, 0], rows[:, 1]
        self.data.qacc_warmstart[:] = 0.0

    def write_root(self, row: np.ndarray) -> None:
        d = self.joints
        turn = np.zeros(9)
        self.data.qpos[d : d + 3], self.data.qpos[d + 3 : d + 7] = row[:3], row[[6, 3, 4, 5]]
        mujoco.mju_quat2Mat(turn, self.data.qpos[d + 3 : d + 7])
        self.data.qvel[d : d + 3], self.data.qvel[d + 3 : d + 6] = row[7:10], turn.reshape(3, 3).T @ row[10:]
        self.data.qacc_warmstart[:] = 0.0

    def simulate(self, targets: np.ndarray, push: np.ndarray) -> None:
        """One step, with forces (B, 3) on the bodies' centres of mass that hold for this step only."""
        self.data.ctrl[:] = targets
        for body, row in self.rows.items():
            self.data.xfrc_applied[body, :3] = push[row]
        mujoco.mj_step(self.model, self.data)
        self.data.xfrc_applied[:] = 0.0

    def dofs(self) -> np.ndarray:
        return np.stack([self.data.qpos[: self.joints], self.data.qvel[: self.joints]], axis=1)

    def body_states(self) -> np.ndarray:
        """Of all bodies (B, 13); speeds of the object only, which is what is read."""
        mujoco.mj_kinematics(self.model, self.data)
        states = np.zeros((len(self.rows), 13))
        for body, row in self.rows.items():
            states[row, :3], states[row, 3:7] = self.data.xpos[body], self.data.xquat[body][[1, 2, 3, 0]]
        states[self.rows[0], :3] = self.actors[2].pose.p.numbers()
        velocity = self.data.qvel[self.joints :]
        turn = self.data.xmat[self.body].reshape(3, 3)
        states[self.rows[self.body], 7:10], states[self.rows[self.body], 10:] = velocity[:3], turn @ velocity[3:]
        return states

    def roots(self) -> np.ndarray:
        return self.body_states()[[0, self.rows[self.body], self.rows[0]]]

    def net_forces(self) -> np.ndarray:
        """Net contact force on each body (B, 3) in world axes."""
        forces, force = np.zeros((len(self.rows), 3)), np.zeros(6)
        for number in range(self.data.ncon):
            contact = self.data.contact[number]
            mujoco.mj_contactForce(self.model, self.data, number, force)
            world = contact.frame.reshape(3, 3).T @ force[:3]
            forces[self.rows[self.model.geom_bodyid[contact.geom1]]] -= world
            forces[self.rows[self.model.geom_bodyid[contact.geom2]]] += world
        return forces


def _body(mass: float, inertia: np.ndarray) -> RigidBodyProperties:
    rows = [Vec3(*row) for row in inertia.tolist()]
    return RigidBodyProperties(mass=mass, com=Vec3(0.0, 0.0, 0.0), inertia=Mat33(x=rows[0], y=rows[1], z=rows[2]))


def _set_mass(body: Any, properties: RigidBodyProperties) -> None:
    inertia = np.array([row.numbers() for row in (properties.inertia.x, properties.inertia.y, properties.inertia.z)])
    body.explicitinertial, body.mass, body.ipos = True, properties.mass, properties.com.numbers()
    body.fullinertia = inertia[[0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]]
    assert abs(properties.mass * properties.invMass - 1.0) < 1e-9


def _set_options(spec: Any, params: Any) -> None:
    spec.option.timestep = params.dt / params.substeps
    spec.option.gravity = params.gravity.numbers()
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio, spec.option.iterations, spec.option.ls_iterations = 10.0, 50, 50
    spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
