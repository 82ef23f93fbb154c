"""Where and with what a run was made: versions, hardware, durations, commit and date."""

import itertools
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import prn_lib

_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pillow")


def provenance(device: torch.device, clock: dict[str, float]) -> dict[str, Any]:
    """The record's ``provenance``; ``clock`` has a start and the end of each stage, in seconds."""
    marks = list(clock.items())
    seconds = {name: round(at - before, 1) for (_, before), (name, at) in itertools.pairwise(marks)}
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "hardware": hardware_of(device),
        "threads": torch.get_num_threads(),
        "seconds": seconds,
        "peak_bytes": peak_memory(),
        "versions": {
            "python": platform.python_version(),
            "prn_lib": prn_lib.__version__,
            **{name: version(name) for name in _PACKAGES},
        },
    }


def peak_memory() -> int | None:
    """The most main memory that this process has held so far, in bytes; None where unknown."""
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def hardware_of(device: torch.device) -> str:
    """The device's name as records have it; a processor's with its number of cores."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    model = platform.processor() or platform.machine()
    if cpuinfo.is_file():
        names = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{model}, {os.cpu_count()} CPU cores"


def commit() -> str | None:
    """The checkout's commit, with ``+`` if files differ from it; None outside a checkout."""
    try:
        git = ["git", "-C", str(Path(prn_lib.__file__).parent)]
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)
        if head.returncode != 0:
            return None
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True)
        return head.stdout.strip() + ("+" if changes.stdout.strip() else "")
    except FileNotFoundError:
        return None
