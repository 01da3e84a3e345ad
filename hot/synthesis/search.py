"""The search for grasps: sample, close, shake, lift off the table, and keep different ones."""

from __future__ import annotations

import logging
from typing import Dict, List, Optional

import torch
from torch import Tensor

from hot import rotations
from hot.errors import HotError
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.progress import Progress, silent
from hot.synthesis.candidates import Candidates, Sampler
from hot.synthesis.clearance import Clearance
from hot.synthesis.closed_hands import close_hands
from hot.synthesis.config import GraspConfig, RestingConfig, SynthesisConfig
from hot.synthesis.grasps import TENSORS, Grasps
from hot.synthesis.pickup import serve_table
from hot.synthesis.resting import RestingPoses, find_resting_poses
from hot.synthesis.selection import select_diverse
from hot.synthesis.transforms import compose, invert
from hot.synthesis.trial import Held, Trial

_LOG = logging.getLogger(__name__)
_SHAPES = 512
"""Closed hand shapes that fingers may close towards."""
_WRIST = 6
_SURPLUS = 2
"""The search goes on until there are so many times more grasps than asked for, so that the selection has a choice."""
_FEW = 6
"""Fewer successes than this are no family; then all that was lifted without touching the table is varied."""


def find_grasps(
    hand: HandSpec,
    object_spec: ObjectSpec,
    count: int,
    seed: int,
    config: GraspConfig,
    progress: Progress = silent,
    resting: Optional[RestingPoses] = None,
) -> Grasps:
    """Up to ``count`` different grasps that survive a lift and a six-direction shake in physics.

    Rounds of candidates go on until every resting pose has its share of grasps that also lift the object off
    the table and set it down, or ``config.rounds`` are over; from the second round on, half of the candidates
    are variations of what did best for the poses that lack grasps.

    Raises:
        HotError: nothing held, with what was tried.
    """
    generator = torch.Generator().manual_seed(seed)
    resting = resting or find_resting_poses(hand, object_spec, RestingConfig(), seed, progress)
    sampler = Sampler(hand, object_spec, resting, close_hands(hand, _SHAPES, generator), config)
    search = _Search(hand, object_spec, resting, config, generator, progress)
    share = -(-count // len(resting))
    for number in range(config.rounds):
        search.run(sampler.draw(config.candidates, search.families(share), generator))
        _LOG.info("round %d: %s", number + 1, search.figures)
        if search.is_enough(count, share):
            break
    if not search.found:
        raise HotError(f"no grasp of {object_spec.name} with {hand.name} held: {search.figures}")
    chosen = select_diverse(search.grasps(), hand, count)
    meta = {**search.figures, "seed": seed, "generator": "hot.synthesis", "config": config.model_dump()}
    return Grasps(hand.name, object_spec.name, **{n: getattr(chosen, n) for n in TENSORS}, meta=meta)


class _Search:
    """The grasps found so far, the candidates that they came from, and counts."""

    def __init__(
        self,
        hand: HandSpec,
        object_spec: ObjectSpec,
        resting: RestingPoses,
        config: GraspConfig,
        generator: torch.Generator,
        progress: Progress,
    ) -> None:
        self._hand, self._object, self._resting, self._config = hand, object_spec, resting, config
        self._generator, self._progress = generator, progress
        self._trial = Trial(hand, object_spec, config, progress)
        self._clearance = Clearance(hand, object_spec)
        self.found: List[Grasps] = []
        self._origins: List[Candidates] = []
        self._promising: List[List[Candidates]] = [[] for _ in range(len(resting))]
        self.figures = {"candidates": 0, "closed": 0, "lifted": 0, "held": 0, "picked_up": 0}

    def run(self, candidates: Candidates) -> None:
        """Put one batch of candidates to the test and keep what passes."""
        closed = self._trial.close(candidates)
        lifted = self._trial.lift(closed)
        held = self._trial.shake(lifted)
        self.figures["candidates"] += len(candidates.start)
        self.figures["closed"] += len(closed.rows)
        self.figures["lifted"] += len(lifted.rows)
        for rest, promising in enumerate(self._promising):
            promising.append(candidates.select(lifted.rows[self._above_table(lifted, rest)]))
        if not len(held.rows):
            return
        grasps, kept = self._to_grasps(held)
        if not len(grasps):
            return
        pickup = serve_table(
            self._hand, self._object, grasps, self._resting, SynthesisConfig(), self._generator, self._progress
        )
        grasps.pickup[:] = pickup
        self.found.append(grasps)
        self._origins.append(candidates.select(held.rows[kept]))
        self.figures["held"] += len(grasps)
        self.figures["picked_up"] += int(pickup.any(1).sum())

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

    def families(self, share: int) -> Dict[int, Optional[Candidates]]:
        """The resting poses that still lack grasps, each with the candidates that did best for it so far."""
        pickup = self.grasps().pickup if self.found else torch.zeros(0, len(self._resting), dtype=torch.bool)
        families: Dict[int, Optional[Candidates]] = {}
        for rest, promising in enumerate(self._promising):
            successes = int(pickup[:, rest].sum())
            if successes >= _SURPLUS * share:
                continue
            best = Candidates.join(self._origins).select(pickup[:, rest]) if successes >= _FEW else None
            if best is None and promising:
                best = Candidates.join(promising)
            families[rest] = best if best is not None and len(best.start) else None
        return families

    def _above_table(self, held: Held, rest: int) -> Tensor:
        """Whether hands (N,) hold the object without reaching below the table of a resting pose."""
        count = len(held.rows)
        pos = torch.zeros(count, 3)
        pos[:, 2] = self._resting.height[rest]
        hand_o = invert((held.pos_h, held.quat_h))
        wrist_pos, wrist_quat = compose((pos, self._resting.quat_w[rest].expand(count, 4)), hand_o)
        joints = torch.cat([wrist_pos, rotations.to_euler(wrist_quat), held.joints[:, _WRIST:]], dim=-1)
        return self._clearance.lowest(joints) > SynthesisConfig().table_clearance

    def _to_grasps(self, held: Held):
        """Grasps that do not sink in too deep, and which of the held they are."""
        wrist_pos, wrist_quat = invert((held.pos_h, held.quat_h))
        object_w = compose(
            (held.joints[:, :3], rotations.from_euler(held.joints[:, 3:_WRIST])), (held.pos_h, held.quat_h)
        )
        depth = self._clearance.depth(held.joints, *object_w)
        kept = (depth <= self._config.max_penetration).nonzero()[:, 0]
        grasps = Grasps(
            hand=self._hand.name,
            object=self._object.name,
            fingers=held.joints[:, _WRIST:],
            command=held.command[:, _WRIST:],
            wrist_pos_o=wrist_pos,
            wrist_quat_o=wrist_quat,
            slip=held.slip,
            turn=held.turn,
            penetration=depth,
            disturbance=torch.full_like(depth, self._config.shake),
            pickup=torch.zeros(len(depth), len(self._resting), dtype=torch.bool),
            meta={},
        )
        return grasps.select(kept), kept
