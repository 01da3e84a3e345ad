"""Facts of upstream's release: its tasks, configurations, scripts, names of skills and objects."""

from __future__ import annotations

from typing import Dict, Mapping, NamedTuple, Tuple

TASKS: Mapping[str, str] = {
    "SkillMimicHandRand": "teacher",
    "SkillMimicBallPlay": "teacher",
    "SkillMimicBallPlayBlender": "teacher",
    "SkillMimic2BallPlayReweight": "teacher",
    "SkillMimic2BallPlayRandInd": "teacher",
    "HumanoidWholeBodyWithObject": "base",
    "HumanoidWholeBodyWithObjectPlane": "base",
    "HumanoidWholeBody": "base",
    "Distill": "student",
    "MultiObjDistill": "student",
    "OpenLoop": "open loop",
    "MultiSkillMimicBallPlay": "teacher of several",
    "MultiSkillMimic2BallPlayReweight": "teacher of several",
    "MultiSkillMimicHandRand": "teacher of several",
}
"""What each task class is for."""


HANDS = ("mano", "shadow", "allegro")


class EnvConfig(NamedTuple):
    """What an environment's YAML says that a command line may leave out."""

    objects: Tuple[str, ...]
    stage: int = 1


ENV_CONFIGS: Mapping[str, EnvConfig] = {
    "mano_stage1_precise_track": EnvConfig(("Bottle",)),
    "mano_stage2_noisey_generalize": EnvConfig(("Box",), stage=2),
    "shadow_stage1_precise_track": EnvConfig(("Bottle",)),
    "allegro_stage1_precise_track": EnvConfig(("Bottle",)),
    "skillmimic": EnvConfig(("Sword",)),
    "skillmimic_wrist": EnvConfig(("Sword",)),
    "skillmimic_wrist_open_loop": EnvConfig(("Bottle",)),
    "skillmimic_distill": EnvConfig(("Bottle",)),
    "skillmimic_multiobjs_distill": EnvConfig(("Basket", "Bottle", "Bowlround", "Sterilite", "Sword")),
}
"""By the stem of the file."""

LARGE_NETWORK = "[2048,1024,1024,512]"
"""Units of the MLPs of every train YAML named ``*large_mlp``."""

SKILLS: Mapping[int, str] = {
    1: "grasp",
    2: "move",
    3: "place",
    5: "regrasp",
    6: "rotate",
    7: "catch",
    8: "throw",
    9: "freemove",
}
"""By the number that begins the name of a clip's file."""

BUNDLE = ("grasp", "move", "place")
"""Skills of the folders named ``*_gmp``, and of training where a folder's name tells none."""

OBJECT_FOLDER = "hot/data/assets/urdf"
"""Where upstream keeps ``NAME/NAME.urdf`` and ``NAME/top_watertight_tiny.stl``."""

MESH_CODES: Mapping[str, str] = {
    "ddg-gd_soccer_ball_poisson_000": "Ball",
    "sem-Book-1fd8d3cdf525532b5b5a685c28abd3e": "Book",
    "ddg-kit_CokePlasticLarge": "Bottle",
    "mujoco-Footed_Bowl_Sand": "Bowl",
    "ddg-gd_rubik_cube_poisson_004": "Box",
    "sem-Gun-898424eaa40e821c2bf47341dbd96eb": "Gun",
    "sem-Hammer-5d4da30b8c0eaae46d7014c7d6ce68fc": "Hammer",
    "core-mug-1a1c0a8d4bad82169f0594e65f756cf5": "Mug",
    "sem-Pan-436e1ae9112384fbf4cc5d95933e54b": "Pan",
    "sem-Pencil-8bf01717c0d166fd271f8bae2df0a074": "Pencil",
    "ddg-gd_pliers_poisson_015": "Pliers",
    "ddg-ycb_044_flat_screwdriver": "Screwdriver",
    "mujoco-ASICS_GEL1140V_WhiteBlackSilver": "Shoe",
    "core-knife-bcc178786ae893835f7f383d5cbb672d": "Sword",
    "sem-USBStick-1baa93373407c8924315bea999e66ce3": "USB",
    "ddg-gd_champagne_glass_poisson_001": "Wineglass",
}
"""Objects by the names of their meshes in grasp synthesis."""

_TEACHER = (
    "python hot/run.py --task SkillMimicHandRand --num_envs 4096 --episode_length 60 "
    "--cfg_train hot/data/cfg/train/rlg/skillmimic_denseobj.yaml --enable_obj_keypoints --enable_ig_scale "
    "--use_delta_action --enable_dof_obs --enable_early_termination --headless"
)
_PLANNED = [
    "box",
    "sword",
    "bottle",
    "hammer",
    "shoe",
    "usb",
    "book",
    "bowl",
    "mug",
    "pencil",
    "pliers",
    "screwdriver",
    "stick",
    "wineglass",
    "gun",
    "pan",
    "ball",
]


class Script(NamedTuple):
    """What a shell script of upstream's runs, as released."""

    lines: Tuple[str, ...]
    note: str


SCRIPTS: Dict[str, Script] = {
    "teacher_train_stage1.sh": Script(
        (
            f"CUDA_VISIBLE_DEVICES=0 {_TEACHER} --cfg_env hot/data/cfg/mano/mano_stage1_precise_track.yaml "
            "--motion_file hot/data/motions/dexgrasp_train_mano_gmp/bottle --state_noise_prob 0.2 --objnames Bottle "
            "--max_iterations 20000",
        ),
        "As released: Bottle on GPU 0. Give other objects of the script with --object, one command each.",
    ),
    "teacher_train_stage2.sh": Script(
        (
            f"CUDA_VISIBLE_DEVICES=0 {_TEACHER} --cfg_env hot/data/cfg/mano/mano_stage2_noisey_generalize.yaml "
            "--motion_file hot/data/motions/dexgrasp_train_mano_gmp/bottle --state_noise_prob 0.5 --obj_rand_scale "
            "--objnames Bottle --max_iterations 10000 --resume_from 'output/skillmimic_Bottle_gpu0_new/nn/newest.pth'",
        ),
        "As released: Bottle on GPU 0. Give other objects of the script with --object, one command each.",
    ),
    "test.sh": Script(
        (
            "CUDA_VISIBLE_DEVICES=1 python hot/run.py --test --task SkillMimicHandRand --num_envs 1024 "
            "--cfg_env hot/data/cfg/mano/mano_stage1_precise_track.yaml "
            "--cfg_train hot/data/cfg/train/rlg/skillmimic_large_mlp.yaml "
            "--motion_file hot/data/motions/dexgrasp_train_mano_20obj --state_init 2 --enable_obj_keypoints "
            "--enable_dof_obs --use_delta_action --headless --objnames Basket Book Bowl Bowlround Eagle Flower Hand "
            "Headphones Pencil Pizza Spidermanfigure Stapler Sterilite Wineglass --checkpoint '[CHECKPOINT_PATH]'",
        ),
        "Its 42 runs are one matrix of objects by skills; --out FOLDER writes it as CSV and as a page. Its grasp and "
        "move run for 60 frames, too few for grasp's own rule; here each skill runs for its test length.",
    ),
    "finetune.sh": Script(
        tuple(
            f"CUDA_VISIBLE_DEVICES={gpu} {_TEACHER} --cfg_env hot/data/cfg/skillmimic_wrist.yaml "
            f"--motion_file hot/data/motions/dexgrasp_train_mano_20obj/{name.lower()} --objnames {name} "
            f"--max_iterations 10000 --resume_from 'checkpoint/teachers/{name.lower()}.pth'"
            for gpu, name in enumerate(("Airplane", "Ball", "Book", "Eagle", "Flyingdisc", "Hand"))
        ),
        "As released it does not run: its program and its configuration are not there.",
    ),
    "open_selection.sh": Script(
        tuple(f"python hop_data_generator.py --obj_name {name} --hand_model mano" for name in _PLANNED),
        "As released: 17 objects, MANO.",
    ),
}
"""By file name. Objects and GPUs are arrays in the scripts, which their users change."""
