"""How well a controller tracks: errors, success rules, and reports with intervals."""

from hot.evaluation.config import EvaluationConfig
from hot.evaluation.evaluate import evaluate
from hot.evaluation.metrics import (
    FrameErrors,
    Verdict,
    add_auc,
    frame_errors,
    hot_success,
    spider_success,
    strict_success,
)
from hot.evaluation.report import (
    OPEN_LOOP,
    ClipScore,
    Comparison,
    Difference,
    Rate,
    Report,
    SkillReport,
    read_report,
    write_report,
)
from hot.evaluation.skill_rules import skill_success
from hot.evaluation.summary import compare, pick_clips, summarise
from hot.evaluation.video import write_clip_video, write_mp4

__all__ = [
    "OPEN_LOOP",
    "ClipScore",
    "Comparison",
    "Difference",
    "EvaluationConfig",
    "FrameErrors",
    "Rate",
    "Report",
    "SkillReport",
    "Verdict",
    "add_auc",
    "compare",
    "evaluate",
    "frame_errors",
    "hot_success",
    "pick_clips",
    "read_report",
    "skill_success",
    "spider_success",
    "strict_success",
    "summarise",
    "write_clip_video",
    "write_mp4",
    "write_report",
]
