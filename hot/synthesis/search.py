"""The search for grasps: draw, refine, close, shake, lift off the table, and keep different ones."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Dict, List, Optional

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import PhysicsConfig
from hot.progress import Progress, silent
from hot.synthesis.candidates import Planner
from hot.synthesis.clearance import Clearance
from hot.synthesis.closed_hands import close_hands
from hot.synthesis.config import JUDGING_PHYSICS, GraspConfig, RestingConfig, SynthesisConfig
from hot.synthesis.grasps import TENSORS, Grasps
from hot.synthesis.pads import find_pads
from hot.synthesis.pickup import serve_table
from hot.synthesis.resting import RestingPoses, find_resting_poses
from hot.synthesis.seeds import Seeder, Seeds
from hot.synthesis.selection import farthest, select_diverse
from hot.synthesis.transforms import compose, invert
from hot.synthesis.trial import Held, Trial

_LOG = logging.getLogger(__name__)
_SHAPES = 512
"""Closed hand shapes with which fingers may begin."""
_WRIST = 6
_BATCHES = {"cpu": 192, "cuda": 4096}
"""Candidates a round: a GPU takes for a few as long as for thousands."""
_SURPLUS = 2
"""The search goes on until there are so many times more grasps than asked for, so that the selection has a choice."""
_FEW = 6
"""Fewer successes than this are no family whose variations are worth half of a resting pose's share."""
_TRIED_ON_TABLE = 3
"""Times the number of grasps asked for that are lifted off the table in one round: a thousand alike teach nothing."""


def find_grasps(
    hand: HandSpec,
    object_spec: ObjectSpec,
    count: int,
    seed: int,
    config: GraspConfig,
    progress: Progress = silent,
    resting: Optional[RestingPoses] = None,
    physics: PhysicsConfig = JUDGING_PHYSICS,
) -> Grasps:
    """Up to ``count`` different grasps that survive a six-direction shake in physics.

    Rounds of candidates go on until every resting pose has its share of grasps that also lift the object off
    the table and set it down, or ``config.rounds`` are over; from the second round on, half of the candidates
    are variations of what did best for the poses that lack grasps.

    Args:
        physics: of closing and shaking. Lifting and placing are judged by MuJoCo C in any case, so a grasp found on a
            GPU has passed both engines.

    Raises:
        HotError: nothing held, with what was tried.
    """
    generator = torch.Generator().manual_seed(seed)
    resting = resting or find_resting_poses(hand, object_spec, RestingConfig(), seed, progress)
    search = _Search(hand, object_spec, resting, config, physics, generator, progress)
    share = -(-count // len(resting))
    try:
        for number in range(config.rounds):
            search.run(count, share)
            _LOG.info("round %d: %s", number + 1, search.figures)
            if search.is_enough(count, share):
                break
    finally:
        search.close()
    if not search.found:
        raise HotError(f"no grasp of {object_spec.name} with {hand.name} held: {search.figures}")
    chosen = select_diverse(search.grasps(), hand, count)
    meta = {**search.figures, "seed": seed, "generator": "hot.synthesis", "config": config.model_dump()}
    return Grasps(hand.name, object_spec.name, **{n: getattr(chosen, n) for n in TENSORS}, meta=meta)


class _Search:
    """The grasps found so far, the seeds that they came from, and counts."""

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        resting: RestingPoses,
        config: GraspConfig,
        physics: PhysicsConfig,
        generator: torch.Generator,
        progress: Progress,
    ) -> None:
        self._hand, self._object, self._resting, self._config = hand, object_spec, resting, config
        self._generator, self._progress = generator, progress
        closed = close_hands(hand, _SHAPES, generator)
        pads = find_pads(hand, closed)
        device = torch.device("cuda" if physics.engine == "warp" and torch.cuda.is_available() else "cpu")
        self._batch = config.candidates or _BATCHES[device.type]
        self._seeder = Seeder(hand, object_spec, resting, closed, pads, config)
        self._planner = Planner(hand, object_spec, pads, config, device)
        self._trial = Trial(hand, object_spec, config, physics, self._batch, progress)
        self._clearance = Clearance(hand, object_spec, device)
        self.found: List[Grasps] = []
        self._origins: List[Seeds] = []
        self.figures = {"seeds": 0, "candidates": 0, "held": 0, "tried_on_table": 0, "picked_up": 0}

    def close(self) -> None:
        """Free the engine."""
        self._trial.free()

    def run(self, count: int, share: int) -> None:
        """One round: draw, refine, try, and keep what passes."""
        seeds = self._draw(round(self._config.seeds * self._batch), share)
        candidates = self._planner.plan(seeds, self._resting, self._batch)
        self.figures["seeds"] += len(seeds.joints)
        self.figures["candidates"] += self._batch
        held = self._trial.run(candidates) if len(candidates.start) else None
        if held is None or not len(held.rows):
            return
        grasps, kept = self._to_grasps(held)
        self.figures["held"] += len(grasps)
        origin = seeds.select(candidates.seed[held.rows[kept]].cpu())
        origins = replace(origin, joints=self._joints_o(held.select(kept)).cpu())
        tried = farthest(grasps, self._hand, _TRIED_ON_TABLE * count)
        grasps, origins = grasps.select(tried), origins.select(tried)
        if not len(grasps):
            return
        grasps.pickup[:] = serve_table(
            self._hand, self._object, grasps, self._resting, SynthesisConfig(), self._generator, self._progress
        )
        self.found.append(grasps)
        self._origins.append(origins)
        self.figures["tried_on_table"] += len(grasps)
        self.figures["picked_up"] += int(grasps.pickup.any(1).sum())

    def grasps(self) -> Grasps:
        """Everything found so far."""
        joined = {name: torch.cat([getattr(g, name) for g in self.found]) for name in TENSORS}
        return Grasps(self._hand.name, self._object.name, **joined, meta={})

    def is_enough(self, count: int, share: int) -> bool:
        """Whether the selection has a choice: a surplus for each pose and in all."""
        if not self.found:
            return False
        pickup = self.grasps().pickup
        return bool((pickup.sum(0) >= _SURPLUS * share).all()) and len(pickup) >= _SURPLUS * count

    def _draw(self, count: int, share: int) -> Seeds:
        """Some seeds for any use, and equal shares for the resting poses that lack grasps, half of them variations."""
        families = self._families(share)
        free = round(count * self._config.free_share) if families else count
        parts = [self._seeder.draw(free, None, self._generator)]
        for rest, parents in families.items():
            wanted = (count - free) // len(families)
            if parents is not None:
                parts.append(self._seeder.vary(parents, wanted // 2, self._generator))
                wanted -= wanted // 2
            parts.append(self._seeder.draw(wanted, rest, self._generator))
        return Seeds.join(parts)

    def _families(self, share: int) -> Dict[int, Optional[Seeds]]:
        """The resting poses that still lack grasps, each with what lifted the object from there so far."""
        pickup = self.grasps().pickup if self.found else torch.zeros(0, len(self._resting), dtype=torch.bool)
        families: Dict[int, Optional[Seeds]] = {}
        for rest in range(len(self._resting)):
            successes = int(pickup[:, rest].sum())
            if successes >= _SURPLUS * share:
                continue
            parents = Seeds.join(self._origins).select(pickup[:, rest]) if successes >= _FEW else None
            families[rest] = parents and replace(parents, rest=torch.full_like(parents.rest, rest))
        return families

    def _joints_o(self, held: Held) -> Tensor:
        """Hands (N, D) at equilibrium with the wrist in the object's frame."""
        pos, quat = invert((held.pos_h, held.quat_h))
        return torch.cat([pos, rotations.to_euler(quat), held.joints[:, _WRIST:]], dim=1)

    def _to_grasps(self, held: Held):
        """Grasps that do not sink in too deep, and which of the held they are."""
        wrist_pos, wrist_quat = invert((held.pos_h, held.quat_h))
        object_w = compose(
            (held.joints[:, :3], rotations.from_euler(held.joints[:, 3:_WRIST])), (held.pos_h, held.quat_h)
        )
        depth = self._clearance.depth(held.joints, *object_w)
        kept = (depth <= self._config.max_penetration).nonzero()[:, 0]
        tensors = {
            "fingers": held.joints[:, _WRIST:],
            "command": held.command[:, _WRIST:],
            "wrist_pos_o": wrist_pos,
            "wrist_quat_o": wrist_quat,
            "slip": held.slip,
            "turn": held.turn,
            "penetration": depth,
            "disturbance": torch.full_like(depth, self._config.shake),
            "pickup": torch.zeros(len(depth), len(self._resting), dtype=torch.bool),
        }
        chosen = {name: tensor.cpu()[kept.cpu()] for name, tensor in tensors.items()}
        return Grasps(self._hand.name, self._object.name, **chosen, meta={}), kept
