"""The trainings of one comparison: each done once, in the same time, and judged on the same clips."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, List, Mapping, Optional, Tuple

from hot.errors import BadFileError
from hotcli import card_results, choices, console, options, progress, train

if TYPE_CHECKING:
    from hot.policies import CardResult
    from hot.presets import Preset

_RESULTS = "results.json"
_EPOCHS = 1_000_000  # so many that time alone ends a training


@dataclass(frozen=True)
class Trial:
    """One training: the varied values, and the seed."""

    values: Tuple[Tuple[str, str], ...]
    seed: int

    @property
    def choice(self) -> str:
        """The varied values, as in ``--set``."""
        return ", ".join(f"{key}={value}" for key, value in self.values)

    @property
    def folder(self) -> str:
        """A name for the run's folder."""
        return f"{re.sub(r'[^A-Za-z0-9._=+-]+', '_', self.choice)}-seed{self.seed}"


@dataclass(frozen=True)
class Series:
    """What the trainings of one comparison share."""

    preset: Preset
    times: Mapping[int, float]
    """Minutes of each stage."""
    sets: Tuple[str, ...]
    num_envs: Optional[int]
    start: Optional[Path]
    """Run from which the first stage starts."""
    clips: Optional[int]
    """Clips a skill that judge; none given: the preset's."""
    out: Path
    jobs: int
    """Trainings at once, which share the cores when they judge."""

    def preset_of(self, trial: Trial) -> Preset:
        """The last stage's preset.

        Raises:
            ConfigError: a value that no preset has.
        """
        preset = self.preset
        asked = options.assignments(self._sets(trial))
        return choices.make_preset(preset.hand, preset.object, preset.stage, preset.skills, asked)

    def run(self, trial: Trial) -> List[CardResult]:
        """Train all stages and judge the last, unless that was done before."""
        sets, before = self._sets(trial), self.start
        for stage, minutes in self.times.items():
            path = self.path(trial, stage)
            asked = self.preset.model_copy(update={"stage": stage})
            _train(path, asked, sets, minutes=minutes, seed=trial.seed, num_envs=self.num_envs, start=before)
            before = path
        return self.results(trial)

    def _sets(self, trial: Trial) -> List[str]:
        return [*self.sets, *(f"{key}={value}" for key, value in trial.values)]

    def path(self, trial: Trial, stage: int) -> Path:
        """The run of one stage."""
        return self.out / (trial.folder if stage == max(self.times) else f"{trial.folder}-stage{stage}")

    def results(self, trial: Trial) -> List[CardResult]:
        """On held-out clips: those kept in the run's folder if they are of as many clips, else fresh ones."""
        from hot import presets
        from hot.policies import CardResult, Policy
        from hot.runs import Run
        from hot.writing import write_atomically

        run = Run.open(self.path(trial, max(self.times)))
        preset, kept = presets.load(run.preset_path), run.path / _RESULTS
        count = self.clips or preset.evaluation.clips
        if kept.is_file():
            results = [CardResult.model_validate(row) for row in json.loads(kept.read_text(encoding="utf-8"))]
            if all(result.rates["hot"].clips == count for result in results):
                return results
        preset = presets.override(preset, {"evaluation.clips": count})
        with progress.drawn() as listener:
            results = card_results.judge(Policy.load(run.policy_path), preset, listener)
        with write_atomically(kept) as temporary:
            text = json.dumps([result.model_dump(mode="json") for result in results], indent=2)
            temporary.write_text(f"{text}\n", encoding="utf-8")
        return results


def _train(
    path: Path,
    preset: Preset,
    sets: List[str],
    *,
    minutes: float,
    seed: int,
    num_envs: Optional[int],
    start: Optional[Path],
) -> None:
    """What ``hot train teacher`` does, unless it was done before."""
    from hot.runs import Run

    run = Run(path)
    begun = run.preset_path.is_file()
    if begun and run.status == "finished":
        return console.note(f"Trained before: {path}")
    resume = begun and run.checkpoint_path.is_file()
    if begun and not resume:
        raise BadFileError(path, "was stopped before its first checkpoint; delete the folder")
    train.teacher(
        hand=preset.hand,
        objects=[preset.object],
        stage=preset.stage,
        skill=list(preset.skills),
        num_envs=num_envs,
        epochs=_EPOCHS,
        minutes=minutes,
        seed=seed,
        engine=preset.physics.engine,
        start=None if resume else start,
        out=path,
        resume=resume,
        set_=sets,
    )
