"""Checkpoints of rl-games 1.1.4 as the original release writes them, read without executing anything."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

import numpy as np
import torch
from torch import Tensor

from hot.errors import BadFileError, MissingDependencyError

_NETWORK = "a2c_network."
_LAYER = re.compile(r"actor_mlp\.(\d+)\.weight")
_UNUSED = ("critic_mlp.", "value.", "sigma", "actor_cnn.", "critic_cnn.")
"""What only training needs, and what an MLP leaves empty."""
_ENCODER = ("obj_keypos_encoder.local_encoder.0", "obj_keypos_encoder.global_encoder.0")
_EPSILON = 1e-5
"""Of rl-games' normaliser, under its root."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The actor of one checkpoint and the normaliser of what it sees. Layers are weights (out, in), biases (out,)."""

    layers: Tuple[Tuple[Tensor, Tensor], ...]
    """Hidden layers, each followed by a ReLU, then the layer of the mean actions."""
    encoder: Optional[Tuple[Tuple[Tensor, Tensor], Tuple[Tensor, Tensor]]]
    """Of the object's points: the layer of each point, followed by a GELU, and the layer of their maximum."""
    mean: Tensor  # (O,)
    std: Tensor  # (O,)
    epoch: Optional[int]
    """Epochs of training, where the file says."""

    @property
    def num_observations(self) -> int:
        """O."""
        return len(self.mean)

    @property
    def num_actions(self) -> int:
        """A."""
        return len(self.layers[-1][1])


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a ``.pth`` file of upstream's plain or dense-object network; the shapes in it say which.

    Raises:
        BadFileError: missing, damaged, holds other things than tensors and plain numbers, or another network.
        MissingDependencyError: this PyTorch cannot be told which numbers of NumPy are harmless.
    """
    path = Path(path)
    state = _loaded(path)
    reader = _Reader(path, _mapping(path, state, "model"))
    layers = reader.actor()
    encoder = None
    if reader.has(_ENCODER[0]):
        encoder = (reader.layer(_ENCODER[0]), reader.layer(_ENCODER[1]))
    reader.refuse_others()
    normaliser = _Reader(path, _mapping(path, state, "running_mean_std"), prefix="")
    mean, variance = normaliser.tensor("running_mean", 1), normaliser.tensor("running_var", 1)
    if mean.shape != variance.shape or bool((variance < 0).any()):
        raise BadFileError(path, "running_mean_std holds no means and variances of one observation")
    epoch = state.get("epoch")
    std = (variance.float() + _EPSILON).sqrt()
    return Checkpoint(layers, encoder, mean.float(), std, epoch if isinstance(epoch, int) else None)


def _loaded(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise BadFileError(path, "no such checkpoint")
    try:
        with _numpy_numbers():
            state = torch.load(path, map_location="cpu", weights_only=True)
    except MissingDependencyError:
        raise
    except Exception as error:  # a damaged pickle can raise any exception at all
        raise BadFileError(path, f"is damaged or holds more than tensors and numbers ({_reason(error)})") from error
    if not isinstance(state, Mapping):
        raise BadFileError(path, f"holds a {type(state).__name__} instead of a checkpoint's dictionary")
    return state


def _reason(error: Exception) -> str:
    named = re.search(r"GLOBAL ([\w.]+)", str(error))
    if named:
        return f"{named[1]} is not allowed"
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


@contextlib.contextmanager
def _numpy_numbers() -> Iterator[None]:
    """Let a file hold NumPy's floating-point and whole numbers: rl-games keeps the best reward as one."""
    if not hasattr(torch.serialization, "safe_globals"):
        _allow_for_good()
        yield
        return
    with torch.serialization.safe_globals(_allowed()):
        yield


def _allow_for_good() -> None:
    if not hasattr(torch.serialization, "add_safe_globals"):
        raise MissingDependencyError(
            f"checkpoints need PyTorch 2.4 or newer to be read safely, not {torch.__version__}: pip install -U torch"
        )
    # PyTorch 2.4 names them by where they are defined, which is where NumPy 1, all it works with there, has them.
    torch.serialization.add_safe_globals([each[0] if isinstance(each, tuple) else each for each in _allowed()])


def _allowed() -> List[Any]:
    """The function that makes a number, under both names that NumPy has had for it, and types of numbers."""
    maker = np.float64(0).__reduce__()[0]
    kinds = [type(np.dtype(kind)) for kind in (np.float64, np.float32, np.int64, np.int32)]
    names = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar")
    return [*((maker, name) for name in names), np.dtype, *kinds]


def _mapping(path: Path, state: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = state.get(key)
    if not isinstance(found, Mapping):
        known = ", ".join(map(str, state)) or "nothing"
        raise BadFileError(path, f"is no checkpoint of rl-games 1.1: it has no '{key}', but {known}")
    return found


class _Reader:
    """Checked access to the tensors of a state dictionary."""

    def __init__(self, path: Path, tensors: Mapping[str, Any], prefix: str = _NETWORK) -> None:
        self._path, self._prefix = path, prefix
        self._tensors: Dict[str, Any] = {str(name): value for name, value in tensors.items()}
        self._taken: List[str] = []

    def has(self, layer: str) -> bool:
        return f"{self._prefix}{layer}.weight" in self._tensors

    def tensor(self, name: str, dims: int) -> Tensor:
        """A finite tensor of so many dimensions."""
        value = self._tensors.get(self._prefix + name)
        if not isinstance(value, Tensor) or value.dim() != dims or not value.is_floating_point() or not value.numel():
            raise BadFileError(self._path, f"holds no tensor {self._prefix}{name} of {dims} dimensions")
        if not bool(value.isfinite().all()):
            raise BadFileError(self._path, f"{self._prefix}{name} holds values that are not finite")
        self._taken.append(self._prefix + name)
        return value

    def layer(self, name: str) -> Tuple[Tensor, Tensor]:
        """Weights (out, in) and biases (out,) of a linear layer."""
        weight, bias = self.tensor(f"{name}.weight", 2).float(), self.tensor(f"{name}.bias", 1).float()
        if len(weight) != len(bias):
            raise BadFileError(self._path, f"{self._prefix}{name} has {len(weight)} outputs but {len(bias)} biases")
        return weight, bias

    def actor(self) -> Tuple[Tuple[Tensor, Tensor], ...]:
        """Its hidden layers in order, and the last."""
        found = [_LAYER.fullmatch(name[len(self._prefix) :]) for name in self._tensors]
        numbers = sorted(int(match[1]) for match in found if match)
        layers = (*(self.layer(f"actor_mlp.{number}") for number in numbers), self.layer("mu"))
        for (weight, _), (following, _) in zip(layers, layers[1:]):
            if len(weight) != following.shape[1]:
                raise BadFileError(self._path, f"a layer of {len(weight)} outputs is followed by one that takes others")
        return layers

    def refuse_others(self) -> None:
        """What is left must be what acting does not need."""
        left = [name for name in self._tensors if name not in self._taken]
        odd = [name for name in left if not name.startswith(tuple(self._prefix + known for known in _UNUSED))]
        if odd:
            raise BadFileError(self._path, f"holds a network that upstream has not: {', '.join(sorted(odd)[:3])}")
