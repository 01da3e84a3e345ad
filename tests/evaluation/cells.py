"""Reports of many cells, made of verdicts and errors given by hand."""

from __future__ import annotations

from typing import Any, Sequence

from hot.evaluation import ClipScore, LeftOut, Report, SkillReport
from hot.evaluation.summary import clip_means, clip_rates


def row(object_name: str, skill: str, good: Sequence[bool], controller: str = "policy", **facts: Any) -> SkillReport:
    """A cell of one controller: by clip, whether it succeeds by both rules; clip i has errors of i + 1."""
    scores = tuple(
        ClipScore(
            clip_id=i,
            means=dict.fromkeys(("e_op_cm", "e_or_deg", "e_h_cm"), i + 1.0),
            success={"hot": one, "strict": one},
        )
        for i, one in enumerate(good)
    )
    facts.setdefault("policy", None if controller == "open loop" else f"{object_name}.safetensors")
    return SkillReport(
        hand="mano",
        object=object_name,
        skill=skill,
        controller=controller,
        engine="mujoco",
        clips=len(good),
        frames=180,
        nonfinite_clips=0,
        rates=clip_rates(scores),
        means=clip_means(scores),
        scores=scores,
        **facts,
    )


def report_of(*rows: SkillReport, left_out: Sequence[LeftOut] = ()) -> Report:
    """A report of rows."""
    return Report(
        hand="mano",
        objects=tuple(dict.fromkeys(each.object for each in rows)),
        physics={"mujoco": {"substeps": 4}},
        seed=7,
        noise=0.0,
        skills=rows,
        left_out=tuple(left_out),
    )
