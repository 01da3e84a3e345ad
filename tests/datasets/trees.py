"""Small trees of upstream's files."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

import torch

from hot import rotations
from hot.motions.clips import HandNames
from hot.motions.upstream_record import UpstreamClip, write_record

NAMES = (
    "dexgrasp_train_mano/bottle/grasp_higher_kp/001_bottle_0_1-0.pt",
    "dexgrasp_train_mano/bottle/grasp_higher_kp/001_bottle_0_1-1.pt",
    "dexgrasp_train_mano/bottle/ablation/throw_20_test_kp/008_bottle_11_0.pt",
    "dexgrasp_train_mano_20obj/usb/move_higher_kp/002_usb_3_2.pt",
    "dexgrasp_train_allegro/bottle/place_kp/003_bottle_0_2-0.pt",
    "graspmimic/dexgrasp_shadow/ball/000_ball_10.pt",
)
"""Of clips of two hands and three objects, and of a single grasp."""
_FINGERS_AND_BODIES = {"mano": (45, 16), "shadow": (22, 23), "allegro": (16, 17)}


class Names:
    """A hand of upstream's, by its sizes."""

    def __init__(self, name: str) -> None:
        fingers, bodies = _FINGERS_AND_BODIES[name]
        self.name = name
        self.joint_names = tuple(f"joint_{number}" for number in range(6 + fingers))
        self.key_bodies = tuple(f"body_{number}" for number in range(bodies))


def write_clip(path: Path, hand: HandNames, frames: int = 4, seed: int = 0) -> None:
    """A clip of smooth random motion."""
    generator = torch.Generator().manual_seed(seed)

    def drift(width: int) -> torch.Tensor:
        return 0.5 + (0.01 * torch.randn(frames, width, generator=generator)).cumsum(0)

    bodies = len(hand.key_bodies)
    clip = UpstreamClip(
        joint_pos=drift(len(hand.joint_names)),
        key_pos_w=drift(3 * bodies).view(frames, bodies, 3),
        object_pos_w=drift(3),
        object_quat_w=rotations.normalize(drift(4)),
        object_linvel_w=drift(3),
        contact=torch.ones(frames, dtype=torch.int8),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record(path, clip)


def write_tree(folder: Path, names: Iterable[str] = NAMES) -> Path:
    """Clips with these names, of the hands that they name."""
    for seed, name in enumerate(names):
        hand = next(hand for hand in _FINGERS_AND_BODIES if f"_{hand}" in name)
        write_clip(folder / name, Names(hand), seed=seed)
    return folder
