"""The bridge to PyTorch: descriptors of tensors that do not keep them alive."""

from __future__ import annotations

import weakref

import torch


class Descriptor:
    """Where a tensor's numbers are; who passes it on has to keep the tensor."""

    def __init__(self, tensor: torch.Tensor) -> None:
        assert isinstance(tensor, torch.Tensor), f"not a tensor: {tensor!r}"
        assert tensor.is_contiguous(), "unwrap_tensor takes contiguous tensors"
        self._owner = weakref.ref(tensor if tensor._base is None else tensor._base)
        self.numbers = tensor.detach()
        self.shape, self.dtype = tuple(tensor.shape), tensor.dtype

    def check_alive(self) -> None:
        """Refuse a tensor that was let go before the simulation read it."""
        assert self._owner() is not None, "a tensor was let go before simulate read it"


def unwrap_tensor(torch_tensor: torch.Tensor) -> Descriptor:
    return Descriptor(torch_tensor)


def wrap_tensor(gym_tensor: Descriptor) -> torch.Tensor:
    return gym_tensor.numbers
