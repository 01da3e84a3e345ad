"""Records with exactly the attributes that the stubs list, and the constants."""

from __future__ import annotations

from typing import Any, Dict, Tuple

from tests.physics.fake_isaacgym import stubs


class Record:
    """Refuses attributes that the real class does not have; what was never set cannot be read."""

    def __init__(self, *values: Any, **named: Any) -> None:
        order: Tuple[str, ...] = getattr(type(self), "order", ())
        for name, value in {**dict(zip(order, values)), **named}.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in stubs.attributes(type(self).__name__), f"{type(self).__name__} has no attribute {name}"
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__}.{name} was never set")

    def given(self) -> Dict[str, Any]:
        """What was set."""
        return dict(vars(self))


class Vec3(Record):
    order = ("x", "y", "z")

    def numbers(self) -> Tuple[float, float, float]:
        return self.x, self.y, self.z


class Quat(Record):
    order = ("x", "y", "z", "w")


class Transform(Record):
    order = ("p", "r")


class Mat33(Record):
    pass


class PhysXParams(Record):
    pass


class SimParams(Record):
    def __init__(self) -> None:
        super().__init__(physx=PhysXParams())


class AssetOptions(Record):
    pass


class RigidBodyProperties(Record):
    pass


class RigidShapeProperties(Record):
    pass


SIM_PHYSX, UP_AXIS_Z, ENV_SPACE, CC_LAST_SUBSTEP = "SIM_PHYSX", "UP_AXIS_Z", "ENV_SPACE", "CC_LAST_SUBSTEP"
DOMAIN_ACTOR, DOMAIN_ENV, DOMAIN_SIM = "DOMAIN_ACTOR", "DOMAIN_ENV", "DOMAIN_SIM"
DOF_MODE_NONE, DOF_MODE_POS = 0, 1
