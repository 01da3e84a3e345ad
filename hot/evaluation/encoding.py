"""Pictures to video files by wheels alone: H.264 in MP4, and animated WebP and GIF for web pages."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Iterable, Iterator

import av
import numpy as np
from av.error import FFmpegError
from PIL import Image

from hot.errors import BadFileError, ConfigError
from hot.physics.interface import CONTROL_DT
from hot.writing import write_atomically

FPS = round(1.0 / CONTROL_DT)
"""Frames a second that show a clip at its true speed."""
ANIMATIONS = (".webp", ".gif")
"""Endings of files that a web page plays by itself."""
ENDINGS = (".mp4", *ANIMATIONS)
_CRF = "22"
"""Constant rate factor of x264; lower is finer."""
_WEBP_QUALITY = 60
"""0 to 100; higher is finer."""


def write_video(path: Path, frames: Iterable[np.ndarray], fps: int = FPS) -> None:
    """Encode pictures (H, W, 3) uint8 in the form that the file's ending names.

    Raises:
        BadFileError: the file cannot be written or encoded; an earlier one is untouched.
        ConfigError: another ending, no picture, or sides that the form does not allow.
    """
    ending = check_ending(path)
    if ending == ".mp4":
        write_mp4(path, frames, fps)
    else:
        _write_animation(path, iter(frames), fps)


def check_ending(path: Path) -> str:
    """The ending of a video file, in lower case.

    Raises:
        ConfigError: no form is known by it.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ConfigError(f"no video is written to '{path}': name it {', '.join('*' + known for known in ENDINGS)}")
    return ending


def write_mp4(path: Path, frames: Iterable[np.ndarray], fps: int = FPS) -> None:
    """Encode pictures (H, W, 3) uint8 of one even size; nothing is kept in memory but the current one.

    Raises:
        BadFileError: the file cannot be written or encoded; an earlier one is untouched.
        ConfigError: there is no picture, or its sides are not even.
    """
    with write_atomically(path) as temporary:
        try:
            _encode(temporary, iter(frames), fps)
        except FFmpegError as error:
            raise BadFileError(path, f"cannot be encoded: {error}") from error


def _encode(path: Path, frames: Iterator[np.ndarray], fps: int) -> None:
    first = next(frames, None)
    if first is None or first.shape[0] % 2 or first.shape[1] % 2:
        raise ConfigError(f"a video needs pictures with even sides, not {None if first is None else first.shape[:2]}")
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": _CRF, "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = first.shape[0], first.shape[1], "yuv420p"
        for picture in chain([first], frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())


def _write_animation(path: Path, frames: Iterator[np.ndarray], fps: int) -> None:
    """An endless loop; times are whole milliseconds."""
    first = next(frames, None)
    if first is None:
        raise ConfigError("a video needs at least one picture")
    with write_atomically(path) as temporary:
        Image.fromarray(first).save(
            temporary,
            format=path.suffix[1:].upper(),
            save_all=True,
            append_images=(Image.fromarray(picture) for picture in frames),
            duration=round(1000 / fps),
            loop=0,
            quality=_WEBP_QUALITY,
        )
