"""A policy as a file for other programs, for ``hot export onnx`` and ``torchscript``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Optional

from hotcli import choices, clips, console, controllers, options, progress

if TYPE_CHECKING:
    from hotcli.controllers import Controller

_CLIPS = 8
"""Held-out clips on whose observations a file is tried."""


def check(format_: str) -> None:
    """Refuse a format whose packages are missing before anything is loaded."""
    from hot import deployment

    deployment.check_format(format_)


def export(
    format_: str,
    controller: Controller,
    hand: Optional[str],
    object_name: Optional[str],
    motions: Optional[Path],
    out: Optional[Path],
    as_json: bool,
) -> None:
    """Write the file and say what goes in and what comes out."""
    from hot import deployment
    from hot.policies import policy_file

    assert controller.policy is not None and controller.path is not None
    skills = () if controller.run else controller.policy.spec.trained.get("skills", ())
    asked = options.given(hand=hand, object=object_name, skills=list(skills) or None)
    preset = controllers.preset_of(controller, asked, {"evaluation.clips": _CLIPS, **choices.engine_of(None)})
    one = preset.model_copy(update={"skills": preset.skills[:1]})
    hand_spec, object_spec = choices.load_specs(one)
    controllers.check(controller, hand_spec, object_spec, one.skills)
    (skill,) = one.skills
    with progress.drawn() as listener:
        if motions is not None:
            found = clips.read(motions, hand_spec, object_spec, one, listener)[skill]
        else:
            found = clips.planned(hand_spec, object_spec, skill, one, "test", listener)
    tried = found.select(range(min(found.num_clips, _CLIPS)))
    file = policy_file(controller.path)
    wanted = deployment.Deployment(controller.policy, file, hand_spec, object_spec, tried, one.task)
    beside = controller.run.path / "policy" if controller.run else Path(f"{hand_spec.name}-{object_spec.name.lower()}")
    path = out or beside.with_name(f"{beside.name}.{format_}")
    described = deployment.export(path, format_, wanted)
    if as_json:
        console.show_json({"path": str(path), **described})
    else:
        _show(path, described)


def _show(path: Path, described: Dict[str, Any]) -> None:
    largest = ", ".join(f"{value:.1g} on {name} observations" for name, value in described["largest deviation"].items())
    console.note(f"Joint targets differ from the policy's by at most {largest} [m, rad]")
    for title, key in (("Inputs", "inputs"), ("Outputs", "outputs")):
        rows = [[each["name"], each["meaning"], f"(N, {each['width']})"] for each in described[key]]
        console.show_table(title, ["name", "meaning", "shape"], rows, words=2)
    frames = f"frames ahead: {described['future_frames']}; of fingers: {described['finger_frames']}"
    rows = [[each["part"], each["meaning"], str(each["start"]), str(each["size"])] for each in described["observation"]]
    console.show_table(f"Parts of the observation; {frames}", ["part", "meaning", "from", "size"], rows, words=2)
    console.show(str(path))
