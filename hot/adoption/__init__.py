"""Hands that others published, made into hand files of ours: derived, tried in simulation, kept in the data folder."""

from hot.adoption.adopting import Adoption, adopt_hand, own_path
from hot.adoption.config import AdoptionConfig

__all__ = ["Adoption", "AdoptionConfig", "adopt_hand", "own_path"]
