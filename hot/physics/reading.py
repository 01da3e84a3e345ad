"""Published robot models, MJCF or URDF, as MuJoCo compiles them; nothing of a file is executed."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs.

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Set, Tuple

import mujoco
import numpy as np

from hot.errors import BadFileError
from hot.physics.published import PublishedBody, PublishedJoint, PublishedModel, PublishedShape

_LEAST_MASS, _LEAST_INERTIA = 1e-9, 1e-12
"""What MuJoCo gives to bodies without mass, so that it compiles them [kg], [kg m^2]."""
_MESH_ENDINGS = (".stl", ".obj", ".msh")
_PACKAGE = "package://"
_JOINT_KINDS = {
    mujoco.mjtJoint.mjJNT_HINGE: "hinge",
    mujoco.mjtJoint.mjJNT_SLIDE: "slide",
    mujoco.mjtJoint.mjJNT_BALL: "ball",
    mujoco.mjtJoint.mjJNT_FREE: "free",
}
_SHAPE_KINDS = {
    mujoco.mjtGeom.mjGEOM_BOX: ("box", 3),
    mujoco.mjtGeom.mjGEOM_CAPSULE: ("capsule", 2),
    mujoco.mjtGeom.mjGEOM_SPHERE: ("sphere", 1),
    mujoco.mjtGeom.mjGEOM_CYLINDER: ("cylinder", 2),
    mujoco.mjtGeom.mjGEOM_ELLIPSOID: ("ellipsoid", 3),
    mujoco.mjtGeom.mjGEOM_MESH: ("mesh", 0),
}


def read_published(path: Path) -> PublishedModel:
    """A robot model from an MJCF or URDF file.

    Pictures, key frames and meshes that are only seen may be missing; meshes that collide may not.

    Raises:
        BadFileError: missing, not XML, neither MJCF nor URDF, an include outside the file's folder, a colliding mesh
            that cannot be read, or a model that MuJoCo refuses.
    """
    path = Path(path)
    root = _parse(path)
    if root.tag not in ("mujoco", "robot"):
        raise BadFileError(path, f"is neither MJCF nor URDF: its root is <{root.tag}>")
    _check_includes(path, root, {path.resolve()})
    try:
        spec = mujoco.MjSpec.from_file(str(path)) if root.tag == "mujoco" else _from_urdf(root)
    except (ValueError, mujoco.FatalError) as error:
        raise BadFileError(path, f"MuJoCo cannot read it: {error}") from error
    notes = _strip(path, spec)
    try:
        model = spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        raise BadFileError(path, f"MuJoCo cannot compile it: {error}") from error
    return _describe(spec.modelname or path.stem, model, notes)


def _from_urdf(root: ET.Element) -> mujoco.MjSpec:
    """A spec with what is seen too, which MuJoCo leaves out of URDF unless the file asks for it."""
    extension = root.find("mujoco")
    extension = ET.SubElement(root, "mujoco") if extension is None else extension
    compiler = extension.find("compiler")
    compiler = ET.SubElement(extension, "compiler") if compiler is None else compiler
    compiler.set("discardvisual", "false")
    return mujoco.MjSpec.from_string(ET.tostring(root, encoding="unicode"))


def _parse(path: Path) -> ET.Element:
    if not path.is_file():
        raise BadFileError(path, "no such file")
    try:
        return ET.parse(str(path)).getroot()
    except (ET.ParseError, OSError, ValueError) as error:
        hint = "; run xacro on it first" if path.suffix == ".xacro" else ""
        raise BadFileError(path, f"is not readable XML ({error}){hint}") from error


def _check_includes(path: Path, root: ET.Element, seen: Set[Path]) -> None:
    """Refuse files outside the model's own folder, which MuJoCo would open and quote from."""
    folder = path.parent.resolve()
    for element in root.iter():
        name = element.get("file", "")
        if element.tag not in ("include", "model") or not name:
            continue
        target = (folder / name).resolve()
        if folder not in target.parents:
            raise BadFileError(path, f"includes {name}, which lies outside its folder; copy it beside the model")
        if target not in seen:
            _check_includes_of(path, target, seen | {target})


def _check_includes_of(path: Path, target: Path, seen: Set[Path]) -> None:
    if not target.is_file():
        raise BadFileError(path, f"includes {target.name}, which does not exist")
    # MuJoCo resolves the includes of included files from the first file's folder.
    _check_includes(path, _parse(target), seen)


def _strip(path: Path, spec: mujoco.MjSpec) -> Tuple[str, ...]:
    """Take out what a hand file never holds, so that it need not be there."""
    spec.compiler.fusestatic, spec.compiler.discardvisual = False, False
    spec.compiler.boundmass, spec.compiler.boundinertia = _LEAST_MASS, _LEAST_INERTIA
    spec.compiler.balanceinertia = True
    for geom in spec.geoms:
        geom.material = ""
    for site in spec.sites:
        site.material = ""
    for listed in (spec.keys, spec.skins, spec.materials, spec.textures):
        for element in list(listed):
            spec.delete(element)
    _drop_pictures(spec)
    users: Dict[str, List[mujoco.MjsGeom]] = {}
    for geom in spec.geoms:
        users.setdefault(geom.meshname, []).append(geom)
    unseen = [mesh for mesh in list(spec.meshes) if mesh.file and not _resolve(path, spec, mesh)]
    for mesh in unseen:
        _drop(path, spec, mesh, users.get(mesh.name, []))
    return (f"{len(unseen)} meshes that are only seen were left aside",) if unseen else ()


def _drop_pictures(spec: mujoco.MjSpec) -> None:
    """Where something collides, delete meshes that are only seen and weigh nothing; MuJoCo is strict with meshes."""
    weighs_all = spec.compiler.inertiafromgeom == mujoco.mjtInertiaFromGeom.mjINERTIAFROMGEOM_TRUE
    if weighs_all or not any(geom.contype or geom.conaffinity for geom in spec.geoms):
        return
    for geom in list(spec.geoms):
        seen = geom.meshname and not (geom.contype or geom.conaffinity)
        if seen and (geom.parent.explicitinertial or geom.mass == 0 or geom.density == 0):
            spec.delete(geom)
    used = {geom.meshname for geom in spec.geoms}
    for mesh in list(spec.meshes):
        if mesh.name not in used:
            spec.delete(mesh)


def _resolve(path: Path, spec: mujoco.MjSpec, mesh: mujoco.MjsMesh) -> bool:
    """Point a mesh to its file; false where there is none that MuJoCo reads."""
    found = next((file for file in _places(path, spec, mesh.file) if file.is_file()), None)
    if found is None or found.suffix.lower() not in _MESH_ENDINGS:
        return False
    mesh.file = str(found.resolve())
    return True


def _places(path: Path, spec: mujoco.MjSpec, name: str) -> Iterator[Path]:
    """Where a mesh may lie: as the file says, or, in a ROS package, below any folder above the file."""
    folder = path.parent.resolve()
    plain = name[len(_PACKAGE) :] if name.startswith(_PACKAGE) else name.replace("file://", "")
    yield folder / (spec.compiler.meshdir or spec.meshdir or "") / (Path(plain).name if spec.strippath else plain)
    yield folder / plain
    if name.startswith(_PACKAGE):
        inside = Path(*Path(plain).parts[1:])
        for above in [folder, *folder.parents]:
            yield above / plain
            yield above / inside


def _drop(path: Path, spec: mujoco.MjSpec, mesh: mujoco.MjsMesh, users: List[mujoco.MjsGeom]) -> None:
    for geom in users:
        if geom.contype or geom.conaffinity:
            endings = ", ".join(_MESH_ENDINGS)
            raise BadFileError(
                path, f"body {geom.parent.name} collides as the mesh {mesh.file}, which is missing or none of {endings}"
            )
        spec.delete(geom)
    spec.delete(mesh)


def _describe(name: str, model: mujoco.MjModel, notes: Tuple[str, ...]) -> PublishedModel:
    efforts = _efforts(model)
    bodies = tuple(_body(model, index, efforts) for index in range(model.nbody))
    return PublishedModel(name, bodies, tuple(sorted(_coupled(model))), notes)


def _body(model: mujoco.MjModel, index: int, efforts: Dict[int, float]) -> PublishedBody:
    body = model.body(index)
    turn = _matrix(body.iquat)
    first, count = int(body.jntadr[0]), int(body.jntnum[0])
    mass = float(body.mass[0])
    return PublishedBody(
        name=body.name or f"body_{index}",
        parent=int(body.parentid[0]) if index else -1,
        frame=_frame(body.pos, body.quat),
        mass=mass if mass > 10 * _LEAST_MASS else 0.0,
        com=np.array(body.ipos),
        inertia=turn @ np.diag(body.inertia) @ turn.T,
        joints=tuple(_joint(model, joint, efforts) for joint in range(first, first + count)),
        shapes=tuple(_shapes(model, index)),
    )


def _joint(model: mujoco.MjModel, index: int, efforts: Dict[int, float]) -> PublishedJoint:
    joint = model.joint(index)
    kind = _JOINT_KINDS[mujoco.mjtJoint(int(joint.type[0]))]
    limits = None
    if model.jnt_limited[index] and kind in ("hinge", "slide"):
        lower, upper = joint.range - model.qpos0[model.jnt_qposadr[index]]
        limits = float(lower), float(upper)
    return PublishedJoint(
        joint.name or f"joint_{index}", kind, np.array(joint.pos), np.array(joint.axis), limits, efforts.get(index)
    )


def _shapes(model: mujoco.MjModel, body: int) -> Iterator[PublishedShape]:
    first = int(model.body_geomadr[body])
    for index in range(first, first + int(model.body_geomnum[body])):
        known = _SHAPE_KINDS.get(mujoco.mjtGeom(int(model.geom_type[index])))
        if known is None:
            continue
        kind, sizes = known
        yield PublishedShape(
            kind,
            tuple(model.geom_size[index][:sizes].tolist()),
            _frame(model.geom_pos[index], model.geom_quat[index]),
            _vertices(model, index) if kind == "mesh" else np.zeros((0, 3)),
            bool(model.geom_contype[index] or model.geom_conaffinity[index]),
        )


def _vertices(model: mujoco.MjModel, geom: int) -> np.ndarray:
    mesh = int(model.geom_dataid[geom])
    first = int(model.mesh_vertadr[mesh])
    return model.mesh_vert[first : first + int(model.mesh_vertnum[mesh])].astype(float)


def _efforts(model: mujoco.MjModel) -> Dict[int, float]:
    """The largest force of each joint's drive, where the file limits it."""
    efforts: Dict[int, float] = {}
    for actuator in range(model.nu):
        if int(model.actuator_trntype[actuator]) == mujoco.mjtTrn.mjTRN_JOINT:
            force = _largest_force(model, actuator)
            if force:
                efforts[int(model.actuator_trnid[actuator, 0])] = force * abs(float(model.actuator_gear[actuator, 0]))
    for joint in np.flatnonzero(model.jnt_actfrclimited):
        efforts.setdefault(int(joint), float(np.abs(model.jnt_actfrcrange[joint]).max()))
    return {joint: effort for joint, effort in efforts.items() if effort > 0}


def _largest_force(model: mujoco.MjModel, actuator: int) -> Optional[float]:
    if model.actuator_forcelimited[actuator]:
        return float(np.abs(model.actuator_forcerange[actuator]).max())
    is_motor = int(model.actuator_biastype[actuator]) == mujoco.mjtBias.mjBIAS_NONE
    if is_motor and model.actuator_ctrllimited[actuator]:
        return float(model.actuator_gainprm[actuator, 0] * np.abs(model.actuator_ctrlrange[actuator]).max())
    return None


def _coupled(model: mujoco.MjModel) -> Set[str]:
    found: Set[str] = set()
    for equality in range(model.neq):
        if int(model.eq_type[equality]) == mujoco.mjtEq.mjEQ_JOINT:
            found.add(model.joint(int(model.eq_obj1id[equality])).name)
    for tendon in range(model.ntendon):
        first = int(model.tendon_adr[tendon])
        wraps = range(first, first + int(model.tendon_num[tendon]))
        joints = [w for w in wraps if int(model.wrap_type[w]) == mujoco.mjtWrap.mjWRAP_JOINT]
        if len(joints) > 1:
            found |= {model.joint(int(model.wrap_objid[wrap])).name for wrap in joints}
    return found


def _frame(pos: np.ndarray, quat: np.ndarray) -> np.ndarray:
    frame = np.eye(4)
    frame[:3, :3], frame[:3, 3] = _matrix(quat), pos
    return frame


def _matrix(quat: np.ndarray) -> np.ndarray:
    matrix = np.zeros(9)
    mujoco.mju_quat2Mat(matrix, np.asarray(quat, dtype=float))
    return matrix.reshape(3, 3)
