"""The network, its normaliser and its layout as one file that can act."""

from hot.policies.network import Actor, Critic, PointEncoder
from hot.policies.policy import Policy, PolicySpec

__all__ = ["Actor", "Critic", "PointEncoder", "Policy", "PolicySpec"]
