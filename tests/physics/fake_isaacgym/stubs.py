"""What the published stubs say of Isaac Gym: names of attributes, and how many arguments a call takes."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import FrozenSet, Tuple


@lru_cache(maxsize=None)
def _text() -> str:
    files = metadata.files("isaacgym-stubs") or []
    path = next(file.locate() for file in files if file.name == "gymapi.pyi")
    return Path(str(path)).read_text(encoding="utf-8")


@lru_cache(maxsize=None)
def _class(name: str) -> str:
    found = re.search(rf"^class {name}\b.*?(?=^class |^def |\Z)", _text(), re.MULTILINE | re.DOTALL)
    assert found, f"the stubs know no class {name}"
    return found.group()


@lru_cache(maxsize=None)
def attributes(name: str) -> FrozenSet[str]:
    """Names of a class's attributes."""
    return frozenset(re.findall(r"^    (\w+): ", _class(name), re.MULTILINE))


@lru_cache(maxsize=None)
def parameters(call: str) -> Tuple[str, ...]:
    """Names of the parameters of one of Gym's calls, without ``self``; empty where the stubs leave them open."""
    found = re.search(rf"^    def {call}\(self,?(.*?)\) ->", _class("Gym"), re.MULTILINE | re.DOTALL)
    assert found, f"the stubs know no call {call}"
    return () if "*args" in found.group(1) else tuple(re.findall(r"(\w+)(?:: [^,]+)?(?:,|$)", found.group(1).strip()))
