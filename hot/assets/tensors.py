"""Tensors and JSON metadata in one safetensors file, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from hot.errors import BadFileError


@dataclass(frozen=True)
class TensorFile:
    """What one file held: tensors by name, and the JSON object stored beside them."""

    tensors: Dict[str, Tensor]
    meta: Dict[str, Any]


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[Path]:
    """Yield a temporary path in ``path``'s folder that replaces ``path`` when the block ends well.

    Raises:
        BadFileError: the folder cannot be made or written, or the disk is full; ``path`` is untouched.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadFileError(path, f"cannot be written: {reason}. Free space or choose another place.") from error
    finally:
        if temporary is not None and temporary.exists():
            temporary.unlink()


def write_tensors(path: Path, kind: str, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write tensors (moved to the CPU) and metadata under a ``kind`` that the reader will insist on.

    Raises:
        BadFileError: the file cannot be written.
    """
    header = {"kind": kind, "meta": json.dumps(dict(meta))}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
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
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError, ValueError) as error:
        raise BadFileError(path, f"is damaged or not a safetensors file ({error})") from error
    if header.get("kind") != kind:
        raise BadFileError(path, f"holds {header.get('kind', 'foreign data')!r}, but a {kind!r} file is needed")
    return TensorFile(tensors, json.loads(header["meta"]))
