"""Several processes, one a GPU, that train one network: who they are, what they share, and how they are started.

A process that torchrun started finds its place in the environment variables ``RANK``, ``WORLD_SIZE`` and
``LOCAL_RANK``; any other is alone, and everything here then does nothing.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import os
import signal
import uuid
from dataclasses import dataclass
from typing import Any, Iterator, List, Sequence

import torch
from torch import Tensor, distributed

from hot.errors import ConfigError

_SEED_STRIDE = 10_007
"""Between the seeds of ranks: far more than the seeds that anybody counts up by hand."""
_PATIENCE = datetime.timedelta(hours=2)
"""How long ranks wait for each other: the first may have to plan clips while the others wait."""


@dataclass(frozen=True)
class Ranks:
    """One process among ``count``. Every method but :meth:`seed` must be called by all of them, in the same order."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes, reports and decides."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """A seed of this rank's own; the leader keeps the one given."""
        return seed + self.rank * _SEED_STRIDE

    def share(self, value: Any) -> Any:
        """The leader's value, on every rank."""
        if self.count == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values, src=0)
        return values[0]

    def wait(self) -> None:
        """Go on when all ranks are here."""
        self.share(None)

    @contextlib.contextmanager
    def leader_first(self) -> Iterator[None]:
        """Run the block on the leader, then on the others, which find there what the leader has left in files."""
        if not self.leads:
            self.wait()
        yield
        if self.leads:
            self.wait()

    def copy(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite tensors with the leader's."""
        if self.count > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, src=0)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite floating-point tensors of one type with their means over ranks."""
        if self.count == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.count
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors])):
            tensor.copy_(mean.view_as(tensor))


ALONE = Ranks()
"""A process that trains by itself."""


@contextlib.contextmanager
def joined() -> Iterator[Ranks]:
    """Meet the other processes for the length of the block, or for that of an outer ``joined``.

    Raises:
        ConfigError: there are more processes on this host than GPUs.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE
    elif distributed.is_initialized():
        yield Ranks(distributed.get_rank(), distributed.get_world_size())
    else:
        distributed.init_process_group(_take_gpu(), timeout=_PATIENCE)
        ranks = Ranks(distributed.get_rank(), distributed.get_world_size())
        try:
            yield ranks
        except KeyboardInterrupt:
            ranks.wait()  # the first rank to end makes the launcher end the others, which may still be writing
            raise
        finally:
            distributed.destroy_process_group()


def launched() -> bool:
    """Whether this process is one of several that were started together."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _take_gpu() -> str:
    """Choose this process's GPU, if there are any; the backend by which tensors travel."""
    if not torch.cuda.is_available():
        return "gloo"
    local = int(os.environ.get("LOCAL_RANK", "0"))
    check_gpus(local + 1)
    torch.cuda.set_device(local)
    return "cpu:gloo,cuda:nccl"


def check_gpus(wanted: int) -> None:
    """Insist on a number of GPUs.

    Raises:
        ConfigError: there are fewer.
    """
    found = torch.cuda.device_count()
    if wanted > found:
        raise ConfigError(f"{wanted} GPUs are asked for, and PyTorch sees {found}; each process needs its own")


def launch(command: Sequence[str], count: int) -> int:
    """Run a command in ``count`` processes of this host, by torchrun; its exit code, 130 after Ctrl-C.

    Ctrl-C reaches every process once. A process that fails ends the others.
    """
    # Here, because only the process that starts the others needs them.
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        local_addr="127.0.0.1",
        max_restarts=0,
    )
    logging.disable(logging.CRITICAL)  # the processes speak for themselves
    try:
        elastic_launch(config, command[0])(*command[1:])
    except SignalException as error:
        return 128 + signal.Signals(error.sigval).value
    except ChildFailedError as error:
        return _exit_code([failure.exitcode for failure in error.failures.values()])
    finally:
        logging.disable(logging.NOTSET)
    return 0


def _exit_code(codes: List[int]) -> int:
    """The first code that a process chose itself; the launcher ends the others by signals, which count below zero."""
    return next((code for code in codes if code > 0), 1)
