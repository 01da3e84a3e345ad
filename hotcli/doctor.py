"""``hot doctor``: what is there, what is missing, and how to mend it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Dict, List, Optional

import typer

from hotcli import console, isaac, options

_RENDER = (
    "import mujoco; m = mujoco.MjModel.from_xml_string('<mujoco/>'); r = mujoco.Renderer(m, 16, 16);"
    "r.update_scene(mujoco.MjData(m)); r.render()"
)
_ON_38 = sys.version_info < (3, 9)  # where Isaac Gym is the only engine
_TIMEOUT = 60.0  # seconds for one probe; a first import of an engine from a cold disk takes tens


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, whether it is there, what was found, and the fix."""

    name: str
    ok: bool
    detail: str
    needed: bool
    fix: str = ""


def doctor(as_json: options.JsonOption = False) -> None:
    """Check engines, GPU, rendering, data folder and versions; exit code 1 if something needed is missing."""
    findings = [look() for look in (_python, _mujoco, _warp, _isaacgym, _gpu, _rendering, _data, _shipped)]
    findings += _packages()
    if as_json:
        console.show_json([dataclasses.asdict(finding) for finding in findings])
    else:
        rows = [[finding.name, _mark(finding), finding.detail, finding.fix] for finding in findings]
        console.show_table("hot doctor", ["what", "state", "found", "fix"], rows, words=4)
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(1)


def _mark(finding: Finding) -> str:
    return "ok" if finding.ok else ("missing" if finding.needed else "missing (optional)")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", True, version, True)


def _mujoco() -> Finding:
    problem = _probe("import mujoco")
    version = _versions()["mujoco"] or "not installed"
    fix = "" if problem is None else "Python 3.11 or newer, then: pip install 'mujoco>=4.0'"
    return Finding("engine mujoco", problem is None, problem or version, not _ON_38, fix)


def _warp() -> Finding:
    version = _versions()["mujoco-warp"]
    fix = "" if version else "NVIDIA GPU and Python 3.11, then: pip install 'hand-object-tracking[gpu]'"
    return Finding("engine mujoco-warp", version is not None, version or "not installed", False, fix)


def _isaacgym() -> Finding:
    """In the order in which it has to be imported: torch after Isaac Gym, the bridge between them last."""
    problem = "not installed"
    if isaac.installed():
        problem = _probe(f"import {isaac.MODULE}; import torch; import isaacgym.gymtorch")
    fix = isaac.advice(problem) if problem else ""
    return Finding("engine isaacgym", problem is None, problem or "Preview 4", _ON_38, fix)


def _gpu() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding("gpu", False, "no nvidia-smi", False, "none needed: everything runs on the CPU")
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=_TIMEOUT)
    fix = "" if answer.returncode == 0 else "install or reload the NVIDIA driver"
    return Finding("gpu", not fix, _last_line(answer.stdout or answer.stderr), False, fix)


def _rendering() -> Finding:
    chosen = os.environ.get("MUJOCO_GL")
    problem: Optional[str] = None
    for backend in [chosen] if chosen else ["egl", "osmesa", "glfw"]:
        problem = _probe(_RENDER, {"MUJOCO_GL": backend})
        if problem is None:
            return Finding("rendering", True, f"MUJOCO_GL={backend}", False)
    fix = "apt-get install libegl1 libosmesa6, or unset MUJOCO_GL; only --video needs it"
    return Finding("rendering", False, problem or "", False, fix)


def _data() -> Finding:
    from hot.assets import data_root

    folder = data_root()
    existing = next(path for path in [folder, *folder.resolve().parents] if path.exists())
    count = len(list(folder.rglob("*.safetensors"))) if folder.is_dir() else 0
    ok = os.access(existing, os.W_OK) and existing.is_dir()
    fix = "" if ok else f"make {existing} a writable folder, or set HOT_DATA to one"
    return Finding("data folder", ok, f"{folder} ({count} motion files)", True, fix)


def _shipped() -> Finding:
    from hot.assets import packaged

    count = sum(1 for path in packaged().rglob("*") if path.is_file()) if packaged().is_dir() else 0
    fix = "" if count else "reinstall: pip install --force-reinstall --no-deps hand-object-tracking"
    return Finding("shipped files", bool(count), f"{count} files", True, fix)


def _packages() -> List[Finding]:
    findings = []
    for name, version in _versions().items():
        if not name.startswith("mujoco"):
            fix = "" if version else f"pip install {name}"
            findings.append(Finding(name, version is not None, version or "not installed", True, fix))
    return findings


def _versions() -> Dict[str, Optional[str]]:
    from hot.runs import package_versions

    return package_versions()


def _probe(code: str, environment: Optional[Dict[str, str]] = None) -> Optional[str]:
    """Run code in a process of its own, since a bad driver can end the process; None, or what went wrong."""
    command = [sys.executable, "-c", code]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT, env={**os.environ, **(environment or {})}
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {_TIMEOUT:.0f} s"
    return None if answer.returncode == 0 else _last_line(answer.stderr) or f"ended with {answer.returncode}"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
