from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from hot.errors import BadFileError, ConfigError
from hot.evaluation import summarise, write_clip_video, write_mp4, write_video
from hot.hands import load_hand
from hot.objects import load_object


def solid(level, height=32, width=48):
    return np.full((height, width, 3), level, dtype=np.uint8)


def decode(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_video_holds_every_picture_in_order(tmp_path):
    write_mp4(tmp_path / "clip.mp4", (solid(level) for level in (40, 120, 200)))
    pictures = decode(tmp_path / "clip.mp4")
    assert [picture.shape for picture in pictures] == [(32, 48, 3)] * 3
    assert [float(picture.mean()) for picture in pictures] == pytest.approx([40, 120, 200], abs=6)


def test_a_failure_half_way_leaves_the_earlier_video(tmp_path):
    def breaks():
        yield solid(1)
        raise RuntimeError("half way")

    path = tmp_path / "clip.mp4"
    path.write_text("earlier")
    with pytest.raises(RuntimeError, match="half way"):
        write_mp4(path, breaks())
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_place_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFileError, match="file"):
        write_mp4(tmp_path / "file" / "clip.mp4", [solid(1)])


@pytest.mark.parametrize("pictures", [[], [solid(1, height=31)]])
def test_no_picture_and_odd_sides_are_refused(tmp_path, pictures):
    with pytest.raises(ConfigError, match="even sides"):
        write_mp4(tmp_path / "clip.mp4", pictures)


def test_clip_video_shows_three_clips_bordered_by_success(tmp_path, make_trace, change):
    trace = change(make_trace(frames=22), "object_pos_w", (..., 1, 2), 0.2)  # the second clip is dropped
    trace = change(trace, "valid", (slice(21, None), 0), False)
    spec = load_object("Bottle")
    write_clip_video(tmp_path / "clips.mp4", trace, summarise(trace, spec).scores, load_hand("allegro"), spec)
    pictures = decode(tmp_path / "clips.mp4")
    assert len(pictures) == 22 and pictures[0].shape == (480, 1440, 3)
    edge = pictures[-1][240, [2, 482, 962]].astype(int)  # red and green of each pane's left border
    assert (edge[:2, 1] > edge[:2, 0]).all()  # best and median succeed: green
    assert edge[2, 0] > edge[2, 1]  # the worst is red


@pytest.mark.parametrize("ending", [".webp", ".gif"])
def test_animations_hold_every_picture_and_loop(tmp_path, ending):
    path = tmp_path / f"clip{ending}"
    write_video(path, (solid(level) for level in (40, 120, 200)), fps=20)
    with Image.open(path) as picture:
        assert (getattr(picture, "n_frames", 1), picture.size, picture.info["loop"]) == (3, (48, 32), 0)
        picture.seek(2)
        assert np.asarray(picture.convert("RGB")).mean() == pytest.approx(200, abs=8)


def test_an_unknown_ending_lists_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"\*\.mp4, \*\.webp, \*\.gif"):
        write_video(tmp_path / "clip.avi", [solid(1)])


def test_one_clip_alone_is_small_and_at_a_quarter_of_the_frames(tmp_path, make_trace):
    trace, spec = make_trace(frames=22), load_object("Bottle")
    scores = summarise(trace, spec).scores
    write_clip_video(tmp_path / "a.webp", trace, scores, load_hand("allegro"), spec, clip="median")
    with Image.open(tmp_path / "a.webp") as picture:
        assert (getattr(picture, "n_frames", 1), picture.size) == (6, (360, 270))
