"""What is special to the Isaac Gym engine, against the fake: see its docstring for what that shows."""

from __future__ import annotations

import ast
import sys
from importlib import util
from pathlib import Path

import pytest
import torch

from hot.errors import ConfigError, MissingDependencyError, PhysicsError
from hot.hands.upstream import with_upstream_drives
from hot.physics import PhysicsConfig, Scene, make_physics
from hot.tracking import TrackingEnv
from hot.tracking.config import TaskConfig

SOURCE = Path(util.find_spec("hot.physics.isaac_hand").origin).parent  # type: ignore[union-attr, arg-type]


@pytest.fixture
def gymapi(fake_isaacgym):
    return fake_isaacgym


@pytest.fixture
def make(gymapi, allegro, bottle):
    """Build the engine over the fake and close it afterwards."""
    made = []

    def build(worlds=2, hand=allegro, **config):
        scene = Scene(hand, [bottle], torch.zeros(worlds, dtype=torch.long))
        made.append(make_physics(scene, PhysicsConfig(engine="isaacgym", device="cpu", **config)))
        return made[-1]

    yield build
    for physics in made:
        physics.close()


def calls_in_source():
    """Names of all calls of Gym that the engine's files make."""
    found = set()
    for path in SOURCE.glob("isaac*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                owner = node.value
                name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
                if name in ("gym", "_gym"):
                    found.add(node.attr)
    return found


def test_every_call_of_the_engine_is_in_the_script(make, gymapi):
    physics = make()
    physics.set_object_force(torch.ones(2, 3))
    physics.randomize(mass=torch.tensor([1.0, 2.0]), friction=torch.full((2,), 0.5), gains=torch.full((2,), 2.0))
    physics.step()
    physics.close()
    called = calls_in_source()
    assert len(called) > 25
    assert called == set(gymapi.CALLS)


def test_the_solver_is_upstreams(make, gymapi):
    make(iterations=10, substeps=2)
    (sim,) = gymapi.OPEN
    assert sim.params.dt / sim.params.substeps == pytest.approx(1 / 120)
    expected = {
        "solver_type": 1,
        "num_threads": 4,
        "num_position_iterations": 10,
        "num_velocity_iterations": 0,
        "contact_offset": 0.02,
        "rest_offset": 0.0,
        "bounce_threshold_velocity": 0.2,
        "max_depenetration_velocity": 10.0,
        "default_buffer_size_multiplier": 10.0,
        "max_gpu_contact_pairs": 8 * 1024**2,
    }
    assert {name: sim.params.physx.given()[name] for name in expected} == expected
    assert sim.params.gravity.numbers() == (0.0, 0.0, -9.81)


def test_all_worlds_of_one_step_are_written_in_one_call(make, gymapi, allegro):
    physics = make(worlds=3)
    physics.step()
    gymapi.CALLS.clear()
    joints = torch.zeros(3, allegro.num_joints)
    physics.write_state(torch.tensor([0]), joint_pos=joints[:1])
    physics.write_state(torch.tensor([False, False, True]), joint_pos=joints)
    assert not gymapi.CALLS
    physics.step()
    assert [name for name in gymapi.CALLS if "indexed" in name] == [
        "set_dof_state_tensor_indexed",
        "set_actor_root_state_tensor_indexed",
    ]
    gymapi.CALLS.clear()
    physics.step()
    assert not [name for name in gymapi.CALLS if "indexed" in name]


def test_upstreams_drives_have_no_limit_and_carry_the_hands_weight(make, gymapi, allegro):
    physics = make(hand=with_upstream_drives(allegro))
    worlds = gymapi.OPEN[0].worlds
    assert not worlds[0].actors[0].asset.options["disable_gravity"]
    drives = worlds[0].actors[0].dofs
    assert (drives["effort"] > 1e30).all() and (drives["effort"] < float("inf")).all()
    height = physics.state.joint_pos[0, 2].clone()
    for _ in range(20):
        physics.step()
    assert physics.state.joint_pos[0, 2] < height - 1e-4


def test_drives_follow_the_hand_file(make, gymapi, allegro):
    make()
    drives = gymapi.OPEN[0].worlds[1].actors[0].dofs
    meant = {"stiffness": allegro.stiffness, "damping": allegro.damping, "effort": allegro.force_limit}
    for name, values in meant.items():
        torch.testing.assert_close(torch.from_numpy(drives[name].copy()), values)
    assert set(drives["stiffness"].tolist()) > {1500.0, 40.0}  # wrist slides, wrist hinges, and softer fingers


def test_only_one_simulation_is_open_at_a_time(make):
    first = make()
    with pytest.raises(PhysicsError, match="one simulation a process, and one is open"):
        make()
    first.close()
    make()


def test_masses_are_fixed_on_a_gpu_once_it_has_begun(make):
    physics = make()
    physics.randomize(mass=torch.tensor([1.0, 2.0]))
    physics.step()
    physics.device = torch.device("cuda")
    with pytest.raises(PhysicsError, match="fixes masses on a GPU when it begins"):
        physics.randomize(mass=torch.tensor([1.0, 3.0]), friction=torch.full((2,), 0.5))
    assert physics.snapshot()["friction"].tolist() == [1.0, 1.0]
    physics.randomize(mass=torch.tensor([1.0, 2.0]), friction=torch.full((2,), 0.5))
    assert physics.snapshot()["friction"].tolist() == [0.5, 0.5]
    physics.device = torch.device("cpu")


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"impratio": 5.0}, "physics.impratio: .* Leave it at 10.0"),
        ({"ls_iterations": 8}, "physics.ls_iterations: .* Leave it at 50"),
        ({"multi_contact": False}, "physics.multi_contact: .* Leave it at True"),
        ({"iterations": 300}, "PhysX takes at most 255, not 300"),
    ],
)
def test_choices_without_counterpart_are_refused(make, choice, message):
    with pytest.raises(ConfigError, match=message):
        make(**choice)


def test_an_importer_that_reorders_joints_is_found_out(make, gymapi, monkeypatch):
    order = gymapi.Gym.get_asset_dof_names
    monkeypatch.setattr(gymapi.Gym, "get_asset_dof_names", lambda self, asset: order(self, asset)[::-1])
    with pytest.raises(PhysicsError, match=r"reads the hand's joints as joint_15\.0"):
        make()
    monkeypatch.undo()


def test_an_importer_that_misplaces_a_body_is_found_out(make, monkeypatch):
    from tests.physics.fake_isaacgym.world import World

    honest = World.body_states

    def shifted(self):
        states = honest(self)
        states[10, 0] += 0.02
        return states

    monkeypatch.setattr(World, "body_states", shifted)
    with pytest.raises(PhysicsError, match=r"places body \S+ of the allegro hand 0.02 m from where it should be"):
        make().step()


def test_torch_before_isaac_gym_is_one_message(allegro, bottle, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(MissingDependencyError, match="make 'import isaacgym' the first import"):
        make_physics(Scene(allegro, [bottle], torch.zeros(1, dtype=torch.long)), PhysicsConfig(engine="isaacgym"))


def test_no_isaac_gym_is_one_message(allegro, bottle, monkeypatch):
    monkeypatch.setitem(sys.modules, "hot.physics.isaacgym", None)
    with pytest.raises(MissingDependencyError, match=r"needs Python 3\.8 and NVIDIA's package.*hot doctor"):
        make_physics(Scene(allegro, [bottle], torch.zeros(1, dtype=torch.long)), PhysicsConfig(engine="isaacgym"))


def test_the_state_outlives_the_simulation(make):
    physics = make()
    physics.step()
    held = physics.state.object_pos_w
    physics.close()
    assert torch.isfinite(held).all()


def test_the_task_runs_on_it(gymapi, allegro, bottle, hover):
    task = TaskConfig(physics=PhysicsConfig(engine="isaacgym", device="cpu"), episode_frames=8)
    env = TrackingEnv(allegro, {"Bottle": bottle}, hover, task, num_envs=3, seed=1)
    env.reset()
    steps = [env.step(torch.zeros(3, env.num_actions)) for _ in range(20)]
    env.close()
    assert any(step.timed_out.any() for step in steps)  # so worlds were written between steps
    assert all(torch.isfinite(step.observation).all() for step in steps)
    assert max(float(step.hand_error.max()) for step in steps) < 0.02


class TestTheFakeRefuses:
    """What the real one would refuse, or compute wrongly in silence."""

    @pytest.fixture
    def begun(self, make, gymapi):
        physics = make()
        physics.step()
        return gymapi.acquire_gym(), gymapi.OPEN[0]

    def test_calls_without_a_script(self, gymapi):
        with pytest.raises(AssertionError, match=r"no script for gym\.set_light_parameters"):
            gymapi.acquire_gym().set_light_parameters()

    def test_tensors_before_the_simulation_is_prepared(self, make, gymapi):
        make()
        with pytest.raises(AssertionError, match="acquire_dof_state_tensor before prepare_sim"):
            gymapi.acquire_gym().acquire_dof_state_tensor(gymapi.OPEN[0])

    def test_actors_after_it(self, begun):
        gym, sim = begun
        with pytest.raises(AssertionError, match="load_asset after prepare_sim"):
            gym.load_asset(sim, ".", "x.urdf", None)

    @pytest.mark.parametrize(
        ("ids", "message"),
        [
            (torch.tensor([0]), "actor numbers are int32"),
            (torch.tensor([0, 0], dtype=torch.int32), "an actor twice"),
            (torch.tensor([99], dtype=torch.int32), "one that is not there"),
            (torch.tensor([1], dtype=torch.int32), "an actor without joints"),
        ],
    )
    def test_wrong_numbers(self, begun, ids, message):
        from tests.physics.fake_isaacgym.gymtorch import unwrap_tensor

        gym, sim = begun
        state = torch.zeros(len(sim.tensors["dofs"]), 2)
        with pytest.raises(AssertionError, match=message):
            gym.set_dof_state_tensor_indexed(sim, unwrap_tensor(state), unwrap_tensor(ids), len(ids))

    def test_a_second_write_in_one_step(self, begun):
        from tests.physics.fake_isaacgym.gymtorch import unwrap_tensor

        gym, sim = begun
        targets = unwrap_tensor(torch.zeros(len(sim.tensors["dofs"])))
        gym.set_dof_position_target_tensor(sim, targets)
        with pytest.raises(AssertionError, match="called twice before simulate"):
            gym.set_dof_position_target_tensor(sim, targets)

    def test_a_tensor_that_is_gone_when_it_is_read(self, begun):
        from tests.physics.fake_isaacgym.gymtorch import unwrap_tensor

        gym, sim = begun
        gym.set_dof_position_target_tensor(sim, unwrap_tensor(torch.zeros(len(sim.tensors["dofs"])).clone()))
        sim.sent["set_dof_position_target_tensor"].numbers = None
        with pytest.raises(AssertionError, match="let go before simulate"):
            gym.simulate(sim)

    def test_strided_tensors(self, gymapi):
        from tests.physics.fake_isaacgym.gymtorch import unwrap_tensor

        with pytest.raises(AssertionError, match="contiguous"):
            unwrap_tensor(torch.zeros(3, 2)[:, 0])

    def test_reading_without_refreshing(self, begun):
        gym, sim = begun
        gym.set_dof_position_target_tensor(sim, _targets(sim))
        gym.simulate(sim)
        gym.fetch_results(sim, True)
        assert sim.tensors["dofs"].isnan().all()

    def test_attributes_that_the_stubs_do_not_list(self, gymapi):
        with pytest.raises(AssertionError, match="PhysXParams has no attribute solver"):
            gymapi.SimParams().physx.solver = 1


def _targets(sim):
    from tests.physics.fake_isaacgym.gymtorch import unwrap_tensor

    sim.kept = torch.zeros(len(sim.tensors["dofs"]))
    return unwrap_tensor(sim.kept)
