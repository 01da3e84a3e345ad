"""The flags of ``hot/run.py``, and what each becomes. Those without rules are read where commands are put together."""

from __future__ import annotations

from typing import Dict

from hot.migration.flags import Flag, Kind, differs, lacks, to

_SWITCH, _TEXT, _TEXTS = Flag(Kind.SWITCH), Flag(Kind.TEXT), Flag(Kind.TEXTS)
_IDLE = Flag(Kind.MAYBE)  # accepted by upstream, and read by nothing
_NO_DRAWING = lacks("training draws nothing; hot eval --video draws what was trained")
_OWN_SIZE = lacks("takes the object in its own size; hot objects add MESH --scale F makes one of another size")
_LONGER = "Leave episode_frames={} out for the preset's own length, long enough for a grasp to show its worth."
_OUR_FORM = "The reward takes the paper's form for that weight; the default form is linear in errors (docs/choices.md)."


def _weight(name: str) -> Flag:
    words = f"--set reward=product --set reward.{name}={{}}"
    return Flag(Kind.REAL, {"learn": to(words, _OUR_FORM, least=0)}, neutral=(-1,))


FLAGS: Dict[str, Flag] = {
    # Which command it is, and of what
    "task": _TEXT,
    "test": _SWITCH,
    "play": _SWITCH,
    "play_dataset": _SWITCH,
    "save_refined_data": _SWITCH,
    "postproc_hopdata": _SWITCH,
    "hand_model": _TEXT,
    "objnames": _TEXTS,
    "cfg_env": _TEXT,
    "cfg_train": _TEXT,
    "motion_file": _TEXT,
    "refined_motion_file": _TEXT,
    "checkpoint": _TEXT,
    "resume": Flag(Kind.WHOLE, neutral=(0,)),
    "resume_from": _TEXT,
    "experiment": _TEXT,
    "output_path": _TEXT,
    "headless": _SWITCH,
    "save_images": Flag(Kind.SWITCH, {"learn": _NO_DRAWING}),
    # Amounts
    "num_envs": Flag(
        Kind.WHOLE,
        {
            "learn": to("--num-envs {}", least=1),
            "judge": to(
                "--clips {}",
                "Upstream plays --num_envs clips, drawn at random, in 5 rounds each; here --clips of each skill, once.",
                1,
            ),
            "show": to("--clips {}", least=1),
        },
        neutral=(0,),
    ),
    "max_iterations": Flag(
        Kind.WHOLE,
        {
            "learn": to(
                "--epochs {}",
                "An epoch has half as many steps as upstream's, and a learning rate 25 times as high: leave --epochs "
                "out for as many as are needed here, or say --minutes.",
                least=1,
            )
        },
        neutral=(0,),
    ),
    "episode_length": Flag(
        Kind.WHOLE,
        {
            "precise": to("--set episode_frames={}", least=2),
            "general": to("--set episode_frames={}", _LONGER, least=2),
            "distill": to("--set episode_frames={}", _LONGER, least=2),
            "judge": to("--set evaluation.frames={}", least=30),
        },
        neutral=(0,),
    ),
    "seed": Flag(
        Kind.WHOLE,
        {"learn": to("--seed {}", least=1), "judge": to("--seed {}", least=1)},
        neutral=(-1,),
    ),
    "horizon_length": Flag(Kind.WHOLE, {"learn": to("--set ppo.horizon={}", least=1)}, neutral=(-1,)),
    "minibatch_size": Flag(Kind.WHOLE, neutral=(-1,)),
    # Starts and ends
    "state_init": _TEXT,
    "state_noise_prob": Flag(
        Kind.REAL,
        {
            "learn": to("--set reset.noise={}", least=0, most=1),
            "judge": to("--noise {}", least=0, most=1),
            "refine": lacks("clips are rolled out from their own first frame"),
        },
        neutral=(0,),
        absent={"learn": to("--set reset.noise=0", "Without --state_noise_prob upstream perturbs no start.")},
    ),
    "enable_early_termination": Flag(
        Kind.SWITCH,
        absent={
            "learn": to(
                "--set termination.enabled=false",
                "Without --enable_early_termination upstream ends no episode early, whatever its YAML says.",
            )
        },
    ),
    "reweight": _SWITCH,
    "reweight_alpha": Flag(Kind.REAL, {"learn": to("--set reset.hard_share={}", least=0, most=1)}, neutral=(0,)),
    "disable_time_reweight": Flag(
        Kind.SWITCH, {"learn": lacks("clips and start frames are weighted together, by how often they are given up")}
    ),
    # Objects
    "obj_rand_scale": Flag(
        Kind.SWITCH,
        {
            "precise": to("--set scaling.factors=[0.75,1.5] --set scaling.share=0.2"),
            "judge": to("--scales 0.75,1.5", "Clips are adapted to the object's size, and judged size by size."),
            "refine": _OWN_SIZE,
        },
        absent={
            "general": to("--set scaling.factors=[]"),
            "distill": to("--set scaling.factors=[]"),
        },
    ),
    "ball_size": Flag(
        Kind.REAL,
        {
            "learn": _OWN_SIZE,
            "judge": to("--scales {}", "Judged beside the object's own size, on clips adapted to it."),
            "refine": _OWN_SIZE,
        },
        neutral=(0, 1),
    ),
    "obj_rand_force": _IDLE,
    # What the policy sees and does
    "enable_obj_keypoints": Flag(Kind.SWITCH, absent={"learn": to("--set observation.points=0")}),
    "enable_dof_obs": _SWITCH,
    "enable_future_target_obs": _SWITCH,
    "enable_wrist_local_obs": _SWITCH,
    "refined_motion_as_obs": _SWITCH,
    "use_delta_action": Flag(
        Kind.SWITCH,
        {
            "learn": differs(
                "Actions are residuals on the reference, which explore by centimetres; offsets from where the wrist is "
                "explore by decimetres: --set action.mode=delta."
            )
        },
    ),
    "use_res_action": _SWITCH,
    # The reward
    "enable_ig_scale": _SWITCH,
    "ig": _weight("interaction"),
    "op": _weight("object_position"),
    "cg2": _weight("contact"),
    "cg1": _IDLE,
    # The machine
    "sim_device": _TEXT,
    "rl_device": _TEXT,
    "multi_gpu": _SWITCH,
    "pipeline": _TEXT,
    "graphics_device_id": _TEXT,
    "num_threads": Flag(
        Kind.WHOLE,
        {"learn": to("--set physics.threads={}", least=0), "judge": to("--set physics.threads={}", least=0)},
        neutral=(0,),
    ),
    "subscenes": _TEXT,
    "slices": _TEXT,
    "physx": _SWITCH,
    "flex": Flag(Kind.SWITCH, {"any": lacks("physics is MuJoCo's, whichever engine runs it; upstream's is PhysX")}),
    "torch_deterministic": Flag(
        Kind.SWITCH,
        {
            "learn": differs(
                "The same seed gives the same clips and the same judgement; training on a GPU is not exact to the bit."
            )
        },
    ),
    # What nothing is made of here
    "frames_scale": Flag(
        Kind.REAL,
        {"any": lacks("it only falsifies upstream's finite differences; clips here carry their velocities")},
        neutral=(0, 1),
    ),
    "build_blender_motion": Flag(
        Kind.SWITCH, {"any": lacks("nothing is written for Blender; hot eval --video draws, hot export refined keeps")}
    ),
    "blender_motion_length": _IDLE,
    "blender_motion_name": _IDLE,
    # Names only, and what upstream accepts without any effect
    "metadata": _IDLE,
    "task_type": _IDLE,
    "horovod": _IDLE,
    "projtype": _IDLE,
    "init_vel": _IDLE,
    "randomize": _IDLE,
    "logdir": _IDLE,
    "llc_checkpoint": _IDLE,
    "state_switch_prob": _IDLE,
    "state_search_to_align_reward": _IDLE,
    "eval_randskill": _IDLE,
    # Of upstream's guide to data, which its parser has dropped
    "object_asset": _IDLE,
    "show_keypos": _IDLE,
}
"""By name. Absent ones count where upstream's default is another than the preset's."""
