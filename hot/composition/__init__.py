"""Skills composed into long sequences: scripts, and clips that carry them out."""

from hot.composition.compose import compose, compose_random, timeline
from hot.composition.library import RANDOM, load_script, script_names
from hot.composition.script import Script

__all__ = ["RANDOM", "Script", "compose", "compose_random", "load_script", "script_names", "timeline"]
