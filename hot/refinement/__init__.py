"""What a policy really did, kept where it succeeded, as motions to learn from."""

from hot.refinement.realised import realised
from hot.refinement.refining import Refined, refine
from hot.refinement.report import PolicyFile, SkillRefinement, policy_file, write_refinement

__all__ = ["PolicyFile", "Refined", "SkillRefinement", "policy_file", "realised", "refine", "write_refinement"]
