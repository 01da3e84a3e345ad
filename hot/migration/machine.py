"""On what an upstream command runs: its devices, its launcher, and the variables before it."""

from __future__ import annotations

from typing import Mapping, Optional

from hot.migration.draft import Draft
from hot.migration.flags import Given

_DROPPED: Mapping[str, str] = {
    "CUDA_LAUNCH_BLOCKING": "CUDA_LAUNCH_BLOCKING is left out: it only makes training slower.",
    "DRI_PRIME": "",  # the GPU of upstream's viewer
    "LD_LIBRARY_PATH": "LD_LIBRARY_PATH is left out: it is where Isaac Gym looks for libpython.",
    "PYTHONPATH": "",
    "PYTHONUNBUFFERED": "",
}
"""Variables that mean nothing here, and what is said of it. Others are kept."""
_GPU = "CUDA_VISIBLE_DEVICES"


def put_machine(draft: Draft, given: Given, gpus: Optional[str]) -> None:
    """Add engine, GPUs and variables to a command."""
    put_environment(draft)
    device = given.text("sim_device") or given.text("rl_device")
    if device == "cpu":
        draft.put("--engine", "mujoco")
    index = device.partition(":")[2]
    if index not in ("", "0"):
        if _GPU in draft.environment:
            draft.note(f"{device} of {_GPU}={draft.environment[_GPU]}: the first GPU of that list is taken.")
        else:
            draft.environment[_GPU] = index
    if "learn" in draft.groups:
        _put_gpus(draft, given, gpus)


def put_environment(draft: Draft) -> None:
    """Keep the variables before a command that mean something to ours."""
    for name, value in draft.source.environment.items():
        if name not in _DROPPED:
            draft.environment[name] = value
        elif _DROPPED[name]:
            draft.note(_DROPPED[name])


def _put_gpus(draft: Draft, given: Given, gpus: Optional[str]) -> None:
    if gpus not in (None, "1"):
        draft.put("--gpus", str(gpus))
        draft.note("Gradients are averaged over the GPUs, which upstream's processes do not do.")
    elif "multi_gpu" in given and gpus is None:
        draft.lack("--multi_gpu", "does not say how many GPUs: give the whole command, with its launcher")
