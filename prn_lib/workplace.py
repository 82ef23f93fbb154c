"""Where an unfinished run keeps its things: a folder beside the run's, held by one process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

SUFFIX = ".unfinished"
LOCK = "lock"


def place_of(folder: Path) -> Path:
    """``<folder>.unfinished``."""
    return folder.with_name(folder.name + SUFFIX)


@contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """Hold the workplace of ``folder``, cleared of what a killed process was writing there.

    The lock goes with the process that holds it, however that ends. Afterwards the workplace is
    removed if ``folder`` has come to be, or if nothing worth keeping is in it. Raises
    FileExistsError if another process holds it.
    """
    place = place_of(folder)
    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise FileExistsError(
            f"another process is computing {folder} (it holds {place / LOCK}); wait until it has "
            "ended, or stop it"
        ) from None
    try:
        _remove_drafts(place)
        yield place
    finally:
        _remove_drafts(place)
        finished = folder.is_dir() and any(folder.iterdir())
        if finished or {path.name for path in place.iterdir()} <= {LOCK}:
            shutil.rmtree(place)
        lock.release()


def _remove_drafts(place: Path) -> None:
    for path in place.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
