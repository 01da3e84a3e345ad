"""One object in several sizes, as what a teacher trains on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict

from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.planning.config import PlanningConfig, ScalingConfig
from hot.planning.scaling import scale_clips, scaled_spec
from hot.progress import Progress, silent


@dataclass(frozen=True, eq=False)
class Sizes:
    """Clips of an object in its own and in other sizes."""

    motions: Motions
    objects: Dict[str, ObjectSpec]
    """By the names in ``motions.objects``."""
    shares: Dict[str, float]
    """Of the worlds, by object."""


def in_sizes(
    motions: Motions,
    hand: HandSpec,
    object_spec: ObjectSpec,
    scaling: ScalingConfig,
    config: PlanningConfig,
    progress: Progress = silent,
) -> Sizes:
    """The clips, and the same adapted to each size.

    Raises:
        HotError: no clip fits one of the sizes.
    """
    own = object_spec.name
    parts, objects, shares = [motions], {own: object_spec}, {own: 1.0}
    for index, factor in enumerate(scaling.factors):
        spec = scaled_spec(object_spec, factor)
        parts.append(scale_clips(motions, hand, object_spec, factor, config))
        objects[spec.name] = spec
        shares[spec.name] = scaling.share / len(scaling.factors)
        shares[own] -= shares[spec.name]
        progress("scaling clips", index + 1, len(scaling.factors), {})
    return Sizes(Motions.concatenate(parts), objects, shares)
