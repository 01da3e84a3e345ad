"""Stills: a clip at a few moments side by side, as a picture for a page."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Sequence

import numpy as np
from PIL import Image

from hot.evaluation.report import ClipScore
from hot.evaluation.summary import pick_clips
from hot.evaluation.video import draw_moments
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.rollouts import Trace

_MOMENTS = 4
_SIZE = (200, 150)
_QUALITY = 75
"""Of the JPEG, 0 to 100; higher is finer."""


@dataclass(frozen=True)
class Still:
    """A strip of pictures."""

    jpeg: bytes
    caption: str


def draw_still(trace: Trace, scores: Sequence[ClipScore], hand: HandSpec, object_spec: ObjectSpec) -> Still:
    """The median clip of a trace by E_op, at four moments from its first frame to its last, the reference as a ghost.

    ``scores`` are those of the trace's own summary. The border is green where the HOT rule calls the clip a success.

    Raises:
        ConfigError: the trace is empty.
        PhysicsError: no frame of the clip is finite.
        MissingDependencyError: MuJoCo or OpenGL is missing.
    """
    _, median, _ = pick_clips(scores)
    pictures = draw_moments(trace, median, scores[median], hand, object_spec, _MOMENTS, _SIZE)
    file = io.BytesIO()
    Image.fromarray(np.concatenate(pictures, axis=1)).save(file, format="JPEG", quality=_QUALITY)
    error = scores[median].means["e_op_cm"]
    told = "not finite" if error is None else f"{error:.2f} cm"
    return Still(file.getvalue(), f"clip {scores[median].clip_id}, the median one: E_op {told}")
