"""Where rounding matters: parts that autocast must leave alone."""

from contextlib import AbstractContextManager, nullcontext

import torch


def full_precision(device: torch.device) -> AbstractContextManager:
    """Switch autocast off, where the device knows it.

    Convolutions of recent NVIDIA GPUs still round their inputs to TF32 unless
    ``torch.backends.cudnn.allow_tf32`` is False; that is left as torch is set.
    """
    if torch.amp.is_autocast_available(device.type):
        return torch.autocast(device.type, enabled=False)
    return nullcontext()
