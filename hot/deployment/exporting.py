"""Write a policy for other programs, after the file has proved to do what the policy does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping

from hot.deployment.deployed import Deployed
from hot.deployment.examples import Examples, random_examples, real_examples
from hot.deployment.formats import RUNNERS, WRITERS, Run, check_onnx
from hot.errors import ConfigError, HotError, UnknownNameError
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.physics import CONTROL_DT
from hot.policies import Policy, PolicyFile
from hot.tracking.config import ObservationConfig, TaskConfig
from hot.tracking.observations import parts
from hot.writing import write_atomically

FORMATS = tuple(WRITERS)
"""Names of the file formats."""
_RANDOM = 256
"""Random examples."""
_FRAMES = 60
"""Frames of each clip whose observations are tried."""
_TOLERANCE = 1e-4
"""Farthest that a drive target of the file may be from the policy's [m, rad]; 32-bit rounding leaves some 1e-6."""


@dataclass(frozen=True)
class Deployment:
    """What is tried and written: a policy of a hand, and clips of one object to see real observations on."""

    policy: Policy
    file: PolicyFile
    hand: HandSpec
    object_spec: ObjectSpec
    motions: Motions
    task: TaskConfig


def check_format(format_: str) -> None:
    """Refuse a format that does not exist or whose packages are missing.

    Raises:
        UnknownNameError: no such format.
        MissingDependencyError: what it needs is not installed.
    """
    if format_ not in WRITERS:
        raise UnknownNameError("format", format_, FORMATS)
    if format_ == "onnx":
        check_onnx()


def export(path: Path, format_: str, wanted: Deployment) -> Dict[str, Any]:
    """Write one file; what it says of itself, as JSON values.

    The file is run on random observations and on those of the clips, from perturbed starts, before it gets its name:
    its drive targets must be the policy's, and on the clips those that the task sent.

    Raises:
        UnknownNameError, MissingDependencyError: see :func:`check_format`.
        ConfigError: the hand is another one than the policy's, or has other joints.
        HotError: the file does something else than the policy; nothing is written.
        BadFileError: the file cannot be written.
    """
    check_format(format_)
    _check_hand(wanted.policy, wanted.hand)
    policy = wanted.policy
    deployed = Deployed(policy, wanted.hand)
    tried = {
        "random": random_examples(deployed, policy, wanted.hand, _RANDOM),
        "real": real_examples(deployed, policy, wanted.hand, wanted.object_spec, wanted.motions, wanted.task, _FRAMES),
    }
    meta = describe(deployed, wanted)
    with write_atomically(path) as temporary:
        # Some rows, not one: a batch of one is easily taken for a constant.
        WRITERS[format_](temporary, deployed, [value[:3] for value in tried["random"].inputs], meta)
        run = RUNNERS[format_](temporary)
        found = {name: _deviation(run, examples, name) for name, examples in tried.items()}
    return {**meta, "largest deviation": found}


def _check_hand(policy: Policy, hand: HandSpec) -> None:
    if policy.spec.hand != hand.name:
        raise ConfigError(f"this policy drives the {policy.spec.hand} hand, not {hand.name}")
    if policy.spec.joint_names != tuple(hand.joint_names):
        raise ConfigError(f"this policy was trained with other joints of the {hand.name} hand: train it again")


def _deviation(run: Run, examples: Examples, kind: str) -> float:
    """Largest difference of drive targets [m, rad], of one row alone too."""
    targets, _ = run(examples.inputs)
    one, _ = run([value[:1] for value in examples.inputs])
    largest = max(float((targets - examples.targets).abs().max()), float((one - examples.targets[:1]).abs().max()))
    if not largest < _TOLERANCE:  # false for NaN too
        raise HotError(
            f"the exported file differs from the policy by {largest:.2g} on {kind} observations, more than "
            f"{_TOLERANCE:g}: nothing is written"
        )
    return largest


def describe(deployed: Deployed, wanted: Deployment) -> Dict[str, Any]:
    """What a program that runs the file must know, as JSON values."""
    spec, hand = wanted.policy.spec, wanted.hand
    return {
        "policy": wanted.file.model_dump(),
        "hand": hand.name,
        "trained": _plain(spec.trained),
        "control_hz": round(1.0 / CONTROL_DT),
        "joint_names": list(spec.joint_names),
        "joint_lower": [round(float(value), 6) for value in hand.joint_lower],
        "joint_upper": [round(float(value), 6) for value in hand.joint_upper],
        "fingertips": list(hand.fingertips),
        "contact_bodies": list(hand.contact_bodies),
        "action": _plain(spec.action),
        "future_frames": list(ObservationConfig(**spec.observation).future_frames),
        "finger_frames": list(ObservationConfig(**spec.observation).finger_frames),
        "inputs": [port._asdict() for port in deployed.inputs],
        "outputs": [port._asdict() for port in deployed.outputs],
        "observation": observation_parts(spec.observation, hand),
    }


def observation_parts(observation: Mapping[str, Any], hand: HandSpec) -> Any:
    """The parts of a policy's observation in order, and where each begins."""
    rows, start = [], 0
    for part in parts(hand, ObservationConfig(**observation)):
        rows.append({"start": start, "size": part.size, "part": part.name, "meaning": part.meaning})
        start += part.size
    return rows


def _plain(values: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
