import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import hot.synthesis
from hot.assets import packaged
from hot.errors import HotError
from hot.synthesis import load_grasps
from hot.synthesis.bench import GraspBenchReport
from hot.synthesis.holding import HoldReport


@pytest.fixture
def finder(monkeypatch):
    """Stands in for the search; answers with a thing that writes a file, but finds no way to hold a box."""
    calls = []

    class Found(list):
        def save(self, path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("grasps")

    def find_grasps(hand, object_spec, count, seed, *rest):
        calls.append((hand.name, object_spec.name, count, seed))
        if object_spec.name == "Box":
            raise HotError(f"no grasp of Box with {hand.name} held")
        return Found(["grasp"] * count)

    specs = {}
    monkeypatch.setattr(hot.synthesis, "find_grasps", find_grasps)
    monkeypatch.setattr(
        "hotcli.choices.load_specs",
        lambda preset: (SimpleNamespace(name=preset.hand), specs.setdefault(preset.object, named(preset.object))),
    )
    return calls


def named(name):
    return SimpleNamespace(name=name)


def test_each_pair_is_searched_and_written(hot, finder):
    result = hot("grasps find --hand mano,allegro --object Bottle,Sword --count 7 --seed 5 --out here")
    assert result.exit_code == 0, result.stderr
    assert finder == [(h, o, 7, 5) for h in ("mano", "allegro") for o in ("Bottle", "Sword")]
    assert Path("here/allegro/Sword.safetensors").is_file()
    assert "7 grasps of Sword with allegro: here/allegro/Sword.safetensors" in result.stderr


def test_a_pair_without_grasps_is_named_and_the_others_are_found(hot, finder):
    result = hot("grasps find --hand mano --object Box,Sword --out here")
    assert result.exit_code == 1
    assert "no grasps of Box with mano" in result.stderr and Path("here/mano/Sword.safetensors").is_file()


def test_all_stands_for_every_packaged_object(hot, finder):
    from hot.objects import packaged_names

    hot("grasps find --object all --count 1 --out here")
    assert [name for _, name, _, _ in finder] == list(packaged_names())


def test_jobs_search_pairs_side_by_side(hot, finder, monkeypatch):
    given = []

    def one_after_another(call, tasks, logs, lanes):
        given.append((sorted(str(log) for log in logs), lanes))
        for task in tasks:
            call(*task)

    monkeypatch.setattr("hotcli.lanes.side_by_side", one_after_another)
    assert hot("grasps find --object Bottle,Sword --count 2 --out here --jobs 2").exit_code == 0
    assert given == [(["here/mano/Bottle.log", "here/mano/Sword.log"], 2)]
    assert Path("here/mano/Bottle.safetensors").is_file()


def test_a_search_that_was_stopped_goes_on_with_the_pairs_that_lack_grasps(hot, finder):
    Path("here/mano").mkdir(parents=True)
    shutil.copy(packaged("grasps") / "mano" / "Bottle.safetensors", "here/mano")
    kept = len(load_grasps("mano", "Bottle"))
    assert hot(f"grasps find --object Bottle,Wrench --count {kept} --missing --out here").exit_code == 0
    assert finder == [("mano", "Wrench", kept, 1)]
    hot(f"grasps find --object Bottle --count {kept + 1} --missing --out here")
    assert finder[1:] == [("mano", "Bottle", kept + 1, 1)]


def test_an_unknown_object_is_named_before_anything_is_searched(hot, finder):
    result = hot("grasps find --object Botle")
    assert result.exit_code == 1 and "did you mean 'Bottle'" in result.stderr and not finder


def test_the_libraries_are_listed_with_their_diversity(hot):
    rows = json.loads(hot("grasps list --hand mano,leap --object Hammer,Pencil --json").stdout)
    pairs = {(row["hand"], row["object"]): row for row in rows}
    assert list(pairs) == [("mano", "Hammer"), ("mano", "Pencil"), ("leap", "Hammer"), ("leap", "Pencil")]
    hammer = pairs["mano", "Hammer"]
    assert hammer["grasps"] == 100 and len(hammer["reach each resting pose"]) == len(hammer["lift from each"]) == 4
    assert 0 < hammer["wrist spread"] <= 1 and 0 < hammer["contact coverage"] <= 1 and 0 < hammer["joint entropy"] < 1
    table = hot("grasps list --hand mano --object Hammer").stdout
    assert "contact coverage" in table and "100" in table


def test_speed_is_told_with_the_share_that_passes(hot, monkeypatch):
    def bench_grasps(hand, object_spec, resting, config, physics, batches, seed, progress):
        assert (physics.substeps, batches, len(resting)) == (4, 3, 2)
        return GraspBenchReport(
            hand="mano",
            object="Bottle",
            engine=physics.engine,
            substeps=physics.substeps,
            iterations=physics.iterations,
            candidates=1000,
            grasps=400,
            plan_seconds=1.0,
            trial_seconds=3.0,
            first_seconds=9.0,
            penetration_mm=0.1,
        )

    monkeypatch.setattr("hot.synthesis.bench.bench_grasps", bench_grasps)
    monkeypatch.setattr("hotcli.choices.load_specs", lambda preset: (named("mano"), named("Bottle")))
    result = hot("grasps bench --batches 3 --engine mujoco")
    assert result.exit_code == 0, result.stderr
    assert "40%" in result.stdout and "mano: 100.0 grasps/s, 40% of the candidates, mean of 1 objects" in result.stdout
    (row,) = json.loads(hot("grasps bench --batches 3 --engine mujoco --json").stdout)
    assert row["grasps"] == 400


@pytest.fixture
def holder(monkeypatch):
    """Stands in for the check: of four grasps, MuJoCo loses the second, Warp the second and the third."""
    calls = []

    def check_grasps(hand, object_spec, grasps, seconds, seed, config, progress):
        physics = config[2]
        calls.append((hand.name, object_spec.name, physics.engine, physics.substeps, seconds, seed))
        return HoldReport(
            hand=hand.name,
            object=object_spec.name,
            engine=physics.engine,
            seconds=seconds,
            acceleration_m_s2=0.7,
            turn_speed_rad_s=3.0,
            grasps=4,
            lost=(1,) if physics.engine == "mujoco" else (1, 2),
            low=0.3,
            high=0.95,
            median_slip_mm=3.0,
            worst_slip_mm=100.0,
            median_turn_deg=2.0,
            worst_turn_deg=180.0,
        )

    monkeypatch.setattr("hot.synthesis.holding.check_grasps", check_grasps)
    monkeypatch.setattr("hotcli.choices._insist_on_gpu", lambda: None)
    return calls


def test_every_library_is_held_on_every_engine(hot, holder):
    result = hot("grasps check --hand mano --object hammer,Sword --engine mujoco,warp --seconds 2 --seed 7")
    assert result.exit_code == 0, result.stderr
    assert holder == [("mano", o, e, 4, 2.0, 7) for o in ("Hammer", "Sword") for e in ("mujoco", "warp")]
    assert "dropped" in result.stdout
    assert "mujoco: 6 of 8 grasps held, 75.0 [40.9, 92.9] %" in result.stdout  # Wilson's interval of 6 in 8
    assert "mujoco and warp: 4 of 8 grasps held" in result.stdout


def test_held_grasps_are_told_to_programs(hot, holder):
    told = json.loads(hot("grasps check --hand mano --object Hammer --engine mujoco --json").stdout)
    (library,), (total,) = told["libraries"], told["total"]
    assert (library["held"], library["lost"], library["seconds"]) == (3, [1], 5.0)
    assert (total["engine"], total["held"], total["grasps"]) == ("mujoco", 3, 4)


@pytest.fixture
def ships_hammer(monkeypatch, tmp_path):
    """Only one library ships."""
    folder = tmp_path / "shipped"
    (folder / "grasps/mano").mkdir(parents=True)
    shutil.copy(packaged("grasps", "mano", "Hammer.safetensors"), folder / "grasps/mano")
    monkeypatch.setattr("hot.synthesis.grasps.packaged", folder.joinpath)


def test_all_libraries_are_held_those_of_ones_own_too(hot, holder, ships_hammer):
    replace(load_grasps("mano", "Hammer"), object="Torus").save()
    assert hot("grasps check --hand mano --engine mujoco").exit_code == 0
    assert [name for _, name, *_ in holder] == ["Hammer", "Torus"]


@pytest.mark.parametrize("command", ["list", "check"])
def test_a_library_that_does_not_exist_is_named(hot, holder, ships_hammer, command):
    result = hot(f"grasps {command} --hand mano --object Hammer,Ball")
    assert result.exit_code == 1 and not holder and not result.stdout
    assert "no grasps of Ball with mano. Make some: hot grasps find. What there is: hot grasps list" in result.stderr
    assert "no grasps of Ball with all" in hot(f"grasps {command} --object Ball").stderr
