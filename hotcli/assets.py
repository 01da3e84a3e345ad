"""``--assets``: objects of the original release's folder, under their names there, beside those of the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import typer

from hot.errors import ConfigError
from hotcli import console, options


def find(folder: Optional[Path], names: Optional[str], planned: bool) -> Optional[str]:
    """What ``--object`` means with ``--assets``: object files by commas, made of the folder's URDF files where that
    was not done before. Without a folder it is what it was.

    Args:
        folder: ``--assets``.
        names: ``--object``: a name, several by commas, or all; none takes the only object there is.
        planned: clips are planned from grasps, which are kept by the object's name.

    Raises:
        HotError: an object is not in the folder or cannot be used, or planning would take another one's grasps.
    """
    if folder is None:
        return names
    from hot.objects import foreign

    listed = _listed(folder, names)
    files = [foreign.asset_file(folder, name) for name in listed]
    for file in files if planned else []:
        _refuse_namesake(file)
    made: List[str] = []
    for file in files:
        console.note(f"Object: {file}")
        path, remarks = foreign.object_of_urdf(file)
        for remark in remarks:
            console.note(remark)
        made.append(str(path))
    return ",".join(made)


def find_one(folder: Optional[Path], name: Optional[str], planned: bool) -> Optional[str]:
    """As :func:`find`, of commands for a single object."""
    if folder is not None and len(_listed(folder, name)) > 1:
        raise typer.BadParameter("choose one of those in --assets", param_hint="--object")
    return find(folder, name, planned)


def _listed(folder: Path, names: Optional[str]) -> List[str]:
    from hot.objects import foreign

    known = foreign.asset_names(folder)
    if names is None and len(known) > 1:
        raise ConfigError(f"{folder} holds several objects, choose with --object: {console.names(known)}")
    listed = list(known) if names is None else options.split_names([names])
    return list(known) if [name.lower() for name in listed] == ["all"] else list(dict.fromkeys(listed))


def _refuse_namesake(file: Path) -> None:
    """The planner would take the grasps of the packaged object, which has another shape."""
    from hot.objects import packaged_names

    if any(file.stem.lower() == name.lower() for name in packaged_names()):
        raise ConfigError(
            f"the package has grasps of an object named {file.stem}, which are not for {file}: give clips with "
            f"--motions, or make it an object of your own: hot objects add {file} --name My{file.stem}"
        )
