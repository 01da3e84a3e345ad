"""The card of a run's policy, as the run itself tells it."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

from hot.errors import BadFileError, ConfigError, HotError
from hotcli import choices, console, faculty

if TYPE_CHECKING:
    from hot.policies import Card, CardStage
    from hot.presets import Preset
    from hot.runs import Run


def new_card(run: Run, preset: Preset) -> Card:
    """The card of a finished run's policy, without results yet.

    Raises:
        ConfigError: the run is not finished.
        HotError: its one object has no grasps.
    """
    from hot import __version__
    from hot.policies import Card, PolicySpec

    if run.status != "finished":
        command = "distill" if preset.stage == faculty.STUDENT_STAGE else "train teacher"
        raise ConfigError(f"{run.path} is not finished: hot {command} --resume --out {run.path}")
    hand, objects = choices.load_all_specs(preset)
    names = tuple(spec.name for spec in objects)
    return Card(
        hand=hand.name,
        objects=names,
        skills=preset.skills,
        grasps=_grasps(hand.name, names),
        held_out=preset.synthesis.held_out,
        stages=tuple(_stages(run)),
        teachers=tuple(PolicySpec.read(run.policy_path).trained.get("teachers", ())),
        date=datetime.date.today().isoformat(),
        hot=__version__,
    )


def _grasps(hand: str, objects: Tuple[str, ...]) -> Dict[str, int]:
    """How many there are of each object; of several, some may have none."""
    from hot.synthesis import load_grasps

    counts = {}
    for name in objects:
        try:
            counts[name] = len(load_grasps(hand, name))
        except HotError:
            if len(objects) == 1:
                raise
            counts[name] = 0
    return counts


def _stages(run: Run) -> List[CardStage]:
    """The run's training, after those of the runs that it was started from."""
    from hot.runs import Run

    before = run.provenance.get("started_from")
    try:
        earlier = _stages(Run.open(Path(before))) if before else []
    except BadFileError as error:
        console.note(f"The card will lack the stages before: {error}")
        earlier = []
    return [*earlier, _stage(run)]


def _stage(run: Run) -> CardStage:
    from hot import presets
    from hot.policies import CardStage

    preset = presets.load(run.preset_path)
    physics = preset.physics
    named = choices.make_shared_preset(
        preset.hand, preset.objects, preset.stage, preset.skills, {"physics.engine": physics.engine}
    )
    samples, seconds = _length(run)
    return CardStage(
        stage=preset.stage,
        seed=preset.seed,
        samples=samples,
        seconds=seconds,
        machine=run.provenance["machine"],
        engine=physics.engine,
        worlds=preset.ppo.num_envs,
        substeps=physics.substeps,
        iterations=physics.iterations,
        ls_iterations=physics.ls_iterations,
        clips=preset.synthesis.train_clips,
        changed={key: new for key, (_, new) in presets.differences(named, preset).items()},
    )


def _length(run: Run) -> Tuple[int, Optional[float]]:
    """Samples and seconds [s] of a training, from its learning curve if there is one."""
    from hot.policies import PolicySpec

    last: Dict[str, Any] = {}
    if run.metrics_path.is_file():
        with run.metrics_path.open(newline="", encoding="utf-8") as file:
            last = list(csv.DictReader(file))[-1]
    samples = last.get("perf/samples") or PolicySpec.read(run.policy_path).trained["samples"]
    return int(float(samples)), float(last["perf/seconds"]) if "perf/seconds" in last else None
