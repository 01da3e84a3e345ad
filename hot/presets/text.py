"""Presets as YAML text: plain values as YAML 1.2 reads them, and a key a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterable, Mapping

import yaml

from hot.errors import BadFileError, ConfigError


class _CoreLoader(yaml.SafeLoader):
    """YAML 1.2's plain values: ``1e-3`` is a number and ``on`` is a word, unlike PyYAML's 1.1."""

    yaml_implicit_resolvers = {  # noqa: RUF012  PyYAML's own attribute
        first: [pair for pair in pairs if pair[0] not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:float")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$"),
    list("-+.0123456789"),
)


class _ShortListDumper(yaml.SafeDumper):
    """A key a line, and every list on the line of its key."""

    def represent_list(self, data: Iterable[Any]) -> yaml.SequenceNode:
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


_ShortListDumper.add_representer(list, _ShortListDumper.represent_list)


def parse(text: str, where: str) -> Any:
    """The plain value of YAML text; ``where`` is blamed for text that is none.

    Raises:
        ConfigError: not YAML.
    """
    try:
        return yaml.load(text, Loader=_CoreLoader)  # a SafeLoader: builds plain values only
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: is not YAML ({' '.join(str(error).split())})") from error


def read(path: Path) -> Dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        BadFileError: the file cannot be read, or holds no mapping.
        ConfigError: not YAML.
    """
    try:
        values = parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(path, f"cannot be read ({error})") from error
    if not isinstance(values, dict):
        raise BadFileError(path, "holds no preset: a mapping of keys to values is needed")
    return values


def write(values: Mapping[str, Any]) -> str:
    """YAML text that :func:`parse` reads back."""
    return yaml.dump(dict(values), Dumper=_ShortListDumper, sort_keys=False)
