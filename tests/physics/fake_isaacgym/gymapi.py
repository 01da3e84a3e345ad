"""The fake's Gym: every call is recorded and checked against the order and the types that the real one insists on."""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Set

import numpy as np
import torch

from tests.physics.fake_isaacgym import assets, stubs
from tests.physics.fake_isaacgym.gymtorch import Descriptor
from tests.physics.fake_isaacgym.records import *  # noqa: F403
from tests.physics.fake_isaacgym.records import AssetOptions, SimParams, Transform, Vec3
from tests.physics.fake_isaacgym.world import Actor, World

CALLS: List[str] = []
"""Names of all calls since the fake was installed."""
OPEN: List[FakeSim] = []


def acquire_gym() -> Gym:
    return Gym()


class FakeSim:
    """What one simulation remembers."""

    def __init__(self, params: SimParams) -> None:
        self.params, self.actors = params, 0
        self.worlds: List[World] = []
        self.prepared = self.running = False
        self.tensors: Dict[str, torch.Tensor] = {}
        self.sent: Dict[str, Descriptor] = {}
        self.targets: Optional[np.ndarray] = None
        self.push: Optional[np.ndarray] = None
        self.gpu = bool(params.use_gpu_pipeline)

    def take(self, what: str, *descriptors: Descriptor) -> None:
        """Remember tensors that the next step reads; a kind of tensor may be set once a step."""
        assert what not in self.sent, f"{what} was called twice before simulate; only the last call counts"
        for number, descriptor in enumerate(descriptors):
            self.sent[what if number == 0 else f"{what} {number}"] = descriptor


def _call(when: str) -> Callable:
    """A call of Gym that is allowed in ``setup``, when ``prepared``, or ``always``."""

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def checked(self: Gym, *args: Any, **named: Any) -> Any:
            CALLS.append(function.__name__)
            known = stubs.parameters(function.__name__)
            assert not known or len(args) + len(named) <= len(known), f"{function.__name__} takes {known}"
            assert not known or set(named) <= set(known), f"{function.__name__} takes {known}"
            if args and isinstance(args[0], FakeSim):
                sim = args[0]
                assert sim in OPEN, f"{function.__name__} after destroy_sim"
                assert when != "setup" or not sim.prepared, f"{function.__name__} after prepare_sim"
                assert when != "prepared" or sim.prepared, f"{function.__name__} before prepare_sim"
                fetching = function.__name__ == "fetch_results"
                assert fetching or not sim.running, f"{function.__name__} before fetch_results"
            return function(self, *args, **named)

        return checked

    return decorate


class Gym:
    """Only the calls below exist; any other name fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the fake has no script for gym.{name}")

    @_call("always")
    def create_sim(self, compute_device: int, graphics_device: int, type: str, params: SimParams) -> FakeSim:
        assert not OPEN, "Foundation object exists already. Only one instance per process can be created."
        assert (type, graphics_device, params.up_axis) == ("SIM_PHYSX", -1, "UP_AXIS_Z")
        assert params.use_gpu_pipeline == params.physx.use_gpu
        OPEN.append(FakeSim(params))
        return OPEN[0]

    @_call("always")
    def destroy_sim(self, sim: FakeSim) -> None:
        OPEN.remove(sim)

    @_call("setup")
    def load_asset(self, sim: FakeSim, rootpath: str, filename: str, options: AssetOptions) -> assets.FakeAsset:
        return assets.read(Path(rootpath) / filename, options.given())

    @_call("setup")
    def create_box(
        self, sim: FakeSim, width: float, height: float, depth: float, options: AssetOptions
    ) -> assets.FakeAsset:
        assert options.given()["fix_base_link"]
        return assets.FakeAsset("table", options.given(), ["box"], size=(width, height, depth))

    @_call("always")
    def get_asset_dof_names(self, asset: assets.FakeAsset) -> List[str]:
        return list(asset.joints)

    @_call("always")
    def get_asset_rigid_body_names(self, asset: assets.FakeAsset) -> List[str]:
        return list(asset.bodies)

    @_call("setup")
    def create_env(self, sim: FakeSim, lower: Vec3, upper: Vec3, per_row: int) -> World:
        assert all(low < high for low, high in zip(lower.numbers(), upper.numbers())) and per_row > 0
        sim.worlds.append(World())
        return sim.worlds[-1]

    @_call("setup")
    def create_actor(
        self,
        env: World,
        asset: Any,
        pose: Transform,
        name: str,
        group: int,
        filter: int,
        segmentationId: int,  # noqa: N803
    ) -> int:
        (sim,) = OPEN
        assert env is sim.worlds[-1], "all actors of an env are made before the next env"
        assert group == len(sim.worlds) - 1, "worlds must not touch each other"
        env.actors.append(Actor(asset, pose, group, filter, sim.actors))
        sim.actors += 1
        return len(env.actors) - 1

    @_call("always")
    def get_actor_index(self, env: World, actor: int, domain: str) -> int:
        assert domain == "DOMAIN_SIM"
        return env.actors[actor].index

    @_call("always")
    def get_env_rigid_body_count(self, env: World) -> int:
        return len(env.body_names())

    @_call("always")
    def find_actor_rigid_body_index(self, env: World, actor: int, name: str, domain: str) -> int:
        assert domain == "DOMAIN_ENV" and name in env.actors[actor].asset.bodies
        before = sum(len(other.asset.bodies) for other in env.actors[:actor])
        return before + env.actors[actor].asset.bodies.index(name)

    @_call("always")
    def get_actor_rigid_body_properties(self, env: World, actor: int) -> List[Any]:
        return copy.deepcopy(env.actors[actor].bodies)

    @_call("always")
    def set_actor_rigid_body_properties(self, env: World, actor: int, props: List[Any], recompute: bool) -> bool:
        (sim,) = OPEN
        assert not (sim.prepared and sim.gpu), "the GPU pipeline fixes masses when the simulation is prepared"
        assert not recompute and len(props) == len(env.actors[actor].bodies)
        env.actors[actor].bodies = props
        return self._updated(env)

    @_call("always")
    def get_actor_dof_properties(self, env: World, actor: int) -> np.ndarray:
        return env.actors[actor].dofs.copy()

    @_call("always")
    def set_actor_dof_properties(self, env: World, actor: int, props: np.ndarray) -> bool:
        assert props.dtype == env.actors[actor].dofs.dtype and props.shape == env.actors[actor].dofs.shape
        env.actors[actor].dofs = props.copy()
        return self._updated(env)

    @_call("always")
    def get_actor_rigid_shape_properties(self, env: World, actor: int) -> List[Any]:
        return copy.deepcopy(env.actors[actor].shapes)

    @_call("always")
    def set_actor_rigid_shape_properties(self, env: World, actor: int, props: List[Any]) -> bool:
        assert len({shape.friction for shape in props}) == 1 and len(props) == len(env.actors[actor].shapes)
        env.actors[actor].shapes = props
        return self._updated(env)

    @staticmethod
    def _updated(env: World) -> bool:
        if OPEN[0].prepared:
            env.update()
        return True

    @_call("setup")
    def prepare_sim(self, sim: FakeSim) -> bool:
        for world in sim.worlds:
            world.build(sim.params)
        joints = {world.joints for world in sim.worlds}
        assert len(joints) == 1, "worlds differ in their number of joints"
        sim.prepared = True
        return True

    def _acquire(self, sim: FakeSim, name: str, rows: int, columns: int) -> Descriptor:
        sim.tensors[name] = torch.full((rows, columns), float("nan"))
        return Descriptor(sim.tensors[name])

    @_call("prepared")
    def acquire_actor_root_state_tensor(self, sim: FakeSim) -> Descriptor:
        return self._acquire(sim, "roots", sim.actors, 13)

    @_call("prepared")
    def acquire_dof_state_tensor(self, sim: FakeSim) -> Descriptor:
        return self._acquire(sim, "dofs", sum(world.joints for world in sim.worlds), 2)

    @_call("prepared")
    def acquire_rigid_body_state_tensor(self, sim: FakeSim) -> Descriptor:
        return self._acquire(sim, "body_states", sum(len(world.rows) for world in sim.worlds), 13)

    @_call("prepared")
    def acquire_net_contact_force_tensor(self, sim: FakeSim) -> Descriptor:
        return self._acquire(sim, "net_forces", sum(len(world.rows) for world in sim.worlds), 3)

    def _refresh(self, sim: FakeSim, name: str) -> bool:
        rows = np.concatenate([getattr(world, name)() for world in sim.worlds])
        sim.tensors[name].copy_(torch.from_numpy(rows))
        return True

    @_call("prepared")
    def refresh_actor_root_state_tensor(self, sim: FakeSim) -> bool:
        return self._refresh(sim, "roots")

    @_call("prepared")
    def refresh_dof_state_tensor(self, sim: FakeSim) -> bool:
        return self._refresh(sim, "dofs")

    @_call("prepared")
    def refresh_rigid_body_state_tensor(self, sim: FakeSim) -> bool:
        return self._refresh(sim, "body_states")

    @_call("prepared")
    def refresh_net_contact_force_tensor(self, sim: FakeSim) -> bool:
        return self._refresh(sim, "net_forces")

    def _chosen(self, sim: FakeSim, ids: Descriptor, count: int) -> Set[int]:
        assert ids.dtype == torch.int32, f"actor numbers are int32, not {ids.dtype}"
        assert ids.shape == (count,) and count > 0, (ids.shape, count)
        chosen = set(ids.numbers.tolist())
        assert len(chosen) == count and chosen <= set(range(sim.actors)), "an actor twice, or one that is not there"
        return chosen

    def _values(self, sim: FakeSim, tensor: Descriptor, name: str) -> np.ndarray:
        known = sim.tensors[name]
        assert tensor.dtype == torch.float32 and tensor.shape == tuple(known.shape), (tensor.dtype, tensor.shape)
        return tensor.numbers.numpy()

    @_call("prepared")
    def set_dof_state_tensor_indexed(self, sim: FakeSim, state: Descriptor, ids: Descriptor, count: int) -> bool:
        sim.take("set_dof_state_tensor_indexed", state, ids)
        values, chosen = self._values(sim, state, "dofs"), self._chosen(sim, ids, count)
        first = 0
        for world in sim.worlds:
            assert not {actor.index for actor in world.actors[1:]} & chosen, "an actor without joints"
            if world.actors[0].index in chosen:
                world.write_dofs(values[first : first + world.joints])
            first += world.joints
        return True

    @_call("prepared")
    def set_actor_root_state_tensor_indexed(self, sim: FakeSim, state: Descriptor, ids: Descriptor, count: int) -> bool:
        sim.take("set_actor_root_state_tensor_indexed", state, ids)
        values, chosen = self._values(sim, state, "roots"), self._chosen(sim, ids, count)
        movable = {world.actors[1].index: world for world in sim.worlds}
        assert chosen <= set(movable), "the root of an actor that is fixed"
        for index in chosen:
            assert np.isfinite(values[index]).all() and abs(np.linalg.norm(values[index, 3:7]) - 1) < 1e-3
            movable[index].write_root(values[index])
        return True

    @_call("prepared")
    def set_dof_position_target_tensor(self, sim: FakeSim, targets: Descriptor) -> bool:
        sim.take("set_dof_position_target_tensor", targets)
        assert targets.dtype == torch.float32 and targets.numbers.numel() == len(sim.tensors["dofs"])
        sim.targets = targets.numbers.reshape(len(sim.worlds), -1).numpy().copy()
        return True

    @_call("prepared")
    def apply_rigid_body_force_tensors(
        self,
        sim: FakeSim,
        forceTensor: Optional[Descriptor] = None,  # noqa: N803
        torqueTensor: Optional[Descriptor] = None,  # noqa: N803
        space: str = "ENV_SPACE",
    ) -> bool:
        assert forceTensor is not None and torqueTensor is None and space == "ENV_SPACE"
        sim.take("apply_rigid_body_force_tensors", forceTensor)
        sim.push = self._values(sim, forceTensor, "net_forces").reshape(len(sim.worlds), -1, 3).copy()
        return True

    @_call("prepared")
    def simulate(self, sim: FakeSim) -> None:
        for descriptor in sim.sent.values():
            descriptor.check_alive()
        sim.sent.clear()
        assert sim.targets is not None, "the drives have no targets"
        push = np.zeros((len(sim.worlds), len(sim.worlds[0].rows), 3)) if sim.push is None else sim.push
        for world, targets, forces in zip(sim.worlds, sim.targets, push):
            world.simulate(targets, forces)
        sim.push = None
        for tensor in sim.tensors.values():
            tensor.fill_(float("nan"))  # until it is refreshed
        sim.running = not sim.gpu

    @_call("prepared")
    def fetch_results(self, sim: FakeSim, wait: bool) -> None:
        assert sim.running and wait
        sim.running = False
