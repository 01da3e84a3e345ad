"""From upstream's command lines to ours, as text: nothing is run, and no file is read."""

from hot.migration.draft import Translation
from hot.migration.flags import Gap
from hot.migration.translating import translate

__all__ = ["Gap", "Translation", "translate"]
