"""Where clips come from: a file that was named, the data folder, or the planner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, Set

from hot.errors import BadFileError
from hotcli import choices, console, sequences

if TYPE_CHECKING:
    from hot.hands import HandSpec
    from hot.motions import Motions
    from hot.objects import ObjectSpec
    from hot.planning import Sizes
    from hot.presets import Preset
    from hot.progress import Progress


def motions_folder(hand: str, object_name: str) -> Path:
    """The folder of a hand's and an object's own clips."""
    from hot.assets import data_root

    return data_root() / "motions" / hand / object_name.lower()


def generate(hand: HandSpec, object_spec: ObjectSpec, preset: Preset, folder: Path, progress: Progress) -> List[Path]:
    """Make each skill's training clips and write them into ``folder``; the files."""
    from hot.motions import save_motions

    paths = []
    for skill in preset.skills:
        motions = planned(hand, object_spec, skill, preset, "train", progress)
        paths.append(folder / f"{skill}.safetensors")
        save_motions(paths[-1], motions)
        console.note(f"{motions.num_clips} {skill} clips written to {paths[-1]}")
    return paths


def search_grasps(
    hand: HandSpec,
    object_spec: ObjectSpec,
    count: int,
    preset: Preset,
    progress: Progress,
    folder: Path,
) -> None:
    """Find grasps in physics and keep them in ``folder``; the planner looks in that of the data folder first."""
    from hot import synthesis

    try:
        resting = synthesis.load_resting(object_spec.name)  # other hands' grasps refer to these poses: keep them
    except BadFileError:
        resting = synthesis.find_resting_poses(hand, object_spec, preset.resting, preset.seed, progress)
        resting.save()
    physics = preset.physics.fine()
    grasps = synthesis.find_grasps(hand, object_spec, count, preset.seed, preset.grasp, progress, resting, physics)
    path = folder / hand.name / f"{object_spec.name}.safetensors"
    grasps.save(path)
    console.note(f"{len(grasps)} grasps of {object_spec.name} with {hand.name}: {path}")


def planned(
    hand: HandSpec, object_spec: ObjectSpec, skill: str, preset: Preset, split: str, progress: Progress
) -> Motions:
    """Fresh clips of one skill: the training ones, or held-out ones, which share no grasp with them."""
    from hot import planning

    held_out = split == "test"
    motions = planning.generate(
        hand,
        object_spec,
        skill,
        preset.evaluation.clips if held_out else preset.synthesis.train_clips,
        preset.evaluation.seed if held_out else preset.seed,
        preset.synthesis,
        split,
        progress,
        choices.planning_device(preset),
    )
    return motions.to("cpu")


def for_training(
    hand: HandSpec,
    object_specs: Sequence[ObjectSpec],
    preset: Preset,
    source: Optional[Path],
    refined: Optional[Path],
    progress: Progress,
) -> Sizes:
    """Clips of all of a preset's skills and of several objects, each with as many worlds, in all of its sizes: those
    in ``refined``, the others from ``source``, else from the data folder, made there if missing. Of several objects
    ``refined`` and ``source`` are folders with a folder for each."""
    from hot.motions import Motions
    from hot.planning import Sizes

    one, parts = len(object_specs) == 1, []
    for spec in object_specs:
        own = preset.model_copy(update={"object": spec.name})
        folders = [None if folder is None else _of_object(folder, spec, one) for folder in (source, refined)]
        parts.append(_of_one(hand, spec, own, folders[0], folders[1], progress))
    return Sizes(
        Motions.concatenate([part.motions for part in parts]),
        {name: spec for part in parts for name, spec in part.objects.items()},
        {name: share / len(parts) for part in parts for name, share in part.shares.items()},
    )


def _of_one(
    hand: HandSpec,
    object_spec: ObjectSpec,
    preset: Preset,
    source: Optional[Path],
    refined: Optional[Path],
    progress: Progress,
) -> Sizes:
    from hot.motions import Motions
    from hot.planning import in_sizes

    sets = {} if refined is None else _refined(refined, hand, object_spec, preset, progress)
    planned_skills = tuple(skill for skill in preset.skills if skill not in sets)
    if planned_skills:
        rest = preset.model_copy(update={"skills": planned_skills})
        found = read(source, hand, object_spec, rest, progress) if source else kept(hand, object_spec, rest, progress)
        sets.update(found)
    motions = Motions.concatenate([_some(sets[skill], preset.distillation.clips) for skill in preset.skills])
    sizes = in_sizes(motions, hand, object_spec, preset.scaling, preset.synthesis, progress)
    if not preset.sequences.clips:
        return sizes
    return replace(sizes, motions=Motions.concatenate([sizes.motions, _sequences(hand, object_spec, preset, progress)]))


def is_of_several_objects(source: Path) -> bool:
    """Whether a source of clips is a folder with a folder for each object."""
    return source.is_dir() and not any(source.glob("*.safetensors")) and any(path.is_dir() for path in source.iterdir())


def _of_object(folder: Path, object_spec: ObjectSpec, alone: bool) -> Path:
    """Where the clips of one object are, in any case of its name.

    Raises:
        BadFileError: there is no such folder.
    """
    below = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    own = [path for path in below if path.name.lower() == object_spec.name.lower()]
    if not own and not alone:
        names = console.names([path.name for path in below])
        raise BadFileError(folder, f"holds no folder {object_spec.name.lower()}; folders there: {names}")
    return own[0] if own else folder


def _refined(
    folder: Path, hand: HandSpec, object_spec: ObjectSpec, preset: Preset, progress: Progress
) -> Dict[str, Motions]:
    """Clips of those of a preset's skills that a folder has.

    Raises:
        BadFileError: it has none, or a file is bad.
    """
    found = _skills_in(folder)
    there = [skill for skill in preset.skills if skill in found]
    if not there:
        wanted = " or ".join(f"{skill}.safetensors" for skill in preset.skills)
        raise BadFileError(folder, f"holds no {wanted}; hot export refined writes them")
    lacking = [skill for skill in preset.skills if skill not in there]
    rest = f"; {console.names(lacking)} as planned" if lacking else ""
    console.note(f"Refined: {folder} ({console.names(there)}{rest})")
    return read(folder, hand, object_spec, preset.model_copy(update={"skills": tuple(there)}), progress)


def _skills_in(folder: Path) -> Set[str]:
    """The skills of which a folder has clips, by the names of its files."""
    from hot.motions.upstream import upstream_files
    from hot.motions.upstream_names import is_static, origin_of

    if not _is_upstreams(folder):
        return {path.stem for path in folder.glob("*.safetensors")}
    return {origin_of(path).skill.name for path in upstream_files(folder) if not is_static(path)}


def _some(motions: Motions, count: Optional[int]) -> Motions:
    """As many clips, spread over all of them; all if there are no more."""
    total = motions.num_clips
    return motions if count is None or count >= total else motions.select([n * total // count for n in range(count)])


def _sequences(hand: HandSpec, object_spec: ObjectSpec, preset: Preset, progress: Progress) -> Motions:
    """Sequences to train on, in the object's own size: the data folder's, composed there if missing."""
    from hot.motions import load_motions, save_motions

    count, wanted = preset.sequences.clips, sequences.read(preset.sequences.script, preset.sequences.seconds)
    path = motions_folder(hand.name, object_spec.name) / f"{wanted.name}-{count}x{wanted.seconds:g}s.safetensors"
    if not path.exists():
        made = sequences.composed(wanted, hand, object_spec, count, preset.seed, preset.synthesis, "train", progress)
        save_motions(path, made)
    console.note(f"Sequences: {path}")
    return load_motions(path, hand)


def kept(hand: HandSpec, object_spec: ObjectSpec, preset: Preset, progress: Progress) -> Dict[str, Motions]:
    """Clips of all of a preset's skills in the data folder, made there if missing."""
    folder = motions_folder(hand.name, object_spec.name)
    missing = [skill for skill in preset.skills if not (folder / f"{skill}.safetensors").exists()]
    if missing:
        console.note(f"No {console.names(missing)} clips in {folder}: generating them.")
        generate(hand, object_spec, preset.model_copy(update={"skills": tuple(missing)}), folder, progress)
    sets = read(folder, hand, object_spec, preset, progress)
    console.note(f"Motions: {folder} ({', '.join(f'{sets[s].num_clips} {s}' for s in preset.skills)})")
    return sets


def read(
    source: Path, hand: HandSpec, object_spec: ObjectSpec, preset: Preset, progress: Progress
) -> Dict[str, Motions]:
    """Clips of a preset's skills from one file, from a folder with one file a skill, or from upstream's files, one a
    clip; where the folder has one for each object, from the object's.

    Raises:
        BadFileError: a file is bad, of another hand or object, or lacks a skill.
    """
    from hot.motions import load_motions, load_upstream

    if source.is_dir():
        source = _of_object(source, object_spec, alone=True)
    if _is_upstreams(source):
        return {
            skill: _of_skill(
                source, load_upstream(source, hand, (skill,), object_spec.name, progress), skill, object_spec
            )
            for skill in preset.skills
        }
    if source.is_dir():
        paths = {skill: source / f"{skill}.safetensors" for skill in preset.skills}
    else:
        paths = dict.fromkeys(preset.skills, source)
    return {skill: _of_skill(path, load_motions(path, hand), skill, object_spec) for skill, path in paths.items()}


def _is_upstreams(source: Path) -> bool:
    """Whether this is one of upstream's files, or a folder with some below it and none of ours in it."""
    if not source.is_dir():
        return source.suffix == ".pt"
    return not any(source.glob("*.safetensors")) and any(source.rglob("*.pt"))


def _of_skill(path: Path, motions: Motions, skill: str, object_spec: ObjectSpec) -> Motions:
    if motions.frame_skill is not None:
        raise BadFileError(path, "holds composed sequences, not clips of one skill; hot eval --sequence judges those")
    if [name.lower() for name in motions.objects] != [object_spec.name.lower()]:
        raise BadFileError(path, f"holds clips with {console.names(motions.objects)}, not with {object_spec.name}")
    if skill not in motions.skills:
        raise BadFileError(path, f"holds no {skill} clips, but {console.names(motions.skills)}; choose with --skill")
    chosen = motions.select((motions.clip_skill == motions.skills.index(skill)).nonzero()[:, 0])
    named = replace(chosen, objects=(object_spec.name,), skills=(skill,), clip_skill=chosen.clip_skill * 0)
    return about_centre(named, object_spec)


def about_centre(motions: Motions, object_spec: ObjectSpec) -> Motions:
    """Clips of an object by its centre of mass; those of the original release give the place of its mesh's origin."""
    from hot.motions import moved_along

    if motions.meta.get("origin") != "upstream" or not object_spec.corners.origin.any():
        return motions
    return moved_along(motions, -object_spec.corners.origin)


def about_origin(motions: Motions, object_spec: ObjectSpec) -> Motions:
    """Clips of an object by its mesh's origin, as the original release has them."""
    from hot.motions import moved_along

    return moved_along(motions, object_spec.corners.origin) if object_spec.corners.origin.any() else motions
