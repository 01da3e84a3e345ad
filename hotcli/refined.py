"""Motions that a policy really made, for ``hot export refined``: which clips, where they go, and the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

import typer

from hot.errors import BadFileError, ConfigError, UnknownNameError
from hotcli import choices, clips, console, controllers, exams, options, progress

if TYPE_CHECKING:
    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec
    from hot.presets import Preset
    from hot.progress import Progress
    from hot.refinement import Refined, SkillRefinement
    from hotcli.controllers import Controller

_SPLITS = ("train", "test")
_FORMATS = ("hot", "upstream")


@dataclass(frozen=True)
class Wanted:
    """Which clips are tracked."""

    split: str
    count: Optional[int]
    seed: Optional[int]
    motions: Optional[Path]


def check(motions: Optional[Path], seed: Optional[int], split: str, format_: str) -> None:
    """Refuse what cannot be met before anything is loaded."""
    for what, name, known in (("split", split, _SPLITS), ("format", format_, _FORMATS)):
        if name not in known:
            raise UnknownNameError(what, name, known)
    for option, given in (("--seed", seed is not None), ("--split", split != "train")):
        if motions is not None and given:
            raise typer.BadParameter("says which clips to plan: leave out --motions", param_hint=option)


def export(  # noqa: PLR0913  the options of one command
    controller: Controller,
    hand: Optional[str],
    object_name: Optional[str],
    skills: Sequence[str],
    engine: Optional[str],
    wanted: Wanted,
    out: Optional[Path],
    format_: str,
    as_json: bool,
) -> None:
    """Refine skill by skill; each skill's files are written before the next is begun.

    Raises:
        ConfigError: no clip of any skill was kept.
    """
    from hot.policies import policy_file
    from hot.refinement import refine

    assert controller.policy is not None and controller.path is not None
    known = skills or (() if controller.run else controller.policy.spec.trained.get("skills", ()))
    asked = options.given(hand=hand, object=object_name, skills=list(known) or None)
    preset = controllers.preset_of(controller, asked, {**_overrides(wanted), **choices.engine_of(engine)})
    hand_spec, object_spec = choices.load_specs(preset)
    controllers.check(controller, hand_spec, object_spec, preset.skills)
    folder = out or _folder(controller, hand_spec, object_spec)
    _refuse_full(folder, object_spec, preset, format_)
    file, rows = policy_file(controller.path), []
    with progress.drawn() as listener:
        for skill in preset.skills:
            source, motions = _clips(wanted, skill, preset, hand_spec, object_spec, listener)
            exam = exams.exam(preset, hand_spec, object_spec, motions)
            result = refine(controller.policy, file, exam, source, listener)
            rows.append(result.report)
            _write(result, folder, format_)
    if as_json:
        console.show_json({"folder": str(folder), "skills": [row.figures() for row in rows]})
    else:
        _show(rows)
    if not any(row.kept for row in rows):
        raise ConfigError("no clip succeeded, so there is nothing to export; hot eval tells how the policy tracks")


def _overrides(wanted: Wanted) -> dict:
    if wanted.split == "test":
        return options.given(evaluation__seed=wanted.seed, evaluation__clips=wanted.count)
    # Clips of a seed of one's own are as many as are wanted; the data folder's are never made fewer.
    return options.given(seed=wanted.seed, synthesis__train_clips=wanted.count if wanted.seed else None)


def _folder(controller: Controller, hand: HandSpec, object_spec: ObjectSpec) -> Path:
    from hot.assets import data_root

    if controller.run is not None:
        return controller.run.path / "refined"
    return data_root() / "refined" / hand.name / object_spec.name.lower()


def _refuse_full(folder: Path, object_spec: ObjectSpec, preset: Preset, format_: str) -> None:
    """Upstream's files are one a clip: those of an earlier export would stay beside the new ones."""
    for skill in preset.skills if format_ == "upstream" else ():
        for path in folder.glob(f"{object_spec.name.lower()}/{skill}_kp/*.pt"):
            raise BadFileError(path.parent, "holds clips already; delete it, or choose another --out")


def _clips(
    wanted: Wanted, skill: str, preset: Preset, hand: HandSpec, object_spec: ObjectSpec, listener: Progress
) -> Tuple[str, Motions]:
    """Where the clips of a skill are from, and the clips."""
    one = preset.model_copy(update={"skills": (skill,)})
    if wanted.motions is not None:
        source, found = str(wanted.motions), clips.read(wanted.motions, hand, object_spec, one, listener)[skill]
    elif wanted.split == "test" or wanted.seed is not None:
        seed = preset.evaluation.seed if wanted.split == "test" else preset.seed
        found = clips.planned(hand, object_spec, skill, preset, wanted.split, listener)
        source = f"planned: split {wanted.split}, seed {seed}, {found.num_clips} clips"
    else:
        found = clips.kept(hand, object_spec, one, listener)[skill]
        source = str(clips.motions_folder(hand.name, object_spec.name) / f"{skill}.safetensors")
    return source, found.select(range(min(found.num_clips, wanted.count or found.num_clips)))


def _write(result: Refined, folder: Path, format_: str) -> None:
    from hot.motions import save_motions, save_upstream
    from hot.refinement import write_refinement

    report, motions = result.report, result.motions
    if motions is None:
        return console.note(
            f"No {report.skill} clip of {report.clips} succeeded: nothing is written for {report.skill}."
        )
    if format_ == "upstream":
        where = save_upstream(folder, motions)[0].parent
    else:
        where = folder / f"{report.skill}.safetensors"
        save_motions(where, motions)
    write_refinement(folder, report)
    console.note(f"{report.kept} of {report.clips} {report.skill} clips: {where}")


def _show(rows: List[SkillRefinement]) -> None:
    first = rows[0]
    columns = [
        "skill", "clips", "kept", "kept [%], 95 % interval", "skill rule", "HOT", "diverged", "too short",
        "clip-frames/s",
    ]  # fmt: skip
    cells = []
    for row in rows:
        rate = row.rate
        kept = f"{100 * rate.value:.1f} [{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
        counts = [row.by_rule, row.by_hot, row.diverged, row.too_short]
        speed = f"{row.clip_frames_per_second:,.0f}"
        cells.append([row.skill, str(row.clips), str(row.kept), kept, *map(str, counts), speed])
    console.show_table(f"{first.hand} with {first.object}: refined clips, {first.engine}", columns, cells, words=1)
