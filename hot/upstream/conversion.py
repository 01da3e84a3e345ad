"""From a checkpoint to a policy: whose hand, which observation, what its actions mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

import torch
from pydantic import ValidationError
from torch import Tensor

from hot.errors import BadFileError, ConfigError
from hot.hands import HandSpec, load_hand, upstream_hands
from hot.policies import Policy, PolicySpec
from hot.tracking.config import ActionConfig, ObservationConfig
from hot.tracking.observations import layout
from hot.upstream.checkpoint import Checkpoint, read_checkpoint

ACTION_KEYS = ("mode", "drives")
"""What a checkpoint does not say of its actions and can be told, with the keys of the action's configuration."""
_MODES = {"mano": "delta", "shadow": "reference", "allegro": "delta"}
"""As upstream's README tests each hand, though it trains all of them with ``--use_delta_action``."""
_CUT, _POINTS, _PLAIN_POINTS = 268, 200, 20
"""Where upstream's encoder takes the object's points from, whichever hand: right for MANO alone."""
_FUTURE = {"mano": 500, "shadow": 710, "allegro": 530}
"""Numbers that ``--enable_future_target_obs`` adds."""


def to_policy(path: Path, action: Optional[Mapping[str, Any]] = None) -> Policy:
    """A policy that sees and acts as a checkpoint of the original release does there.

    Args:
        path: a ``.pth`` file of rl-games 1.1.4.
        action: what else its actions mean than upstream's README says for the hand, by ``ACTION_KEYS``.

    Raises:
        BadFileError: see :func:`read_checkpoint`; or it fits no hand and no observation of the original release.
        ConfigError: ``action`` has another key, or a value that is none.
    """
    checkpoint = read_checkpoint(path)
    hand = _hand_of(path, checkpoint)
    observation = _observation_of(path, checkpoint, hand)
    dense = checkpoint.encoder is not None
    spec = PolicySpec(
        hand=hand.name,
        joint_names=tuple(hand.joint_names),
        layout=layout(hand, observation),
        points=_POINTS if dense else 0,
        hidden=tuple(len(bias) for _, bias in checkpoint.layers[:-1]),
        point_features=_features(path, checkpoint),
        action=_action(hand.name, action or {}).model_dump(mode="json"),
        observation=observation.model_dump(mode="json"),
        trained={"origin": "upstream", "epochs": checkpoint.epoch},
        activation="relu",
        points_start=_CUT if dense else None,
    )
    actor = Policy.make_actor(spec)
    try:
        actor.load_state_dict(_weights(checkpoint, spec))
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise BadFileError(path, f"has layers that do not fit its observation: {reason}") from error
    return Policy(spec, actor, checkpoint.mean, checkpoint.std)


def _hand_of(path: Path, checkpoint: Checkpoint) -> HandSpec:
    hands = {name: load_hand(name) for name in upstream_hands()}
    for hand in hands.values():
        if hand.num_joints == checkpoint.num_actions:
            return hand
    sizes = ", ".join(f"{name} {hand.num_joints}" for name, hand in hands.items())
    raise BadFileError(path, f"has {checkpoint.num_actions} actions; upstream's hands have {sizes}")


def _observation_of(path: Path, checkpoint: Checkpoint, hand: HandSpec) -> ObservationConfig:
    """The observation whose size is the checkpoint's."""
    counts = (_POINTS,) if checkpoint.encoder is not None else (_PLAIN_POINTS, 0)
    possible = [_configured(points, joints) for points in counts for joints in (True, False)]
    sizes = {sum(size for _, size in layout(hand, config)): config for config in possible}
    if checkpoint.num_observations in sizes:
        return sizes[checkpoint.num_observations]
    known, ahead = ", ".join(map(str, sizes)), checkpoint.num_observations - _FUTURE[hand.name]
    hint = "; it was trained with --enable_future_target_obs, which is not supported" if ahead in sizes else ""
    raise BadFileError(
        path,
        f"sees {checkpoint.num_observations} numbers; with {hand.name} and such a network upstream has {known}{hint}",
    )


def _configured(points: int, joints: bool) -> ObservationConfig:
    return ObservationConfig(
        layout="upstream", points=points, reference_joints=joints, future_frames=(), finger_frames=()
    )


def _features(path: Path, checkpoint: Checkpoint) -> int:
    """Length of the code of the object's points; of no account where there is no encoder."""
    if checkpoint.encoder is None:
        return 1
    if checkpoint.num_observations < _CUT + 3 * _POINTS:
        raise BadFileError(path, f"sees {checkpoint.num_observations} numbers, too few for its encoder of 200 points")
    return len(checkpoint.encoder[1][1])


def _action(hand: str, given: Mapping[str, Any]) -> ActionConfig:
    odd = [key for key in given if key not in ACTION_KEYS]
    if odd:
        raise ConfigError(
            f"action.{odd[0]} has no meaning for a policy of the original release; there are "
            f"{' and '.join(f'action.{key}' for key in ACTION_KEYS)}"
        )
    values = {"mode": _MODES[hand], "drives": "upstream", "follow_object": False, "feed_forward": False, **given}
    if values["mode"] == "residual":
        raise ConfigError("upstream's residual actions are called action.mode=reference")
    try:
        return ActionConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"action.{first['loc'][0]}: {first['msg']}, got '{first['input']}'") from error


def _weights(checkpoint: Checkpoint, spec: PolicySpec) -> Dict[str, Tensor]:
    """The checkpoint's layers under the names of :class:`hot.policies.Actor`."""
    *hidden, last = checkpoint.layers
    names: List[Tuple[str, Tuple[Tensor, Tensor]]] = [(f"hidden.{2 * n}", layer) for n, layer in enumerate(hidden)]
    names.append(("last", last))
    fresh = Policy.make_actor(spec).state_dict()
    encoder = checkpoint.encoder or tuple((fresh[f"{n}.weight"], fresh[f"{n}.bias"]) for n in _ENCODER)
    names += zip(_ENCODER, encoder)
    weights = {f"{name}.{kind}": value for name, layer in names for kind, value in zip(("weight", "bias"), layer)}
    if hidden:  # our inputs come in multiples of some numbers, the last of which are zeros
        first = weights["hidden.0.weight"]
        padding = fresh["hidden.0.weight"].shape[1] - first.shape[1]
        weights["hidden.0.weight"] = torch.nn.functional.pad(first, (0, max(padding, 0) if padding < 8 else 0))
    return weights


_ENCODER = ("encoder.each", "encoder.all")
