"""Masses and inertias of hand files, read without MuJoCo."""

from __future__ import annotations

import numpy as np
import pytest

from hot.errors import BadFileError
from hot.hands import load_hand, packaged_hand_names
from hot.hands.inertias import read_inertias
from hot.hands.mjcf import MjcfFile


@pytest.mark.parametrize("name", packaged_hand_names())
def test_bodies_weigh_what_mujoco_makes_of_them(name):
    mujoco = pytest.importorskip("mujoco")
    hand = load_hand(name)
    model = mujoco.MjModel.from_xml_path(str(hand.mjcf))
    turn = np.zeros(9)
    for body, ours in zip(hand.tree.names, read_inertias(MjcfFile(hand.mjcf))):
        theirs = model.body(body)
        mujoco.mju_quat2Mat(turn, theirs.iquat)
        axes = turn.reshape(3, 3)
        assert ours.mass == pytest.approx(theirs.mass[0], abs=1e-9)
        np.testing.assert_allclose(ours.com, theirs.ipos, atol=1e-9)
        np.testing.assert_allclose(ours.inertia, axes @ np.diag(theirs.inertia) @ axes.T, rtol=1e-6, atol=1e-12)


def written(folder, body, compiler=""):
    path = folder / "hand.xml"
    path.write_text(f"<mujoco>{compiler}<worldbody><body name='wrist'>{body}</body></worldbody></mujoco>")
    return MjcfFile(path)


def test_two_spheres_weigh_like_a_dumbbell(tmp_path):
    spheres = "".join(f"<geom size='0.01' mass='1' pos='{x} 0 0'/>" for x in (-0.1, 0.3))
    (wrist,) = read_inertias(written(tmp_path, spheres))
    # Each of 1 kg, 0.2 m from the common centre: 2 (0.4 r^2), and across the line 2 * 0.2^2 more.
    along = 2 * 0.4 * 0.01**2
    assert wrist.mass == 2.0
    np.testing.assert_allclose(wrist.com, [0.1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(wrist.inertia, np.diag([along, along + 0.08, along + 0.08]), atol=1e-12)


def test_a_shape_without_mass_is_as_dense_as_water(tmp_path):
    (wrist,) = read_inertias(written(tmp_path, "<geom type='box' size='0.05 0.05 0.05'/>"))
    assert wrist.mass == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("body", "compiler", "message"),
    [
        ("", "", "body wrist has no mass"),
        ("<geom type='ellipsoid' size='1 1 1'/>", "", "weighs a ellipsoid; known: box, capsule, sphere"),
        ("<geom size='1'/>", "<compiler settotalmass='1'/>", "changes masses by the compiler's settotalmass"),
    ],
)
def test_what_cannot_be_weighed_is_named(tmp_path, body, compiler, message):
    with pytest.raises(BadFileError, match=message):
        read_inertias(written(tmp_path, body, compiler))
