"""The model and the sizes of MuJoCo Warp: one object a world, scaled as the worlds are randomised."""
# pyright: reportAttributeAccessIssue=false
# MuJoCo ships no type stubs, and Warp's arrays are typed by hand.

from __future__ import annotations

from typing import Dict, List, Tuple

import mujoco
import mujoco_warp as mjw
import torch
import warp as wp
from torch import Tensor

from hot.errors import PhysicsError
from hot.physics.config import PhysicsConfig
from hot.physics.factors import Factors
from hot.physics.model import OBJECT
from hot.physics.union import UnionModel

_ROWS_HELD, _ROWS_RESTING = 4, 6  # of a contact with the hand, and with the table, where objects do not roll freely
_TEMPORARY = 1.5
"""Memory of a step's solver against that of the lasting arrays."""
_MARGIN = 1.25
"""For what the allocator takes beyond that."""
_SCALED = ("geom_friction", "actuator_gainprm", "actuator_biasprm")
_OBJECT_MASS = ("body_mass", "body_inertia", "body_subtreemass")


def put_model(union: UnionModel, world_object: Tensor) -> mjw.Model:
    """The model on the current Warp device, each world with the numbers of its own object."""
    worlds = len(world_object)
    model = mjw.put_model(union.model, batch_sizes=dict.fromkeys([*union.by_object, *_SCALED], worlds))
    model.opt.warn_overflow = 0
    which = world_object.cpu().numpy()
    for name, values in union.by_object.items():
        array = getattr(model, name)
        # A shorter array would be read in turn by all worlds.
        assert array.shape[0] == worlds, name
        array.assign(values[which])
    return model


class ModelScaler:
    """Multiplies what the worlds' models say by factors, on the device."""

    def __init__(self, model: mjw.Model, source: mujoco.MjModel) -> None:
        body = source.body(OBJECT).id
        masses = [wp.to_torch(getattr(model, name))[:, body] for name in _OBJECT_MASS]
        weights = [wp.to_torch(model.body_invweight0)[:, body], wp.to_torch(model.dof_invweight0)[:, -6:]]
        gains = [wp.to_torch(model.actuator_gainprm)[..., :1], wp.to_torch(model.actuator_biasprm)[..., 1:3]]
        self._masses, self._weights, self._gains = _with_facts(masses), _with_facts(weights), _with_facts(gains)
        self._frictions = _with_facts([wp.to_torch(model.geom_friction)])

    def apply(self, factors: Factors) -> None:
        """Set every scaled number to its fact times the world's factor."""
        for pairs, factor in (
            (self._masses, factors.mass),
            (self._weights, 1.0 / factors.mass),
            (self._frictions, factors.friction),
            (self._gains, factors.gains),
        ):
            for view, fact in pairs:
                torch.mul(fact, factor.view(-1, *[1] * (fact.dim() - 1)), out=view)


def _with_facts(views: List[Tensor]) -> List[Tuple[Tensor, Tensor]]:
    return [(view, view.clone()) for view in views]


def buffer_sizes(union: UnionModel, config: PhysicsConfig, joints: int) -> Dict[str, int]:
    """Contacts a world on average, and constraint rows a world at most: for a full grasp, four corners of each part on
    the table, and every joint at its limit."""
    average = config.contacts or 16 + 4 * min(union.parts, 5)
    held, resting = (0, config.contacts) if config.contacts else (24, 4 * min(union.parts, 10))
    return {"nconmax": average, "njmax": _ROWS_HELD * held + _ROWS_RESTING * resting + joints}


def check_memory(model: mujoco.MjModel, sizes: Dict[str, int], worlds: int, device: torch.device) -> None:
    free, _ = torch.cuda.mem_get_info(device)
    each = memory_per_world(model, sizes)
    if worlds * each > free:
        raise PhysicsError(
            f"{worlds} worlds need about {worlds * each / 2**30:.1f} GiB, {device} has {free / 2**30:.1f} GiB free; "
            f"about {int(free // each)} worlds would fit"
        )


def memory_per_world(model: mujoco.MjModel, sizes: Dict[str, int]) -> float:
    """Estimated bytes that one more world takes, from the difference between small scenes on the CPU."""
    with wp.ScopedDevice("cpu"):
        few, more = (mjw.make_data(model, nworld=worlds, **sizes) for worlds in (1, 9))
    lasting = (_count_bytes(more) - _count_bytes(few)) / 8
    return _MARGIN * (_TEMPORARY * lasting + sizes["nconmax"] * _bytes_of_contact(model.opt.ccd_iterations))


def _bytes_of_contact(iterations: int) -> int:
    """Scratch of the search for one contact of convex parts: the vertices and the faces of its expanding polytope."""
    vertices, faces = 10 + 2 * iterations, 6 + 5 * iterations
    return 16 * vertices + 20 * faces


def _count_bytes(record: object) -> int:
    values = list(vars(record).values())
    nested = [value for value in values if hasattr(value, "__dataclass_fields__")]
    return sum(value.capacity for value in values if isinstance(value, wp.array)) + sum(map(_count_bytes, nested))
