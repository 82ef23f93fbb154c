"""How a run of the batch stands, read off its files."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from prn_lib.common.workplace import LOCK, place_of

if TYPE_CHECKING:  # a run of the batch needs this module and no experiment
    from prn_lib.batch.plan import Job

NOTEBOOK = "reproduce.ipynb"


def notebook_of(job: Job) -> Path:
    """The executed notebook, which a run has when it is finished."""
    return job.folder / NOTEBOOK


def beside(folder: Path, suffix: str) -> Path:
    """A file beside a run's folder: ``.log``, ``.failed.ipynb`` or ``.failed.json``."""
    return folder.with_name(folder.name + suffix)


@dataclass(frozen=True)
class State:
    """How a job stands: "done", "running", "failed" or "waiting"; for some, in ``told``, more.

    ``share`` in [0, 1] is how far a running one has come, as far as its log tells.
    """

    kind: str
    told: str = ""
    share: float = 0.0


def state_of(job: Job) -> State:
    """Read off the files of a run; nothing is changed."""
    if notebook_of(job).is_file():
        return State("done")
    if is_held(job.folder):
        return State("running", share=_share(beside(job.folder, ".log")))
    failed = beside(job.folder, ".failed.json")
    if failed.is_file():
        told = json.loads(failed.read_text())
        return State("failed", f"{told['cause']}; {told['remedy']}")
    return State("waiting")


def is_held(folder: Path) -> bool:
    """Whether a process is computing the run now."""
    lock = place_of(folder) / LOCK
    if not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _share(log: Path) -> float:
    """The last percentage of the training's bar."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            found = re.findall(rb"training: +(\d+)%", file.read())
    except OSError:
        return 0.0
    return int(found[-1]) / 100 if found else 0.0
