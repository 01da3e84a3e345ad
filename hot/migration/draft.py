"""A translation while it is being written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Tuple

from hot.migration.flags import TAKEN, Flags, Gap, Given, Rule, number
from hot.migration.shell import ShellCommand, quoted


@dataclass(frozen=True)
class Translation:
    """What one upstream command is here."""

    source: str
    commands: Tuple[str, ...]
    """In order; those that are left if there are gaps."""
    notes: Tuple[str, ...]
    """What differs."""
    gaps: Tuple[Gap, ...]
    """What has no counterpart."""


@dataclass
class Draft:
    """Commands, notes and gaps as they gather."""

    source: ShellCommand
    kind: str
    """Of the last command: the name by which rules of flags are found."""
    groups: Tuple[str, ...] = ()
    """Names of the groups of kinds that it belongs to."""
    environment: Dict[str, str] = field(default_factory=dict)
    words: List[str] = field(default_factory=list)
    """Of the last command."""
    before: List[str] = field(default_factory=list)
    """Commands that must come first."""
    notes: List[str] = field(default_factory=list)
    gaps: List[Gap] = field(default_factory=list)

    def put(self, *words: str) -> None:
        """Add words to the last command."""
        self.words += words

    def put_option(self, option: str, value: str) -> None:
        """Add an option to the last command, once."""
        pairs = list(zip(self.words, self.words[1:]))
        if (option, value) not in pairs:
            self.put(option, value)

    def note(self, text: str) -> None:
        """Say what differs, once."""
        if text not in self.notes:
            self.notes.append(text)

    def lack(self, flag: str, why: str) -> None:
        """Say what has no counterpart."""
        self.gaps.append(Gap(flag, why))

    def apply(self, flags: Flags, given: Given) -> None:
        """Add what a table says of the flags that were given, and of those that were not."""
        self.gaps += given.gaps
        for name, flag in flags.items():
            if name in given:
                self._follow(name, self._rule(flag.rules), given.text(name))
            else:
                self._follow(name, self._rule(flag.absent), "")

    def finish(self) -> Translation:
        """All of it, as it stands."""
        prefix = [f"{name}={quoted(value)}" for name, value in self.environment.items()]
        last = [" ".join([*prefix, *map(quoted, self.words)])] if self.words else []
        return Translation(self.source.source, (*self.before, *last), tuple(self.notes), tuple(self.gaps))

    def _rule(self, rules: Mapping[str, Rule]) -> Rule:
        names = (self.kind, *self.groups, "any")
        return next((rules[name] for name in names if name in rules), TAKEN)

    def _follow(self, name: str, rule: Rule, value: str) -> None:
        amount = number(value)
        if rule.lacks:
            return self.lack(f"--{name}", rule.lacks)
        if amount is not None and not rule.least <= amount <= rule.most:
            low, high = (f"{bound:g}" for bound in (rule.least, rule.most))
            return self.lack(f"--{name} {value}", f"must be from {low} to {high} here")
        words = [word.replace("{}", value) for word in rule.words.split()]
        for option, text in zip(words[::2], words[1::2]):
            self.put_option(option, text)
        if rule.remark:
            self.note(rule.remark.replace("{}", value))
