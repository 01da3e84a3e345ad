"""Pictures of a hand and an object, with the reference as a translucent ghost: kinematics only, nothing is stepped."""

# MuJoCo ships no type stubs for its compiled names.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Sequence

import mujoco
import numpy as np
from scipy.ndimage import maximum_filter1d

from hot.errors import PhysicsError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics.canvas import VIEW, Canvas, begin_picture

_SIMULATED, _GHOST = "sim_", "ref_"
_HAND_RGBA = (0.36, 0.39, 0.45, 1.0)
_TIP_RGBA = (0.88, 0.88, 0.86, 1.0)
_GHOST_HAND_RGBA = (0.25, 0.65, 1.0, 0.22)
_GHOST_OBJECT_RGBA = (0.20, 0.90, 0.45, 0.30)
_GHOST_SCALE = 0.96
"""Each part of the ghost is this much smaller, so that it disappears inside what tracks it well."""
_SMOOTH_FRAMES = 12
"""Half width of the window over which the camera's aim and distance are averaged."""
_STRAY = 0.6
"""What strays further from the reference [m] than this is not followed out of the scene."""


def render_frames(
    hand: HandSpec,
    object_spec: ObjectSpec,
    frames: np.ndarray,
    ghost: Optional[np.ndarray] = None,
    *,
    width: int = 640,
    height: int = 480,
    caption: str = "",
    moments: Optional[Sequence[int]] = None,
) -> Iterator[np.ndarray]:
    """Draw one clip; pictures (height, width, 3) uint8 come one by one.

    ``frames`` (T, D + 7) holds joint positions [m, rad], the object's position [m] and quaternion (w x y z) in
    the world; ``ghost`` is the reference of the same shape; ``caption`` is
    written into the top left corner (ASCII). Frames that are not finite repeat the last finite one. Of all frames those
    at ``moments`` are drawn, every one if None; the camera follows the whole clip in any case.

    Raises:
        PhysicsError: the shapes do not fit the hand, or no frame is finite.
        MissingDependencyError: neither EGL nor OSMesa is installed.
    """
    tracks = [_checked(hand, frames)] + ([] if ghost is None else [_checked(hand, ghost)])
    if len(tracks) == 2 and len(tracks[0]) != len(tracks[1]):
        raise PhysicsError(f"cannot draw {len(tracks[0])} frames beside {len(tracks[1])} frames of the reference")
    stage = _Stage(_build_model(hand, object_spec, len(tracks) == 2, width, height), hand, object_spec.radius)
    canvas = Canvas(stage.model, width, height)
    return _draw(stage, canvas, tracks, caption, range(len(tracks[0])) if moments is None else moments)


def _draw(stage: _Stage, canvas: Canvas, tracks: list, caption: str, moments: Sequence[int]) -> Iterator[np.ndarray]:
    try:
        aim, distance = _follow(stage, tracks)
        for t in moments:
            stage.pose([track[t] for track in tracks])
            yield canvas.draw(stage.data, aim[t], distance[t], caption)
    finally:
        canvas.close()


def _checked(hand: HandSpec, frames: np.ndarray) -> np.ndarray:
    """Float64 copy whose non-finite rows repeat the last finite row (the first one before it)."""
    frames = np.array(frames, dtype=float)
    if frames.ndim != 2 or frames.shape[1] != len(hand.joint_names) + 7 or not len(frames):
        raise PhysicsError(f"{hand.name} is drawn from frames (T, {len(hand.joint_names) + 7}), not {frames.shape}")
    good = np.isfinite(frames).all(axis=1)
    if not good.any():
        raise PhysicsError("nothing to draw: no frame is finite")
    rows = np.where(good, np.arange(len(frames)), -1)
    rows = np.maximum.accumulate(rows)
    return frames[np.where(rows < 0, int(good.argmax()), rows)]


def _build_model(hand: HandSpec, object_spec: ObjectSpec, ghost: bool, width: int, height: int) -> mujoco.MjModel:
    spec = begin_picture(width, height)
    for prefix in (_SIMULATED, _GHOST) if ghost else (_SIMULATED,):
        add_hand(spec, hand, prefix)
        add_object(spec, object_spec, prefix)
    try:
        return spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        raise PhysicsError(f"{hand.name} with {object_spec.name} cannot be drawn: {error}") from error


def add_hand(spec: mujoco.MjSpec, hand: HandSpec, prefix: str) -> None:
    """Add a hand in its colours, its names after ``prefix``."""
    child = mujoco.MjSpec.from_file(str(hand.mjcf))
    for key in list(child.keys):
        child.delete(key)
    child.option = spec.option  # nothing is stepped, and differing options make MuJoCo warn
    for geom in child.geoms:
        tip = geom.type == mujoco.mjtGeom.mjGEOM_SPHERE
        geom.material = ""
        geom.rgba = _GHOST_HAND_RGBA if prefix == _GHOST else _TIP_RGBA if tip else _HAND_RGBA
        if prefix == _GHOST:
            geom.size *= _GHOST_SCALE
    for mesh in child.meshes if prefix == _GHOST else ():
        mesh.scale *= _GHOST_SCALE
    spec.attach(child, prefix=prefix, frame=spec.worldbody.add_frame())


def add_object(spec: mujoco.MjSpec, object_spec: ObjectSpec, prefix: str) -> None:
    body = spec.worldbody.add_body(name=f"{prefix}object", mocap=True)
    for i, (vertices, colour) in enumerate(zip(object_spec.parts, object_spec.colours)):
        name = f"{prefix}part_{i}"
        vertices = np.asarray(vertices, dtype=float)
        if prefix == _GHOST:
            colour, middle = _GHOST_OBJECT_RGBA, vertices.mean(axis=0)
            vertices = middle + _GHOST_SCALE * (vertices - middle)
        spec.add_mesh(name=name, uservert=vertices.ravel())
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, rgba=colour)


@dataclass
class _Layout:
    """Where one copy of hand and object lies in the model."""

    joints: np.ndarray  # (D,) addresses in qpos
    mocap: int
    bodies: np.ndarray  # ids of the hand's bodies


class _Stage:
    """The model and its state, posed by frames."""

    def __init__(self, model: mujoco.MjModel, hand: HandSpec, radius: float) -> None:
        self.model, self.data = model, mujoco.MjData(model)
        self._around_object = radius * np.concatenate([np.eye(3), -np.eye(3)])
        names = [mujoco.mj_id2name(model, mujoco.mjtObj.mjOBJ_BODY, i) for i in range(model.nbody)]
        self.layouts = [_layout(model, hand, prefix) for prefix in (_SIMULATED, _GHOST) if f"{prefix}object" in names]

    def pose(self, rows: list) -> None:
        """Place each copy by one row (D + 7) and compute where everything is."""
        for layout, row in zip(self.layouts, rows):
            self.data.qpos[layout.joints] = row[:-7]
            self.data.mocap_pos[layout.mocap] = row[-7:-4]
            self.data.mocap_quat[layout.mocap] = row[-4:]
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    def points(self, rows: list) -> np.ndarray:
        """What the picture of these rows must show: positions (M, 3) of each copy's bodies and around its object, the
        last copy first."""
        self.pose(rows)
        around = [row[None, -7:-4] + self._around_object for row in rows]
        copies = [[self.data.xpos[layout.bodies], points] for layout, points in zip(self.layouts, around)]
        return np.concatenate([part for copy in reversed(copies) for part in copy])


def _layout(model: mujoco.MjModel, hand: HandSpec, prefix: str) -> _Layout:
    bodies = [
        i for i in range(1, model.nbody) if model.body(i).rootid[0] == model.body(prefix + hand.wrist_body).rootid[0]
    ]
    return _Layout(
        joints=np.array([model.joint(prefix + name).qposadr[0] for name in hand.joint_names]),
        mocap=int(model.body(f"{prefix}object").mocapid[0]),
        bodies=np.array(bodies),
    )


def _follow(stage: _Stage, tracks: list) -> tuple:
    """Aims (T, 3) and distances (T,) [m] of a calm camera from which every copy of hand and object is seen."""
    points = np.stack([stage.points(list(rows)) for rows in zip(*tracks)])  # (T, M, 3)
    first = points[:, : points.shape[1] // len(tracks)]  # of the reference, where there is one
    middle = first.mean(axis=1, keepdims=True)
    points = middle + np.clip(points - middle, -_STRAY, _STRAY)
    aim = _smooth(0.5 * (points.min(axis=1) + points.max(axis=1)))
    reach = np.linalg.norm(points - aim[:, None], axis=-1).max(axis=1, keepdims=True)
    # The mean of the largest about each frame is never less than the frame's own.
    reach = _smooth(maximum_filter1d(reach, 2 * _SMOOTH_FRAMES + 1, axis=0, mode="nearest"))
    return aim, np.clip(0.05 + reach[:, 0] / np.sin(np.deg2rad(0.5 * VIEW)), 0.5, 2.5)


def _smooth(values: np.ndarray) -> np.ndarray:
    """Moving average over frames of (T, C); the ends are held."""
    padded = np.pad(values, ((_SMOOTH_FRAMES, _SMOOTH_FRAMES), (0, 0)), mode="edge")
    window = np.full(2 * _SMOOTH_FRAMES + 1, 1.0 / (2 * _SMOOTH_FRAMES + 1))
    return np.stack([np.convolve(column, window, mode="valid") for column in padded.T], axis=1)
