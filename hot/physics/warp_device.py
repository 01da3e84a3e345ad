"""Work on a Warp device in the order of PyTorch's work: recorded once as a CUDA graph, or run as it is on a CPU."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Tuple, cast

import torch
import warp as wp

# Nothing is printed; what goes wrong is raised or counted.
wp.config.log_level = wp.LOG_ERROR
# Warp forgets a wrapped stream's use when the wrapper is collected, and the next launch on it fails.
_STREAMS: Dict[Tuple[int, int], wp.Stream] = {}


class Recording:
    """A fixed sequence of launches on fixed arrays.

    Args:
        work: launches and memory operations on the current Warp device, without allocations that outlive it.
        device: where.
    """

    def __init__(self, work: Callable[[], None], device: torch.device) -> None:
        self._work, self._device = work, device
        self._graph: Optional[wp.Graph] = None
        self._enclosing: List[wp.Graph] = []
        self.run_unrecorded()  # kernels are compiled and loaded before anything is recorded
        if device.type == "cuda":
            with wp.ScopedDevice(str(device)), wp.ScopedCapture() as capture:
                work()
            self._graph = capture.graph

    def run_unrecorded(self) -> None:
        """Run the launches one by one and wait for them."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        with wp.ScopedDevice(str(self._device)):
            self._work()
            wp.synchronize_device()

    def play(self) -> None:
        """Run the sequence on PyTorch's current stream, or let PyTorch record it; on a GPU this returns at once."""
        if self._graph is None:
            with wp.ScopedDevice("cpu"):
                self._work()
        elif torch.cuda.is_current_stream_capturing():
            stream = _current_stream(self._device)
            with wp.ScopedStream(stream, sync_enter=False), wp.ScopedCapture(stream=stream, external=True) as capture:
                self._work()
            self._enclosing.append(cast(wp.Graph, capture.graph))  # it keeps the kernels loaded
        else:
            wp.capture_launch(self._graph, stream=_current_stream(self._device))


def _current_stream(device: torch.device) -> wp.Stream:
    stream = torch.cuda.current_stream(device)
    key = (stream.device.index, stream.cuda_stream)
    if key not in _STREAMS:
        _STREAMS[key] = wp.stream_from_torch(stream)
    return _STREAMS[key]
