"""What Isaac Gym is told: its solver, its importers, poses and masses."""
# pyright: reportMissingModuleSource=false
# Isaac Gym comes from NVIDIA and is seldom installed; its stubs are.

from __future__ import annotations

import isaacgym.gymapi as gymapi
import numpy as np
import torch

from hot.errors import ConfigError
from hot.hands.inertias import BodyInertia
from hot.physics.config import PhysicsConfig
from hot.physics.interface import CONTROL_DT

_CONTACT_PAIRS = 8 * 1024**2
"""Least room for contact pairs, as upstream's."""
_THREADS = 4
_MOST_ITERATIONS = 255
_ELSEWHERE = ("impratio", "ls_iterations", "multi_contact")
"""Choices of MuJoCo's solver; PhysX has no such."""


def check_choices(config: PhysicsConfig) -> None:
    """Refuse what Isaac Gym has no counterpart for.

    Raises:
        ConfigError: a choice of MuJoCo's solver was made, or more iterations than PhysX takes.
    """
    default = PhysicsConfig()
    for name in _ELSEWHERE:
        kept = getattr(default, name)
        if getattr(config, name) != kept:
            raise ConfigError(f"physics.{name}: a choice of MuJoCo's solver, not of Isaac Gym's. Leave it at {kept}")
    if config.iterations > _MOST_ITERATIONS:
        raise ConfigError(f"physics.iterations: PhysX takes at most {_MOST_ITERATIONS}, not {config.iterations}")


def sim_parameters(config: PhysicsConfig, device: torch.device, worlds: int) -> gymapi.SimParams:
    """The solver as upstream sets it (TGS); a call of simulate is one of our substeps, so that forces hold in each."""
    params = gymapi.SimParams()
    params.dt, params.substeps = CONTROL_DT / config.substeps, 1
    params.up_axis, params.gravity = gymapi.UP_AXIS_Z, gymapi.Vec3(0.0, 0.0, -9.81)
    params.use_gpu_pipeline = params.physx.use_gpu = device.type == "cuda"
    params.physx.solver_type = 1
    params.physx.num_threads = config.threads or _THREADS
    params.physx.num_position_iterations, params.physx.num_velocity_iterations = config.iterations, 0
    params.physx.contact_offset, params.physx.rest_offset = 0.02, 0.0
    params.physx.bounce_threshold_velocity = 0.2
    params.physx.max_depenetration_velocity = 10.0
    params.physx.default_buffer_size_multiplier = 10.0
    params.physx.max_gpu_contact_pairs = max(_CONTACT_PAIRS, config.contacts * worlds)
    params.physx.contact_collection = gymapi.CC_LAST_SUBSTEP
    return params


def body_options() -> gymapi.AssetOptions:
    """A body as our scene means it: nothing but gravity slows it, and its mass is what its file says."""
    options = gymapi.AssetOptions()
    options.linear_damping = options.angular_damping = 0.0
    options.max_angular_velocity = 100.0
    options.enable_gyroscopic_forces = True
    options.override_com = options.override_inertia = False
    return options


def hand_options(weightless: bool) -> gymapi.AssetOptions:
    options = body_options()
    options.fix_base_link, options.disable_gravity = True, weightless
    options.collapse_fixed_joints = False
    options.default_dof_drive_mode = int(gymapi.DOF_MODE_POS)
    return options


def at_height(height: float) -> gymapi.Transform:
    return gymapi.Transform(gymapi.Vec3(0.0, 0.0, height), gymapi.Quat(0.0, 0.0, 0.0, 1.0))


def set_inertia(properties: gymapi.RigidBodyProperties, inertia: BodyInertia) -> None:
    properties.mass, properties.invMass = inertia.mass, 1.0 / inertia.mass
    properties.com = gymapi.Vec3(*inertia.com.tolist())
    properties.inertia, properties.invInertia = _matrix(inertia.inertia), _matrix(np.linalg.inv(inertia.inertia))


def _matrix(values: np.ndarray) -> gymapi.Mat33:
    matrix = gymapi.Mat33()
    matrix.x, matrix.y, matrix.z = (gymapi.Vec3(*row) for row in values.tolist())
    return matrix
