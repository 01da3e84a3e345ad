import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from hot import presets
from hot.assets import read_tensors, write_tensors
from hot.errors import PhysicsError
from hot.motions import save_motions
from hot.runs import Run, newest_finished
from tests.cli.conftest import Call

TRAIN = "train teacher --hand allegro --object Bottle"


def test_the_exact_call(hot, stages):
    words = "--skill grasp --skill move --num-envs 64 --epochs 9 --seed 7 --engine mujoco --out runs/x"
    result = hot(TRAIN, words, "--set", "reward.object_position=60", "--set", "ppo.learning_rate=1e-3")
    assert result.exit_code == 0, result.stderr
    data, task, ppo, run, seed = stages.train.args
    assert (data.hand.name, list(data.objects), data.motions.skills) == ("allegro", ["Bottle"], ("grasp", "move"))
    assert task.reward.object_position == 60.0
    assert (ppo.num_envs, ppo.epochs, ppo.learning_rate, seed) == (64, 9, 1e-3, 7)
    assert run.path == Path("runs/x")
    assert (stages.train.kwargs["start"], stages.train.kwargs["resume"]) == (None, False)
    assert result.stdout.strip() == "runs/x/policy.safetensors"


def test_the_run_records_the_resolved_preset_and_what_made_it(hot, stages):
    hot(TRAIN, "--skill grasp --seed 3 --out runs/x")
    run = Run.open(Path("runs/x"))
    assert presets.load(run.preset_path) == presets.resolve("allegro", "Bottle", 1, ("grasp",), {"seed": 3})
    made = run.provenance
    assert (made["hand"], made["object"], made["stage"], made["seed"]) == ("allegro", "Bottle", 1, 3)
    assert made["engine"] == "mujoco" and made["skills"] == ["grasp"] and made["started_from"] is None
    assert run.status == "finished"


def test_a_dry_run_prints_a_preset_that_loads_and_the_test_lengths(hot, stages):
    result = hot(TRAIN, "--stage 2 --skill place --dry-run")
    assert result.exit_code == 0
    assert "# test length [frames]: place 220" in result.stdout
    Path("p.yaml").write_text(result.stdout)
    assert presets.load(Path("p.yaml")) == presets.resolve("allegro", "Bottle", 2, ("place",))
    assert stages.train.count == 0 and not Path("runs").exists()


def test_motions_are_made_when_missing_and_it_says_so(hot, stages):
    result = hot(TRAIN, "--skill grasp --set synthesis.train_clips=4")
    assert "No grasp clips" in result.stderr
    assert stages.generate.count == 1
    again = hot(TRAIN, "--skill grasp")
    assert stages.generate.count == 1
    assert "4 grasp" in again.stderr


def test_sequences_are_composed_once_of_training_grasps_and_trained_on_beside_the_skills(
    hot, stages, clip_set, monkeypatch
):
    asked = []

    def compose_random(hand, object_spec, seconds, clips, seed, config, split, progress):
        asked.append((seconds, clips, split))
        motions = replace(clip_set("grasp", clips), skills=("grasp", "move"))
        return replace(motions, frame_skill=torch.arange(len(motions.contact)) % 2)

    monkeypatch.setattr("hot.composition.compose_random", compose_random)
    for _ in range(2):
        words = "--skill grasp --set synthesis.train_clips=4 --set sequences.clips=3 --set sequences.seconds=5"
        assert hot(TRAIN, words).exit_code == 0
        motions = stages.train.args[0].motions
        assert motions.composed.tolist() == [False] * 4 + [True] * 3
    assert asked == [(5.0, 3, "train")]
    hot(TRAIN, "--skill grasp")
    assert not stages.train.args[0].motions.composed.any()


def test_sequences_of_a_script_are_trained_on_too(hot, stages, clip_set, monkeypatch):
    def compose(hand, object_spec, script, clips, seed, config, split, progress):
        motions = replace(clip_set("catch", clips), skills=("catch", "throw"), meta={"seconds": script.seconds})
        return replace(motions, frame_skill=torch.arange(len(motions.contact)) % 2)

    monkeypatch.setattr("hot.composition.compose", compose)
    words = (
        "--skill grasp --set synthesis.train_clips=4 --set sequences.clips=3 --set sequences.script=catch_rotate_throw"
    )
    assert hot(TRAIN, words).exit_code == 0
    assert stages.train.args[0].motions.composed.tolist() == [False] * 4 + [True] * 3
    assert Path("data/motions/allegro/bottle/catch_rotate_throw-3x10s.safetensors").is_file()
    assert "unknown sequence 'nothing'" in hot(TRAIN, words.replace("catch_rotate_throw", "nothing")).stderr


def test_named_motions_are_read_from_a_file_or_a_folder(hot, stages, clip_set):
    save_motions("mine/grasp.safetensors", clip_set("grasp", 5))
    for source in ("mine", "mine/grasp.safetensors"):
        assert hot(TRAIN, "--skill grasp --motions", source).exit_code == 0
        assert stages.train.args[0].motions.num_clips == 5
    assert stages.generate.count == 0


def test_motions_without_the_skill_or_of_another_hand_are_refused(hot, stages, clip_set):
    save_motions("grasp.safetensors", clip_set("grasp"))
    result = hot(TRAIN, "--skill move --motions grasp.safetensors")
    assert result.exit_code == 1 and "holds no move clips, but grasp" in result.stderr
    missing = hot(TRAIN, "--skill grasp --motions none.safetensors")
    assert missing.exit_code == 1 and "none.safetensors" in missing.stderr


def test_motions_with_other_joints_or_cut_short_are_refused(hot, stages, clip_set):
    motions = clip_set("grasp")
    save_motions("other.safetensors", replace(motions, joint_names=(*motions.joint_names[:-1], "toe")))
    save_motions("cut.safetensors", motions)
    Path("cut.safetensors").write_bytes(Path("cut.safetensors").read_bytes()[:-50])
    other = hot(TRAIN, "--skill grasp --motions other.safetensors")
    assert other.exit_code == 1 and "lacks finger" in other.stderr and "toe" in other.stderr
    cut = hot(TRAIN, "--skill grasp --motions cut.safetensors")
    assert cut.exit_code == 1 and "cut.safetensors: is damaged" in cut.stderr
    assert not Path("runs").exists()


def test_motions_with_a_number_that_is_none_are_refused(hot, stages, clip_set):
    motions = clip_set("grasp")
    save_motions("nan.safetensors", motions)
    file = read_tensors(Path("nan.safetensors"), "motions")
    file.tensors["joint_pos"][5, 2] = float("nan")
    write_tensors(Path("nan.safetensors"), "motions", file.tensors, file.meta)
    result = hot(TRAIN, "--skill grasp --motions nan.safetensors")
    assert result.exit_code == 1 and "joint_pos is not finite in clip 1 at frame 1" in result.stderr


def test_a_run_is_not_overwritten(hot, stages):
    hot(TRAIN, "--skill grasp --out runs/x")
    result = hot(TRAIN, "--skill grasp --out runs/x")
    assert result.exit_code == 1 and "holds a run already" in result.stderr
    assert stages.train.count == 1


def test_stage_two_without_a_stage_one_run_says_how_to_make_one(hot, stages):
    result = hot(TRAIN, "--stage", "2")
    assert result.exit_code == 1
    assert "hot train teacher --hand allegro --object Bottle --stage 1" in result.stderr
    assert stages.train.count == 0 and stages.generate.count == 0


def test_stage_two_starts_from_the_newest_finished_stage_one_run_and_says_which(hot, stages):
    for name in ("a", "b"):
        hot(TRAIN, f"--skill grasp --out runs/{name}")
    Run.open(Path("runs/b")).set_status("interrupted")
    result = hot(TRAIN, "--skill grasp --stage 2 --set scaling.factors=[]")
    assert "Starting from runs/a" in result.stderr
    assert stages.train.kwargs["start"] == Path("runs/a/checkpoint.pth")
    second = newest_finished(Path("runs"), "allegro", ("Bottle",), 2)
    assert second is not None and second.provenance["started_from"] == "runs/a"


@pytest.fixture
def own_objects(monkeypatch, clip_set):
    """Plans clips of the object that is asked for."""
    import hot.planning

    def planned(hand, object_spec, skill, clips, *rest):
        return replace(clip_set(skill, clips), objects=(object_spec.name,))

    monkeypatch.setattr(hot.planning, "generate", planned)


SEVERAL = "train teacher --hand allegro --skill grasp --set scaling.factors=[] --set synthesis.train_clips=4"


def test_one_teacher_of_several_objects_gives_each_as_many_worlds(hot, stages, own_objects):
    result = hot(SEVERAL, "--object bottle,BOX --out runs/x")
    assert result.exit_code == 0, result.stderr
    data, _, _, run, _ = stages.train.args
    assert data.motions.objects == ("Bottle", "Box") and data.shares == {"Bottle": 0.5, "Box": 0.5}
    assert list(data.objects) == ["Bottle", "Box"] and run.provenance["objects"] == ["Bottle", "Box"]
    loaded = presets.load(run.preset_path)
    assert (loaded.object, loaded.others) == ("Bottle", ("Box",))
    assert "names Box twice" in hot(SEVERAL, "--object Box,box").stderr


def test_stage_two_of_several_objects_starts_from_a_run_that_knows_them_all(hot, stages, own_objects):
    hot(SEVERAL, "--object Bottle,Box,Mug --out runs/three")
    hot(SEVERAL, "--object Bottle --out runs/one")
    assert "Starting from runs/three" in hot(SEVERAL, "--object Box,Bottle --stage 2").stderr
    lacking = hot(SEVERAL, "--object Box,Cup --stage 2")
    assert lacking.exit_code == 1 and "--object Box,Cup --stage 1" in lacking.stderr


def test_a_resumed_run_keeps_its_objects(hot, stages, own_objects):
    hot(SEVERAL, "--object Bottle,Box --out runs/x")
    assert hot("train teacher --resume --object Bottle,Box --epochs 9 --out runs/x").exit_code == 0
    assert list(stages.train.args[0].objects) == ["Bottle", "Box"]
    assert (
        "only ppo.epochs and ppo.seconds may change"
        in hot("train teacher --resume --object Bottle --out runs/x").stderr
    )


def test_from_names_the_run_to_start_from(hot, stages):
    hot(TRAIN, "--skill grasp --out runs/a")
    hot(TRAIN, "--skill move --from runs/a")
    assert stages.train.kwargs["start"] == Path("runs/a/checkpoint.pth")


def test_from_a_run_of_another_hand_is_refused(hot, stages):
    Run.create(Path("runs/m"), "", {"hand": "mano", "object": "Bottle", "stage": 1})
    result = hot(TRAIN, "--from runs/m")
    assert result.exit_code == 1 and "trained the mano hand, not allegro" in result.stderr


def test_resume_goes_on_with_the_runs_own_preset(hot, stages):
    hot(TRAIN, "--skill grasp --seed 7 --epochs 5 --out runs/x")
    result = hot("train teacher --resume --out runs/x --epochs 8")
    assert result.exit_code == 0, result.stderr
    _, _, ppo, run, seed = stages.train.args
    assert (ppo.epochs, run.path, seed, stages.train.kwargs["resume"]) == (8, Path("runs/x"), 7, True)
    assert yaml.safe_load(run.preset_path.read_text())["ppo"]["epochs"] == 8


def test_the_same_command_line_may_be_repeated_with_resume(hot, stages):
    words = f"{TRAIN} --skill grasp --seed 7 --num-envs 64 --out runs/x"
    hot(words)
    assert hot(words, "--resume").exit_code == 0
    assert stages.train.kwargs["resume"] is True


@pytest.mark.parametrize("words", ["--seed 8", "--hand shadow", "--skill move", "--set reward.finger=1"])
def test_a_resumed_run_keeps_its_choices(hot, stages, words):
    hot(TRAIN, "--skill grasp --seed 7 --out runs/x")
    result = hot("train teacher --resume --out runs/x", words)
    assert result.exit_code == 1 and "only ppo.epochs and ppo.seconds may change" in result.stderr
    assert stages.train.count == 1


def test_resume_of_what_is_no_run_lists_the_runs(hot, stages):
    hot(TRAIN, "--skill grasp --out runs/x")
    result = hot("train teacher --resume --out runs/y")
    assert result.exit_code == 1 and "Runs there: runs/x" in result.stderr


def test_ctrl_c_keeps_the_checkpoint_and_prints_how_to_go_on(hot, stages):
    def interrupted(data, task, ppo, run, seed, **rest):
        run.checkpoint_path.write_text("checkpoint")
        raise KeyboardInterrupt

    stages.train.answer = interrupted
    result = hot(TRAIN, "--skill grasp --out runs/x")
    assert result.exit_code == 130
    assert "hot train teacher --resume --out runs/x" in result.stderr


def test_a_failure_of_training_is_one_line(hot, stages):
    def fails(*_, **__):
        raise PhysicsError("world 3 became non-finite")

    stages.train.answer = fails
    result = hot(TRAIN, "--skill grasp --out runs/x")
    assert result.exit_code == 1 and "error: world 3 became non-finite" in result.stderr


def test_minutes_are_the_seconds_of_training_and_may_change_on_resume(hot, stages):
    hot(TRAIN, "--skill grasp --minutes 2.5 --out runs/x")
    assert stages.train.args[2].seconds == 150.0
    assert hot("train teacher --resume --out runs/x --minutes 4").exit_code == 0
    assert stages.train.args[2].seconds == 240.0
    refused = hot(TRAIN, "--minutes 0")
    assert refused.exit_code == 1 and "preset key 'ppo.seconds'" in refused.stderr


def test_a_resumed_run_keeps_its_engine(hot, stages, monkeypatch):
    hot(TRAIN, "--skill grasp --out runs/x")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert hot("train teacher --resume --out runs/x").exit_code == 0
    assert stages.train.args[1].physics.engine == "mujoco"
    other = hot("train teacher --resume --out runs/x --engine warp")
    assert other.exit_code == 1 and "physics.engine = mujoco, not warp" in other.stderr


@pytest.fixture
def gpus(monkeypatch):
    """Two GPUs, and a launcher that remembers what it was to start."""
    import hot.training.ranks

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    launch = Call(lambda command, count: 0)
    monkeypatch.setattr(hot.training.ranks, "launch", launch)
    return launch


@pytest.mark.mujoco
def test_several_gpus_start_the_same_command_once_for_each(hot, stages, gpus, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["hot", "train", "teacher", "--gpus", "2"])
    assert hot(TRAIN, "--skill grasp --gpus 2").exit_code == 0
    assert gpus.args == ([sys.executable, "-m", "hotcli", "train", "teacher", "--gpus", "2"], 2)
    assert stages.train.count == 0 and not Path("runs").exists()
    gpus.answer = lambda command, count: 130
    assert hot(TRAIN, "--skill grasp --gpus 2").exit_code == 130


@pytest.mark.parametrize(
    ("words", "said"),
    [("--gpus 3", "3 GPUs are asked for, and PyTorch sees 2"), ("--gpus 2 --engine mujoco", "needs --engine warp")],
)
def test_gpus_that_are_not_there_or_of_no_use_are_refused(hot, stages, gpus, words, said):
    result = hot(TRAIN, words)
    assert result.exit_code == 1 and said in result.stderr and len(result.stderr.splitlines()) == 1
    assert gpus.count == 0


def test_an_unwritable_run_folder_is_one_line(hot, stages):
    Path("file").write_text("")
    result = hot(TRAIN, "--skill grasp --out file/run")
    assert result.exit_code == 1 and "file/run: cannot be made" in result.stderr
