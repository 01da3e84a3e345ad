"""The network, its normaliser and its layout as one file that can act, its card, and the library of both."""

from hot.policies.card import Card, CardRate, CardResult, CardStage, card_path, read_card, write_card
from hot.policies.identity import PolicyFile, policy_file
from hot.policies.library import KeptPolicy, cards, find, kept, names, own_folder, suitable
from hot.policies.network import Actor, Critic, PointEncoder
from hot.policies.policy import Policy, PolicySpec
from hot.policies.switched import SwitchedPolicy

__all__ = [
    "Actor",
    "Card",
    "CardRate",
    "CardResult",
    "CardStage",
    "Critic",
    "KeptPolicy",
    "PointEncoder",
    "Policy",
    "PolicyFile",
    "PolicySpec",
    "SwitchedPolicy",
    "card_path",
    "cards",
    "find",
    "kept",
    "names",
    "own_folder",
    "policy_file",
    "read_card",
    "suitable",
    "write_card",
]
