import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import hot.policies
import hot.refinement
from hot import presets
from hot.motions import load_motions, save_motions
from hot.refinement import Refined, SkillRefinement
from hot.runs import Run

REFINED = "export refined p.safetensors --hand allegro --object Bottle"


@pytest.fixture
def refine(monkeypatch, planner):
    """Stands in for roll-outs: keeps every other clip; remembers every call."""
    calls, policy = [], SimpleNamespace(spec=SimpleNamespace(hand="allegro", trained={"skills": ["grasp", "place"]}))

    def refine_(policy, file, exam, source, progress):
        motions = exam.motions
        calls.append(SimpleNamespace(policy=policy, file=file, source=source, motions=motions, task=exam.task))
        kept = tuple(range(0, motions.num_clips, 2)) if motions.skills[0] not in state.hopeless else ()
        if motions.skills[0] in state.interrupted:
            raise KeyboardInterrupt
        report = SkillRefinement(
            skill=motions.skills[0], hand="allegro", object="Bottle", policy=file, source=source,
            engine=exam.task.physics.engine, physics={}, clips=motions.num_clips, kept=len(kept), by_rule=len(kept),
            by_hot=motions.num_clips, too_short=0, diverged=1, clip_frames=9000, seconds=0.5, sources=kept,
        )  # fmt: skip
        return Refined(motions.select(kept) if kept else None, report)

    monkeypatch.setattr(hot.policies.Policy, "load", staticmethod(lambda path: policy))
    monkeypatch.setattr(hot.policies, "suitable", lambda hand, object_name, skills: [])
    monkeypatch.setattr(hot.refinement, "refine", refine_)
    Path("p.safetensors").write_text("policy")
    state = SimpleNamespace(calls=calls, policy=policy, planner=planner, hopeless=(), interrupted=())
    return state


def test_the_skills_that_the_policy_knows_are_refined_from_the_data_folders_clips(hot, refine, clip_set):
    folder = Path("data/motions/allegro/bottle")
    for skill in ("grasp", "place"):
        save_motions(folder / f"{skill}.safetensors", clip_set(skill, 5))
    result = hot(REFINED, "--clips 4")
    assert result.exit_code == 0, result.stderr
    assert [(call.motions.skills, call.motions.num_clips) for call in refine.calls] == [
        (("grasp",), 4),
        (("place",), 4),
    ]
    assert refine.calls[0].source == str(folder / "grasp.safetensors")
    assert refine.calls[0].file.path == "p.safetensors" and refine.calls[0].policy is refine.policy
    assert refine.planner.count == 0
    written = Path("data/refined/allegro/bottle")
    assert load_motions(written / "grasp.safetensors").num_clips == 2
    assert json.loads((written / "place.json").read_text())["sources"] == [0, 2]
    assert "50.0 [15.0, 85.0]" in result.stdout and "18,000" in result.stdout


def test_a_runs_refined_clips_go_into_the_run_and_are_of_its_skills(hot, refine, clip_set):
    preset = presets.resolve("allegro", "Bottle", 1, ("move",), {})
    made = {"hand": "allegro", "object": "Bottle", "stage": 1, "seed": 1}
    Run.create(Path("runs/x"), presets.dump(preset), made).set_status("finished")
    save_motions("data/motions/allegro/bottle/move.safetensors", clip_set("move", 3))
    assert "Rolling out runs/x" in hot("export refined --hand allegro").stderr
    Path("runs/x/policy.safetensors").write_text("policy")
    assert hot("export refined runs/x").exit_code == 0
    assert Path("runs/x/refined/move.safetensors").exists()


def test_a_policy_that_is_kept_is_named_by_hand_and_name(hot, refine):
    kept = Path("data/policies/allegro/student.safetensors")
    kept.parent.mkdir(parents=True)
    kept.write_text("policy")
    assert hot("export refined allegro/student --skill grasp --seed 7 --clips 4").exit_code == 0
    assert refine.calls[0].file.path == str(kept)
    result = hot("export refined runs/none")
    assert result.exit_code == 1 and "runs/none: is not a run" in result.stderr


@pytest.mark.parametrize(
    ("words", "count", "seed", "split"),
    [("--seed 7 --clips 6", 6, 7, "train"), ("--split test --seed 9 --clips 4", 4, 9, "test")],
)
def test_clips_can_be_planned_anew(hot, refine, words, count, seed, split):
    assert hot(REFINED, "--skill grasp", words).exit_code == 0
    _, _, *planned = refine.planner.args[:5]
    assert planned == ["grasp", count, seed] and refine.planner.args[6] == split
    assert f"split {split}, seed {seed}, {count} clips" in refine.calls[0].source
    assert not Path("data/motions").exists()


def test_clips_can_come_from_a_file(hot, refine, clip_set):
    save_motions("mine.safetensors", clip_set("throw", 5))
    assert hot(REFINED, "--skill throw --motions mine.safetensors --out there").exit_code == 0
    assert refine.calls[0].source == "mine.safetensors"
    assert load_motions("there/throw.safetensors").num_clips == 3


def test_json_has_rates_with_intervals_and_speed(hot, refine):
    result = hot(REFINED, "--skill grasp --seed 2 --clips 4 --json")
    (row,) = json.loads(result.stdout)["skills"]
    assert (row["clips"], row["kept"], row["rate"], row["clip_frames_per_second"]) == (4, 2, 0.5, 18000.0)
    assert 0.1 < row["low"] < 0.5 < row["high"] < 0.9


def test_upstreams_format_is_a_file_a_clip_and_is_never_mixed_with_an_earlier_export(hot, refine):
    words = "--skill grasp --seed 2 --clips 4 --format upstream --out there"
    assert hot(REFINED, words).exit_code == 0
    assert len(list(Path("there/bottle/grasp_kp").glob("001_bottle_*.pt"))) == 2
    again = hot(REFINED, words)
    assert again.exit_code == 1 and "holds clips already" in again.stderr
    assert len(refine.calls) == 1


def test_ctrl_c_keeps_the_skills_that_are_done(hot, refine):
    refine.interrupted = ("place",)
    result = hot(REFINED, "--seed 2 --clips 4 --out there")
    assert result.exit_code == 130
    assert sorted(path.name for path in Path("there").iterdir()) == ["grasp.json", "grasp.safetensors"]


def test_a_skill_without_a_kept_clip_is_left_out_and_if_all_are_that_is_an_error(hot, refine):
    refine.hopeless = ("grasp",)
    result = hot(REFINED, "--seed 2 --clips 4 --out there")
    assert result.exit_code == 0 and "nothing is written for grasp" in result.stderr
    assert [path.name for path in Path("there").glob("*.safetensors")] == ["place.safetensors"]
    result = hot(REFINED, "--skill grasp --seed 2 --clips 4 --out none")
    assert result.exit_code == 1 and "no clip succeeded" in result.stderr.splitlines()[-1]
    assert not Path("none").exists()


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        ("--split all", 1, "unknown split 'all'"),
        ("--format pickle", 1, "unknown format 'pickle'"),
        ("--motions m.safetensors --seed 3", 2, "leave out --motions"),
        ("--motions m.safetensors --split test", 2, "leave out --motions"),
    ],
)
def test_what_cannot_be_met_is_refused_before_anything_is_rolled_out(hot, refine, words, code, problem):
    result = hot(REFINED, words)
    assert result.exit_code == code and problem in result.stderr
    assert not refine.calls


def test_without_a_policy_there_is_nothing_to_export(hot, refine):
    result = hot("export refined --hand allegro --object Bottle")
    assert result.exit_code == 1 and "no policy to export" in result.stderr


def test_a_policy_of_another_hand_is_refused(hot, refine):
    refine.policy.spec.hand = "shadow"
    result = hot(REFINED)
    assert result.exit_code == 1 and "drives the shadow hand, not allegro" in result.stderr


@pytest.fixture
def deploy(monkeypatch, refine):
    """Stands in for writing a file; remembers what is to be written."""
    import hot.deployment

    told = {
        "largest deviation": {"random": 1e-7, "real": 2e-7}, "future_frames": [1], "finger_frames": [1],
        "inputs": [{"name": "observation", "width": 3, "meaning": "of now"}],
        "outputs": [{"name": "targets", "width": 7, "meaning": "of the drives"}],
        "observation": [{"part": "down", "meaning": "unit vector", "start": 0, "size": 3}],
    }  # fmt: skip
    calls = []

    def export(path, format_, wanted):
        calls.append(SimpleNamespace(path=path, format=format_, **vars(wanted)))
        return told

    monkeypatch.setattr(hot.deployment, "check_format", lambda format_: None)
    monkeypatch.setattr(hot.deployment, "export", export)
    return SimpleNamespace(calls=calls, planner=refine.planner)


@pytest.mark.parametrize("format_", ["onnx", "torchscript"])
def test_a_policy_is_written_and_what_goes_in_and_out_is_told(hot, deploy, format_):
    result = hot(f"export {format_} p.safetensors --hand allegro --object Bottle")
    assert result.exit_code == 0, result.stderr
    (call,) = deploy.calls
    assert (str(call.path), call.format) == (f"allegro-bottle.{format_}", format_)
    assert call.motions.num_clips == 8 and deploy.planner.args[6] == "test"
    assert "(N, 3)" in result.stdout and "unit vector" in result.stdout and "2e-07 on real" in result.stderr
    again = hot(f"export {format_} p.safetensors --hand allegro --object Bottle --out there/x --json")
    assert json.loads(again.stdout)["path"] == "there/x"


def test_a_runs_file_goes_into_the_run_and_can_be_tried_on_clips_of_a_file(hot, deploy, clip_set):
    preset = presets.resolve("allegro", "Bottle", 1, ("move",), {})
    made = {"hand": "allegro", "object": "Bottle", "stage": 1, "seed": 1}
    Run.create(Path("runs/x"), presets.dump(preset), made).set_status("finished")
    Path("runs/x/policy.safetensors").write_text("policy")
    save_motions("mine.safetensors", clip_set("move", 3))
    result = hot("export torchscript runs/x --motions mine.safetensors")
    assert result.exit_code == 0, result.stderr
    (call,) = deploy.calls
    assert str(call.path) == "runs/x/policy.torchscript" and call.motions.num_clips == 3


def test_missing_packages_are_one_message(hot, monkeypatch):
    import hot.deployment.formats as formats

    monkeypatch.setattr(formats.importlib.util, "find_spec", lambda name: None)
    result = hot("export onnx")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "error: ONNX needs onnx, onnxscript, onnxruntime: pip install 'hand-object-tracking[onnx]'"
    ]
