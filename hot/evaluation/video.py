"""Videos of clips: the simulation with its reference as a ghost, each clip in a border that tells its success."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch

from hot.errors import MissingDependencyError, UnknownNameError
from hot.evaluation.encoding import ANIMATIONS, FPS, check_ending, write_video
from hot.evaluation.report import ClipScore
from hot.evaluation.summary import pick_clips
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.rollouts import Trace

PICKED = ("best", "median", "worst")
"""What :func:`hot.evaluation.pick_clips` picks."""
CLIP_CHOICES = (*PICKED, "all")
_BORDER = 6
_COLOURS = {True: (40, 167, 69), False: (220, 53, 69), None: (128, 128, 128)}
"""Border by success: green, red, and grey for clips that were not judged."""


class _Look(NamedTuple):
    width: int
    height: int
    stride: int  # every so many frames of the clip are drawn


_MOVIE, _ANIMATION = _Look(480, 480, 1), _Look(360, 270, 4)
"""A film to look at closely; and 15 pictures a second, small enough for a web page."""


def write_clip_video(
    path: Path,
    trace: Trace,
    scores: Sequence[ClipScore],
    hand: HandSpec,
    object_spec: ObjectSpec,
    rule: str = "hot",
    clip: str = "all",
) -> None:
    """The best, the median or the worst clip of a trace, or all three side by side, each with its reference as a ghost.

    The ending of ``path`` says how: ``.mp4`` in full, ``.webp`` or ``.gif`` small and at 15 pictures a second.
    ``scores`` are those of the trace's own summary. The border is green where ``rule`` calls the clip a
    success, red where it does not, grey where it does not judge.

    Raises:
        UnknownNameError: ``clip`` is none of those.
        ConfigError: the trace is empty, or the ending is not known.
        BadFileError: the file cannot be written.
        MissingDependencyError: MuJoCo or OpenGL is missing.
    """
    check_clip(clip)
    look = _ANIMATION if check_ending(path) in ANIMATIONS else _MOVIE
    picked = [(title, world) for title, world in zip(PICKED, pick_clips(scores)) if clip in (title, "all")]
    panes = [
        _pane(trace, world, f"{title}: {_caption(scores[world])}", hand, object_spec, look) for title, world in picked
    ]
    borders = [_COLOURS[scores[world].success[rule]] for _, world in picked]
    write_video(path, _side_by_side(panes, borders), FPS // look.stride)


def draw_moments(
    trace: Trace,
    world: int,
    score: ClipScore,
    hand: HandSpec,
    object_spec: ObjectSpec,
    count: int,
    size: Tuple[int, int],
) -> List[np.ndarray]:
    """One clip at ``count`` moments from its first frame to its last, bordered by the HOT rule; pictures of ``size``,
    width and height.

    Raises:
        PhysicsError: no frame of the clip is finite.
        MissingDependencyError: MuJoCo or OpenGL is missing.
    """
    length = int(trace.valid[:, world].sum())
    moments = np.linspace(0, length - 1, count).round().astype(int).tolist()
    pictures = _pane(trace, world, "", hand, object_spec, _Look(*size, 1), moments)
    return [_framed(picture, _COLOURS[score.success["hot"]]) for picture in pictures]


def check_clip(clip: str) -> None:
    """Refuse a clip that cannot be drawn.

    Raises:
        UnknownNameError: it is neither best, median, worst nor all.
    """
    if clip not in CLIP_CHOICES:
        raise UnknownNameError("clip to draw", clip, CLIP_CHOICES)


def _pane(
    trace: Trace,
    world: int,
    caption: str,
    hand: HandSpec,
    object_spec: ObjectSpec,
    look: _Look,
    moments: Optional[Sequence[int]] = None,
) -> Iterator[np.ndarray]:
    try:
        from hot.physics.render import render_frames
    except ImportError as error:
        raise MissingDependencyError(
            f"MuJoCo, which draws the pictures, cannot be imported ({error}). It needs Python 3.11 or newer: "
            "pip install 'mujoco>=4.0'"
        ) from error
    valid = trace.valid[:, world]
    simulated = (trace.joint_pos, trace.object_pos_w, trace.object_quat_w)
    reference = (trace.ref_joint_pos, trace.ref_object_pos_w, trace.ref_object_quat_w)
    frames, ghost = (
        torch.cat([part[valid, world] for part in parts], dim=-1)[:: look.stride].cpu().numpy()
        for parts in (simulated, reference)
    )
    picture = {"width": look.width, "height": look.height, "caption": caption}
    return render_frames(hand, object_spec, frames, ghost, **picture, moments=moments)


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
