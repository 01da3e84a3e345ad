"""How well a controller tracks: errors, success rules, and reports with intervals."""

from hot.evaluation.conditions import Condition, conditions
from hot.evaluation.config import EvaluationConfig, RobustnessConfig
from hot.evaluation.encoding import check_ending, write_mp4, write_video
from hot.evaluation.judging import Exam, judge
from hot.evaluation.metrics import (
    FrameErrors,
    Verdict,
    add_auc,
    end_success,
    frame_errors,
    hot_success,
    spider_success,
    strict_success,
)
from hot.evaluation.report import (
    OPEN_LOOP,
    PLAIN,
    ClipScore,
    Comparison,
    Difference,
    PoseReport,
    Rate,
    Report,
    SkillReport,
    read_report,
    write_report,
)
from hot.evaluation.sequences import (
    SequenceReport,
    SequenceScore,
    SequencesReport,
    SkillLoss,
    clip_scores,
    judge_sequences,
)
from hot.evaluation.skill_rules import skill_success
from hot.evaluation.summary import compare, pick_clips, summarise
from hot.evaluation.video import check_clip, write_clip_video

__all__ = [
    "OPEN_LOOP",
    "PLAIN",
    "ClipScore",
    "Comparison",
    "Condition",
    "Difference",
    "EvaluationConfig",
    "Exam",
    "FrameErrors",
    "PoseReport",
    "Rate",
    "Report",
    "RobustnessConfig",
    "SequenceReport",
    "SequenceScore",
    "SequencesReport",
    "SkillLoss",
    "SkillReport",
    "Verdict",
    "add_auc",
    "check_clip",
    "check_ending",
    "clip_scores",
    "compare",
    "conditions",
    "end_success",
    "frame_errors",
    "hot_success",
    "judge",
    "judge_sequences",
    "pick_clips",
    "read_report",
    "skill_success",
    "spider_success",
    "strict_success",
    "summarise",
    "write_clip_video",
    "write_mp4",
    "write_report",
    "write_video",
]
