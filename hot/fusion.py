"""Many small operations as a few GPU kernels, many kernels as one launch, and on a CPU one thread for all of them."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import shutil
from typing import Callable, Iterator, Optional, Tuple, TypeVar, cast

import torch
from torch import Tensor

_LOG = logging.getLogger(__name__)
_Function = TypeVar("_Function", bound=Callable)


def fuse(function: _Function, device: torch.device, often: bool = True) -> _Function:
    """``function`` compiled for a GPU; itself on a CPU, or where no compiler is found, or if it is not called often:
    to compile takes some seconds.

    The task is some hundred operations on a few numbers a world. On a GPU each would be a kernel whose launch takes
    longer than its work.
    """
    if device.type != "cuda" or not often:
        return function
    if importlib.util.find_spec("triton") is None or not _has_c_compiler():
        _LOG.warning("nothing is fused, which is slower: torch.compile needs Triton and a C compiler")
        return function
    return cast(_Function, torch.compile(function, dynamic=False))


_EAGER_CALLS = 2
"""Calls before a function is recorded: they compile its kernels and claim their workspaces."""


class Replay:
    """A function of tensors that a GPU repeats as one CUDA graph; on a CPU the function itself.

    To launch some hundred kernels one by one takes a processor longer than the GPU needs to run them. The first calls
    run as they are, the next is recorded. From then on only the kernels run: what the function does in Python, and
    which tensors it reads and writes besides its arguments, must not change from call to call.

    Args:
        function: from tensors of fixed shapes to tensors. It must not wait for the GPU.
        device: where the tensors are.
    """

    def __init__(self, function: Callable[..., Tuple[Tensor, ...]], device: torch.device) -> None:
        self._function, self._device, self._calls = function, device, 0
        self._graph: Optional[torch.cuda.CUDAGraph] = None
        self._arguments: Tuple[Tensor, ...] = ()
        self._results: Tuple[Tensor, ...] = ()

    def __call__(self, *arguments: Tensor) -> Tuple[Tensor, ...]:
        """The function's results, which no later call changes."""
        if self._device.type != "cuda" or self._calls < _EAGER_CALLS:
            self._calls += 1
            return self._function(*arguments)
        if self._graph is None:
            self._record(arguments)
        for kept, value in zip(self._arguments, arguments):
            kept.copy_(value)
        cast(torch.cuda.CUDAGraph, self._graph).replay()
        return tuple(result.clone() for result in self._results)

    def _record(self, arguments: Tuple[Tensor, ...]) -> None:
        self._arguments = tuple(argument.clone() for argument in arguments)
        graph = torch.cuda.CUDAGraph()
        # Warp records in the same mode; other threads may go on using the GPU.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._results = self._function(*self._arguments)
        self._graph = graph


@contextlib.contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """On a CPU the task is some hundred small operations: more threads would spend their time waiting for each
    other, and on a busy machine far longer than working."""
    threads = torch.get_num_threads()
    if device.type == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _has_c_compiler() -> bool:
    return any(shutil.which(name) for name in (os.environ.get("CC", "cc"), "gcc", "clang"))
