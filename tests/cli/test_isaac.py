"""Importing Isaac Gym in time, and what is said where it is missing."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest
import typer

from hotcli import doctor, isaac
from hotcli.app import app, evaluate_annotations


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Makes a package in Isaac Gym's place whose import does what the text says; forgotten afterwards."""

    def make(text: str = ""):
        folder = tmp_path / "packages" / "isaacgym"
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("")
        (folder / "gymapi.py").write_text(text)
        monkeypatch.syspath_prepend(str(folder.parent))
        return folder.parent

    yield make
    for name in ("isaacgym", "isaacgym.gymapi"):
        sys.modules.pop(name, None)


REFUSES = """
import sys
if "torch" in sys.modules:
    raise ImportError("PyTorch was imported before isaacgym modules.")
"""


@pytest.mark.parametrize(
    "words", ["--engine isaacgym", "--engine=isaacgym", "--engine mujoco,isaacgym", "--set physics.engine=isaacgym"]
)
def test_arguments_that_name_it_import_it(package, words):
    package()
    isaac.import_before_torch(["teacher", *words.split()])
    assert "isaacgym.gymapi" in sys.modules


def test_a_command_imports_it_before_torch(package, tmp_path):
    path = package(REFUSES)
    code = f"""
        import sys
        sys.path.insert(0, {str(path)!r})
        from typer.testing import CliRunner
        from hotcli.app import app
        result = CliRunner().invoke(app, "train teacher --dry-run --object none --engine isaacgym".split())
        assert "isaacgym.gymapi" in sys.modules, result.output
        assert "unknown object" in result.output and "torch" in sys.modules, result.output
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_a_command_that_does_not_name_it_leaves_it_alone(package, hot):
    package("raise RuntimeError('imported')")
    assert hot("data info nowhere --json").exit_code == 1
    assert "isaacgym" not in sys.modules


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        ("libpython3.8.so.1.0: cannot open shared object file", "LD_LIBRARY_PATH"),
        ("PyTorch was imported before isaacgym modules.", "import isaacgym before torch"),
        ("No module named 'isaacgym._bindings.linux-x86_64.gym_311'", "make an environment of Python 3.8"),
        ("Ninja is required to load C++ extensions: ninja", "pip install ninja"),
        ("", "pip install -e isaacgym/python"),
    ],
)
def test_each_problem_of_its_import_has_its_advice(monkeypatch, problem, said):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    assert said in isaac.advice(problem)


def test_another_python_is_said_first(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert isaac.advice("libpython").startswith("Python 3.8, where it runs (here is 3.11); then unpack")


def test_an_import_that_fails_is_one_line(package, hot):
    package("raise ImportError('libpython3.8.so.1.0: cannot open shared object file')")
    result = hot("eval --engine isaacgym")
    assert result.exit_code == 1
    assert "error: Isaac Gym cannot be imported: libpython3.8.so.1.0" in result.stderr and "Try: " in result.stderr


def test_what_is_not_there_is_said_before_anything_is_planned(hot, stages):
    result = hot("train teacher --engine isaacgym")
    assert result.exit_code == 1
    assert "error: Isaac Gym is not installed. It takes: " in result.stderr
    assert not stages.generate.count and not stages.train.count


def finding(hot):
    return {each["name"]: each for each in json.loads(hot("doctor --json").stdout)}["engine isaacgym"]


def test_doctor_says_how_to_get_it(hot, monkeypatch):
    monkeypatch.setattr(doctor, "_probe", lambda code, environment=None: None)
    monkeypatch.setattr(isaac, "installed", lambda: False)
    found = finding(hot)
    assert (found["ok"], found["detail"]) == (False, "not installed")
    assert "IsaacGym_Preview_4_Package.tar.gz" in found["fix"]


def test_doctor_imports_in_the_order_that_it_wants(hot, monkeypatch):
    codes = []
    monkeypatch.setattr(doctor, "_probe", lambda code, environment=None: codes.append(code))
    monkeypatch.setattr(isaac, "installed", lambda: True)
    assert finding(hot)["ok"]
    assert "import isaacgym.gymapi; import torch; import isaacgym.gymtorch" in codes


def test_types_of_options_are_known_before_typer_looks():
    def command(count: int = 1) -> None: ...

    command.__annotations__ = {"count": "int", "return": "None"}
    inner, outer = typer.Typer(), typer.Typer()
    inner.command()(command)
    outer.add_typer(inner, name="group")
    evaluate_annotations(outer)
    assert command.__annotations__["count"] is int


def test_no_command_is_left_with_its_annotations_as_text():
    def callbacks(commands):
        yield from (info.callback for info in commands.registered_commands)
        for group in commands.registered_groups:
            yield from callbacks(group.typer_instance)

    found = list(callbacks(app))
    assert len(found) > 20
    assert not [f for f in found if any(isinstance(kind, str) for kind in f.__annotations__.values())]
