"""Tensors and JSON metadata in one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Mapping

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
    path = Path(path)
    if not path.is_file():
        raise BadFileError(path, f"no such {kind} file")
    try:
        with safe_open(str(path), framework="pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (a handle, not a dict)
    except (SafetensorError, OSError, ValueError) as error:
        raise BadFileError(path, f"is damaged or not a safetensors file ({error})") from error
    if header.get("kind") != kind:
        raise BadFileError(path, f"holds {header.get('kind', 'foreign data')!r}, but a {kind!r} file is needed")
    try:
        return TensorFile(tensors, json.loads(header["meta"]))
    except (KeyError, ValueError) as error:
        raise BadFileError(path, f"has no readable description ({error})") from error
