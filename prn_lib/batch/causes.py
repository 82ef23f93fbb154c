"""Remedies for what makes runs fail."""

import errno
from pathlib import Path

DISK = f"[Errno {errno.ENOSPC}]"


def remedy(name: str, message: str, notebook: Path) -> str:
    """What to do about an exception of this name and message; ``notebook`` has its traceback."""
    if name == "OutOfMemoryError" or "out of memory" in message:
        return (
            "see that nothing else runs on the GPU, or use smaller batches (halve "
            "normals_per_batch, extended_per_batch and simulated_per_batch by --set) or mixed "
            "precision (--set precision=bfloat16)"
        )
    if name == "MemoryError" or "allocate memory" in message:
        return "start fewer runs at once (--jobs), or use smaller batches (--set)"
    if DISK in message or "No space left" in message:
        return "make room on that disk and start again: the run goes on from its last checkpoint"
    if name == "Killed":
        return (
            "if memory ran out, start fewer runs at once (--jobs) or use smaller batches; "
            "started again, the run goes on from its last checkpoint"
        )
    return f"read {notebook}"


def unexplained(free_bytes: int) -> tuple[str, str]:
    """Cause and remedy of a run that ended and could not say why."""
    if free_bytes < 50e6:
        return "the disk is full", remedy("OSError", DISK, Path())
    return "it ended without a word: killed, cancelled, or out of its time on a cluster", remedy(
        "Killed", "", Path()
    )
