"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Iterator

from hot.errors import BadFileError, ConfigError

if TYPE_CHECKING:
    import numpy as np


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
        temporary.chmod(0o666 & ~_umask())
        os.replace(temporary, path)
    except Exception as error:
        if not _is_of_the_disk(error):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise BadFileError(path, f"cannot be written: {reason}. Free space or choose another place.") from error
    finally:
        if temporary is not None and temporary.exists():
            temporary.unlink()


def _is_of_the_disk(error: Exception) -> bool:
    """Writers in other languages report a full disk as errors of their own that only quote the system's."""
    return isinstance(error, OSError) or any(sign in str(error) for sign in ("os error", "PytorchStreamWriter"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture (H, W, 3) uint8.

    Raises:
        ConfigError: the file is not called ``.png``.
        BadFileError: it cannot be written.
    """
    from PIL import Image

    if path.suffix.lower() != ".png":
        raise ConfigError(f"a picture's file ends in .png, not '{path.suffix}'")
    with write_atomically(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")
