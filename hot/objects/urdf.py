"""Rigid objects from URDF files, as the original release keeps its own; nothing outside the file's folder is read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
import trimesh
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import parse
from scipy.spatial.transform import Rotation

from hot.errors import BadFileError
from hot.objects.inertial import Inertial
from hot.objects.meshes import SolidMesh, as_solid, load_triangles, mean_colour
from hot.objects.spec import Colour

_PACKAGE = "package://"
_PLAY = 0.01
"""Range of a joint up to which it counts as locked [rad, m]; upstream locks a bottle's cap within 0.001."""
_CORNER_MESHES = ("top_watertight_tiny.stl", "top_watertight_tiny.ply")
"""Beside the file: what upstream takes surface points from, whatever the file names."""


@dataclass(frozen=True, eq=False)
class UrdfObject:
    """What a URDF file says of a rigid object, in the frame of its root link [m]."""

    solid: SolidMesh
    inertial: Optional[Inertial]
    """None where the file gives no mass."""
    corners: np.ndarray
    """Vertices (V, 3) of the mesh that upstream takes surface points from."""


def read_urdf(path: Path, scale: float = 1.0) -> UrdfObject:
    """Read a rigid object, ``scale`` times as large as the file says, its links joined as they stand.

    Meshes lie in the file's folder or below. Entities, document types and links to other places are refused.

    Raises:
        BadFileError: no such file, no URDF, something in it moves, a mesh or a number cannot be used, or its surface
            bounds no solid.
    """
    path = Path(path)
    robot = _Robot(path)
    placed = list(robot.shapes("collision")) or list(robot.shapes("visual"))
    if not placed:
        raise BadFileError(path, "has no shape: no link has a <collision> or <visual>")
    joined = _together(placed)
    solid = as_solid(path, joined, robot.colour() or mean_colour(placed[0]), scale)
    inertial = robot.inertial()
    beside = next((path.parent / name for name in _CORNER_MESHES if (path.parent / name).is_file()), None)
    corners = load_triangles(beside, merge=True) if beside else joined
    return UrdfObject(solid, inertial and inertial.scaled(scale), np.asarray(corners.vertices) * scale)


def _together(meshes: Sequence[trimesh.Trimesh]) -> trimesh.Trimesh:
    """All vertices and triangles as one mesh."""
    firsts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])
    faces = np.concatenate([mesh.faces + first for mesh, first in zip(meshes, firsts)])
    return trimesh.Trimesh(np.concatenate([mesh.vertices for mesh in meshes]), faces, process=False)


def urdf_files(path: Path) -> Tuple[Path, ...]:
    """The file itself and the meshes that :func:`read_urdf` reads with it.

    Raises:
        BadFileError: as there, as far as the file itself shows it.
    """
    path = Path(path)
    robot = _Robot(path)
    named = [robot.beside(mesh.get("filename", "")) for mesh in robot.root.iter("mesh")]
    beside = [path.parent / name for name in _CORNER_MESHES]
    return (path, *(file for file in dict.fromkeys([*named, *beside]) if file.is_file()))


class _Robot:
    """Checked access to the elements of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = self._parse()
        self.links = {self._name(link): link for link in self.root.findall("link")}
        if not self.links:
            raise self.fail("has no link")
        self.frames = self._place()

    def fail(self, problem: str) -> BadFileError:
        return BadFileError(self.path, problem)

    def _parse(self) -> ET.Element:
        if not self.path.is_file():
            raise self.fail("no such URDF file")
        try:
            root = parse(str(self.path), forbid_dtd=True).getroot()
        except DefusedXmlException as error:
            raise self.fail("declares a document type or entities, which no URDF needs: it is not read") from error
        except (ET.ParseError, OSError, ValueError) as error:
            raise self.fail(f"is not readable XML ({error})") from error
        if root is None or root.tag != "robot":
            raise self.fail(f"is no URDF: its root is <{'' if root is None else root.tag}>, not <robot>")
        return root

    def _name(self, element: ET.Element) -> str:
        name = element.get("name", "")
        if not name:
            raise self.fail(f"has a <{element.tag}> without a name")
        return name

    def _place(self) -> Dict[str, np.ndarray]:
        """Frames (4, 4) of all links in that of the root link."""
        above: Dict[str, Tuple[str, np.ndarray]] = {}
        for joint in self.root.findall("joint"):
            parent, child = (self._end(joint, end) for end in ("parent", "child"))
            if child in above:
                raise self.fail(f"link {child} hangs on two joints")
            self._check_locked(joint)
            above[child] = parent, self.frame(joint)
        roots = [name for name in self.links if name not in above]
        if len(roots) != 1:
            raise self.fail(f"is not one object: {len(roots)} links hang on nothing ({', '.join(roots)})")
        frames = {roots[0]: np.eye(4)}
        while len(frames) < len(self.links):
            reached = {child: frames[parent] @ own for child, (parent, own) in above.items() if parent in frames}
            if set(reached) <= set(frames):
                raise self.fail("has joints in a circle")
            frames.update(reached)
        return frames

    def _end(self, joint: ET.Element, end: str) -> str:
        element = joint.find(end)
        name = "" if element is None else element.get("link", "")
        if name not in self.links:
            raise self.fail(f"joint {self._name(joint)} has no {end} link" if not name else f"there is no link {name}")
        return name

    def _check_locked(self, joint: ET.Element) -> None:
        kind, limit = joint.get("type", ""), joint.find("limit")
        if kind == "fixed":
            return
        if kind in ("revolute", "prismatic") and limit is not None:
            lower, upper = (self._numbers(limit, key, 1, "0")[0] for key in ("lower", "upper"))
            if upper - lower <= _PLAY and abs(lower) <= _PLAY:
                return
        raise self.fail(f"joint {self._name(joint)} moves ({kind}); objects are rigid, so make it fixed")

    def _numbers(self, element: ET.Element, key: str, count: int, default: str = "") -> np.ndarray:
        text = element.get(key, default)
        try:
            values = np.array([float(word) for word in text.split()])
        except ValueError:
            values = np.array([])
        if len(values) != count or not np.isfinite(values).all():
            raise self.fail(f"<{element.tag}> needs {key} as {count} finite number{'s'[: count > 1]}, not '{text}'")
        return values

    def frame(self, element: ET.Element) -> np.ndarray:
        """The (4, 4) of an element's <origin>: fixed-axis roll, pitch, yaw, then the shift."""
        frame, origin = np.eye(4), element.find("origin")
        if origin is not None:
            turn = Rotation.from_euler("xyz", self._numbers(origin, "rpy", 3, "0 0 0"))
            frame[:3, :3], frame[:3, 3] = turn.as_matrix(), self._numbers(origin, "xyz", 3, "0 0 0")
        return frame

    def shapes(self, kind: str) -> Iterator[trimesh.Trimesh]:
        """Every <collision> or <visual>, in the root link's frame."""
        for name, link in self.links.items():
            for element in link.findall(kind):
                geometry = element.find("geometry")
                shape = None if geometry is None or not len(geometry) else geometry[0]
                if shape is None:
                    raise self.fail(f"link {name} has a <{kind}> without a geometry")
                mesh = self._shape(shape)
                mesh.apply_transform(self.frames[name] @ self.frame(element))
                yield mesh

    def _shape(self, shape: ET.Element) -> trimesh.Trimesh:
        if shape.tag == "mesh":
            mesh = load_triangles(self.beside(shape.get("filename", "")))
            factors = self._numbers(shape, "scale", 3, "1 1 1")
            if (factors <= 0).any():
                raise self.fail(f"scales a mesh by {factors.tolist()}; factors must be positive")
            mesh.apply_transform(np.diag([*factors, 1.0]))
            return mesh
        sizes = {"box": ("size", 3), "cylinder": ("radius", 1), "sphere": ("radius", 1)}
        if shape.tag not in sizes:
            raise self.fail(f"has a shape <{shape.tag}>; known: mesh, {', '.join(sizes)}")
        size = self._numbers(shape, *sizes[shape.tag])
        length = self._numbers(shape, "length", 1) if shape.tag == "cylinder" else size
        if (size <= 0).any() or (length <= 0).any():
            raise self.fail(f"has a <{shape.tag}> of no size")
        if shape.tag == "box":
            return trimesh.creation.box(size)
        if shape.tag == "cylinder":
            return trimesh.creation.cylinder(float(size[0]), float(length[0]))
        return trimesh.creation.icosphere(subdivisions=3, radius=float(size[0]))

    def beside(self, name: str) -> Path:
        """The file that a name means, which may not leave this file's folder."""
        plain = name[len(_PACKAGE) :].partition("/")[2] if name.startswith(_PACKAGE) else name
        folder = self.path.parent.resolve()
        if not plain or "://" in plain:
            raise self.fail(f"names the mesh '{name}', which is no file beside it")
        found = (folder / plain).resolve()
        if folder not in found.parents:
            raise self.fail(f"names the mesh '{name}', which lies outside its folder; copy it beside the file")
        return found

    def inertial(self) -> Optional[Inertial]:
        """Mass, centre and inertia of all links together; None where none has a mass."""
        parts = [part for part in map(self._inertial_of, self.links) if part is not None]
        return Inertial.joined(parts) if parts else None

    def _inertial_of(self, name: str) -> Optional[Inertial]:
        element = self.links[name].find("inertial")
        mass = None if element is None else element.find("mass")
        if element is None or mass is None:
            return None
        kilograms = float(self._numbers(mass, "value", 1)[0])
        if kilograms <= 0:
            raise self.fail(f"link {name} has a mass of {kilograms:g} kg")
        frame = self.frames[name] @ self.frame(element)
        matrix = element.find("inertia")
        if matrix is None:
            raise self.fail(f"link {name} has a mass but no <inertia>")
        xx, yy, zz, xy, xz, yz = (float(self._numbers(matrix, key, 1, _ZERO.get(key, ""))[0]) for key in _MOMENTS)
        own = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        low, middle, high = np.linalg.eigvalsh(own)
        if not (low > 0 and high <= (low + middle) * (1 + 1e-3)):
            raise self.fail(f"link {name} has an inertia that no solid body has")
        turn = frame[:3, :3]
        return Inertial(kilograms, frame[:3, 3], turn @ own @ turn.T)

    def colour(self) -> Optional[Colour]:
        """Of the first visual that has one."""
        named = {m.get("name"): m.find("color") for m in self.root.findall("material")}
        used: Sequence[ET.Element] = self.root.findall("link/visual/material")
        found: List[Optional[ET.Element]] = [m.find("color") for m in used]
        found += [named.get(m.get("name")) for m in used]
        first = next((each for each in found if each is not None), None)
        if first is None:
            return None
        red, green, blue, _ = np.clip(self._numbers(first, "rgba", 4), 0.0, 1.0).round(3).tolist()
        return red, green, blue, 1.0


_MOMENTS = ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")
_ZERO: Dict[str, str] = dict.fromkeys(("ixy", "ixz", "iyz"), "0")
