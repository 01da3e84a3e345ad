"""The policies at hand: the user's own in the data folder, and those that ship with the package.

A policy of one object is called like that object, any other as its keeper likes; what a policy was trained on, its own
file says.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from hot.assets import data_root, packaged
from hot.errors import BadFileError
from hot.policies.card import Card, read_card
from hot.policies.policy import PolicySpec

_LOG = logging.getLogger(__name__)
_KIND = "policies"


@dataclass(frozen=True)
class KeptPolicy:
    """A policy file of the library, and what it says of itself."""

    path: Path
    objects: Tuple[str, ...]
    """It was trained on these, in whatever sizes."""
    skills: Tuple[str, ...]
    """Empty where it does not say."""
    is_student: bool
    """Taught by other policies."""

    @property
    def name(self) -> str:
        """As ``--policy`` takes it: hand and name."""
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def ships(self) -> bool:
        """With the package; it is not the user's own."""
        return packaged(_KIND) in self.path.parents

    def knows(self, object_name: str) -> bool:
        """Whether it was trained on the object, or is called like it."""
        return _stem(object_name) in map(str.lower, (*self.objects, self.path.stem))

    def lacks(self, skills: Sequence[str]) -> int:
        """How many of the skills it was not trained on, as far as it says."""
        return len(set(skills) - set(self.skills)) if self.skills else 0


def own_folder() -> Path:
    """Where the user's own policies are kept, one folder a hand; they hide shipped ones of the same name."""
    return data_root() / _KIND


def find(hand: str, name: str) -> Optional[Path]:
    """The policy file of a hand and a name, the data folder's before the packaged one; None if there is neither.

    Paths of a hand's or an object's file count as their stems, and names are taken in any case.
    """
    return _files().get((_stem(hand), _stem(name)))


def names() -> List[str]:
    """``HAND/NAME`` of every policy file that :func:`find` can return, sorted."""
    return [f"{path.parent.name}/{path.stem}" for _, path in sorted(_files().items())]


def kept(hand: str) -> List[KeptPolicy]:
    """All policies of a hand, sorted by name; what cannot be read is left out with a warning."""
    found = []
    for _, path in sorted(item for item in _files().items() if item[0][0] == _stem(hand)):
        try:
            found.append(_described(path))
        except BadFileError as error:
            _LOG.warning("Left out: %s", error)
    return found


def suitable(hand: str, object_name: str, skills: Sequence[str]) -> List[KeptPolicy]:
    """The policies of a hand that can be asked to track an object, the best first.

    Those that know the object, then those of several objects, which take any object by its shape. Among either, those
    that lack the fewest of the skills; then the user's own before shipped ones; then students, those of more objects
    first, before others, those of fewer objects first.

    Raises:
        BadFileError: the policy that is called like the object cannot be read.
    """
    named = find(hand, object_name)
    if named is not None:
        _described(named)  # a damaged one is not passed over in favour of another
    able = [each for each in kept(hand) if each.knows(object_name) or len(each.objects) > 1]
    return sorted(
        able,
        key=lambda each: (
            not each.knows(object_name),
            each.lacks(skills),
            each.ships,
            not each.is_student,
            -len(each.objects) if each.is_student else len(each.objects),
        ),
    )


def cards() -> List[Tuple[Path, Card]]:
    """Every policy file that :func:`find` can return, with its card, sorted by hand and name.

    Raises:
        BadFileError: a card is missing or damaged.
    """
    return [(path, read_card(path)) for _, path in sorted(_files().items())]


def _described(path: Path) -> KeptPolicy:
    trained = PolicySpec.read(path).trained
    objects = tuple(dict.fromkeys(str(name).partition("@")[0] for name in trained.get("objects", ())))
    skills = tuple(str(skill) for skill in trained.get("skills", ()))
    return KeptPolicy(path, objects or (path.stem,), skills, bool(trained.get("teachers")))


def _stem(name: str) -> str:
    return Path(name).stem.lower()


def _files() -> Dict[Tuple[str, str], Path]:
    found: Dict[Tuple[str, str], Path] = {}
    for root in (packaged(_KIND), own_folder()):
        for path in root.glob("*/*.safetensors"):
            found[path.parent.name.lower(), path.stem.lower()] = path
    return found
