"""A run is a folder that knows every file name inside it, what it was made from, and how far it came."""

from __future__ import annotations

import datetime
import json
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from typing_extensions import Literal

from hot import __version__
from hot.errors import BadFileError
from hot.writing import write_atomically

Status = Literal["running", "interrupted", "finished"]

_PACKAGES = (
    "torch", "numpy", "scipy", "mujoco", "mujoco-warp", "rl-games", "pydantic", "safetensors", "trimesh", "av",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One training: a folder with its resolved preset, its provenance, and what training left there."""

    path: Path

    @property
    def preset_path(self) -> Path:
        """The resolved preset, whole."""
        return self.path / "preset.yaml"

    @property
    def provenance_path(self) -> Path:
        """What made the run; see :func:`provenance`."""
        return self.path / "provenance.json"

    @property
    def state_path(self) -> Path:
        """The run's status and when it last changed."""
        return self.path / "state.json"

    @property
    def checkpoint_path(self) -> Path:
        """Everything that training needs to go on."""
        return self.path / "checkpoint.pth"

    @property
    def policy_path(self) -> Path:
        """The trained policy."""
        return self.path / "policy.safetensors"

    @property
    def report_path(self) -> Path:
        """The newest evaluation."""
        return self.path / "report.json"

    @property
    def report_table_path(self) -> Path:
        """The newest evaluation as a table."""
        return self.path / "report.csv"

    @property
    def metrics_path(self) -> Path:
        """The learning curves: a row an epoch."""
        return self.path / "metrics.csv"

    @property
    def log_path(self) -> Path:
        """Folder of TensorBoard files."""
        return self.path / "log"

    @classmethod
    def create(cls, path: Path, preset_yaml: str, provenance: Mapping[str, Any]) -> Run:
        """Make a new run with status "running".

        Raises:
            BadFileError: the folder holds a run already, or cannot be written.
        """
        run = cls(Path(path))
        if run.preset_path.exists():
            raise BadFileError(run.path, "holds a run already; go on with it by --resume, or choose another --out")
        try:
            run.log_path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadFileError(run.path, f"cannot be made: {error.strerror}") from error
        _write(run.provenance_path, json.dumps(dict(provenance), indent=2) + "\n")
        run.set_status("running")
        run.write_preset(preset_yaml)  # last: its presence is what makes the folder a run
        return run

    @classmethod
    def open(cls, path: Path) -> Run:
        """An existing run.

        Raises:
            BadFileError: there is none; the message lists the runs beside it.
        """
        run = cls(Path(path))
        if not run.preset_path.is_file():
            beside = ", ".join(str(other.path) for other in runs_in(run.path.parent))
            raise BadFileError(run.path, f"is not a run. Runs there: {beside or 'none'}.")
        return run

    @property
    def provenance(self) -> Dict[str, Any]:
        """What made the run.

        Raises:
            BadFileError: the file is missing or damaged.
        """
        return _read(self.provenance_path)

    @property
    def status(self) -> Status:
        """How far the run came; a killed run is "running" for ever, until it is resumed."""
        return _read(self.state_path)["status"]

    @property
    def changed(self) -> str:
        """When the status last changed, in ISO form and UTC, so that it sorts."""
        return _read(self.state_path)["changed"]

    def is_of(self, hand: str, objects: Sequence[str], stage: int) -> bool:
        """Whether the run is of this hand, of all these objects, perhaps among others, and of this stage."""
        made = self.provenance
        known = made.get("objects", [made["object"]])
        return (made["hand"], made["stage"]) == (hand, stage) and set(objects) <= set(known)

    def set_status(self, status: Status) -> None:
        """Record how far the run came."""
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="microseconds")
        _write(self.state_path, json.dumps({"status": status, "changed": now}) + "\n")

    def write_preset(self, preset_yaml: str) -> None:
        """Replace the resolved preset, as a resumed run does when it is told other values."""
        _write(self.preset_path, preset_yaml)


def _machine() -> str:
    """The GPU by its name if there is one, the operating system and the processor's kind."""
    import torch

    gpu = [torch.cuda.get_device_name()] if torch.cuda.is_available() else []
    return ", ".join([*gpu, f"{platform.system()} {platform.machine()}"])


def provenance(hand: str, object_name: str, stage: int, seed: int, command: Sequence[str], engine: str) -> Dict:
    """What made a run: the request, and the versions of everything that took part."""
    return {
        "hand": hand,
        "object": object_name,
        "stage": stage,
        "seed": seed,
        "command": list(command),
        "engine": engine,
        "hot": __version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "machine": _machine(),
        "packages": package_versions(),
    }


def package_versions() -> Dict[str, Optional[str]]:
    """Installed versions of the packages that decide what a run computes; None for those that are missing."""
    versions: Dict[str, Optional[str]] = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def runs_in(root: Path) -> List[Run]:
    """The whole runs directly below a folder, the last changed first."""
    paths = (path.parent for path in Path(root).glob("*/preset.yaml"))
    whole = (Run(path) for path in paths if (path / "state.json").is_file() and (path / "provenance.json").is_file())
    return sorted(whole, key=lambda run: run.changed, reverse=True)


def newest_finished(root: Path, hand: str, objects: Sequence[str], stage: Optional[int] = None) -> Optional[Run]:
    """The run below ``root`` of this hand and these objects, and of this stage if one is given, that finished last."""
    for run in runs_in(root):
        if run.status == "finished" and run.is_of(hand, objects, stage or run.provenance["stage"]):
            return run
    return None


def new_path(root: Path, hand: str, object_name: str, stage: int) -> Path:
    """A path below ``root`` where no run is yet, named after what will be trained and the time."""
    now = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    name = f"{hand}-{Path(object_name).stem.lower()}-stage{stage}-{now}"
    path, count = Path(root) / name, 2
    while path.exists():
        path, count = Path(root) / f"{name}-{count}", count + 1
    return path


def _git_commit() -> Optional[str]:
    folder = Path(__file__).resolve().parent
    try:
        answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _read(path: Path) -> Dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadFileError(path, f"cannot be read ({error})") from error


def _write(path: Path, text: str) -> None:
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
