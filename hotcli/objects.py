"""``hot objects``: the objects at hand, and new ones from meshes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import BadFileError, ConfigError, HotError, MissingDependencyError
from hotcli import console, options, progress

if TYPE_CHECKING:
    from numpy import ndarray

    from hot.objects import ObjectSpec
    from hot.objects.adding import NewObject
    from hot.objects.inertial import Inertial
    from hot.objects.meshes import SolidMesh
    from hot.progress import Progress
    from hot.synthesis import RestingPoses

app = typer.Typer(no_args_is_help=True, help="The objects at hand, and new ones from meshes.")

_DROPPING_HAND = "mano"  # it only completes the scene in which an object is dropped
_SHOWN_POSES = 4
_GENTLE = 0.05  # tilt [rad] from which a pose of a wobbly object must come back


@app.command("list")
def list_(as_json: options.JsonOption = False) -> None:
    """List all objects, those that ship and one's own."""
    from hot.objects import load_object, object_names

    rows = [_facts(load_object(name)) for name in object_names()]
    if as_json:
        return console.show_json(rows)
    columns = ["object", "from", "symmetry", "grasps", "parts", "mass [kg]", "size [cm]", "resting poses"]
    cells = [
        [
            row["name"],
            row["from"],
            row["symmetry"],
            ", ".join(f"{hand} {count}" for hand, count in row["grasps"].items()) or "-",
            str(row["parts"]),
            f"{row['mass_kg']:.3f}",
            _size(row),
            str(len(row["resting_poses"])),
        ]
        for row in rows
    ]
    console.show_table("Objects", columns, cells, words=4)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="OBJECT", help="A name, in any case, or a .yaml file.")],
    png: Annotated[Optional[Path], typer.Option("--png", help="Draw it in its resting poses.")] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Say what one object is like: its facts, and how it lies on the table."""
    from hot.objects import load_object

    spec = load_object(name)
    if png is not None:
        _draw(spec, _resting_of(spec.name), png)
        console.note(f"Written: {png}")
    facts = _facts(spec)
    if as_json:
        return console.show_json(facts)
    console.show(f"{spec.name} ({facts['from']}): {facts['mass_kg']:.3g} kg, {_size(facts)} cm, {facts['parts']} parts")
    console.show(f"symmetry: {facts['symmetry']}")
    console.show(f"inertia [kg cm2]: {', '.join(f'{1e4 * moment:.3g}' for moment in facts['principal_inertia_kg_m2'])}")
    grasps = [f"{hand} {count}" for hand, count in facts["grasps"].items()]
    console.show(f"grasps: {console.names(grasps)}")
    poses = facts["resting_poses"]
    if not poses:
        return console.show(f"resting poses: none yet; hot data generate --object {name} --new-grasps 24 finds them")
    cells = [[pose["class"], f"{100 * pose['share']:.0f}", f"{100 * pose['height_m']:.1f}"] for pose in poses]
    console.show_table("Resting poses", ["class", "of drops [%]", "height [cm]"], cells, words=1)


@app.command()
def add(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="A mesh (obj, stl, ply, glb, gltf, off; in metres), or a .urdf file of a rigid object."
        ),
    ],
    name: Annotated[Optional[str], typer.Option("--name", help="Of the object.", show_default="the file's")] = None,
    mass: Annotated[Optional[float], typer.Option("--mass", help="In kg; else a .urdf file's own.")] = None,
    density: Annotated[
        Optional[float], typer.Option("--density", help="In kg/m3, instead.", show_default="500")
    ] = None,
    scale: Annotated[float, typer.Option("--scale", help="Factor; 0.001 for a mesh in millimetres.")] = 1.0,
    symmetry: Annotated[
        str, typer.Option("--symmetry", help="guess, none, sphere, or x, y or z: the mesh's axis of free spin.")
    ] = "guess",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the drops.")] = 1,
) -> None:
    """Make an object of a mesh or a URDF file: closed, cut into convex parts, dropped to find its resting poses."""
    from hot.objects import adding, own_folder

    name = adding.free_name(name or path.stem)
    if _grasp_counts(name):
        raise ConfigError(f"there are grasps of an earlier object named {name}; choose another name: --name NAME")
    if not 0 < scale < float("inf"):
        raise typer.BadParameter(f"must be positive, not {scale:g}", param_hint="--scale")
    solid, given, corners = _read(path, scale)
    inertial = adding.inertial_of(solid, mass, density, given)
    told = adding.remarks(solid, inertial)
    for remark in told:
        console.note(remark)
    with progress.drawn() as listener:
        listener("cutting into convex parts", 0, 1, {})
        made = adding.make_object(name, solid, inertial, symmetry, corners)
        listener("cutting into convex parts", 1, 1, {"parts": len(made.spec.parts)})
        resting = _drop(made.spec, seed, listener)
    comments = (f"Made by hot objects add from {path.name}, scale {scale:g}.", *told)
    resting.save()
    picture = own_folder() / f"{name}.png"
    try:
        _draw(made.spec, resting, picture)
    except MissingDependencyError as error:
        console.note(f"No picture: {error}")
    adding.write_object(own_folder() / f"{name}.yaml", made.entry, comments)
    _tell(made, resting)


def _read(path: Path, scale: float) -> Tuple[SolidMesh, Optional[Inertial], Optional[ndarray]]:
    """What a file says of an object: its shape, how heavy it is, and the corners that show it, as far as it says."""
    from hot.objects import meshes, urdf

    if path.suffix.lower() != ".urdf":
        return meshes.read_mesh(path, scale), None, None
    found = urdf.read_urdf(path, scale)
    return found.solid, found.inertial, found.corners


def _tell(made: NewObject, resting: RestingPoses) -> None:
    """Say what a mesh became, and what to do next."""
    from hot.objects import own_folder

    facts = _facts(made.spec)
    mean, largest = (1000 * value for value in made.deviation)
    console.show(
        f"{made.spec.name}: {facts['mass_kg']:.3g} kg, {_size(facts)} cm, symmetry {facts['symmetry']}, "
        f"{facts['parts']} parts ({mean:.1f} mm off the surface on average, {largest:.1f} at most), "
        f"{len(resting)} resting poses"
    )
    console.note(f"Written: {own_folder() / made.spec.name}.yaml and its picture beside it")
    console.note(f"Next: hot data generate --object {made.spec.name} --new-grasps 24")


def _drop(spec: ObjectSpec, seed: int, listener: Progress) -> RestingPoses:
    """The resting poses of a new object; of a wobbly one those that withstand a gentler nudge."""
    from hot.hands import load_hand
    from hot.synthesis import RestingConfig, find_resting_poses

    hand = load_hand(_DROPPING_HAND)
    for config in (RestingConfig(), RestingConfig(nudge=_GENTLE)):
        found = find_resting_poses(hand, spec, config, seed, listener)
        if len(found):
            return found
    raise HotError(f"{spec.name} rolls over from every pose; it needs a flatter side to be put down on")


def _resting_of(name: str) -> Optional[RestingPoses]:
    from hot.synthesis import load_resting

    try:
        return load_resting(name)
    except BadFileError:
        return None


def _draw(spec: ObjectSpec, resting: Optional[RestingPoses], path: Path) -> None:
    """Write a picture of an object in its most frequent resting poses."""
    import numpy as np

    from hot.physics.object_portrait import draw_portrait
    from hot.writing import write_png

    quats = np.array([[1.0, 0.0, 0.0, 0.0]]) if resting is None else resting.quat_w[:_SHOWN_POSES].double().numpy()
    picture = draw_portrait(spec, quats, width=320 + 240 * (len(quats) - 1), height=320, caption=spec.name)
    write_png(path, picture)


def _facts(spec: ObjectSpec) -> Dict[str, Any]:
    import numpy as np

    from hot.objects import own_names, packaged_names

    resting = _resting_of(spec.name)
    origin = "packaged" if spec.name in packaged_names() else "own" if spec.name in own_names() else "file"
    return {
        "name": spec.name,
        "from": origin,
        "parts": len(spec.parts),
        "mass_kg": spec.mass,
        "size_m": spec.mesh.extents.tolist(),
        "principal_inertia_kg_m2": np.linalg.eigvalsh(spec.inertia).tolist(),
        "symmetry": _symmetry_text(spec),
        "resting_poses": [] if resting is None else _poses(spec, resting),
        "grasps": _grasp_counts(spec.name),
    }


def _poses(spec: ObjectSpec, resting: RestingPoses) -> List[Dict[str, Any]]:
    from hot.objects import resting_classes

    classes = resting_classes(spec, resting.quat_w)
    rows = zip(classes, resting.probability.tolist(), resting.height.tolist(), resting.quat_w.tolist())
    return [{"class": kind, "share": share, "height_m": height, "quat_w": quat} for kind, share, height, quat in rows]


def _grasp_counts(name: str) -> Dict[str, int]:
    """Grasps of each hand that has any."""
    from hot.hands import hand_names
    from hot.synthesis import has_grasps, load_grasps

    return {hand: len(load_grasps(hand, name)) for hand in hand_names() if has_grasps(hand, name)}


def _symmetry_text(spec: ObjectSpec) -> str:
    symmetry = spec.symmetry
    if symmetry.spherical:
        return "sphere"
    turns = len(symmetry.rotations)
    parts = ["axis"] if symmetry.axis is not None else []
    parts += [f"{turns} turns"] if turns > 1 else []
    return " and ".join(parts) or "none"


def _size(facts: Dict[str, Any]) -> str:
    return " x ".join(f"{100 * side:.1f}" for side in facts["size_m"])
