from __future__ import annotations

import numpy as np
import pytest

from hot.errors import PhysicsError
from hot.objects import load_object

pytest.importorskip("mujoco", reason="MuJoCo is not installed")
from hot.physics.object_portrait import draw_portrait

UPRIGHT, LYING = [0.5**0.5, 0.5**0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]


def blue(quats):
    """Columns of the picture in which the bottle is seen, and how many pixels it has."""
    picture = draw_portrait(load_object("Bottle"), np.array(quats), width=240, height=120).astype(int)
    seen = np.asarray(picture[..., 2] - picture[..., 0] > 60)
    return np.asarray(seen.any(0)), int(seen.sum())


def test_an_object_is_seen_whole():
    columns, pixels = blue([UPRIGHT])
    assert pixels > 500
    assert not columns[[0, -1]].any()


def test_poses_stand_side_by_side():
    columns, _ = blue([UPRIGHT, UPRIGHT])
    starts = np.flatnonzero(np.diff(columns.astype(int)) == 1)
    assert len(starts) == 2


def test_a_lying_bottle_is_seen_from_its_side():
    across = blue([LYING])[0].sum()
    assert across > 2 * blue([UPRIGHT])[0].sum()


def test_no_pose_is_refused():
    with pytest.raises(PhysicsError, match="no pose"):
        draw_portrait(load_object("Bottle"), np.zeros((0, 4)))
