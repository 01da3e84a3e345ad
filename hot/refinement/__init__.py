"""What a policy really did, kept where it succeeded, as motions to learn from."""

from hot.refinement.realised import realised
from hot.refinement.refining import Refined, refine
from hot.refinement.report import SkillRefinement, write_refinement

__all__ = ["Refined", "SkillRefinement", "realised", "refine", "write_refinement"]
