"""Long calls side by side: each lane is a process with a log of its own, the lanes spread over GPUs and cores."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import signal
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any, Callable, FrozenSet, Iterator, List, Sequence, Tuple

from hot.errors import HotError
from hotcli import console

_VISIBLE = "CUDA_VISIBLE_DEVICES"
_PATIENCE = 0.2
"""How often Ctrl-C is looked for [s]."""
_SHARE = 2.0
"""Times its even share of the cores that a lane may use: about half of the time it waits for its GPU."""


def side_by_side(call: Callable[..., Any], tasks: Sequence[Tuple[Any, ...]], logs: Sequence[Path], lanes: int) -> None:
    """``call(*task)`` for every task, at most ``lanes`` at once; what a task prints goes to its log.

    A task that fails ends no other one. Ctrl-C, once or more often, ends all of them at once, wherever they are.

    Raises:
        HotError: tasks failed; names each log and reason.
        KeyboardInterrupt: on Ctrl-C, after the last process has ended.
    """
    context = multiprocessing.get_context("spawn")  # a forked process cannot use CUDA
    places: Any = context.Queue()
    for place in _places(lanes):
        places.put(place)
    failures: List[str] = []
    pool = ProcessPoolExecutor(lanes, context, initializer=_enter, initargs=(places,))
    with _interrupts() as interrupts, pool:
        with _deaf():  # lanes inherit it: this process alone hears Ctrl-C, and ends them
            pending = {pool.submit(_run, call, task, log): log for task, log in zip(tasks, logs)}
        try:
            while pending:
                done, _ = wait(pending, timeout=_PATIENCE, return_when=FIRST_COMPLETED)
                if interrupts:
                    raise KeyboardInterrupt
                for future in done:
                    log, problem = pending.pop(future), future.result()
                    console.note(
                        f"{len(tasks) - len(pending)} of {len(tasks)}: {log}" + (f": {problem}" if problem else "")
                    )
                    failures += [f"{log}: {problem}"] if problem else []
        except BaseException:  # else the pool would first finish what is queued, for hours perhaps
            for lane in multiprocessing.active_children():
                lane.terminate()
            raise
    if failures:
        raise HotError(f"{len(failures)} of {len(tasks)} failed: {'; '.join(failures)}")


@contextlib.contextmanager
def _interrupts() -> Iterator[List[int]]:
    """Ctrl-C is noted in a list and raises nothing: in the midst of a pool's locks an exception would leave them in
    disorder, and a second one would interrupt the ending of the lanes."""
    came: List[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are begun meanwhile never hear Ctrl-C; this one hears later what it missed."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _places(lanes: int) -> List[Tuple[str, FrozenSet[int]]]:
    """The GPU of each lane, in turn, by its name for CUDA, empty on a machine without; and its cores."""
    import torch

    visible = os.environ.get(_VISIBLE, "")
    gpus = visible.split(",") if visible else [str(number) for number in range(torch.cuda.device_count())]
    return [(gpus[lane % len(gpus)] if gpus else "", _cores(lane, lanes)) for lane in range(lanes)]


def _cores(lane: int, lanes: int) -> FrozenSet[int]:
    """A window of the cores, where a process may choose them; those of neighbours overlap."""
    if not hasattr(os, "sched_getaffinity"):
        return frozenset()
    cores = sorted(os.sched_getaffinity(0))
    width = min(len(cores), math.ceil(_SHARE * len(cores) / lanes))
    first = lane * len(cores) // lanes
    return frozenset((cores + cores)[first : first + width])


def _enter(places: Queue) -> None:
    """A lane's process takes its GPU and its cores, before torch looks for any."""
    os.environ[_VISIBLE], cores = places.get()
    if cores:
        os.sched_setaffinity(0, cores)


def _run(call: Callable[..., Any], task: Tuple[Any, ...], log: Path) -> str:
    """What went wrong, in words; errors of ours do not survive the way between processes."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open(log, "a", encoding="utf-8", buffering=1))
        stack.enter_context(contextlib.redirect_stdout(file))
        stack.enter_context(contextlib.redirect_stderr(file))
        try:
            call(*task)
        except (HotError, OSError) as error:
            console.error(str(error))
            return str(error)
    return ""
