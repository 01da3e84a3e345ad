"""The policies at hand: the user's own in the data folder, and those that ship with the package."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional, Tuple

from hot.assets import data_root, packaged
from hot.policies.card import Card, read_card

_KIND = "policies"


def own_folder() -> Path:
    """Where the user's own policies are kept, one folder a hand; they hide shipped ones of the same name."""
    return data_root() / _KIND


def find(hand: str, object_name: str) -> Optional[Path]:
    """The policy file of a hand and an object, the data folder's before the packaged one; None if there is neither.

    Paths of a hand's or an object's file count as their stems, and names are taken in any case.
    """
    wanted = (Path(hand).stem.lower(), Path(object_name).stem.lower())
    return _files().get(wanted)


def files(hand: str) -> Dict[str, Path]:
    """The policy files of a hand, by the objects' names as the files spell them."""
    wanted = Path(hand).stem.lower()
    return {path.stem: path for (of, _), path in sorted(_files().items()) if of == wanted}


def cards() -> List[Tuple[Path, Card]]:
    """Every policy file that :func:`find` can return, with its card, sorted by hand and object.

    Raises:
        BadFileError: a card is missing or damaged.
    """
    return [(path, read_card(path)) for _, path in sorted(_files().items())]


def _files() -> Dict[Tuple[str, str], Path]:
    found: Dict[Tuple[str, str], Path] = {}
    for root in (packaged(_KIND), own_folder()):
        for path in root.glob("*/*.safetensors"):
            found[path.parent.name.lower(), path.stem.lower()] = path
    return found
