"""Facts of a hand: its joints, drives, named bodies, and where its bodies are for given joint positions."""

from hot.hands.kinematics import BodyPoses, BodyVelocities, Kinematics
from hot.hands.spec import HandSpec, hand_names, load_hand, own_hands_folder, packaged_hand_names
from hot.hands.upstream import upstream_hands, with_upstream_drives

__all__ = [
    "BodyPoses",
    "BodyVelocities",
    "HandSpec",
    "Kinematics",
    "hand_names",
    "load_hand",
    "own_hands_folder",
    "packaged_hand_names",
    "upstream_hands",
    "with_upstream_drives",
]
