"""What single flags become; tests/cli/test_migrate.py walks whole command lines."""

import pytest

from hot.errors import ConfigError
from hot.migration import subject, translate
from hot.migration.tracker_flags import FLAGS

RUN = "python hot/run.py --task SkillMimicHandRand --hand_model mano --objnames Bottle"
TRAIN = f"{RUN} --enable_obj_keypoints --enable_early_termination --state_noise_prob 0.2 --use_res_action"
TEST = f"{RUN} --test --headless"
STAGE_2 = "--cfg_env hot/data/cfg/mano/mano_stage2_noisey_generalize.yaml"


def one(line):
    (translation,) = translate(line)
    return translation


def command(line):
    translation = one(line)
    assert not translation.gaps
    return translation.commands[-1]


def gaps(line):
    return {gap.flag: gap.why for gap in one(line).gaps}


@pytest.mark.parametrize(
    ("flags", "ours"),
    [
        ("--num_envs 4096", "--num-envs 4096"),
        ("--num_envs 0", ""),
        ("--max_iterations 500", "--epochs 500"),
        ("--episode_length 90", "--set episode_frames=90"),
        ("--seed 7", "--seed 7"),
        ("--seed -1", ""),
        ("--reweight --reweight_alpha 0.4", "--set reset.hard_share=0.4"),
        ("--obj_rand_scale", "--set 'scaling.factors=[0.75,1.5]' --set scaling.share=0.2"),
        ("--ig 3 --op 60", "--set reward=product --set reward.interaction=3 --set reward.object_position=60"),
        ("--num_envs 4096 --horizon_length 32 --minibatch_size 16384", "--set ppo.minibatches=8"),
        ("--state_init 2", "--set reset.first_frame_share=1"),
        ("--experiment mine", "--out runs/mine"),
        ("--experiment mine --output_path out", "--out out/mine"),
        ("--objnames Box Bottle Box", "--object Box,Bottle"),
        ("--sim_device cpu", "--engine mujoco"),
        ("--cfg_train a/skillmimic_large_mlp.yaml", "--set 'ppo.network.hidden=[2048,1024,1024,512]'"),
        (f"{STAGE_2} --obj_rand_scale", "--stage 2"),
        (STAGE_2, "--set 'scaling.factors=[]'"),
        (f"{STAGE_2} --obj_rand_scale --resume_from a.pth", "--stage 2"),
        ("--motion_file a/regrasp_kp_hard", "--skill regrasp"),
        ("--motion_file a/006_hammer_19_0.pt", "--skill rotate"),
        ("--motion_file a/b.safetensors", "--motions a/b.safetensors"),
    ],
)
def test_flags_of_training(flags, ours):
    assert ours in command(f"{TRAIN} {flags}")


@pytest.mark.parametrize(
    ("flags", "ours"),
    [
        ("--num_envs 20", "--clips 20"),
        ("--state_noise_prob 0.5", "--noise 0.5"),
        ("--episode_length 100", "--set evaluation.frames=100"),
        ("--obj_rand_scale", "--scales 0.75,1.5"),
        ("--ball_size 1.2", "--scales 1.2"),
        ("--ball_size 1.0", ""),
        ("--checkpoint a.safetensors", "--policy a.safetensors"),
        ("--save_images", "--video mano_bottle.mp4"),
        ("--save_refined_data", "hot export refined --hand mano --object Bottle"),
        ("--save_refined_data", "--out data/refined/mano/bottle"),
        ("--play_dataset --num_envs 3", "--video mano_bottle.mp4 --clips 3"),
    ],
)
def test_flags_of_tests(flags, ours):
    assert ours in command(f"{TEST} {flags}")


def test_an_untold_object_is_that_of_the_released_yaml():
    line = f"python hot/run.py --test --task SkillMimicHandRand {STAGE_2}"
    assert "--object Box " in command(line)
    assert "--objnames" in gaps(line.replace("noisey_generalize", "mine"))


def test_what_upstream_leaves_off_by_default_is_switched_off_here():
    ours = command(RUN)
    assert "--set reset.noise=0 --set termination.enabled=false --set observation.points=0" in ours
    assert "--set" not in command(TRAIN).replace("--set reset.noise=0.2", "")


def test_launchers_and_devices_become_gpus():
    assert "--gpus 2" in command(TRAIN.replace("python", "torchrun --standalone --nproc_per_node 2") + " --multi_gpu")
    module = "python -u -m torch.distributed.launch --nproc_per_node=4 --use_env"
    assert "--gpus 4" in command(TRAIN.replace("python", module))
    assert "--multi_gpu" in gaps(f"{TRAIN} --multi_gpu")
    assert command(f"{TRAIN} --rl_device cuda:2").startswith("CUDA_VISIBLE_DEVICES=2 hot train")
    assert command(f"CUDA_LAUNCH_BLOCKING=1 DRI_PRIME=1 A='b c' {TRAIN}").startswith("A='b c' hot train")


def test_objects_that_do_not_ship_are_added_first():
    translation = one(TRAIN.replace("Bottle", "Teapot"))
    assert translation.commands[:2] == (
        "hot objects add hot/data/assets/urdf/Teapot/Teapot.urdf --name Teapot",
        "hot grasps find --hand mano --object Teapot --count 24 --missing",
    )
    assert len(one(TRAIN.replace("Bottle", "bottle")).commands) == 1


def test_grasps_are_found_where_none_ship(monkeypatch):
    assert len(one(TRAIN).commands) == 1
    monkeypatch.setattr(subject, "shipped_grasps", lambda hand: frozenset({"Bottle"} if hand == "mano" else ()))
    assert len(one(TRAIN).commands) == 1
    found = one(TRAIN.replace("mano", "shadow")).commands[0]
    assert found == "hot grasps find --hand shadow --object Bottle --count 24 --missing"


def test_tasks_of_several_objects_are_trained():
    ours = command("python hot/run.py --task MultiSkillMimicHandRand --objnames Box Bottle")
    assert ours.startswith("hot train teacher --hand mano --object Box,Bottle --stage 1")


def test_a_student_of_several_objects_and_its_refined_clips():
    line = (
        "python hot/run.py --task MultiObjDistill --cfg_env hot/data/cfg/skillmimic_multiobjs_distill.yaml "
        "--objnames Bottle Box --motion_file a --refined_motion_file "
    )
    assert "hot distill --hand mano --object Bottle,Box" in command(line + "b")
    assert "--refined data/refined/mano" in command(line + "b")
    assert "--refined" not in command(line + "a")
    assert "--refined" not in command(line + "None")


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        (f"{TRAIN} --flex", "--flex"),
        (f"{TRAIN} --frames_scale 0.5", "--frames_scale"),
        (f"{TRAIN} --resume_from a.pth", "--resume_from"),
        (f"{TRAIN} --resume 1 --checkpoint a.pth", "--resume"),
        (f"{TRAIN} --save_images", "--save_images"),
        (f"{TRAIN} --disable_time_reweight", "--disable_time_reweight"),
        (f"{TRAIN} --minibatch_size 1000", "--minibatch_size"),
        (f"{TRAIN} --seed 0", "--seed 0"),
        (f"{TRAIN} --state_noise_prob 1.5", "--state_noise_prob 1.5"),
        (f"{TEST} --save_refined_data --objnames Box Bottle", "--objnames"),
        (f"{TRAIN} --hand_model leap", "--hand_model leap"),
        (f"{TEST} --build_blender_motion", "--build_blender_motion"),
        (f"{TEST} --state_init 30", "--state_init 30"),
        (f"{TEST} --episode_length 20", "--episode_length 20"),
        (f"{TEST} --save_refined_data --state_noise_prob 0.1", "--state_noise_prob"),
        ("python hot/run.py --task HumanoidWholeBody --objnames Box", "--task HumanoidWholeBody"),
        ("python hot/run.py --objnames Box", "--task"),
        ("bash finetune.sh", "--resume_from"),
        ("python hop_data_generator.py", "--obj_name"),
        ("python hop_data_generator.py --obj_name box --root_pos 0 0 1", "--root_pos"),
        ("python main.py --n_iter 3", "--n_iter"),
        ("N=3", "N"),
    ],
)
def test_what_has_no_counterpart_is_named_with_its_reason(line, flag):
    assert gaps(line)[flag]


@pytest.mark.parametrize(
    ("line", "near"),
    [
        (f"{RUN} --number_envs 3", "did you mean --num_envs?"),
        ("python hot/run.py --task SkilMimicHandRand --objnames Box", "did you mean SkillMimicHandRand?"),
        ("bash teacher_train_stag1.sh", "did you mean teacher_train_stage1.sh?"),
        ("python3 read_ptt.py", "did you mean read_pt.py?"),
    ],
)
def test_unknown_names_are_met_with_the_nearest(line, near):
    assert any(near in why for why in gaps(line).values())


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize(
    "line", [TRAIN, TEST, f"{TEST} --save_refined_data", TRAIN.replace("SkillMimicHandRand", "Distill")]
)
def test_every_flag_is_answered(name, line):
    """Written, done here anyway, or refused with a reason; never unknown."""
    value = {"SWITCH": "", "TEXTS": "Box", "TEXT": "x", "WHOLE": "40", "REAL": "0.5", "MAYBE": ""}
    translation = one(f"{line} --{name} {value[FLAGS[name].kind.name]}")
    assert not [gap for gap in translation.gaps if "no such flag" in gap.why or gap.why.startswith("takes a")]


@pytest.mark.parametrize(
    "line",
    ["conda activate hot", "cd x", "tar -xzvf x", "python read_pt.py --path a", "python change_position.py"],
)
def test_nothing_is_to_be_done_for_some(line):
    assert one(line).commands == ()
    assert one(line).notes and not one(line).gaps


def test_planner_and_grasp_search():
    assert command("python hop_data_generator.py --obj_name usb --hand_model shadow") == (
        "hot data generate --hand shadow --object USB --skill grasp,move,place"
    )
    assert command("python main.py --object_code_list ddg-kit_CokePlasticLarge --batch_size 64 --seed 2") == (
        "hot grasps find --hand mano --object Bottle --count 64 --seed 2"
    )
    assert len([text for text in one("bash open_selection.sh").commands if " generate " in text]) == 17


def test_the_open_loop_is_judged_beside_a_policy():
    assert command(TRAIN.replace("SkillMimicHandRand", "OpenLoop")).startswith("hot eval ")


def test_upstreams_files_are_taken_where_commands_can_read_them():
    training = command(f"{TRAIN} --motion_file m/grasp_kp")
    assert "--object Bottle --assets hot/data/assets/urdf" in training
    assert "--motions m/grasp_kp" in training
    judged = command(f"{TEST} --motion_file m/grasp_kp --checkpoint a.pth --use_res_action")
    assert "--policy a.pth --layout upstream --set action.mode=reference" in judged
    assert "--motions m/grasp_kp" in command(f"{TEST} --save_refined_data --motion_file m/grasp_kp")
    assert "--motions" not in command(f"{TRAIN.replace('Bottle', 'Bottle Box')} --motion_file m/grasp_kp")
    assert command("gdown x") == "hot data fetch"


def test_a_text_without_commands_is_refused():
    with pytest.raises(ConfigError, match="no command to translate"):
        translate("# nothing\n")
