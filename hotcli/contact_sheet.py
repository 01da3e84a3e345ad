"""Pictures of clips at a few moments each, as one picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, List, Tuple

if TYPE_CHECKING:
    import numpy as np

    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec

_CLIPS, _MOMENTS = 3, 6
_WIDTH, _HEIGHT = 240, 180


def write_contact_sheet(path: Path, sets: List[Tuple[Motions, HandSpec, ObjectSpec, str]]) -> None:
    """A row for each of three clips of each set, from its first frame to its last.

    Raises:
        ConfigError: the file is not called ``.png``.
        BadFileError: it cannot be written.
        MissingDependencyError: there is no OpenGL to draw with.
    """
    import numpy as np

    from hot.writing import write_png

    write_png(path, np.concatenate([row for one in sets for row in _rows(*one)]))


def _rows(motions: Motions, hand: HandSpec, object_spec: ObjectSpec, title: str) -> List[np.ndarray]:
    import numpy as np
    import torch

    from hot.physics.render import render_frames

    rows = []
    for clip in torch.linspace(0, motions.num_clips - 1, min(_CLIPS, motions.num_clips)).round().long().tolist():
        start, end = motions.clip_start[clip : clip + 2].tolist()
        moments = torch.linspace(start, end - 1, _MOMENTS).round().long()
        parts = (motions.joint_pos, motions.object_pos_w, motions.object_quat_w)
        frames = torch.cat([part[moments] for part in parts], dim=-1).numpy()
        look = {"width": _WIDTH, "height": _HEIGHT, "caption": f"{title} {clip}"}
        # Each moment by itself, or the camera would stand where it sees all of them.
        pictures = [next(render_frames(hand, object_spec, frame[None], **look)) for frame in frames]
        rows.append(np.concatenate(pictures, axis=1))
    return rows
