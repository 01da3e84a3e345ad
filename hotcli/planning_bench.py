"""``hot bench --generation``: reference frames planned in a second, with and without checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

from hot.errors import HotError
from hotcli import choices, console, progress

if TYPE_CHECKING:
    from hot.planning.bench import GenerationReport

_CLIPS = 1000  # of each skill, as many as its validity is judged by


def bench(hand: Optional[str], object_name: Optional[str], overrides: Mapping[str, Any], as_json: bool) -> None:
    """Plan clips of every skill of one hand and object; on the GPU if the engine runs there."""
    from hot.planning import SKILLS
    from hot.planning.bench import bench_generation

    preset = choices.make_preset(hand, object_name, None, (), {"synthesis.train_clips": _CLIPS, **overrides})
    hand_spec, object_spec = choices.load_specs(preset)
    device = choices.planning_device(preset)
    reports: List[GenerationReport] = []
    with progress.drawn() as listener:
        for number, skill in enumerate(SKILLS):
            config = preset.synthesis
            try:
                report = bench_generation(hand_spec, object_spec, skill, config.train_clips, config, device)
                reports.append(report)
            except HotError as error:
                console.note(f"{skill}: {error}")
            listener("planning", number + 1, len(SKILLS), {})
    if as_json:
        return console.show_json([_as_json(report) for report in reports])
    columns = [
        "hand", "object", "skill", "device", "clips", "frames", "checked [frames/s]", "a core [frames/s]",
        "unchecked [frames/s]", "ratio",
    ]  # fmt: skip
    rows = [
        [
            report.hand,
            report.object,
            report.skill,
            f"{report.device} x {report.threads}" if report.device == "cpu" else report.device,
            str(report.clips),
            f"{report.frames:,}",
            f"{report.frames_per_s:,.0f}",
            f"{report.frames / report.cpu_seconds:,.0f}",
            f"{report.frames / report.bare_seconds:,.0f}",
            f"{report.ratio:.3f}",
        ]
        for report in reports
    ]
    console.show_table("Reference frames planned with all checks, and without any", columns, rows, words=4)


def _as_json(report: GenerationReport) -> Dict[str, Any]:
    return {**report.model_dump(), "frames_per_s": report.frames_per_s, "ratio": report.ratio}
