"""One batch of grasps: planned by force closure, tried in physics, and measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Mapping, Optional

import torch
from torch import Tensor

from hot import rotations
from hot.hands import HandSpec
from hot.objects import ObjectSpec
from hot.physics import PhysicsConfig
from hot.physics.engines import runs_on_gpu
from hot.progress import Progress
from hot.synthesis.candidates import Candidates, Planner
from hot.synthesis.clearance import Clearance
from hot.synthesis.closed_hands import close_hands
from hot.synthesis.config import GraspConfig
from hot.synthesis.distance import DistanceField
from hot.synthesis.grasps import Grasps
from hot.synthesis.resting import RestingPoses
from hot.synthesis.seeds import Seeder, Seeds
from hot.synthesis.touches import pads_of, touches
from hot.synthesis.transforms import Transform, compose, invert
from hot.synthesis.trial import Held, Trial

_SHAPES = 512
"""Closed hand shapes with which fingers may begin."""
_WRIST = 6
_BATCHES = {"cpu": 192, "cuda": 4096}
"""Candidates a round: a GPU takes for a few as long as for thousands."""


@dataclass(frozen=True, eq=False)
class Batch:
    """The G grasps that one batch of candidates gave."""

    grasps: Grasps
    held: Held  # of the grasps, on the engine's device
    origins: Seeds  # where each grasp ended, and what its pads were asked for; on the engine's device too

    def select(self, rows: Tensor) -> Batch:
        """Some of them, by index."""
        there = rows.to(self.held.rows.device)
        return Batch(self.grasps.select(rows), self.held.select(there), self.origins.select(there))


class Synthesiser:
    """Makes grasps of one object with one hand. The device is the engine's: a GPU for MuJoCo Warp, else the CPU."""

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
        on_gpu = runs_on_gpu(physics.engine) and physics.device != "cpu" and torch.cuda.is_available()
        self.device = torch.device("cuda" if on_gpu else "cpu")
        self.candidates = config.candidates or _BATCHES[self.device.type]
        """Of a batch."""
        self._pads, self._field = pads_of(hand), DistanceField(object_spec, self.device)
        closed = close_hands(hand, _SHAPES, generator)
        own = torch.Generator(self.device).manual_seed(int(torch.randint(2**62, (), generator=generator)))
        self._seeder = Seeder(hand, object_spec, resting, closed, self._pads, config, own)
        self._planner = Planner(hand, object_spec, self._pads, self._field, config)
        self._clearance = Clearance(hand, object_spec, self.device)
        most = min(self.candidates, config.worlds)
        self._trial = Trial(hand, object_spec, config, physics, most, progress)

    def close(self) -> None:
        """Free the engines."""
        self._trial.free()

    def draw(self, families: Mapping[int, Optional[Seeds]], candidates: Optional[int] = None) -> Seeds:
        """Seeds of a batch, or of so many candidates: some for any use, and equal shares for the resting poses that are
        named, half of a share variations of a pose's parents where it has any."""
        count = round(self._config.seeds * (candidates or self.candidates))
        free = round(count * self._config.free_share) if families else count
        parts = [self._seeder.draw(free, None)]
        for rest, parents in families.items():
            wanted = (count - free) // len(families)
            if parents is not None:
                parts.append(self._seeder.vary(parents, wanted // 2))
                wanted -= wanted // 2
            parts.append(self._seeder.draw(wanted, rest))
        return Seeds.join(parts)

    def plan(self, seeds: Seeds, candidates: Optional[int] = None) -> Candidates:
        """The most promising candidates that can be opened, of a batch or so many."""
        return self._planner.plan(seeds, self._resting, candidates or self.candidates)

    def attempt(self, seeds: Seeds, candidates: Candidates) -> Batch:
        """Those candidates that hold, and that do not sink in too deep."""
        held = self._trial.run(candidates) if len(candidates.start) else Held.nothing(self._hand, self.device)
        wrist = held.joints[:, :3], rotations.from_euler(held.joints[:, 3:_WRIST])
        depth = self._clearance.depth(held.joints, *compose(wrist, (held.pos_h, held.quat_h)))
        kept = (depth <= self._config.max_penetration).nonzero()[:, 0]
        held = held.select(kept)
        wrist_pos, wrist_quat = invert((held.pos_h, held.quat_h))
        joints = torch.cat([wrist_pos, rotations.to_euler(wrist_quat), held.joints[:, _WRIST:]], dim=1)
        grasps = self._grasps(held, (wrist_pos, wrist_quat), depth[kept], joints)
        return Batch(grasps, held, replace(seeds.select(candidates.seed[held.rows]), joints=joints))

    def strength(self, batch: Batch) -> Tensor:
        """Largest acceleration [m/s^2] (G,) that each grasp survives in every direction."""
        return self._trial.strength(batch.held).cpu()

    def _grasps(self, held: Held, wrist_o: Transform, depth: Tensor, joints: Tensor) -> Grasps:
        nowhere = torch.zeros(len(depth), len(self._resting), dtype=torch.bool)
        tensors = {
            "fingers": held.joints[:, _WRIST:],
            "command": held.command[:, _WRIST:],
            "wrist_pos_o": wrist_o[0],
            "wrist_quat_o": wrist_o[1],
            "slip": held.slip,
            "turn": held.turn,
            "penetration": depth,
            "disturbance": torch.full_like(depth, self._config.shake),
            "reach": nowhere,
            "pickup": nowhere.clone(),
            **touches(self._hand, self._pads, self._field, joints),
        }
        tensors = {name: tensor.cpu() for name, tensor in tensors.items()}
        return Grasps(self._hand.name, self._object.name, **tensors, meta={})
