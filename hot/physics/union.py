"""One model with room for every object of a scene, and the numbers by which its worlds differ."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs.

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence

import mujoco
import numpy as np

from hot.errors import PhysicsError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics.config import PhysicsConfig
from hot.physics.model import OBJECT, add_object_body, add_part, begin_spec, build_model, part_name

_BODY_FIELDS = (
    "body_mass",
    "body_inertia",
    "body_ipos",
    "body_iquat",
    "body_subtreemass",
    "body_invweight0",
    "dof_invweight0",
)
_GEOM_FIELDS = ("geom_pos", "geom_quat", "geom_size", "geom_aabb", "geom_rbound")
_EMPTY = -1
"""Mesh of a slot that an object leaves unused; the broad phase then drops the slot."""


@dataclass(frozen=True)
class UnionModel:
    """The object's body has one mesh slot for each part of the object with most parts."""

    model: mujoco.MjModel
    by_object: Dict[str, np.ndarray]
    """Values (O, ...) of each model field that differs between objects, by MuJoCo's name of the field."""
    parts: int
    """Mesh slots of the object's body."""


def build_union(hand: HandSpec, objects: Sequence[ObjectSpec], config: PhysicsConfig) -> UnionModel:
    """Compile the scene of a hand with any one of ``objects``.

    Every number comes from the objects' own compiled models, so that each world equals its own simulation.

    Raises:
        PhysicsError: MuJoCo refuses the scene.
    """
    singles = [build_model(hand, spec, config) for spec in objects]
    parts = max(len(spec.parts) for spec in objects)
    model = _compile(hand, objects, config)
    rows = [_read_fields(model, single, which, parts) for which, single in enumerate(singles)]
    return UnionModel(model, {name: np.stack([row[name] for row in rows]) for name in rows[0]}, parts)


def _compile(hand: HandSpec, objects: Sequence[ObjectSpec], config: PhysicsConfig) -> mujoco.MjModel:
    try:
        spec = begin_spec(hand, config)
        # A body whose inertia is aligned with its frame gets a mass matrix without room for other objects' products
        # of inertia, and they would be dropped in silence.
        skew = np.array([[3.0, 0.3, 0.2], [0.3, 4.0, 0.1], [0.2, 0.1, 5.0]]) * 1e-4
        body = add_object_body(spec, 0.1, skew)
        largest = max(range(len(objects)), key=lambda which: len(objects[which].parts))
        for which, object_spec in enumerate(objects):
            for part, vertices in enumerate(object_spec.parts):
                add_part(spec, body if which == largest else None, part_name(part, which), vertices)
        # A contact moves the wrist and one finger: most entries of its row are zero.
        spec.option.jacobian = mujoco.mjtJacobian.mjJAC_SPARSE
        model = spec.compile()
    except (ValueError, mujoco.FatalError) as error:
        names = ", ".join(spec.name for spec in objects)
        raise PhysicsError(f"{hand.name} with {names} does not compile: {error}") from error
    if model.body_simple[model.body(OBJECT).id]:
        raise PhysicsError("the shared model keeps no room for the objects' products of inertia")
    # Warp has no automatic reset that could be switched off.
    model.opt.disableflags &= ~mujoco.mjtDisableBit.mjDSBL_AUTORESET.value
    return model


def _read_fields(union: mujoco.MjModel, single: mujoco.MjModel, which: int, parts: int) -> Dict[str, np.ndarray]:
    """An object's values in the shape of the union's fields; slots are the last geoms of both models."""
    fields = {name: np.array(getattr(single, name)) for name in _BODY_FIELDS}
    shared, used = union.ngeom - parts, single.ngeom - (union.ngeom - parts)
    for name in _GEOM_FIELDS:
        fields[name] = np.array(getattr(union, name))
        fields[name][: single.ngeom] = getattr(single, name)
    mesh_ids = np.array(union.geom_dataid)
    mesh_ids[shared:] = _EMPTY
    mesh_ids[shared : shared + used] = _mesh_ids(union, which, used)
    fields["geom_dataid"] = mesh_ids
    fields["geom_aabb"] = fields["geom_aabb"].reshape(-1, 2, 3)
    return fields


def _mesh_ids(union: mujoco.MjModel, which: int, parts: int) -> List[int]:
    return [union.mesh(part_name(part, which)).id for part in range(parts)]
