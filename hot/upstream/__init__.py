"""The original release's checkpoints as policies of ours, which see and act as they were trained to."""

from hot.upstream.checkpoint import Checkpoint, read_checkpoint
from hot.upstream.conversion import ACTION_KEYS, to_policy

__all__ = ["ACTION_KEYS", "Checkpoint", "read_checkpoint", "to_policy"]
