"""Pictures of what was judged: a still of each cell for the page, and the videos that were asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, Optional, Tuple

from hot.errors import HotError, MissingDependencyError
from hotcli import console

if TYPE_CHECKING:
    from hot.evaluation import Still
    from hot.hands import HandSpec
    from hotcli.exams import Judged


class Artist:
    """Draws each cell as soon as it is judged, because no trace is kept; what cannot be drawn is told in the end."""

    def __init__(self, video: Optional[Path], clip: str, stills: bool, objects: bool, cells: bool) -> None:
        """``video`` names the file of one cell, and begins the names of several ``cells`` or ``objects``."""
        self._video, self._clip, self._wants_stills = video, clip, stills
        self._objects, self._cells = objects, cells
        self._failure: Optional[HotError] = None
        self.stills: Dict[Tuple[str, str, float], Still] = {}
        """By object, skill and size."""

    def draw(self, judged: Judged, hand: HandSpec) -> None:
        """Everything that is wanted of one cell."""
        if self._wants_stills:
            self._draw_still(judged, hand)
        if self._video is not None and self._failure is None:
            self._draw_video(self._video, judged, hand)

    def end(self) -> None:
        """Tell why a video could not be drawn.

        Raises:
            HotError: it could not.
        """
        if self._failure is not None:
            raise self._failure

    def _draw_still(self, judged: Judged, hand: HandSpec) -> None:
        from hot import evaluation

        row = judged.rows[0]
        try:
            still = evaluation.draw_still(judged.trace, judged.scores, hand, judged.clips.object_spec)
            self.stills[row.object, row.skill, row.size] = still
        except HotError as error:
            self._wants_stills = not isinstance(error, MissingDependencyError)
            console.note(f"No still of {row.object}, {row.skill}: {error}")

    def _draw_video(self, video: Path, judged: Judged, hand: HandSpec) -> None:
        from hot import evaluation

        path, spec = self._path(video, judged), judged.clips.object_spec
        try:
            evaluation.write_clip_video(path, judged.trace, judged.scores, hand, spec, clip=self._clip)
            console.note(f"Written: {path}")
        except HotError as error:
            self._failure = error

    def _path(self, video: Path, judged: Judged) -> Path:
        parts = [video.stem, *([judged.rows[0].object] if self._objects else [])]
        if self._cells:
            parts.append(judged.clips.skill)
        if judged.clips.size != 1.0:
            parts.append(f"{judged.clips.size:g}")
        return video.with_name(f"{'_'.join(parts)}{video.suffix}")
