"""Processes that end with the one that started them, however that ends."""

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(by: int = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when its parent is gone; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
