"""How well a controller tracks: errors, success rules, and reports with intervals."""

from hot.evaluation.conditions import Condition, conditions
from hot.evaluation.config import EvaluationConfig, RobustnessConfig
from hot.evaluation.encoding import check_ending, write_mp4, write_video
from hot.evaluation.files import NO_STILLS, write_report
from hot.evaluation.judging import Exam, judge
from hot.evaluation.matrix import ERRORS, RULES, Column, Matrix, matrix
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
    LeftOut,
    PoseReport,
    Rate,
    Report,
    SkillReport,
    read_report,
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
from hot.evaluation.stills import Still, draw_still
from hot.evaluation.summary import compare, pick_clips, summarise
from hot.evaluation.tables import Table, all_tables, by_reason, difference_text, mean_text, measured, rate_text
from hot.evaluation.video import check_clip, write_clip_video

__all__ = [
    "ERRORS",
    "NO_STILLS",
    "OPEN_LOOP",
    "PLAIN",
    "RULES",
    "ClipScore",
    "Column",
    "Comparison",
    "Condition",
    "Difference",
    "EvaluationConfig",
    "Exam",
    "FrameErrors",
    "LeftOut",
    "Matrix",
    "PoseReport",
    "Rate",
    "Report",
    "RobustnessConfig",
    "SequenceReport",
    "SequenceScore",
    "SequencesReport",
    "SkillLoss",
    "SkillReport",
    "Still",
    "Table",
    "Verdict",
    "add_auc",
    "all_tables",
    "by_reason",
    "check_clip",
    "check_ending",
    "clip_scores",
    "compare",
    "conditions",
    "difference_text",
    "draw_still",
    "end_success",
    "frame_errors",
    "hot_success",
    "judge",
    "judge_sequences",
    "matrix",
    "mean_text",
    "measured",
    "pick_clips",
    "rate_text",
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
