"""Read the subset of MJCF that hand files use, with default classes applied."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from hot.errors import BadFileError

_Attributes = Dict[str, str]
_ROOT_CLASS = "main"
_FOREIGN_FRAMES = {"euler", "axisangle", "xyaxes", "zaxis", "fromto"}


class MjcfFile:
    """One parsed MJCF file whose elements can be read with their default classes applied."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            BadFileError: missing, or not the XML of one MuJoCo model.
        """
        self.path = Path(path)
        if not self.path.is_file():
            raise BadFileError(self.path, "no such hand file")
        try:
            self.root = ET.parse(str(self.path)).getroot()
        except (ET.ParseError, OSError) as error:
            raise BadFileError(self.path, f"is not readable XML ({error})") from error
        if self.root.tag != "mujoco":
            raise BadFileError(self.path, f"is not an MJCF model: its root is <{self.root.tag}>, not <mujoco>")
        self._defaults: Dict[str, Dict[str, _Attributes]] = {_ROOT_CLASS: {}}
        top = self.root.find("default")
        if top is not None:
            self._read_default(top, _ROOT_CLASS, {})

    def _read_default(self, element: ET.Element, name: str, inherited: Dict[str, _Attributes]) -> None:
        merged = {tag: dict(attributes) for tag, attributes in inherited.items()}
        nested = []
        for child in element:
            if child.tag == "default":
                nested.append(child)
            else:
                merged.setdefault(child.tag, {}).update(child.attrib)
        self._defaults[name] = merged
        for child in nested:
            self._read_default(child, child.get("class", ""), merged)

    def fail(self, problem: str) -> BadFileError:
        """The error that this file has ``problem``."""
        return BadFileError(self.path, problem)

    def section(self, path: str) -> ET.Element:
        """The element at an ElementTree path below the root.

        Raises:
            BadFileError: there is none.
        """
        found = self.root.find(path)
        if found is None:
            raise self.fail(f"lacks {path}")
        return found

    def attributes(self, element: ET.Element, childclass: Optional[str] = None) -> _Attributes:
        """Attributes of an element over those of its class (its own, else ``childclass``, else the top default).

        Raises:
            BadFileError: the class is not defined, or the element is oriented by anything but ``quat``.
        """
        name = element.get("class", childclass or _ROOT_CLASS)
        if name not in self._defaults:
            raise self.fail(f"uses the default class '{name}', which it does not define")
        attributes = {**self._defaults[name].get(element.tag, {}), **element.attrib}
        foreign = _FOREIGN_FRAMES & set(attributes)
        if foreign:
            raise self.fail(f"orients a <{element.tag}> by {', '.join(sorted(foreign))}; use quat")
        return attributes

    def numbers(self, attributes: _Attributes, key: str, default: str = "") -> Tuple[float, ...]:
        """The numbers of one attribute, or of ``default``.

        Raises:
            BadFileError: the attribute is missing and has no default, or is not numbers.
        """
        text = attributes.get(key, default)
        owner = attributes.get("name", "an unnamed element")
        try:
            values = tuple(float(word) for word in text.split())
        except ValueError as error:
            raise self.fail(f"{owner}: {key} is not a list of numbers ('{text}')") from error
        if not values:
            raise self.fail(f"{owner}: lacks {key}")
        return values

    def bodies(self) -> Iterator[Tuple[ET.Element, int, Optional[str]]]:
        """Each body, depth first, with the index of its parent (-1: the world) and its childclass."""
        stack: List[Tuple[ET.Element, int, Optional[str]]] = []
        stack += [(body, -1, None) for body in reversed(self.section("worldbody").findall("body"))]
        index = 0
        while stack:
            body, parent, inherited = stack.pop()
            childclass = body.get("childclass", inherited)
            yield body, parent, childclass
            stack += [(child, index, childclass) for child in reversed(body.findall("body"))]
            index += 1

    def names_in_tuple(self, name: str) -> Tuple[str, ...]:
        """Object names of one custom tuple.

        Raises:
            BadFileError: there is no such tuple.
        """
        section = self.section(f"custom/tuple[@name='{name}']")
        return tuple(element.get("objname", "") for element in section.findall("element"))
