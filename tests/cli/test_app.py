import subprocess
import sys

import pytest
import typer

from hot.errors import HotError
from hotcli import app as assembly
from hotcli import train


@pytest.fixture
def broken(monkeypatch):
    def break_with(error):
        def fail(*_):
            raise error

        monkeypatch.setattr(train.choices, "engine_of", fail)

    return break_with


def test_help_lists_commands_in_pipeline_order(hot):
    text = hot("--help").stdout
    places = [text.index(f" {name} ") for name in ("data", "train", "eval", "bench", "doctor")]
    assert places == sorted(places)


def test_every_command_is_listed():
    commands = typer.main.get_command(assembly.app)
    assert set(commands.list_commands(None)) == set(commands.commands)  # type: ignore[attr-defined]


def test_help_needs_neither_torch_nor_pydantic():
    code = (
        "import sys; from typer.testing import CliRunner; from hotcli.app import app;"
        "assert 'Usage' in CliRunner().invoke(app, ['--help']).stdout;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'pydantic', 'numpy', 'yaml')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_version_is_printed(hot):
    from hot import __version__

    assert hot("--version").stdout.strip() == f"hot {__version__}"


def test_a_request_that_cannot_be_met_is_one_line_and_exit_code_one(hot, broken):
    broken(HotError("no such thing.\n  Known: this, that."))
    result = hot("train", "teacher")
    assert result.exit_code == 1
    assert result.stderr == "error: no such thing. Known: this, that.\n"


def test_debug_shows_the_traceback(hot, broken):
    broken(HotError("no such thing"))
    result = hot("--debug", "train", "teacher")
    assert result.exit_code == 1
    assert "Traceback" in result.stderr


def test_a_bug_is_not_hidden(hot, broken):
    broken(ZeroDivisionError("a bug"))
    assert isinstance(hot("train", "teacher").exception, ZeroDivisionError)


def test_ctrl_c_exits_with_130(hot, broken):
    broken(KeyboardInterrupt())
    assert hot("train", "teacher").exit_code == 130


@pytest.mark.parametrize(
    "words",
    [
        ["trian"],
        ["train", "teacher", "--stage", "zero"],
        ["train", "teacher", "--stage", "0"],
        ["train", "teacher", "--num-envs", "0"],
        ["train", "teacher", "--set", "seed"],
        ["train", "teacher", "--set", "=3"],
        ["train", "teacher", "--nonsense"],
        ["train", "teacher", "--resume"],
        ["eval", "--noise", "2"],
        ["eval", "a", "--policy", "b"],
        ["data", "generate", "--clips", "many"],
    ],
)
def test_wrong_usage_exits_with_two(hot, words):
    assert hot(*words).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--hand", "alegro"], "did you mean 'allegro'"),
        (["--object", "botle"], "did you mean 'Bottle'"),
        (["--skill", "grsp"], "did you mean 'grasp'"),
        (["--stage", "7"], "unknown stage '7' Known: 1, 2, 3."),
        (["--engine", "wrap"], "did you mean 'warp'? Known: auto, isaacgym, mujoco, warp."),
        (["--set", "reward.fingr=1"], "did you mean 'reward.finger'"),
        (["--set", "reward.finger=on"], "preset key 'reward.finger': must be a valid number"),
    ],
)
def test_unknown_names_are_met_with_the_known_ones(hot, words, said):
    result = hot("train", "teacher", *words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_a_gpu_warp_is_refused_with_where_to_look(hot, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    result = hot("train teacher --engine warp")
    assert result.exit_code == 1
    assert "needs an NVIDIA GPU" in result.stderr and "hot doctor" in result.stderr


@pytest.mark.parametrize(
    ("gpu", "words", "engine"),
    [
        (True, "", "warp"),
        (True, "--engine auto", "warp"),
        (True, "--engine mujoco", "mujoco"),
        (False, "", "mujoco"),
        (False, "--set physics.engine=warp", "warp"),
    ],
)
@pytest.mark.mujoco
def test_the_engine_is_the_best_there_is_unless_it_is_named(hot, monkeypatch, gpu, words, engine):
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    text = hot("train teacher --dry-run", words).stdout
    assert f"engine: {engine}" in text
    assert f"iterations: {4 if engine == 'warp' else 20}\n" in text
