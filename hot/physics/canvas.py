"""An off-screen OpenGL context, and the room in which things are drawn."""

# MuJoCo ships no type stubs for its compiled names.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import ctypes
import os
import sys
from typing import Callable

import mujoco
import numpy as np

from hot.errors import MissingDependencyError

AZIMUTH, ELEVATION = 140.0, -22.0
"""Direction of view [deg]: from the side of the thumb, a little from above."""
VIEW = 40.0
"""Vertical angle of view [deg]."""
_GL_ADVICE = (
    "no OpenGL to draw with; on Debian: apt-get install libegl1 libgl1 libgl1-mesa-dri,"
    " or, without EGL: apt-get install libosmesa6 libgl1"
)


def begin_picture(width: int, height: int) -> mujoco.MjSpec:
    """An empty floor under light, for pictures of ``width`` x ``height``."""
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth, spec.visual.global_.offheight = width, height
    spec.visual.global_.fovy = VIEW
    spec.visual.headlight.ambient = [0.35, 0.35, 0.35]
    spec.visual.headlight.diffuse = [0.35, 0.35, 0.35]
    spec.visual.quality.offsamples = 0  # in software, four samples a pixel cost more than the picture itself
    spec.visual.map.znear, spec.visual.map.zfar = 0.01, 50.0
    _add_surroundings(spec)
    return spec


def _add_surroundings(spec: mujoco.MjSpec) -> None:
    checker = {"type": mujoco.mjtTexture.mjTEXTURE_2D, "builtin": mujoco.mjtBuiltin.mjBUILTIN_CHECKER}
    spec.add_texture(name="floor", width=256, height=256, rgb1=[0.80, 0.82, 0.85], rgb2=[0.72, 0.75, 0.79], **checker)
    sky = {"type": mujoco.mjtTexture.mjTEXTURE_SKYBOX, "builtin": mujoco.mjtBuiltin.mjBUILTIN_GRADIENT}
    spec.add_texture(name="sky", width=128, height=768, rgb1=[0.93, 0.95, 0.98], rgb2=[0.72, 0.78, 0.86], **sky)
    floor = spec.add_material(name="floor", texrepeat=[10, 10], texuniform=True, reflectance=0.0)
    floor.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 0.1], material="floor")
    directional = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL
    spec.worldbody.add_light(pos=[0, 0, 3], dir=[0.4, 0.5, -1], type=directional, diffuse=[0.55, 0.55, 0.55])


class Canvas:
    """An off-screen OpenGL context that turns a posed model into pictures."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        self._model, self._picture = model, np.empty((height, width, 3), dtype=np.uint8)
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._camera, self._option = mujoco.MjvCamera(), mujoco.MjvOption()
        self._option.geomgroup[:] = 1
        self._option.sitegroup[:] = 0
        self._scene = mujoco.MjvScene(model, maxgeom=2000)
        # Four times as fast in software, and no shadow hides a finger.
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        try:
            self._gl = _context_class()(width, height)
            self._gl.make_current()
            self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        except (ImportError, AttributeError, OSError, RuntimeError, mujoco.FatalError) as error:
            raise MissingDependencyError(f"{_GL_ADVICE} ({error})") from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)

    def draw(self, data: mujoco.MjData, aim: np.ndarray, distance: float, caption: str) -> np.ndarray:
        """The picture (H, W, 3) of the posed model, the camera at ``distance`` [m] from ``aim`` (3,)."""
        self._camera.lookat[:] = aim
        self._camera.distance, self._camera.azimuth, self._camera.elevation = distance, AZIMUTH, ELEVATION
        self._gl.make_current()
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(self._model, data, self._option, None, self._camera, everything, self._scene)
        mujoco.mjr_render(self._rect, self._scene, self._context)
        if caption:
            font, corner = mujoco.mjtFont.mjFONT_NORMAL.value, mujoco.mjtGridPos.mjGRID_TOPLEFT.value
            mujoco.mjr_overlay(font, corner, self._rect, caption, "", self._context)
        mujoco.mjr_readPixels(self._picture, None, self._rect, self._context)
        return self._picture[::-1].copy()

    def close(self) -> None:
        """Free the context."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()


def _context_class() -> Callable:
    """The off-screen context to use. On Linux EGL, else OSMesa, unless ``MUJOCO_GL`` asks for another.

    MuJoCo itself decides when it is first imported, and without a display decides wrongly.
    """
    asked = os.environ.get("MUJOCO_GL", "").lower()
    if not sys.platform.startswith("linux") or asked not in ("", "egl", "osmesa"):
        return mujoco.GLContext
    if asked != "osmesa" and _loads("libEGL.so.1"):
        from mujoco.egl import GLContext
    elif _loads("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so"):
        from mujoco.osmesa import GLContext
    else:
        raise MissingDependencyError(_GL_ADVICE)
    return GLContext


def _loads(*names: str) -> bool:
    """Whether one of the shared libraries can be loaded."""
    for name in names:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False
