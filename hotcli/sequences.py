"""Long sequences for the commands: the script that is meant, its clips, and how they are judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

import typer
from typing_extensions import Annotated

from hot.errors import ConfigError
from hotcli import choices, console, controllers, options, progress

if TYPE_CHECKING:
    from hot.composition import Script
    from hot.evaluation import Exam, SequenceReport, SequencesReport
    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec
    from hot.planning import PlanningConfig
    from hot.policies import Policy
    from hot.presets import Preset
    from hot.progress import Progress
    from hot.rollouts import Acting, Trace

SecondsOption = Annotated[
    Optional[float],
    typer.Option(
        "--seconds", min=1, max=3600, help="Exact length of each clip.", show_default="the script's; random: 20"
    ),
]
_SECONDS = 20.0
"""Of random sequences."""
_ALL = "all"


@dataclass(frozen=True)
class Wanted:
    """A script, or none for random ones."""

    name: str
    script: Optional[Script]
    seconds: float

    @property
    def object_name(self) -> Optional[str]:
        """The object that the script is written for."""
        return self.script.object if self.script else None

    @property
    def skills(self) -> Tuple[str, ...]:
        """Those that it takes, as far as it says; all, if it is random."""
        steps = self.script.flat() if self.script else ()
        return tuple(dict.fromkeys(step.skill for step in steps)) or ("all",)


def read(source: str, seconds: Optional[float]) -> Wanted:
    """The script of a name or path, brought to a length."""
    from hot.composition import RANDOM, load_script

    if source == RANDOM:
        return Wanted(RANDOM, None, seconds or _SECONDS)
    script = load_script(source)
    if seconds is not None:
        script = script.model_copy(update={"seconds": seconds})
    return Wanted(Path(source).stem, script, seconds or 0.0)


def composed(
    wanted: Wanted,
    hand: HandSpec,
    object_spec: ObjectSpec,
    clips: int,
    seed: int,
    config: PlanningConfig,
    split: str,
    listener: Progress,
) -> Motions:
    """Clips of what is wanted."""
    from hot import composition

    rest = clips, seed, config, split, listener
    if wanted.script is None:
        return composition.compose_random(hand, object_spec, wanted.seconds, *rest)
    return composition.compose(hand, object_spec, wanted.script, *rest)


def described(timeline: Sequence[Mapping[str, Any]], fps: float) -> str:
    """Skills and when each begins."""
    return ", ".join(f"{stretch['skill']} {stretch['start'] / fps:.1f} s" for stretch in timeline)


@dataclass(frozen=True)
class Controllers:
    """What is judged: policies by skill, one for all other skills, or none."""

    acting: Optional[Acting]
    paths: Dict[str, str]


@dataclass(frozen=True)
class SequenceExam:
    """All that a judgement of sequences takes."""

    wanted: Wanted
    judged: Controllers
    preset: Preset


def prepare(
    run: Optional[Path],
    named: List[str],
    hand: Optional[str],
    object_name: Optional[str],
    wanted: Wanted,
    overrides: Mapping[str, Any],
) -> SequenceExam:
    """Controllers, and the preset of their hand and the script's object unless options name others."""
    object_name = object_name or wanted.object_name
    judged = find(run, named, hand, object_name, wanted.skills)
    hand = hand or (judged.acting.spec.hand if judged.acting else None)
    return SequenceExam(wanted, judged, choices.make_preset(hand, object_name, None, (), overrides))


def find(
    run: Optional[Path], named: List[str], hand: Optional[str], object_name: Optional[str], skills: Sequence[str]
) -> Controllers:
    """The policies that were named, as ``PATH`` or ``SKILL[,SKILL]=PATH``, or else the one at hand for the skills.

    Raises:
        UnknownNameError: no such skill.
        ConfigError: a skill has two policies, or the policies cannot take turns.
    """
    from hot.policies import SwitchedPolicy

    if not named:
        found = controllers.find(run, None, hand, object_name, skills)
        return Controllers(found.policy, {_ALL: str(found.path)} if found.policy else {})
    paths = _by_skill(named)
    loaded = {path: _load(path) for path in dict.fromkeys(paths.values())}
    by_skill = {skill: loaded[path] for skill, path in paths.items() if skill != _ALL}
    others = loaded[paths[_ALL]] if _ALL in paths else None
    acting: Acting = others if others is not None and not by_skill else SwitchedPolicy(by_skill, others)
    return Controllers(acting, {skill: str(path) for skill, path in paths.items()})


def names_skills(text: str) -> bool:
    """Whether a policy is given for some skills: ``SKILL[,SKILL]=PATH`` and not a path that has a = in it."""
    skills, equals, _ = text.partition("=")
    return bool(equals) and not any(sign in skills for sign in "/\\.")


def _by_skill(named: List[str]) -> Dict[str, Path]:
    from hot.motions import skill_by_name

    paths: Dict[str, Path] = {}
    for text in named:
        skills, _, path = text.partition("=") if names_skills(text) else (_ALL, "", text)
        for skill in options.split_names([skills]):
            name = skill if skill == _ALL else skill_by_name(skill).name
            if name in paths:
                raise ConfigError(f"--policy names two policies for {name}: {paths[name]} and {path}")
            paths[name] = Path(path)
    return paths


def _load(path: Path) -> Policy:
    from hot.runs import Run

    return controllers.read_policy(Run.open(path).policy_path if path.is_dir() else controllers.policy_path(path))


def evaluate(asked: SequenceExam, out: Optional[Path], video: Optional[Path], video_clip: str, as_json: bool) -> None:
    """Compose held-out clips, track them by open loop and by the policies, and tell how far that goes."""
    from hot import evaluation

    wanted, judged, preset = asked.wanted, asked.judged, asked.preset
    hand_spec, object_spec = choices.load_specs(preset)
    with progress.drawn() as listener:
        settings = preset.evaluation
        motions = composed(
            wanted, hand_spec, object_spec, settings.clips, settings.seed, preset.synthesis, "test", listener
        )
        _insist_on_all(judged, motions.skills)
        made = exam(preset, hand_spec, object_spec, motions)
        acting = (None,) if judged.acting is None else (None, judged.acting)
        results = [evaluation.judge_sequences(each, made, listener) for each in acting]
    report = evaluation.SequencesReport(
        sequence=wanted.name,
        seed=settings.seed,
        physics=preset.physics.fine().model_dump(),
        policies=judged.paths,
        controllers=tuple(row for row, _ in results),
    )
    _tell(report, out, as_json)
    if video is not None:
        row, trace = results[-1]
        _draw(video, video_clip, row, trace, hand_spec, object_spec)


def _insist_on_all(judged: Controllers, skills: Tuple[str, ...]) -> None:
    from hot.policies import SwitchedPolicy

    if not isinstance(judged.acting, SwitchedPolicy):
        return
    lacking = judged.acting.lacks(skills)
    if lacking:
        raise ConfigError(
            f"the sequence has skills without a policy: {console.names(lacking)}; give them one "
            f"(--policy {','.join(lacking)}=PATH), or one for all others (--policy PATH). freemove and move "
            "also bridge from skill to skill"
        )


def exam(preset: Preset, hand: HandSpec, object_spec: ObjectSpec, motions: Motions) -> Exam:
    """Every composed clip, from its first frame to its last."""
    from hot.evaluation import Exam

    reset = preset.reset.model_copy(update={"noise": preset.evaluation.noise})
    frames = preset.evaluation.frames or int(motions.lengths.max())
    task = preset.task.model_copy(update={"reset": reset})
    return Exam(task, hand, object_spec, motions, frames, preset.evaluation.seed, preset.evaluation.worlds)


def _tell(report: SequencesReport, out: Optional[Path], as_json: bool) -> None:
    from hot.writing import write_atomically

    if as_json:
        console.show_json(report.model_dump(mode="json"))
    else:
        _show(report)
    if out is not None:
        path = out / "sequences.json"
        with write_atomically(path) as temporary:
            temporary.write_text(report.model_dump_json(indent=2) + "\n", encoding="utf-8")
        console.note(f"Written: {path}")


def _show(report: SequencesReport) -> None:
    first = report.controllers[0]
    of = f"{report.sequence}: {first.hand} with {first.object}, {first.clips} clips of {first.seconds:.1f} s"
    rows = [
        [row.controller, _percent(row.tracked), _percent(row.strict), f"{100 * row.tracked_seconds:.0f}"]
        for row in report.controllers
    ]
    columns = ["controller", "tracked to the end", "strict", "seconds"]
    console.show_table(f"{of}; [%], 95 % interval", columns, rows, words=1)
    lost = [
        [row.controller, each.skill, str(each.stretches), str(each.lost), _second(each.median_second)]
        for row in report.controllers
        for each in row.skills
    ]
    columns = ["controller", "skill", "entered", "lost", "median second"]
    console.show_table("Where clips are lost", columns, lost, words=2)


def _percent(rate: Any) -> str:
    return f"{100 * rate.value:.0f} [{100 * rate.low:.0f}, {100 * rate.high:.0f}]"


def _second(value: Optional[float]) -> str:
    return "-" if value is None else f"{value:.1f}"


def _draw(video: Path, clip: str, row: SequenceReport, trace: Trace, hand: HandSpec, object_spec: ObjectSpec) -> None:
    from hot import evaluation

    evaluation.write_clip_video(video, trace, evaluation.clip_scores(row), hand, object_spec, clip=clip)
    console.note(f"Written: {video}")
