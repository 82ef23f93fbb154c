"""What the parts of the batch tell each other: a request, a run, and how a run went wrong."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from prn_lib.plan import Job, Request
from prn_lib.variants import NO_PLACES, PLACES
from prn_lib.workplace import LOCK, place_of

NOTEBOOK = "reproduce.ipynb"
_OWN = {
    "dataset": "DATASET", "category": "CATEGORIES", "data_root": "DATA_ROOT",
    "preset": "PRESET", "seed": "SEEDS",
}  # fmt: skip


def read_request(told: Mapping[str, Any]) -> Request:
    """A request from a command line or Snakemake's config: lists may be comma-separated words.

    Raises ValueError, in one line, for what cannot be read.
    """
    seeds = _words(told.get("seeds")) or ["0", "1", "2"]
    if not all(seed.isdecimal() for seed in seeds):
        raise ValueError(f"seeds must be whole numbers, comma-separated, not {','.join(seeds)}")
    return Request(
        targets=_words(told.get("targets")) or ["all"],
        dataset=told.get("dataset") or None,
        data_root=absolute(told.get("data_root")),
        categories=_words(told.get("categories")),
        preset=told.get("preset") or None,
        seeds=[int(seed) for seed in seeds],
        overrides=_overrides(told.get("overrides") or {}),
    )


def absolute(path: str | None) -> str | None:
    """Notebooks run in ``book/``, where a relative path would mean something else."""
    return str(Path(path).expanduser().resolve()) if path else None


def _words(told: Any) -> list[str]:
    words = told if isinstance(told, list) else ("" if told is None else str(told)).split(",")
    return [str(word).strip() for word in words if str(word).strip()]


def _overrides(told: str | dict[str, Any]) -> dict[str, Any]:
    try:
        overrides = json.loads(told) if isinstance(told, str) else dict(told)
    except json.JSONDecodeError as error:
        raise ValueError(f"overrides are not JSON ({error}): {told}") from None
    if not isinstance(overrides, dict):
        raise ValueError(f"overrides must be a JSON object of option names and values, not {told}")
    for name, variable in _OWN.items():
        if name in overrides:
            raise ValueError(f"overrides has {name!r}; say it by {variable}= instead")
    return {
        name: absolute(value) if _is_path(name, value) else value
        for name, value in overrides.items()
    }


def _is_path(name: str, value: Any) -> bool:
    return name in PLACES and isinstance(value, str) and value not in NO_PLACES


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
