"""A policy's results on held-out clips, as its card keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, List, Mapping, Optional, Tuple

from hot.errors import HotError
from hotcli import choices, clips, exams, options
from hotcli.progress import within

if TYPE_CHECKING:
    from hot.evaluation import Rate, SkillReport
    from hot.motions import Motions
    from hot.policies import CardRate, CardResult, Policy
    from hot.presets import Preset
    from hot.progress import Progress

NOISES = (0.0, 0.5)
"""Perturbations under which policies are compared: none, and stage 2's."""


def engines_of(named: Optional[str]) -> Tuple[str, ...]:
    """The engines in a comma list; none given: this machine's best one, and MuJoCo in any case."""
    wanted = options.split_names([named]) if named else ["auto", "mujoco"]
    return tuple(dict.fromkeys(choices.engine_of(name)["physics.engine"] for name in wanted))


def judge(policy: Policy, preset: Preset, progress: Progress, left_out: Optional[List[str]] = None) -> List[CardResult]:
    """Results for each of a preset's skills, without perturbation and with it.

    The engine, the number of clips and their seed are the preset's. Skills of which no clips can be had are added, with
    the reason, to ``left_out`` if it is given.

    Raises:
        HotError: a skill's clips cannot be had, and ``left_out`` is not given.
    """
    hand, object_spec = choices.load_specs(preset)
    parts = len(preset.skills) * (1 + len(NOISES))
    told = iter([within(progress, "judging", n / parts, (n + 1) / parts) for n in range(parts)])
    held_out: Dict[str, Motions] = {}
    for skill in preset.skills:
        try:
            held_out[skill] = clips.planned(hand, object_spec, skill, preset, "test", next(told))
        except HotError as error:
            if left_out is None:
                raise
            left_out.append(f"{object_spec.name}, {skill}: {error}")
    return [
        _result(_judge_skill(policy, preset, motions, noise, next(told)), preset, noise, object_spec.name)
        for noise in NOISES
        for motions in held_out.values()
    ]


def _judge_skill(policy: Policy, preset: Preset, motions: Motions, noise: float, progress: Progress) -> SkillReport:
    from hot import evaluation

    hand, object_spec = choices.load_specs(preset)
    exam = exams.exam(preset, hand, object_spec, motions)
    return evaluation.judge(policy, exam, evaluation.Condition(noise=noise), progress)[0]


def _result(report: SkillReport, preset: Preset, noise: float, object_name: str) -> CardResult:
    from hot.policies import CardResult

    return CardResult(
        engine=preset.physics.engine,
        physics=preset.physics.fine().model_dump(mode="json"),
        noise=noise,
        object=object_name,
        skill=report.skill,
        seed=preset.evaluation.seed,
        rates=_rates(report.rates),
        poses={part.pose: _rates(part.rates) for part in report.poses},
    )


def _rates(rates: Mapping[str, Rate]) -> Dict[str, CardRate]:
    """The rates that a card keeps: those with the plain rotation error."""
    from hot.policies import CardRate

    return {
        name: CardRate(successes=rate.successes, clips=rate.clips, low=rate.low, high=rate.high)
        for name, rate in rates.items()
        if not name.endswith("_symmetric")
    }
