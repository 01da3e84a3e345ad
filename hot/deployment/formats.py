"""The two file formats: how a module is written, and how a written file is run."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Mapping, Sequence, Tuple

import torch
from torch import Tensor

from hot.deployment.deployed import Deployed
from hot.errors import MissingDependencyError

META = "hot"
"""Key of the JSON description: of an ONNX file's metadata, and with .json of a TorchScript file's extra files."""
_ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")

Run = Callable[[Sequence[Tensor]], Tuple[Tensor, Tensor]]
"""Targets and actions of inputs."""


def check_onnx() -> None:
    """Refuse to begin without what ONNX needs.

    Raises:
        MissingDependencyError: it says which packages are missing, and how to install them.
    """
    missing = [name for name in _ONNX_PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingDependencyError(f"ONNX needs {', '.join(missing)}: pip install 'hand-object-tracking[onnx]'")


def write_onnx(path: Path, deployed: Deployed, inputs: Sequence[Tensor], meta: Mapping[str, Any]) -> None:
    """Write one ONNX file with weights and description inside, for any number of rows."""
    import onnx

    rows = torch.export.Dim("rows", min=1)
    with _quiet():
        program = torch.onnx.export(
            deployed.eval(),
            tuple(inputs),
            dynamo=True,
            verbose=False,
            input_names=[port.name for port in deployed.inputs],
            output_names=[port.name for port in deployed.outputs],
            dynamic_shapes=_dynamic(len(inputs), rows),
        )
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, {META: json.dumps(dict(meta))})
    onnx.save(model, str(path))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Exporters warn of their own internals, and of packages that nobody asked for."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _dynamic(count: int, rows: Any) -> Tuple[Any, ...]:
    """First dimension free: of the observation, and of each of the others, which are one variadic argument."""
    return {0: rows}, tuple({0: rows} for _ in range(count - 1))


def run_onnx(path: Path) -> Run:
    """The file, run by ONNX Runtime on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(inputs: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        targets, action = session.run(None, {name: value.numpy() for name, value in zip(names, inputs)})
        return torch.from_numpy(targets), torch.from_numpy(action)

    return run


def write_torchscript(path: Path, deployed: Deployed, inputs: Sequence[Tensor], meta: Mapping[str, Any]) -> None:
    """Write one TorchScript file with weights and description inside, for any number of rows."""
    with _quiet():
        traced = torch.jit.trace(deployed.eval(), tuple(inputs))
        torch.jit.save(traced, str(path), _extra_files={f"{META}.json": json.dumps(dict(meta))})


def run_torchscript(path: Path) -> Run:
    """The file, run by torch on the CPU."""
    with _quiet():
        module = torch.jit.load(str(path), map_location="cpu")

    def run(inputs: Sequence[Tensor]) -> Tuple[Tensor, Tensor]:
        with torch.no_grad():
            return module(*inputs)

    return run


WRITERS: Dict[str, Callable[[Path, Deployed, Sequence[Tensor], Mapping[str, Any]], None]] = {
    "onnx": write_onnx,
    "torchscript": write_torchscript,
}
RUNNERS: Dict[str, Callable[[Path], Run]] = {"onnx": run_onnx, "torchscript": run_torchscript}
