"""The task: make the hand and the object follow a motion. One page, the only place of the task that mutates."""

from __future__ import annotations

from typing import Dict, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor

from hot.errors import HotError
from hot.fusion import Replay, fuse, one_thread
from hot.hands import HandSpec
from hot.motions import Motions
from hot.objects import ObjectSpec
from hot.physics import CONTROL_DT, Physics, Scene, clear, make_physics, overwrite
from hot.tracking.actions import ActionMap, driven
from hot.tracking.config import ObservationConfig, TaskConfig
from hot.tracking.following import displacement, move_wrist
from hot.tracking.instant import Instant, View
from hot.tracking.observations import layout, make_view
from hot.tracking.reference import Ahead, Reference
from hot.tracking.resets import Draws, Start, draw_factors, draws_needed, perturb
from hot.tracking.rewards import reward
from hot.tracking.sampling import ClipSampler, deal
from hot.tracking.state import SurfacePoints, TrackingState, compare
from hot.tracking.step import Step
from hot.tracking.terminations import failed

ERROR_POINTS = 20
"""Surface points (the farthest-point ones) over which the object error is a mean."""


class TrackingEnv:
    """Many worlds, each tracking a clip. Worlds restart by themselves unless ``auto_reset`` is off.

    Args:
        hand: the hand.
        objects: the objects that ``motions.objects`` names.
        motions: the clips to track.
        config: the task.
        num_envs: worlds; neighbours hold different objects.
        seed: of clip, frame and perturbation draws.
        auto_reset: False leaves ended worlds running against the clip's last frame, for evaluation.
        shares: of the worlds, by object; equal if not given.

    Raises:
        HotError: the motions are for another hand, or the original release, whose drives are asked for, has no such.
    """

    def __init__(
        self,
        hand: HandSpec,
        objects: Mapping[str, ObjectSpec],
        motions: Motions,
        config: TaskConfig,
        num_envs: int,
        seed: int,
        auto_reset: bool = True,
        shares: Optional[Mapping[str, float]] = None,
    ) -> None:
        if motions.hand != hand.name:
            raise HotError(f"these motions are for the {motions.hand} hand, not for {hand.name}")
        self.hand = hand = driven(hand, config.action)
        self.motions, self.config = motions, config
        self.num_envs, self.auto_reset = num_envs, auto_reset
        self._specs = specs = [objects[name] for name in motions.objects]
        world_object = deal([1.0 if shares is None else shares[name] for name in motions.objects], num_envs)
        self.physics: Physics = make_physics(Scene(hand, specs, world_object), config.physics)
        self.device = device = self.physics.device
        self.world_object = world_object.to(device)  # (N,) index into motions.objects
        self._judged = SurfacePoints(specs, world_object, ERROR_POINTS, device)
        self._view = make_view(hand, specs, self.world_object, config.observation, device)
        physics_dt = CONTROL_DT / config.physics.substeps
        self.reference = Reference(motions, self._judged.points_o, device, physics_dt)
        self._actions = ActionMap(config.action, hand, device)
        self._limits = torch.stack([hand.joint_lower, hand.joint_upper]).to(device)
        self.sampler = ClipSampler(motions, world_object, config.reset, device)
        self.generator = torch.Generator(device=device).manual_seed(seed)
        self._num_draws = _DRAWS_OF_CLIP + draws_needed(hand)
        self.layout = layout(hand, config.observation)
        self.num_observations, self.num_actions = sum(size for _, size in self.layout), hand.num_joints
        self.clip_ids = torch.zeros(num_envs, dtype=torch.long, device=device)
        self.frames = torch.zeros_like(self.clip_ids)
        self.progress = torch.zeros_like(self.clip_ids)
        self.targets = torch.zeros(num_envs, hand.num_joints, device=device)
        # Targets of a zero action for the coming step; the policy sees them, so they are made with the observation.
        self.base = torch.zeros_like(self.targets)
        # Shift and turn of the object from its reference, as it was when the hand last left it alone.
        self.displaced = torch.zeros(num_envs, 4, device=device)
        self._everyone = torch.arange(num_envs, device=device)
        self.views: Tuple[Tensor, ...] = ()
        self._views: Tuple[View, ...] = ()
        factors = draw_factors(config.randomization, num_envs, self.generator)
        if factors:
            self.physics.randomize(**factors)
        self._judge_fused = fuse(self._judge, device, often=auto_reset)
        self._draw_fused = fuse(self._draw, device, often=auto_reset)
        self._observe_fused = fuse(self._observe, device, often=auto_reset)
        self._settled = Replay(self._settle, device) if auto_reset else self._settle

    def add_views(self, configs: Sequence[ObservationConfig]) -> None:
        """From the next reset on, also observe as others do: ``views`` (N, O) of each configuration, in order, which
        hold what was seen when the last observation was made. They are overwritten, never reassigned."""
        self._views = tuple(
            make_view(self.hand, self._specs, self.world_object, config, self.device) for config in configs
        )
        sizes = [sum(size for _, size in layout(self.hand, config)) for config in configs]
        self.views = tuple(torch.zeros(self.num_envs, size, device=self.device) for size in sizes)

    @property
    def skill_due(self) -> Tensor:
        """The skill (N,) of the frame that the coming step leads to, an index into ``motions.skills``."""
        return self.reference.skill(self.clip_ids, self.frames + 1)

    def reset(
        self,
        clip_ids: Optional[Tensor] = None,
        numbers: Optional[Tensor] = None,
        worlds: Optional[Tensor] = None,
    ) -> Tensor:
        """Start every world, at drawn clips and frames or at the first frame of given clips (N,); observe.

        Given clips may come with the numbers (N, :func:`hot.tracking.resets.draws_needed`) that perturb them, and be
        for some worlds only, by number.
        """
        with one_thread(self.device):
            if clip_ids is None:
                self._restart(torch.ones(self.num_envs, dtype=torch.bool, device=self.device), *self._numbers())
            else:
                self._begin(clip_ids.to(self.device), numbers, self._everyone if worlds is None else worlds)
            return self.observe()

    def _begin(self, clip_ids: Tensor, numbers: Optional[Tensor], worlds: Tensor) -> None:
        """Start worlds (n,) at the first frame of clips (n,)."""
        if numbers is None:
            numbers = self._random(len(clip_ids))[:, _DRAWS_OF_CLIP:]
        self._write(worlds, *self._prepare(clip_ids, torch.zeros_like(clip_ids), Draws(numbers)))

    def _random(self, worlds: int) -> Tensor:
        """Uniform numbers (n, R) for the starts of some worlds."""
        return torch.rand(worlds, self._num_draws, generator=self.generator, device=self.device)

    def step(self, action: Tensor) -> Step:
        """One control step of 1/60 s.

        1. actions (N, D) in [-1, 1] become drive targets, 2. physics steps, 3. the clock advances, 4. the new
        state is measured against the reference of the same instant, 5. rewarded and judged, 6. ended worlds
        start again, 7. all worlds observe.
        """
        with one_thread(self.device):
            return self._step(action)

    def _step(self, action: Tensor) -> Step:
        action, joint_pos = action.clamp(-1.0, 1.0), self.physics.state.joint_pos
        self.targets.copy_(self._actions.targets(action, self.base, joint_pos))
        self.physics.set_targets(self.targets)
        self.physics.step()
        settled = self._settled(*self._numbers())
        if self.auto_reset:
            self.sampler.advance()
        return Step(*settled)

    def _settle(self, *numbers: Tensor) -> Tuple[Tensor, ...]:
        """All of a :class:`Step`, after the clock and before the next action; ended worlds start again."""
        self.frames += 1
        self.progress += 1
        judged = self._judge_fused()
        _, lost, timed_out = judged[:3]
        if self.auto_reset:
            ended = lost | timed_out
            self.sampler.record(self.clip_ids, self.frames - self.progress, ended, lost)
            self._restart(ended, *numbers)
        return (self.observe(), *judged)

    def _judge(self) -> Tuple[Tensor, ...]:
        """All of a :class:`Step` but the observation."""
        state = self.measure()
        lost = failed(state, self.progress, self.config.termination)
        at_end = self.frames >= self.reference.lengths[self.clip_ids] - 1
        timed_out = (at_end | (self.progress >= self.config.episode_frames - 1)) & ~lost
        rewarded = reward(state, self.config.reward)
        return rewarded, lost, timed_out, state.object_error, state.turn_error, state.hand_error

    def measure(self) -> TrackingState:
        """The present instant against its reference. Its ``sim`` are the engine's views: read before stepping."""
        now = self.reference.now(self.clip_ids, self.frames)
        return compare(self.physics.state, now, self._judged, self.reference.clip_label[self.clip_ids])

    def observe(self) -> Tensor:
        """The observation (N, O) of the present instant."""
        observation, base, displaced, *views = self._observe_fused()
        for kept, seen in zip(self.views, views):
            kept.copy_(seen)
        self.base.copy_(base)
        self.displaced.copy_(displaced)
        return observation

    def _observe(self) -> Tuple[Tensor, ...]:
        """The observation, the targets of a zero action for the coming step, the object's displacement, and views."""
        base, displaced = self._base()
        now = Instant(self.physics.state, self.targets, base, self.reference, self.clip_ids, self.frames)
        return (self._view(now), base, displaced, *(view(now) for view in self._views))

    def _base(self) -> Tuple[Tensor, Tensor]:
        """Drive targets (N, D) of a zero action for the coming step, and where the object is seen to be displaced."""
        base = self._actions.base(self.reference.drive(self.clip_ids, self.frames + self._actions.ahead))
        if not self.config.action.follow_object:
            return base, self.displaced
        sim, here = self.physics.state, self.reference.ahead(self.clip_ids, self.frames, (0,))
        about = here.object_pos_w[:, 0]
        seen = displacement(sim.object_pos_w, sim.object_quat_w, about, here.object_quat_w[:, 0])
        # Where the hand moves the object, what is seen would follow from what was done: what was seen before counts.
        alone = (here.contact[:, 0] == 0) & ~sim.touching[:, None]
        displaced = torch.where(alone, seen, self.displaced)
        moved = displaced * self._follow_weight(here)
        return torch.cat([move_wrist(base[:, :6], about, moved), base[:, 6:]], dim=1), displaced

    def _follow_weight(self, here: Ahead) -> Tensor:
        """How far the wrist's reference goes along with the object now (N, 1)."""
        return here.follow[:, 0] * (self.progress[:, None] / _TAKE_UP_FRAMES).clamp_max(1.0)

    def following(self) -> Tuple[Tensor, Tensor]:
        """About what (N, 3) and by what (N, 4) the wrist's targets were moved in the last observation: the object's
        place in the reference [m], and a shift [m] and a turn about the vertical [rad]."""
        here = self.reference.ahead(self.clip_ids, self.frames, (0,))
        return here.object_pos_w[:, 0], self.displaced * self._follow_weight(here)

    def _numbers(self) -> Tuple[Tensor, ...]:
        """What :meth:`_restart` draws with, made beforehand on a GPU: a recorded function draws nothing."""
        return (self._random(self.num_envs),) if self.auto_reset and self.device.type == "cuda" else ()

    def _restart(self, ended: Tensor, *numbers: Tensor) -> None:
        """Start ended worlds (N,) bool at drawn clips and frames."""
        # A GPU draws for every world and keeps what ended worlds need, since to count them would be to wait for it;
        # on a CPU the draws themselves are what costs.
        if numbers:
            return self._write(ended, *self._draw_fused(self._everyone, *numbers))
        ids = ended.nonzero().squeeze(1)
        if len(ids):
            self._write(ids, *self._draw_fused(ids, self._random(len(ids))))

    def _draw(self, world_ids: Tensor, numbers: Tensor) -> Tuple[Tensor, Tensor, Start, Tensor]:
        clip_ids, frames = self.sampler.draw(world_ids, numbers[:, :_DRAWS_OF_CLIP])
        return self._prepare(clip_ids, frames, Draws(numbers[:, _DRAWS_OF_CLIP:]))

    def _prepare(self, clip_ids: Tensor, frames: Tensor, draws: Draws) -> Tuple[Tensor, Tensor, Start, Tensor]:
        start = perturb(self.reference.now(clip_ids, frames), self._limits, self.config.reset, draws)
        return clip_ids, frames, start, self._actions.base(self.reference.drive(clip_ids, frames))

    def _write(self, rows: Tensor, clip_ids: Tensor, frames: Tensor, start: Start, targets: Tensor) -> None:
        overwrite(self.clip_ids, rows, clip_ids)
        overwrite(self.frames, rows, frames)
        overwrite(self.progress, rows, torch.zeros_like(frames))
        overwrite(self.targets, rows, targets)
        clear(self.displaced, rows)
        self.physics.write_state(rows, **vars(start))

    def snapshot(self) -> Dict[str, Tensor]:
        """A copy of everything the next step depends on; see :meth:`restore`."""
        own = {name: getattr(self, name).clone() for name in _OWN}
        engine = {f"physics.{name}": value for name, value in self.physics.snapshot().items()}
        learnt = {f"sampler.{name}": value for name, value in self.sampler.snapshot().items()}
        views = {f"views.{number}": view.clone() for number, view in enumerate(self.views)}
        return {**own, **views, **engine, **learnt, "generator": self.generator.get_state()}

    def restore(self, snapshot: Dict[str, Tensor]) -> None:
        """Continue to the bit from a :meth:`snapshot` of an environment that was made the same way."""
        for name in _OWN:
            getattr(self, name)[:] = snapshot[name]
        for number, view in enumerate(self.views):
            view.copy_(snapshot[f"views.{number}"])
        self.physics.restore(_below("physics.", snapshot))
        self.sampler.restore(_below("sampler.", snapshot))
        self.generator.set_state(snapshot["generator"])

    def close(self) -> None:
        """Free the engine."""
        self.physics.close()


def _below(prefix: str, snapshot: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in snapshot.items() if name.startswith(prefix)}


_DRAWS_OF_CLIP = 3
_TAKE_UP_FRAMES = 15.0
"""Frames of an episode in which the wrist's reference takes up where the object really is."""
_OWN = ("clip_ids", "frames", "progress", "targets", "base", "displaced")
