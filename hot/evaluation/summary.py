"""From a trace to a result: scores per clip, rates and means per skill, and paired comparisons."""

from __future__ import annotations

import math
from typing import Dict, List, Optional, Sequence, Tuple

from torch import Tensor

from hot.errors import ConfigError
from hot.evaluation.metrics import (
    FrameErrors,
    Verdict,
    add_auc,
    clip_mean,
    end_success,
    frame_errors,
    hot_success,
    spider_success,
    strict_success,
)
from hot.evaluation.report import OPEN_LOOP, ClipScore, Comparison, Difference, PoseReport, Rate, SkillReport
from hot.evaluation.skill_rules import skill_success
from hot.intervals import Interval, paired_means, paired_rates, wilson
from hot.objects import ObjectSpec
from hot.rollouts import Trace


def summarise(
    trace: Trace,
    object_spec: ObjectSpec,
    controller: str = OPEN_LOOP,
    poses: Sequence[str] = (),
    skill_rule: bool = True,
) -> SkillReport:
    """Score every clip of a trace of one skill and one object.

    Each rule is reported with the plain rotation error, and as ``<rule>_symmetric`` with the error up to
    the object's symmetry. ``poses`` are the classes of the clips' resting poses, if the skill has any. Sequences of
    several skills are scored without ``skill_rule``.

    Raises:
        UnknownNameError: no rule for the trace's skill.
    """
    errors = frame_errors(trace, object_spec)
    named: Sequence[Optional[str]] = poses or [None] * len(trace.clip_ids)
    scores = _scores(trace.clip_ids, named, _means(trace, errors), _verdicts(trace, errors, skill_rule))
    return SkillReport(
        hand=trace.hand,
        object=trace.object,
        skill=trace.skill,
        controller=controller,
        clips=len(scores),
        frames=int(trace.valid.sum(0).max()) if len(scores) else 0,
        nonfinite_clips=int((~errors.finite).sum()),
        rates=clip_rates(scores),
        means=clip_means(scores),
        scores=scores,
        poses=_by_pose(scores),
    )


def compare(first: SkillReport, second: SkillReport) -> Comparison:
    """First minus second, clip by clip: say a policy against another or the open loop, or one engine against another.

    Rates have the adjusted Wald interval of paired proportions (Bonett and Price 2012, "Adjusted Wald confidence
    interval for a difference of binomial proportions based on paired data", J. Educ. Behav. Stat. 37(4)), which reads
    the same two counts of discordant clips as McNemar's test; means have Student's interval of paired differences.

    Raises:
        ConfigError: the two are not of the same clips of the same skill, object and hand in the same condition.
    """
    of = [(r.hand, r.object, r.size, r.skill, r.condition, [s.clip_id for s in r.scores]) for r in (first, second)]
    if of[0] != of[1]:
        raise ConfigError(f"cannot pair {first.controller} with {second.controller}: the clips are not the same ones")
    pairs = list(zip(first.scores, second.scores))
    return Comparison(
        hand=first.hand,
        object=first.object,
        size=first.size,
        skill=first.skill,
        condition=first.condition,
        first=_label(first, second),
        second=_label(second, first),
        rates={name: rate_difference(name, pairs) for name in first.rates},
        means={name: mean_difference(name, pairs) for name in first.means},
    )


def _label(report: SkillReport, other: SkillReport) -> str:
    """The controller, and the engine where that is what differs."""
    return report.controller if report.engine == other.engine else f"{report.controller} on {report.engine}"


def pick_clips(scores: Sequence[ClipScore]) -> Tuple[int, int, int]:
    """Positions in ``scores`` of the best, the median (upper of two) and the worst clip by mean E_op.

    Clips without a finite error are the worst.

    Raises:
        ConfigError: there is no clip.
    """
    if not scores:
        raise ConfigError("no clip to pick from: the evaluation was empty")
    order = sorted(range(len(scores)), key=lambda i: _or_infinite(scores[i].means["e_op_cm"]))
    return order[0], order[len(order) // 2], order[-1]


def _means(trace: Trace, errors: FrameErrors) -> Dict[str, Tensor]:
    """Mean of each error per clip (N,)."""
    frames = {
        "e_op_cm": errors.point_cm,
        "e_op_coordinate_cm": errors.coordinate_cm,
        "e_or_deg": errors.rotation_deg,
        "e_or_symmetric_deg": errors.symmetric_deg,
        "e_h_cm": errors.hand_cm,
        "e_object_cm": errors.object_cm,
        "reward": trace.reward,
    }
    means = {name: clip_mean(values, errors) for name, values in frames.items()}
    return {**means, "add_auc": add_auc(errors)}


def _verdicts(trace: Trace, errors: FrameErrors, skill_rule: bool) -> Dict[str, Verdict]:
    verdicts: Dict[str, Verdict] = {}
    for suffix, view in (("", errors), ("_symmetric", errors.up_to_symmetry())):
        verdicts[f"hot{suffix}"] = hot_success(view)
        verdicts[f"spider{suffix}"] = spider_success(view)
        verdicts[f"strict{suffix}"] = strict_success(view)
        verdicts[f"end{suffix}"] = end_success(view)
        if skill_rule:
            verdicts[f"skill{suffix}"] = skill_success(trace, view)
    return verdicts


def _scores(
    clip_ids: Tensor, poses: Sequence[Optional[str]], means: Dict[str, Tensor], verdicts: Dict[str, Verdict]
) -> Tuple[ClipScore, ...]:
    columns = {name: values.tolist() for name, values in means.items()}
    rules = {name: (verdict.success.tolist(), verdict.judged.tolist()) for name, verdict in verdicts.items()}
    return tuple(
        ClipScore(
            clip_id=clip,
            means={name: _or_none(column[i]) for name, column in columns.items()},
            success={name: bool(good[i]) if judged[i] else None for name, (good, judged) in rules.items()},
            pose=poses[i],
        )
        for i, clip in enumerate(clip_ids.tolist())
    )


def _by_pose(scores: Sequence[ClipScore]) -> Tuple[PoseReport, ...]:
    groups: Dict[str, List[ClipScore]] = {}
    for score in scores:
        if score.pose is not None:
            groups.setdefault(score.pose, []).append(score)
    return tuple(
        PoseReport(
            pose=pose, clips=len(groups[pose]), share=len(groups[pose]) / len(scores), rates=clip_rates(groups[pose])
        )
        for pose in sorted(groups, key=lambda pose: -len(groups[pose]))
    )


def clip_rates(scores: Sequence[ClipScore], names: Optional[Sequence[str]] = None) -> Dict[str, Rate]:
    """Rates over clips, of one skill or of several pooled; ``names`` are the rules, all of the first clip's if None."""
    rates = {}
    for name in (scores[0].success if scores else ()) if names is None else names:
        judged = [score.success[name] for score in scores if score.success[name] is not None]
        interval = wilson(sum(map(bool, judged)), len(judged))
        rates[name] = Rate(successes=sum(map(bool, judged)), clips=len(judged), low=interval.low, high=interval.high)
    return rates


def clip_means(scores: Sequence[ClipScore], names: Optional[Sequence[str]] = None) -> Dict[str, Optional[float]]:
    """Means over the clips whose simulation stayed finite, of the errors ``names``, all of the first clip's if None."""
    means: Dict[str, Optional[float]] = {}
    for name in (scores[0].means if scores else ()) if names is None else names:
        values = [value for value in (score.means[name] for score in scores) if value is not None]
        means[name] = sum(values) / len(values) if values else None
    return means


Pairs = Sequence[Tuple[ClipScore, ClipScore]]
"""The same clips under two controllers."""


def rate_difference(name: str, pairs: Pairs) -> Difference:
    """Rate of a rule, first minus second, over the clips that it judges under both."""
    judged = [(a.success[name], b.success[name]) for a, b in pairs]
    judged = [(a, b) for a, b in judged if a is not None and b is not None]
    interval = paired_rates([bool(a) for a, _ in judged], [bool(b) for _, b in judged])
    return _difference(interval, len(judged))


def mean_difference(name: str, pairs: Pairs) -> Difference:
    """Mean of an error, first minus second, over the clips that stayed finite under both."""
    values = [(a.means[name], b.means[name]) for a, b in pairs]
    known = [(a, b) for a, b in values if a is not None and b is not None]
    return _difference(paired_means([a for a, _ in known], [b for _, b in known]), len(known))


def _difference(interval: Interval, clips: int) -> Difference:
    value, low, high = map(_or_none, interval)
    return Difference(clips=clips, value=value, low=low, high=high)


def _or_none(value: float) -> Optional[float]:
    return value if math.isfinite(value) else None


def _or_infinite(value: Optional[float]) -> float:
    return math.inf if value is None else value
