"""From a hand, an object and a stage to one frozen, checked preset.

Order, later sources winning: the defaults of every room's ``config.py``, ``presets/hands/<hand>.yaml``,
``presets/stages/<stage>.yaml``, ``presets/engines/<engine>.yaml``, and what the caller overrides.
"""

from hot.presets.files import preset_folder, skill_names, test_frames
from hot.presets.preset import Preset, differences
from hot.presets.resolution import dump, load, override, resolve

__all__ = [
    "Preset",
    "differences",
    "dump",
    "load",
    "override",
    "preset_folder",
    "resolve",
    "skill_names",
    "test_frames",
]
