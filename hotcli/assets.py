"""``--assets``: objects of the original release's folder, under their names there, beside those of the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Sequence

import typer

from hot.errors import ConfigError
from hotcli import console


def find(folder: Optional[Path], names: Sequence[str], planned: bool) -> List[str]:
    """What names of objects mean with ``--assets``: object files, made of the folder's URDF files where that was not
    done before. Without a folder they are what they were.

    Args:
        folder: ``--assets``.
        names: ``--object``: names, or all; none takes the only object there is.
        planned: clips are planned from grasps, which are kept by the object's name.

    Raises:
        HotError: an object is not in the folder or cannot be used, or planning would take another one's grasps.
    """
    if folder is None:
        return list(names)
    from hot.objects import foreign

    files = [foreign.asset_file(folder, name) for name in _listed(folder, names)]
    for file in files if planned else []:
        _refuse_namesake(file)
    made: List[str] = []
    for file in files:
        console.note(f"Object: {file}")
        path, remarks = foreign.object_of_urdf(file)
        for remark in remarks:
            console.note(remark)
        made.append(str(path))
    return made


def find_one(folder: Optional[Path], name: Optional[str], planned: bool) -> Optional[str]:
    """As :func:`find`, of commands for a single object."""
    if folder is None:
        return name
    names = _listed(folder, [name] if name else [])
    if len(names) > 1:
        raise typer.BadParameter("choose one of those in --assets", param_hint="--object")
    return find(folder, names, planned)[0]


def _listed(folder: Path, names: Sequence[str]) -> List[str]:
    from hot.objects import foreign

    known = foreign.asset_names(folder)
    if not names and len(known) > 1:
        raise ConfigError(f"{folder} holds several objects, choose with --object: {console.names(known)}")
    every = not names or [name.lower() for name in names] == ["all"]
    return list(known) if every else list(dict.fromkeys(names))


def _refuse_namesake(file: Path) -> None:
    """The planner would take the grasps of the packaged object, which has another shape."""
    from hot.objects import packaged_names

    if any(file.stem.lower() == name.lower() for name in packaged_names()):
        raise ConfigError(
            f"the package has grasps of an object named {file.stem}, which are not for {file}: give clips with "
            f"--motions, or make it an object of your own: hot objects add {file} --name My{file.stem}"
        )
