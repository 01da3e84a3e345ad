"""A simulation of Isaac Gym with a hand, an object and a table in each world, and the calls that move it."""
# pyright: reportMissingModuleSource=false
# Isaac Gym comes from NVIDIA and is seldom installed; its stubs are.

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import ClassVar, List, Sequence, Tuple

import isaacgym.gymapi as gymapi
import isaacgym.gymtorch as gymtorch
import numpy as np
import torch
from torch import Tensor

from hot.errors import PhysicsError
from hot.hands.inertias import BodyInertia
from hot.physics.config import PhysicsConfig
from hot.physics.interface import MAX_SPEED, PARKED_HEIGHT, Scene
from hot.physics.isaac_hand import IsaacHand, isaac_hand
from hot.physics.isaac_object import BODY, write_object
from hot.physics.isaac_params import at_height, body_options, hand_options, set_inertia, sim_parameters

HAND, OBJECT, TABLE = range(3)
"""Actors of a world, in the order in which they are made."""
_APART = 1
"""Filter bit of hand and table: shapes that share a bit do not meet. The object has none, and meets both."""
_SPACING = 0.5
"""Half the distance between worlds [m], as upstream's; collision groups keep neighbours apart."""
_TABLE = (3.0, 3.0, 0.1)
"""Edges of the table [m]; its top lies at z = 0."""
_SURFACE = 1.0
"""Friction of object and table, as in the scene of the other engines."""


class IsaacSim:
    """Worlds that are written, driven, pushed and read as whole tensors once :meth:`prepare` was called.

    Attributes:
        dofs: positions and velocities of the hand's joints (N, D, 2).
        roots: poses and velocities of the actors' roots (N, 3, 13): position, quaternion x y z w, linear and
            angular velocity, in the world's own frame.
        bodies: the same of all bodies (N, B, 13).
        forces: net contact force on each body (N, B, 3) [N].

    Raises:
        PhysicsError: something has no counterpart in Isaac Gym, another simulation is open, or none can be made.
    """

    _is_open: ClassVar[bool] = False

    def __init__(self, scene: Scene, config: PhysicsConfig, device: torch.device) -> None:
        if IsaacSim._is_open:
            raise PhysicsError("Isaac Gym holds one simulation a process, and one is open; close() it first")
        self._scene, self._config, self._device = scene, config, device
        self._hand: IsaacHand = isaac_hand(scene.hand)
        self._gym = gymapi.acquire_gym()
        index = device.index if device.index is not None else 0
        params = sim_parameters(config, device, len(scene.world_object))
        self._sim = self._gym.create_sim(index, -1, gymapi.SIM_PHYSX, params)
        if self._sim is None:
            raise PhysicsError(f"Isaac Gym makes no simulation on {device}; its own message stands above")
        self._alive = IsaacSim._is_open = True
        self.prepared = False
        self._sent: Tuple[Tensor, ...] = ()
        try:
            self._populate()
        except BaseException:
            self.close()
            raise

    def _populate(self) -> None:
        """Fill every world; all actors of one are made before the next."""
        scene, worlds = self._scene, len(self._scene.world_object)
        with tempfile.TemporaryDirectory(prefix="hot-isaacgym-") as name:
            folder = Path(name)
            (folder / "hand.xml").write_text(self._hand.text, encoding="utf-8")
            hand = self._load(folder, "hand.xml", hand_options(weightless=scene.hand.own_drives))
            files = [write_object(folder, f"object_{which}", spec) for which, spec in enumerate(scene.objects)]
            objects = [self._load(folder, file, body_options()) for file in files]
        fixed = body_options()
        fixed.fix_base_link = True
        table = self._gym.create_box(self._sim, *_TABLE, fixed)
        self._check_order(hand)
        corner = gymapi.Vec3(_SPACING, _SPACING, _SPACING), gymapi.Vec3(-_SPACING, -_SPACING, 0.0)
        self._envs: List[gymapi.Env] = []
        ids: List[List[int]] = []
        for world, which in enumerate(scene.world_object.tolist()):
            env = self._gym.create_env(self._sim, corner[1], corner[0], math.ceil(math.sqrt(worlds)))
            actors = [
                self._gym.create_actor(env, hand, at_height(0.0), "hand", world, _APART, 0),
                self._gym.create_actor(env, objects[which], at_height(PARKED_HEIGHT), "object", world, 0, 0),
                self._gym.create_actor(env, table, at_height(-0.5 * _TABLE[2]), "table", world, _APART, 0),
            ]
            self._envs.append(env)
            ids.append([self._gym.get_actor_index(env, actor, gymapi.DOMAIN_SIM) for actor in actors])
            self._actors = actors
            self._set_facts(world)
        self._ids = torch.tensor(ids, dtype=torch.int32, device=self._device)  # (N, 3)

    def _load(self, folder: Path, file: str, options: gymapi.AssetOptions) -> gymapi.Asset:
        asset = self._gym.load_asset(self._sim, str(folder), file, options)
        if asset is None:
            raise PhysicsError(f"Isaac Gym cannot read the {file} that was made for it; its own message stands above")
        return asset

    def _check_order(self, hand: gymapi.Asset) -> None:
        """Refuse an importer that reorders, drops or renames what the tensors are indexed by."""
        read = [
            ("joints", self._gym.get_asset_dof_names(hand), self._scene.hand.joint_names),
            ("bodies", self._gym.get_asset_rigid_body_names(hand), tuple(self._hand.inertias)),
        ]
        for what, found, meant in read:
            if tuple(found) != tuple(meant):
                raise PhysicsError(f"Isaac Gym reads the hand's {what} as {', '.join(found)}, not {', '.join(meant)}")

    def _set_facts(self, world: int) -> None:
        """What the importers do not read, or not all of them: masses, drives and surfaces."""
        env, hand = self._envs[world], self._actors[HAND]
        bodies = self._gym.get_actor_rigid_body_properties(env, hand)
        for properties, inertia in zip(bodies, self._hand.inertias.values()):
            set_inertia(properties, inertia)
        self._gym.set_actor_rigid_body_properties(env, hand, bodies, False)
        self.set_mass(world, 1.0)
        self.set_gains(world, 1.0)
        self.set_friction(world, 1.0)

    def set_mass(self, world: int, factor: float) -> None:
        """Multiply the object's mass and inertia. On a GPU, only before :meth:`prepare`."""
        spec = self._scene.objects[int(self._scene.world_object[world])]
        properties = self._gym.get_actor_rigid_body_properties(self._envs[world], self._actors[OBJECT])
        inertia = BodyInertia(spec.mass * factor, np.zeros(3), np.asarray(spec.inertia) * factor)
        set_inertia(properties[0], inertia)
        self._gym.set_actor_rigid_body_properties(self._envs[world], self._actors[OBJECT], properties, False)

    def set_gains(self, world: int, factor: float) -> None:
        """Multiply stiffness and damping of the hand's drives."""
        spec, env, hand = self._scene.hand, self._envs[world], self._actors[HAND]
        properties = self._gym.get_actor_dof_properties(env, hand)
        properties["driveMode"] = int(gymapi.DOF_MODE_POS)
        properties["stiffness"] = spec.stiffness.numpy() * factor
        properties["damping"] = spec.damping.numpy() * factor
        properties["effort"] = np.nan_to_num(spec.force_limit.numpy())  # none is PhysX's largest number
        properties["armature"] = self._hand.armature
        properties["hasLimits"], properties["lower"] = True, spec.joint_lower.numpy()
        properties["upper"], properties["velocity"] = spec.joint_upper.numpy(), MAX_SPEED
        properties["friction"] = 0.0
        self._gym.set_actor_dof_properties(env, hand, properties)

    def set_friction(self, world: int, factor: float) -> None:
        """Multiply the friction of every surface. PhysX takes the mean of two that meet."""
        env = self._envs[world]
        for actor, friction in zip(self._actors, (self._hand.friction, _SURFACE, _SURFACE)):
            shapes = self._gym.get_actor_rigid_shape_properties(env, actor)
            for shape in shapes:
                shape.friction, shape.restitution = friction * factor, 0.0
            self._gym.set_actor_rigid_shape_properties(env, actor, shapes)

    def prepare(self) -> None:
        """Begin: from here on, state goes through the tensors.

        Raises:
            PhysicsError: the tensors have other sizes than the worlds.
        """
        gym, sim, worlds = self._gym, self._sim, len(self._envs)
        gym.prepare_sim(sim)
        bodies = gym.get_env_rigid_body_count(self._envs[0])
        joints = self._scene.hand.num_joints
        self.roots = _wrap(gym.acquire_actor_root_state_tensor(sim), (worlds, len(self._actors), 13))
        self.dofs = _wrap(gym.acquire_dof_state_tensor(sim), (worlds, joints, 2))
        self.bodies = _wrap(gym.acquire_rigid_body_state_tensor(sim), (worlds, bodies, 13))
        self.forces = _wrap(gym.acquire_net_contact_force_tensor(sim), (worlds, bodies, 3))
        self._push = torch.zeros(worlds, bodies, 3, device=self._device)
        self._object_body = self._body_ids(OBJECT, [BODY])[0]
        self.prepared = True
        self.refresh()

    def hand_bodies(self, names: Sequence[str]) -> Tensor:
        """Where bodies of the hand are in ``bodies`` and ``forces`` (n,)."""
        return torch.tensor(self._body_ids(HAND, names), device=self._device)

    def _body_ids(self, actor: int, names: Sequence[str]) -> List[int]:
        find, env = self._gym.find_actor_rigid_body_index, self._envs[0]
        return [find(env, self._actors[actor], name, gymapi.DOMAIN_ENV) for name in names]

    def write(self, worlds: Tensor) -> None:
        """Hand over ``dofs`` and the objects' ``roots`` of some worlds (n,); once between two :meth:`advance`."""
        if not len(worlds):
            return
        ids = self._ids[worlds]
        # Isaac Gym reads them when it simulates, and does not keep them alive.
        self._sent = hands, objects = ids[:, HAND].contiguous(), ids[:, OBJECT].contiguous()
        gym, unwrap = self._gym, gymtorch.unwrap_tensor
        gym.set_dof_state_tensor_indexed(self._sim, unwrap(self._flat(self.dofs)), unwrap(hands), len(worlds))
        gym.set_actor_root_state_tensor_indexed(self._sim, unwrap(self._flat(self.roots)), unwrap(objects), len(worlds))

    @staticmethod
    def _flat(tensor: Tensor) -> Tensor:
        """Of all worlds in one row, as Isaac Gym counts."""
        return tensor.view(-1, tensor.shape[-1])

    def advance(self, targets: Tensor, object_force_w: Tensor) -> None:
        """One control step towards drive targets (N, D), with a force (N, 3) on the objects' centres of mass."""
        self._gym.set_dof_position_target_tensor(self._sim, gymtorch.unwrap_tensor(targets))
        self._push[:, self._object_body] = object_force_w
        for _ in range(self._config.substeps):
            # A force holds for one call of simulate.
            push = gymtorch.unwrap_tensor(self._flat(self._push))
            self._gym.apply_rigid_body_force_tensors(self._sim, forceTensor=push, space=gymapi.ENV_SPACE)
            self._gym.simulate(self._sim)
            if self._device.type == "cpu":
                self._gym.fetch_results(self._sim, True)

    def refresh(self) -> None:
        """Bring the tensors up to date."""
        self._gym.refresh_dof_state_tensor(self._sim)
        self._gym.refresh_actor_root_state_tensor(self._sim)
        self._gym.refresh_rigid_body_state_tensor(self._sim)
        self._gym.refresh_net_contact_force_tensor(self._sim)

    def close(self) -> None:
        """Destroy the simulation; a second call does nothing."""
        if self._alive:
            self._gym.destroy_sim(self._sim)
            self._alive = IsaacSim._is_open = False


def _wrap(tensor: gymapi.Tensor, shape: Tuple[int, ...]) -> Tensor:
    wrapped = gymtorch.wrap_tensor(tensor)
    if wrapped.numel() != math.prod(shape):
        raise PhysicsError(f"Isaac Gym's tensor has shape {tuple(wrapped.shape)}; the worlds need {shape}")
    return wrapped.view(shape)
