"""Tensors and JSON metadata in one safetensors file, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from hot.errors import BadFileError
from hot.writing import write_atomically


@dataclass(frozen=True)
class TensorFile:
    """What one file held: tensors by name, and the JSON object stored beside them."""

    tensors: Dict[str, Tensor]
    meta: Dict[str, Any]


def write_tensors(path: Path, kind: str, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write tensors (moved to the CPU) and metadata under a ``kind`` that the reader will insist on.

    Raises:
        BadFileError: the file cannot be written.
    """
    header = {"kind": kind, "meta": json.dumps(dict(meta))}
    # Copies, because safetensors refuses tensors that share storage.
    plain = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()
    }
    with write_atomically(path) as temporary:
        save_file(plain, str(temporary), metadata=header)


def read_tensors(path: Path, kind: str) -> TensorFile:
    """Read a file that :func:`write_tensors` wrote with the same ``kind``; nothing in it is executed.

    Raises:
        BadFileError: missing, truncated, not a safetensors file, or of another kind.
    """
    with _opened(path, kind) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (a handle, not a dict)
        return TensorFile(tensors, _description(path, file))


def read_meta(path: Path, kind: str) -> Dict[str, Any]:
    """The JSON object stored beside the tensors, without reading those.

    Raises:
        BadFileError: as :func:`read_tensors`.
    """
    with _opened(path, kind) as file:
        return _description(path, file)


@contextlib.contextmanager
def _opened(path: Path, kind: str) -> Iterator[Any]:
    path = Path(path)
    if not path.is_file():
        raise BadFileError(path, f"no such {kind} file")
    try:
        with safe_open(str(path), framework="pt") as file:
            found = (file.metadata() or {}).get("kind", "foreign data")
            if found != kind:
                raise BadFileError(path, f"holds {found!r}, but a {kind!r} file is needed")
            yield file
    except (SafetensorError, OSError, ValueError) as error:
        raise BadFileError(path, f"is damaged or not a safetensors file ({error})") from error


def _description(path: Path, file: Any) -> Dict[str, Any]:
    try:
        return json.loads(file.metadata()["meta"])
    except (KeyError, ValueError) as error:
        raise BadFileError(path, f"has no readable description ({error})") from error
