"""Stands in for Isaac Gym, which cannot be had in CI: it records every call, refuses what the real one would refuse
(as far as its documentation and its stubs say), and moves the worlds by MuJoCo, from the files that it is given.

What it cannot show: whether NVIDIA's importers read those files as MuJoCo does, and how PhysX behaves.
"""

from __future__ import annotations
