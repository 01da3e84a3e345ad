import csv
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import hot.composition
import hot.evaluation
import hot.planning
import hot.policies
from hot import presets
from hot.errors import HotError
from hot.evaluation import Still, read_report
from hot.motions import save_upstream
from hot.runs import Run
from hotcli import choices
from tests.cli.conftest import BOTTLE, HAND
from tests.evaluation.cells import row

GRASPED = ("Bottle", "Box", "Hammer", "Sword")
POLICIES = {
    "Bottle": {"objects": ["Bottle", "Bottle@0.75"], "skills": ["grasp", "move"]},
    "Box": {"objects": ["Box"], "skills": ["grasp", "move"]},
}


def policy_of(hand, trained):
    return SimpleNamespace(spec=SimpleNamespace(hand=hand, trained=trained))


@pytest.fixture
def bench(monkeypatch, clip_set):
    """Grasps of three objects, policies of two of them; stands in for planning and judging."""
    calls = []

    def planned(hand, spec, skill, clips, *rest):
        if (spec.name, skill) == ("Box", "catch"):
            raise HotError("only 0 of 2 clips of catch obey the rules")
        return replace(clip_set(skill, clips), objects=(spec.name,))

    def judged(policy, exam, condition, progress):
        name = exam.object_spec.name.partition("@")[0]
        calls.append(SimpleNamespace(policy=policy, object=exam.object_spec.name, **{"exam": exam}))
        good = [policy is not None] * exam.motions.num_clips
        skill = exam.sequence or exam.motions.skills[0]
        return row(name, skill, good, "open loop" if policy is None else "policy"), "trace"

    def scaled(motions, hand, spec, factor, config):
        if factor == 9:
            raise HotError("none of 2 clips fits")
        return replace(motions, objects=(f"{spec.name}@{factor:g}",))

    def load(path):
        return policy_of("mano", POLICIES.get(Path(path).stem, {"objects": ["Bottle", "Box"], "skills": ["grasp"]}))

    monkeypatch.setattr(
        choices, "load_specs", lambda preset: (SimpleNamespace(name=preset.hand), SimpleNamespace(name=preset.object))
    )
    monkeypatch.setattr("hot.synthesis.grasps.has_grasps", lambda hand, name: name in GRASPED)
    monkeypatch.setattr("hot.planning.scaling.scale_clips", scaled)
    monkeypatch.setattr("hot.planning.scaling.scaled_spec", lambda spec, f: SimpleNamespace(name=f"{spec.name}@{f:g}"))
    monkeypatch.setattr(hot.planning, "generate", planned)
    monkeypatch.setattr(
        hot.composition, "compose_random", lambda hand, spec, seconds, clips, *rest: clip_set("grasp", clips)
    )
    monkeypatch.setattr(hot.evaluation, "judge", judged)
    monkeypatch.setattr(hot.evaluation, "draw_still", lambda *_: Still(b"a picture", "a clip"))
    monkeypatch.setattr("hot.evaluation.page.draw_plots", lambda shown: {})
    monkeypatch.setattr(hot.policies.Policy, "load", staticmethod(load))
    monkeypatch.setattr(hot.policies, "suitable", lambda hand, name, skills: [kept(name)] if name in POLICIES else [])
    return calls


def kept(name):
    return hot.policies.KeptPolicy(Path(f"{name}.safetensors"), (name,), ("grasp", "move"), False)


def cells_of(report):
    """Object, skill, size and unseen of the policy's rows."""
    return [(r.object, r.skill, r.size, r.unseen) for r in report.skills if r.controller != "open loop"]


def test_each_object_is_judged_with_the_policy_at_hand_and_the_rest_left_out_with_a_reason(hot, bench):
    result = hot("eval --objects all --skills grasp,move --clips 2 --out there")
    assert result.exit_code == 0, result.stderr
    report = read_report(Path("there"))
    assert [(r.object, r.policy) for r in report.skills if r.skill == "move" and r.policy] == [
        ("Bottle", "Bottle.safetensors"),
        ("Box", "Box.safetensors"),
    ]
    assert [row.controller for row in report.skills] == ["open loop", "policy"] * 4
    reasons = {each.object: each.reason for each in report.left_out}
    assert "no policy kept or shipped" in reasons["Hammer"] and "no grasps with mano" in reasons["Mug"]
    assert len(reasons) == 31 and "Sword" in reasons and "Bottle" not in reasons
    assert "Left out: Hammer, Sword: no finished run" in result.stdout and "mano, trained on: success" in result.stdout


def test_a_student_at_hand_is_judged_on_what_it_knows_and_on_what_nothing_was_trained_on(hot, bench, monkeypatch):
    def suitable(hand, name, skills):
        assert (hand, skills) == ("mano", ("grasp",))
        return [kept("Bottle") if name == "Bottle" else kept("student")]

    monkeypatch.setattr("hot.policies.suitable", suitable)
    result = hot("eval --object Bottle,Box,Hammer --skill grasp --clips 2 --out there")
    assert result.exit_code == 0, result.stderr
    assert "Judging student.safetensors (hot policies shows its card) on Box, Hammer; it never saw Hammer" in (
        result.stderr
    )
    report = read_report(Path("there"))
    assert {row.object: row.policy for row in report.skills if row.policy} == {
        "Bottle": "Bottle.safetensors",
        "Box": "student.safetensors",
        "Hammer": "student.safetensors",
    }
    assert [unseen for _, _, _, unseen in cells_of(report)] == [(), (), ("object",)]


def test_one_option_names_one_object_several_or_all(hot, bench):
    first, second = (json.loads(hot(f"eval {word} box,bottle --skill grasp --clips 2 --json").stdout) for word in
                     ("--object", "--objects"))  # fmt: skip
    assert first == second and first["objects"] == ["Box", "Bottle"]


def test_the_folder_holds_a_row_a_cell_and_a_page(hot, bench):
    hot("eval --object Bottle,Box --skill grasp,move --clips 2 --out there")
    rows = list(csv.DictReader(Path("there/matrix.csv").read_text().splitlines()))
    assert [(each["object"], each["skill"], each["policy_hot"]) for each in rows] == [
        ("Bottle", "grasp", "1.0"),
        ("Bottle", "move", "1.0"),
        ("Box", "grasp", "1.0"),
        ("Box", "move", "1.0"),
    ]
    page = Path("there/report.html").read_text()
    assert "Bottle|trained on|move" in page and page.count("data:image/jpeg") == 4


def test_a_skill_that_cannot_be_planned_is_left_out_of_several_objects_but_ends_a_single_one(hot, bench):
    result = hot("eval --object Bottle,Box --skill grasp,catch --clips 2 --json")
    assert [each["skill"] for each in json.loads(result.stdout)["left_out"]] == ["catch"]
    result = hot("eval --object Box --skill grasp,catch --clips 2")
    assert result.exit_code == 1 and "only 0 of 2 clips of catch" in result.stderr


def test_one_policy_for_all_meets_what_it_never_saw_in_columns_of_their_own(hot, bench):
    asked = "--object Bottle,Hammer --skill grasp,place --scales 0.75,0.6 --sequence random --seconds 5"
    result = hot("eval --policy Bottle.safetensors --clips 2 --out there", asked)
    assert result.exit_code == 0, result.stderr
    cells = cells_of(read_report(Path("there")))
    assert ("Bottle", "grasp", 1.0, ()) in cells and ("Bottle", "grasp", 0.75, ()) in cells
    assert ("Bottle", "place", 0.6, ("skill", "size")) in cells
    assert ("Hammer", "grasp", 1.0, ("object",)) in cells
    assert ("Bottle", "random", 1.0, ("sequence",)) in cells
    assert len(cells) == 2 * (2 * 3 + 1)
    page = Path("there/report.html").read_text()
    assert "Bottle|unseen size 0.6|grasp" in page and "Hammer|unseen object, unseen sequence|random" in page


def test_without_being_asked_for_there_is_no_such_column(hot, bench):
    hot("eval --object Bottle,Box --skill grasp --clips 2 --out there")
    assert all(not unseen and size == 1.0 for _, _, size, unseen in cells_of(read_report(Path("there"))))


def test_a_size_that_no_clip_fits_is_left_out(hot, bench):
    report = json.loads(hot("eval --object Bottle,Box --skill grasp --scales 9 --clips 2 --json").stdout)
    assert [(each["object"], each["size"]) for each in report["left_out"]] == [("Bottle", 9.0), ("Box", 9.0)]


def test_a_policy_is_judged_on_all_objects_that_it_was_trained_on(hot, bench):
    report = json.loads(hot("eval --policy student.safetensors --skill grasp --clips 2 --json").stdout)
    assert report["objects"] == ["Bottle", "Box"] and report["policy"] == "student.safetensors"


def test_without_any_policy_the_open_loop_is_judged_alone(hot, bench):
    result = hot("eval --object Hammer,Sword --skill grasp --clips 2")
    assert result.exit_code == 0 and "open loop only" in result.stderr
    assert [call.policy for call in bench] == [None, None]


def finished(name, hand="mano", object_name="Bottle"):
    preset = presets.resolve(hand, object_name, 1, ("grasp",), {})
    run = Run.create(
        Path("runs") / name, presets.dump(preset), {"hand": hand, "object": object_name, "stage": 1, "seed": 1}
    )
    run.set_status("finished")


def test_two_are_compared_on_the_same_clips(hot, bench):
    finished("a")
    result = hot("eval --compare runs/a Box.safetensors --object Bottle,Box --clips 2 --out there")
    assert result.exit_code == 0, result.stderr
    assert "policy A: runs/a/policy.safetensors" in result.stderr and "policy B: Box.safetensors" in result.stderr
    report = read_report(Path("there"))
    assert {r.skill for r in report.skills} == {"grasp"}  # what both were trained on
    assert [r.controller for r in report.skills[:3]] == ["open loop", "policy A", "policy B"]
    assert len({id(call.exam.motions) for call in bench[:3]}) == 1
    pairs = [(pair.first, pair.second) for pair in report.comparisons[:3]]
    assert pairs == [("policy A", "policy B"), ("policy A", "open loop"), ("policy B", "open loop")]
    assert "policy A - policy B, paired clip by clip" in " ".join(result.stdout.split())
    assert "policy A - policy B" in Path("there/report.html").read_text()


def test_a_run_compared_with_itself_does_not_differ(hot, bench):
    finished("a")
    report = json.loads(hot("eval --compare runs/a runs/a --object Bottle --clips 2 --json").stdout)
    values = [each["value"] for name in ("rates", "means") for each in report["comparisons"][0][name].values()]
    assert values and set(values) == {0.0}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("--object Bottel,Box", 1, "unknown object 'Bottel'; did you mean 'Bottle'"),
        ("--object ,", 1, "names no object"),
        ("--object Mug,Cup", 1, "nothing to judge: Mug, Cup: no grasps with mano"),
        ("--object Bottle,Box --motions m.safetensors", 2, "choose one of Bottle, Box"),
        ("--scales small", 2, "'small' is not a list of numbers"),
        ("--scales 1", 2, "positive factors other than 1"),
        ("--scales nan", 2, "positive factors other than 1"),
        ("--object Bottle,Box --skill jump", 1, "unknown skill 'jump'"),
        ("--object Bottle,Box --hand allegro --policy Bottle.safetensors", 1, "drives the mano hand, not allegro"),
        ("--compare runs/none Box.safetensors --policy Box.safetensors", 2, "give no other run or policy"),
        ("--compare Box.safetensors", 2, "requires 2 arguments"),
    ],
)
def test_a_request_that_cannot_be_met_is_one_message_before_anything_is_judged(hot, bench, words, code, message):
    result = hot("eval", words)
    assert result.exit_code == code, result.stderr
    assert message in " ".join(result.stderr.replace("│", " ").split()) and not bench


def test_upstreams_clips_of_several_objects_are_judged_with_or_without_grasps(hot, bench, clip_set, monkeypatch):
    hand = SimpleNamespace(**{**vars(HAND), "name": "mano"})
    monkeypatch.setattr(
        choices, "load_specs", lambda preset: (hand, SimpleNamespace(**{**vars(BOTTLE), "name": preset.object}))
    )
    for number, name in enumerate(("Bottle", "Mug")):
        clips = replace(clip_set("grasp", number + 2), objects=(name,))
        save_upstream("set", replace(clips, key_pos_w=torch.rand_like(clips.key_pos_w)))
    options = "--skill grasp --motions set --policy Bottle.safetensors --out report"
    result = hot(f"eval --object Bottle,Mug,Box {options}")
    assert result.exit_code == 0, result.stderr
    judged = [(call.object, call.exam.motions.num_clips) for call in bench if call.policy is not None]
    assert judged == [("Bottle", 2), ("Mug", 3)]
    (left_out,) = read_report(Path("report/report.json")).left_out
    assert left_out.object == "Box" and "holds clips with Bottle, Mug, not with Box" in left_out.reason
