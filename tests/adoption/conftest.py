"""A small hand as others might publish it: three fingers along +x, a thumb along +y, the palm facing +z."""

from __future__ import annotations

import pytest

FINGER = """
<body name="{name}_near" pos="{pos}" {turn}>
  <joint name="{name}_bend" axis="0 -1 0" range="-0.2 1.6"/>
  <geom type="capsule" fromto="0 0 0 0.04 0 0" size="0.008"/>
  <body name="{name}_far" pos="0.04 0 0">
    <joint name="{name}_curl" axis="0 -1 0" range="0 1.5"/>
    <geom type="capsule" fromto="0 0 0 0.03 0 0" size="0.007"/>
  </body>
</body>"""
HAND = """<mujoco model="grabber">
<compiler angle="radian" autolimits="true"/>
<worldbody><body name="palm" pos="0.1 0.2 0.3" euler="0.3 0.2 0.1">BASE
<geom type="box" size="0.04 0.04 0.01"/>
{fingers}
</body></worldbody>
</mujoco>"""


def published(base: str = "") -> str:
    """MJCF text; ``base`` goes into the palm's body."""
    places = {"first": "0.045 0.03 0", "second": "0.045 0 0", "third": "0.045 -0.03 0"}
    parts = [FINGER.format(name=name, pos=pos, turn="") for name, pos in places.items()]
    parts.append(FINGER.format(name="thumb", pos="0 0.045 0", turn='quat="0.70710678 0 0 0.70710678"'))
    return HAND.format(fingers="".join(parts)).replace("BASE", base)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """A data folder of the test's own."""
    monkeypatch.setenv("HOT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def write(tmp_path):
    """Write a model's text to a file; the file."""

    def write_text(text: str, name: str = "grabber.xml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write_text
