"""The student: rl-games' PPO with teachers that act at first and are copied all along."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

import torch
from torch import Tensor

from hot.distillation.config import DistillationConfig
from hot.distillation.course import PHASES, Course
from hot.distillation.survival import Survival
from hot.distillation.teachers import Faculty, Teacher
from hot.training.ppo import DRAWN, Agent
from hot.training.schedules import Schedule


class CloningRate:
    """PPO's schedule once rewards count; before, a straight line that ends at its first rate.

    Args:
        course: where the training stands.
        later: PPO's own schedule, whose rate this one changes too.
        first: rate with which cloning begins.
        last: rate with which it ends.
    """

    def __init__(self, course: Course, later: Schedule, first: float, last: float) -> None:
        self.rate, self._course, self._later = later.rate, course, later
        self._first, self._last = first, last

    def start_epoch(self, share: float) -> None:
        """``share`` of the training, in [0, 1], is done."""
        if self._course.phase == "reinforcing":
            self._later.start_epoch(share)
        else:
            self.rate.fill_(self._first + self._course.cloned * (self._last - self._first))

    def after_epoch(self, kl: Tensor) -> None:
        """A cloning policy may diverge from the one that acted as far as it likes."""
        if self._course.phase == "reinforcing":
            self._later.after_epoch(kl)


class Student(Agent):
    """An agent whose worlds are stepped by teachers or by itself, and whose losses are weighed by a :class:`Course`.

    Args:
        teachers: of all objects and skills.
        distillation: the course.
        rest: of :class:`Agent`.
    """

    def __init__(self, teachers: Sequence[Teacher], distillation: DistillationConfig, *rest: Any) -> None:
        super().__init__(*rest)
        env, config = rest[0].env, rest[1]
        self._faculty = Faculty(teachers, env)
        self._course = Course(distillation)
        self._survival = Survival(env)
        rates = distillation.learning_rate, config.learning_rate
        self.schedule = CloningRate(self._course, self.schedule, *rates)
        # Read by what is recorded, so changed in place: the odds that a teacher acts, and weights.
        self._beta = torch.zeros((), device=env.device)
        self._weights = torch.zeros(3, device=env.device)
        self._wanted = torch.zeros(0)
        self._phase = self._course.phase

    @property
    def doing(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The phase."""
        return self._course.phase

    def snapshot(self) -> Dict[str, Any]:
        return {"course": self._course.snapshot(), "survival": self._survival.snapshot()}

    def restore_snapshot(self, snapshot: Dict[str, Any]) -> None:
        self._course.restore(snapshot["course"])
        self._survival.restore(snapshot["survival"])
        self._phase = self._course.phase

    def init_tensors(self) -> None:
        """rl-games' buffers, and one for what teachers would have done (H, N, A)."""
        super().init_tensors()
        kept = self.experience_buffer.tensor_dict
        kept["wanted"] = torch.zeros_like(kept["actions"])
        self.update_list, self.tensor_list = [*self.update_list, "wanted"], [*self.tensor_list, "wanted"]

    def run_epoch(self, share: float) -> Dict[str, Tensor]:
        """As :class:`Agent`; also the cloning loss, the phase, and who survives."""
        course = self._course
        course.start_epoch(share)
        self._enter(course.phase)
        weights = course.weights
        self._beta.fill_(course.beta)
        for index, value in enumerate((weights.cloning, weights.critic, weights.policy)):
            self._weights[index].fill_(value)
        figures = super().run_epoch(share)
        number = PHASES.index(course.phase) + 1
        kept = self.experience_buffer.tensor_dict
        missed = squared_error(kept["mus"].flatten(0, 1), kept["wanted"].flatten(0, 1))
        self._ranks.average([missed, self._explained])
        # The next epoch's phase depends on it; what follows waits for the device as well.
        course.after_epoch(self._ranks.share(float(self._explained)))
        # Of states that the student met before it learnt from them.
        now = {"cloning": missed, "explained_variance": self._explained, "beta": self._beta.clone()}
        return {
            **figures,
            **{f"loss/{name}": value for name, value in now.items()},
            "loss/phase": torch.full_like(missed, number),
            **self._survival.read(self._ranks.average),
        }

    def _enter(self, phase: str) -> None:
        """What a minibatch computes differs between phases, so it is recorded anew."""
        if phase == self._phase:
            return
        if self._phase == "cloning":
            # Till now nobody learnt values: what their statistics hold is of a critic that knew nothing.
            self.value_mean_std.count.fill_(1.0)
        self._phase = phase
        self._learn = self._replayed()

    def _draw_actions(self, observation: Tensor) -> Tuple[Tensor, ...]:
        """Also what teachers would do, and what is done: theirs with probability beta, world by world."""
        drawn = super()._draw_actions(observation)
        wanted = self._faculty.act(observation)
        theirs = torch.rand_like(wanted[:, :1]) < self._beta
        return (*drawn, wanted, wanted.where(theirs, drawn[0]))

    def get_action_values(self, obs: Dict[str, Tensor]) -> Dict[str, Tensor]:
        """Drawn actions with what is kept of them."""
        *drawn, wanted, taken = self._act(obs["obs"])
        return {**dict(zip(DRAWN, drawn)), "wanted": wanted, "taken": taken}

    def _execute(self, acted: Dict[str, Tensor]) -> Tuple[Any, ...]:
        """Step the worlds, and count whose episodes end. Actions of the student's own are kept, and PPO learns from
        them only after the last teacher has acted."""
        before = self._survival.due()
        stepped = self.env_step(acted["taken"])
        self._survival.count(before, stepped[2], stepped[3]["time_outs"])
        return stepped

    def prepare_dataset(self, batch_dict: Dict[str, Any]) -> None:
        super().prepare_dataset(batch_dict)
        self.dataset.values_dict["wanted"] = batch_dict["wanted"]

    def calc_gradients(self, input_dict: Dict[str, Any]) -> None:
        """rl-games' name, and its call of :meth:`calc_losses`, which is not told all columns."""
        self._wanted = input_dict["wanted"]
        super().calc_gradients(input_dict)

    def calc_losses(self, *args: Any) -> Tuple[Any, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """rl-games' losses and the cloning loss, weighed."""
        mean = args[-3]
        _, policy, critic, entropy, bounds, mask = super().calc_losses(*args)
        std = self.model.a2c_network.log_std.detach().exp()
        cloning = divergence(mean, self._wanted, std)
        weight = self._weights
        loss = weight[0] * cloning + weight[1] * 0.5 * self.critic_coef * critic + self.bounds_loss_coef * bounds
        if self._phase == "reinforcing":
            loss = loss + weight[2] * policy
        else:  # a cloned policy soon gives its former actions no density at all, and zero times infinity is no number
            policy = torch.zeros_like(critic)
        return loss, policy, critic, entropy, bounds, mask


def squared_error(mean: Tensor, wanted: Tensor) -> Tensor:
    """Squared difference () of actions (B, A), summed over joints, mean over samples: upstream's cloning loss."""
    return (mean - wanted).square().sum(1).mean()


def divergence(mean: Tensor, wanted: Tensor, std: Tensor) -> Tensor:
    """KL divergence () of the student from its teacher, if that explored as widely, mean over samples [nats].

    Args:
        mean: the student's actions (B, A).
        wanted: the teachers' (B, A).
        std: how widely the student explores (A,).
    """
    return 0.5 * squared_error(mean / std, wanted / std)


def student_of(teachers: Sequence[Teacher], distillation: DistillationConfig) -> Callable[..., Student]:
    """What :class:`hot.training.learner.Learner` makes a student by."""
    listed: List[Teacher] = list(teachers)
    return lambda *rest: Student(listed, distillation, *rest)
