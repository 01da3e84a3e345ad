"""Many small operations as a few GPU kernels."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
from typing import Callable, TypeVar, cast

import torch

_LOG = logging.getLogger(__name__)
_Function = TypeVar("_Function", bound=Callable)


def fuse(function: _Function, device: torch.device) -> _Function:
    """``function`` compiled for a GPU; itself on a CPU, or where no compiler is found.

    The task is some hundred operations on a few numbers a world. On a GPU each would be a kernel whose launch takes
    longer than its work.
    """
    if device.type != "cuda":
        return function
    if importlib.util.find_spec("triton") is None or not _has_c_compiler():
        _LOG.warning("the task runs unfused and slower: torch.compile needs Triton and a C compiler")
        return function
    return cast(_Function, torch.compile(function, dynamic=False))


def _has_c_compiler() -> bool:
    return any(shutil.which(name) for name in (os.environ.get("CC", "cc"), "gcc", "clang"))
