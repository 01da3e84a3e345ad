"""The search for grasps: batch after batch, those lifted off the table too, and of all of them different ones."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence

import torch
from torch import Tensor

from hot.errors import HotError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import CONTROL_DT, PhysicsConfig
from hot.progress import Progress, silent
from hot.synthesis.carrying import draw_carry
from hot.synthesis.config import JUDGING_PHYSICS, GraspConfig, RestingConfig, SynthesisConfig
from hot.synthesis.grasps import TENSORS, Grasps
from hot.synthesis.holding import hold
from hot.synthesis.pickup import Served, serve_table
from hot.synthesis.resting import RestingPoses, find_resting_poses
from hot.synthesis.seeds import Seeds
from hot.synthesis.selection import farthest, select_diverse, sturdiest
from hot.synthesis.synthesiser import Batch, Synthesiser
from hot.synthesis.worlds import Worlds

_LOG = logging.getLogger(__name__)
_SURPLUS = 2
"""The search goes on until there are so many times more grasps than asked for, so that the selection has a choice."""
_FEW = 6
"""Fewer successes than this are no family whose variations are worth half of a resting pose's share."""
_SHAKEN_HARDER = 6
"""Times the number of grasps asked for whose strength is measured in one round: a thousand alike teach nothing."""
_TRIED_ON_TABLE = 2
"""Times the number of grasps asked for, the sturdiest, that are lifted off the table in one round."""
_AT_TABLE = 1024
"""Most hands that lift and place at once."""
_CARRIED = 1.4
"""Times the number of grasps asked for that are carried about if MuJoCo C found them; those that last are kept."""
_POOL = 2
"""Times the number of grasps asked for that a GPU carries about."""
_CONFIRMED = 1.15
"""Times their number that MuJoCo C carries about after that."""
_PATHS = 4
"""Motions on which a GPU carries its grasps about, and ways on which it lifts and places them once more: one tells
little of the next."""


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
    """Up to ``count`` different grasps that survive a six-direction shake in physics, and being carried about.

    Rounds of candidates go on until every resting pose has its share of grasps that also lift the object off
    the table and set it down, or ``config.rounds`` are over; from the second round on, half of the candidates
    are variations of what did best for the poses that lack grasps, and only those poses are tried.

    Args:
        physics: of closing, shaking, lifting and placing. Those chosen are carried by MuJoCo C in any case; what
            another engine found, it carries about before that, on further paths, and lifts and places once more.

    Raises:
        HotError: nothing held, with what was tried.
    """
    generator = torch.Generator().manual_seed(seed)
    resting = resting or find_resting_poses(hand, object_spec, RestingConfig(), seed, progress)
    tests = _Tests(hand, object_spec, resting, config, generator, progress)
    table = Worlds(hand, object_spec, physics, min(_TRIED_ON_TABLE * count * len(resting), _AT_TABLE))
    synthesiser = Synthesiser(hand, object_spec, resting, config, physics, generator, progress)
    found = _Found(len(resting))
    try:
        _search(found, count, synthesiser, tests, table)
        pool, surplus = found.grasps(), _CARRIED
        if physics != JUDGING_PHYSICS:
            pool = select_diverse(pool, hand, _POOL * count)
            pool, surplus = tests.confirmed(pool, table, synthesiser.device), _CONFIRMED
    finally:
        synthesiser.close()
        table.free()
    chosen = tests.lasting(select_diverse(pool, hand, round(surplus * count)))
    if not len(chosen):
        raise HotError(f"every grasp of {object_spec.name} with {hand.name} was lost in carrying: {found.figures}")
    chosen = select_diverse(chosen, hand, count)
    meta = {**found.figures, "seed": seed, "generator": "hot.synthesis", "config": config.model_dump()}
    return Grasps(hand.name, object_spec.name, **{n: getattr(chosen, n) for n in TENSORS}, meta=meta)


def _search(found: _Found, count: int, synthesiser: Synthesiser, tests: _Tests, table: Worlds) -> None:
    """Rounds of candidates, until there are enough.

    Raises:
        HotError: nothing held.
    """
    hand, share = tests.hand, -(-count // len(tests.resting))
    for number in range(tests.config.rounds):
        lacking = found.families(share)
        seeds = synthesiser.draw(lacking)
        batch = synthesiser.attempt(seeds, synthesiser.plan(seeds))
        found.count(len(seeds.joints), synthesiser.candidates, len(batch.grasps))
        batch = batch.select(farthest(batch.grasps, hand, _SHAKEN_HARDER * count))
        if len(batch.grasps):
            batch.grasps.disturbance[:] = synthesiser.strength(batch)
            batch = batch.select(sturdiest(batch.grasps, hand, batch.origins.rest.cpu(), _TRIED_ON_TABLE * count))
            tests.serve(batch.grasps, list(lacking), table, synthesiser.device)
            found.add(batch)
        _LOG.info("round %d: %s", number + 1, found.figures)
        if found.is_enough(count, share):
            break
    if not len(found):
        raise HotError(f"no grasp of {tests.object_spec.name} with {hand.name} held: {found.figures}")


@dataclass(frozen=True, eq=False)
class _Tests:
    """What grasps must stand after the shake: to be put to use over the table, and to be carried about."""

    hand: HandSpec
    object_spec: ObjectSpec
    resting: RestingPoses
    config: GraspConfig
    generator: torch.Generator
    progress: Progress

    def serve(self, grasps: Grasps, poses: Sequence[int], worlds: Worlds, device: torch.device) -> None:
        """Lift and place from each of ``poses``; fills in reach and pickup."""
        wanted = torch.zeros_like(grasps.pickup, device=device)
        wanted[:, list(poses)] = True
        served = self._serve(grasps.to(device), self.resting.to(device), wanted, worlds)
        grasps.reach[:], grasps.pickup[:] = served.reach.cpu(), served.lifted.cpu()

    def confirmed(self, grasps: Grasps, worlds: Worlds, device: torch.device) -> Grasps:
        """Those grasps that outlast several motions, with those pickups that fail on none of several further ways."""
        kept = self._outlasting(grasps, _PATHS, worlds)
        again = self._serve(kept.to(device), self.resting.to(device), kept.pickup.to(device), worlds, _PATHS)
        kept.pickup[again.lost.cpu()] = False
        return kept

    def lasting(self, grasps: Grasps) -> Grasps:
        """Those grasps that outlast being carried about by MuJoCo C."""
        worlds = Worlds(self.hand, self.object_spec, JUDGING_PHYSICS, len(grasps))
        try:
            return self._outlasting(grasps, 1, worlds)
        finally:
            worlds.free()

    def _outlasting(self, grasps: Grasps, paths: int, worlds: Worlds) -> Grasps:
        if not len(grasps):
            return grasps
        frames, speed = round(self.config.carry_seconds / CONTROL_DT), self.config.carry_turn_speed
        carries = [draw_carry(frames, self.hand, SynthesisConfig(), speed, self.generator) for _ in range(paths)]
        holding = hold(grasps, carries, worlds, self.progress)
        return grasps.select((~holding.lost(self.config)).nonzero()[:, 0])

    def _serve(self, grasps: Grasps, resting: RestingPoses, wanted: Tensor, worlds: Worlds, ways: int = 1) -> Served:
        return serve_table(grasps, resting, wanted, worlds, self.generator, self.progress, ways)


class _Found:
    """The grasps found so far, where they came from, and counts."""

    def __init__(self, poses: int) -> None:
        self._poses = poses
        self._batches: List[Batch] = []
        self.figures = {"seeds": 0, "candidates": 0, "held": 0, "tried_on_table": 0, "picked_up": 0}

    def __len__(self) -> int:
        return sum(len(batch.grasps) for batch in self._batches)

    def count(self, seeds: int, candidates: int, held: int) -> None:
        """A round more."""
        for name, number in (("seeds", seeds), ("candidates", candidates), ("held", held)):
            self.figures[name] += number

    def add(self, batch: Batch) -> None:
        """Grasps that were tried on the table."""
        self._batches.append(batch)
        self.figures["tried_on_table"] += len(batch.grasps)
        self.figures["picked_up"] += int(batch.grasps.pickup.any(1).sum())

    def grasps(self) -> Grasps:
        """All of them."""
        parts = [batch.grasps for batch in self._batches]
        joined = {name: torch.cat([getattr(part, name) for part in parts]) for name in TENSORS}
        return Grasps(parts[0].hand, parts[0].object, **joined, meta={})

    def is_enough(self, count: int, share: int) -> bool:
        """Whether the selection has a choice: a surplus for each pose and in all."""
        if not self._batches:
            return False
        pickup = self.grasps().pickup
        return bool((pickup.sum(0) >= _SURPLUS * share).all()) and len(pickup) >= _SURPLUS * count

    def families(self, share: int) -> Dict[int, Optional[Seeds]]:
        """The resting poses that still lack grasps, each with what lifted the object from there so far."""
        pickup = self.grasps().pickup if self._batches else torch.zeros(0, self._poses, dtype=torch.bool)
        families: Dict[int, Optional[Seeds]] = {}
        for rest in range(self._poses):
            successes = int(pickup[:, rest].sum())
            if successes >= _SURPLUS * share:
                continue
            families[rest] = self._parents(rest) if successes >= _FEW else None
        return families

    def _parents(self, rest: int) -> Seeds:
        lifted = [batch.grasps.pickup[:, rest].to(batch.origins.rest.device) for batch in self._batches]
        chosen = [batch.origins.select(rows) for batch, rows in zip(self._batches, lifted)]
        joined = Seeds.join(chosen)
        return replace(joined, rest=torch.full_like(joined.rest, rest))
