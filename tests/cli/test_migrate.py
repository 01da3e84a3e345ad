"""Every command line that upstream's users have leads to commands of ours that run."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import typer.main
from typer.testing import CliRunner

from hot.assets import data_root
from hot.migration import translate
from hot.migration.shell import read_commands
from hotcli.app import app
from tests.objects.test_urdf import inertial, link, put
from tests.upstream.checkpoints import JOINTS, SIZES, make_checkpoint

ROOT = Path(__file__).parents[2]
SEED = (ROOT / "tests/migration/seed_commands.md").read_text(encoding="utf-8")
REFINE = "python hot/run.py --test --save_refined_data --task SkillMimicHandRand --objnames Bottle --headless"
STUDENT = "python hot/run.py --test --task Distill --cfg_env a/skillmimic_distill.yaml --checkpoint output/student.pth"
LOOK = "python hot/run.py --test --play_dataset --task SkillMimicHandRand --objnames Bottle"
OTHERS = ["bash open_selection.sh", "python main.py", "python validate_grasps.py", REFINE, STUDENT, LOOK]
LINES = [command.source for command in read_commands(SEED)] + OTHERS
DRY = ("data", "train", "distill", "eval")


def commands_of(line):
    """Words of every command that a line becomes, without the variables before them."""
    found = [command for each in translate(line) for command in each.commands]
    return [list(command.words) for text in found for command in read_commands(text)]


def parsed(words):
    """Values of a command's parameters, as the command line's own parser takes them; nothing is run."""
    command: Any = typer.main.get_command(app)
    context, args = None, list(words)
    while True:
        context = command.make_context(args[0], args[1:], parent=context)
        if not hasattr(command, "commands"):
            return context.params
        first = getattr(context, "_protected_args", None) or context.protected_args  # the latter before Click 8.2
        args = [*first, *context.args]
        command = command.commands[args[0]]


def lay_out(words):
    """Files of upstream's that a command names: objects, and a checkpoint."""
    values = parsed(words)
    if values.get("assets"):
        for name in {"Bottle", *_listed(values)}:
            put(values["assets"] / name, link(inside=inertial()), name=name)
    for path in values.get("policy") or ():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        hand = values["hand"] or "mano"
        torch.save(make_checkpoint(JOINTS[hand], SIZES[hand]), path)


def _listed(values):
    named = values.get("objects") or values.get("object_") or ()
    return ",".join([named] if isinstance(named, str) else named).split(",")


def pretend(words):
    """Leave what `hot objects add` and `hot grasps find` would: an object of that name, and a library of grasps."""
    values = parsed(words)
    made = {
        "add": ("hot/objects/Box.yaml", "objects", [values.get("name")], ".yaml"),
        "find": ("hot/assets/files/grasps/mano/Box.safetensors", "grasps/mano", _names(values), ".safetensors"),
    }
    source, folder, names, suffix = made[words[2]]
    for name in names:
        path = data_root() / folder / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, path)


def _names(values):
    return values.get("object_", "").split(",")


@pytest.mark.parametrize("line", LINES)
def test_the_parser_takes_every_printed_command(line):
    for words in commands_of(line):
        assert words[0] == "hot"
        assert parsed(words)


@pytest.mark.parametrize("line", [line for line in LINES if any(words[1] in DRY for words in commands_of(line))])
def test_every_printed_command_resolves(hot, line):
    for words in commands_of(line):
        if words[1] in ("objects", "grasps"):
            pretend(words)
        if words[1] in DRY:
            filled = ["Bottle" if word == "[OBJ NAME]" else word for word in words]
            lay_out(filled)
            result = hot(shlex.join([*filled[1:], "--dry-run"]))
            assert result.exit_code == 0, result.stderr
            assert "skills: [" in result.stdout


def test_all_of_the_page_of_upstream_is_translated(hot, workplace):
    (workplace / "README.md").write_text(SEED, encoding="utf-8")
    result = hot("migrate README.md --json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    assert [row["source"] for row in rows] == [command.source for command in read_commands(SEED)]
    assert len(rows) == 18
    assert not any(row["no_counterpart"] for row in rows)


def test_output_can_be_pasted_into_a_shell(hot):
    result = hot("migrate", shlex.quote("CUDA_VISIBLE_DEVICES=1 bash teacher_train_stage1.sh; python read_pt.py"))
    assert result.exit_code == 0
    notes, commands = [], []
    for line in result.stdout.splitlines():
        (notes if line.startswith("#") else commands).append(line)
    assert any("Nothing is to be done" in note for note in notes)
    assert [command.words[:3] for command in read_commands(result.stdout)] == [("hot", "train", "teacher")]
    assert commands[1:] == [""]


@pytest.mark.parametrize("given", [["python read_pt.py --path a"], ["--", "python", "read_pt.py"], ["lines.sh"], ["-"]])
def test_a_command_comes_as_one_word_as_several_from_a_file_or_from_standard_input(workplace, given):
    (workplace / "lines.sh").write_text("# a\npython read_pt.py \\\n  --path a\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["migrate", *given], input="python read_pt.py --path a\n")
    assert result.exit_code == 0
    assert result.stdout == "# Nothing is to be done: clips always hold key bodies.\n"


def test_a_flag_without_counterpart_is_one_line_and_exit_code_one(hot):
    line = "python hot/run.py --task SkillMimicHandRand --objnames Box --flex --nmu_envs 3"
    result = hot("migrate", shlex.quote(line))
    assert result.exit_code == 1
    assert result.stdout == ""
    error, *rest = result.stderr.splitlines()
    assert "--flex: physics is MuJoCo's" in error
    assert "--nmu_envs: upstream knows no such flag; did you mean --num_envs?" in error
    assert rest[0].startswith("Without these: hot train teacher --hand mano --object Box")


def test_one_bad_line_of_several_leaves_the_others(hot):
    result = hot("migrate", shlex.quote("bash teacher_train_stage1.sh; pyhton x"))
    assert result.exit_code == 1
    assert "hot train teacher" in result.stdout
    assert "pyhton: is no program" in result.stderr


def test_programs_read_what_is_missing(hot):
    result = hot("migrate --json", shlex.quote("bash finetune.sh"))
    assert result.exit_code == 1
    (row,) = json.loads(result.stdout)
    assert row["no_counterpart"][0]["flag"] == "--resume_from"


@pytest.mark.parametrize("text", ["''", '"python \'a"'])
def test_what_cannot_be_read_is_one_line(hot, text):
    result = hot("migrate", text)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_is_no_text_is_named(hot, workplace):
    (workplace / "a.bin").write_bytes(b"\xff\xfe\x00")
    assert "a.bin: cannot be read" in hot("migrate a.bin").stderr
    assert hot("migrate .").exit_code == 1


PAGE = (ROOT / "docs/from_upstream.md").read_text(encoding="utf-8")
SECTION = re.compile(r"^### (.*?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def sections():
    """Upstream's and our commands of each section of the page."""
    found = {}
    for title, body in SECTION.findall(PAGE):
        blocks = dict(BLOCK.findall(body))
        if blocks:
            found[title] = (blocks["bash"], blocks["console"])
    return found


@pytest.mark.parametrize("title", sections())
def test_the_page_says_what_is_printed(title):
    theirs, ours = sections()[title]
    printed = [command for each in translate(theirs) for command in each.commands]
    assert ours.splitlines() == printed


def test_the_page_has_every_command_of_upstreams_page():
    on_page = [command.words for theirs, _ in sections().values() for command in read_commands(theirs)]
    assert all(command.words in on_page for command in read_commands(SEED))


def test_the_page_names_every_flag():
    from hot.migration.tracker_flags import FLAGS

    assert [name for name in FLAGS if f"`--{name}" not in PAGE] == []


def test_the_readme_says_the_same_in_short():
    table = re.findall(r"^\| \[(.*?)\]\(docs/from_upstream.md\) \| `(.*?)` \|", (ROOT / "README.md").read_text(), re.M)
    assert len(table) >= 10
    for title, short in table:
        assert set(shlex.split(short)) <= set(shlex.split(sections()[title][1]))
