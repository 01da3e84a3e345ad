from __future__ import annotations

import ctypes

import numpy as np
import pytest

from hot.errors import MissingDependencyError, PhysicsError
from hot.hands import load_hand
from hot.objects import load_object

pytest.importorskip("mujoco", reason="MuJoCo is not installed")
from hot.physics.render import render_frames

HAND, BOTTLE = load_hand("allegro"), load_object("Bottle")


def still(frames=1, hand_z=0.4, object_y=0.1):
    rows = np.zeros((frames, HAND.num_joints + 7))
    rows[:, 2], rows[:, -7:-4], rows[:, -4] = hand_z, [0.06, object_y, 0.35], 1.0
    return rows


def draw(*args, **kwargs):
    return list(render_frames(HAND, BOTTLE, *args, width=160, height=120, **kwargs))


def test_one_picture_per_frame():
    pictures = draw(still(3))
    assert [picture.shape for picture in pictures] == [(120, 160, 3)] * 3
    assert all(picture.dtype == np.uint8 for picture in pictures)


def test_moments_are_the_pictures_of_those_frames_of_the_whole_clip():
    rows = still(40)
    rows[:, [0, -7]] += np.linspace(0.0, 0.4, 40)[:, None]
    whole, picked = draw(rows), draw(rows, moments=[0, 17, 39])
    assert len(picked) == 3
    for t, picture in zip([0, 17, 39], picked):
        np.testing.assert_allclose(picture.astype(int), whole[t].astype(int), atol=2)  # of 255; drawing rounds


def test_object_and_hand_are_in_view_and_the_camera_follows():
    def blue(rows):
        picture = draw(rows)[0].astype(int)
        return int((picture[..., 2] - picture[..., 0] > 60).sum())  # pixels of the bottle

    far = still(1)
    far[:, [0, -7]] += 3.0
    assert blue(still(1)) > 100
    assert blue(far) == pytest.approx(blue(still(1)), abs=40)


def test_ghost_and_caption_change_the_picture():
    plain, ghostly = draw(still())[0], draw(still(), still(hand_z=0.45, object_y=0.15))[0]
    assert not np.array_equal(plain, ghostly)
    assert not np.array_equal(draw(still(), caption="clip 1")[0][:30], plain[:30])


def test_frames_that_are_not_finite_repeat_the_last_finite_one():
    rows = still(4)
    rows[:2, 2] = 0.45
    expected = draw(rows[[1, 1, 1, 3]])  # row 0 has none before it and takes row 1
    rows[0, 0], rows[2, -1] = np.nan, np.inf
    assert np.array_equal(draw(rows), expected)


@pytest.mark.parametrize("rows", [np.zeros((2, 5)), np.zeros((0, 29)), np.full((2, 29), np.nan)])
def test_frames_that_cannot_be_drawn_are_refused(rows):
    with pytest.raises(PhysicsError):
        render_frames(HAND, BOTTLE, rows)


def test_ghost_of_another_length_is_refused():
    with pytest.raises(PhysicsError, match="2 frames beside 3"):
        render_frames(HAND, BOTTLE, still(2), still(3))


def test_without_opengl_the_packages_are_named(monkeypatch):
    def absent(name):
        raise OSError(name)

    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(MissingDependencyError, match="libegl1"):
        render_frames(HAND, BOTTLE, still())
