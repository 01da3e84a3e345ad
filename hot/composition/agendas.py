"""What each clip is to do: its script, the steps of it, and with what the rest of it can be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Optional, Sequence, Tuple

from hot.composition.lookahead import Outlook, look_ahead
from hot.composition.repertoire import Repertoire
from hot.composition.script import Script, SkillStep
from hot.errors import HotError


@dataclass(frozen=True, eq=False)
class Agenda:
    """A script, looked through."""

    script: Script
    steps: Tuple[SkillStep, ...]
    outlook: Outlook


class Agendas:
    """The different agendas of some clips, which may change when tosses are tried and lost.

    Args:
        scripts: of each clip.
        redraw: another script, for those that prove impossible when tosses are tried; without it tosses that were
            lost will do.

    Raises:
        HotError: what a script asks for cannot be done with any grasp.
    """

    def __init__(
        self, repertoire: Repertoire, scripts: Sequence[Script], redraw: Optional[Callable[[], Script]] = None
    ) -> None:
        self._repertoire, self._redraw = repertoire, redraw
        different = list(dict.fromkeys(scripts))
        self.numbers = [different.index(script) for script in scripts]
        """Of each clip's agenda."""
        self._agendas = [self._agenda(script) for script in different]

    def __getitem__(self, number: int) -> Agenda:
        return self._agendas[number]

    @property
    def scripts(self) -> List[Script]:
        """Of each clip."""
        return [self[number].script for number in self.numbers]

    def look_again(self, clips: Sequence[int]) -> None:
        """Tosses that were tried and lost are ways no more: what some clips can still do may be less than before."""
        for number in sorted({self.numbers[clip] for clip in clips}):
            try:
                self._agendas[number] = self._agenda(self[number].script)
            except HotError:
                if self._redraw is None:
                    self._repertoire.trials.forgive()
                    self._agendas[number] = self._agenda(self[number].script)
                    continue
                for clip in clips:
                    if self.numbers[clip] == number:
                        self._replace(clip, self._redraw())

    def _replace(self, clip: int, script: Script) -> None:
        self.numbers[clip] = len(self._agendas)
        self._agendas.append(self._agenda(script))

    def _agenda(self, script: Script) -> Agenda:
        return Agenda(script, tuple(script.flat()), look_ahead(self._repertoire, script))
