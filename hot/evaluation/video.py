"""Videos of clips: H.264 in MP4, written by a wheel, without a system ffmpeg."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Sequence

import av
import numpy as np
import torch
from av.error import FFmpegError

from hot.errors import BadFileError, ConfigError, MissingDependencyError
from hot.evaluation.report import ClipScore
from hot.evaluation.summary import pick_clips
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics.interface import CONTROL_DT
from hot.rollouts import Trace
from hot.writing import write_atomically

FPS = round(1.0 / CONTROL_DT)
"""Frames a second that show a clip at its true speed."""
_BORDER = 6
_COLOURS = {True: (40, 167, 69), False: (220, 53, 69), None: (128, 128, 128)}
"""Border by success: green, red, and grey for clips that were not judged."""
_QUALITY = "22"
"""Constant rate factor of x264; lower is finer."""


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


def write_clip_video(
    path: Path,
    trace: Trace,
    scores: Sequence[ClipScore],
    hand: HandSpec,
    object_spec: ObjectSpec,
    rule: str = "hot",
) -> None:
    """The best, the median and the worst clip of a trace side by side, each with its reference as a ghost.

    ``scores`` are those of the trace's own summary. The border is green where ``rule`` calls the clip a
    success, red where it does not, grey where it does not judge.

    Raises:
        ConfigError: the trace is empty.
        BadFileError: the file cannot be written.
        MissingDependencyError: MuJoCo or OpenGL is missing.
    """
    picked = zip(("best", "median", "worst"), pick_clips(scores))
    panes = [_pane(trace, world, f"{title}: {_caption(scores[world])}", hand, object_spec) for title, world in picked]
    borders = [_COLOURS[scores[world].success[rule]] for world in pick_clips(scores)]
    write_mp4(path, _side_by_side(panes, borders))


def _encode(path: Path, frames: Iterator[np.ndarray], fps: int) -> None:
    first = next(frames, None)
    if first is None or first.shape[0] % 2 or first.shape[1] % 2:
        raise ConfigError(f"a video needs pictures with even sides, not {None if first is None else first.shape[:2]}")
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": _QUALITY, "preset": "veryfast"})
        stream.height, stream.width, stream.pix_fmt = first.shape[0], first.shape[1], "yuv420p"
        for picture in _chain(first, frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())


def _chain(first: np.ndarray, rest: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    yield first
    yield from rest


def _pane(trace: Trace, world: int, caption: str, hand: HandSpec, object_spec: ObjectSpec) -> Iterator[np.ndarray]:
    try:
        from hot.physics.render import render_frames
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo, which draws the video, cannot be imported ({error}). It needs Python 3.11 or newer: "
            "pip install 'mujoco>=4.0'"
        ) from error
    valid = trace.valid[:, world]
    simulated = (trace.joint_pos, trace.object_pos_w, trace.object_quat_w)
    reference = (trace.ref_joint_pos, trace.ref_object_pos_w, trace.ref_object_quat_w)
    frames, ghost = (
        torch.cat([part[valid, world] for part in parts], dim=-1).cpu().numpy() for parts in (simulated, reference)
    )
    return render_frames(hand, object_spec, frames, ghost, width=480, height=480, caption=caption)


def _caption(score: ClipScore) -> str:
    error = score.means["e_op_cm"]
    return f"clip {score.clip_id}, E_op {'not finite' if error is None else f'{error:.2f} cm'}"


def _side_by_side(panes: List[Iterator[np.ndarray]], borders: Sequence[Sequence[int]]) -> Iterator[np.ndarray]:
    """Panes in one row, each in its border; a pane that ends early holds its last picture."""
    last: List[Optional[np.ndarray]] = [None] * len(panes)
    for pictures in zip_longest(*panes):
        last = [new if new is not None else old for new, old in zip(pictures, last)]
        yield np.concatenate([_framed(picture, colour) for picture, colour in zip(last, borders)], axis=1)


def _framed(picture: Optional[np.ndarray], colour: Sequence[int]) -> np.ndarray:
    assert picture is not None  # render_frames yields at least one picture
    framed = np.empty_like(picture)
    framed[:] = colour
    framed[_BORDER:-_BORDER, _BORDER:-_BORDER] = picture[_BORDER:-_BORDER, _BORDER:-_BORDER]
    return framed
