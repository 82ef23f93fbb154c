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
def workplace(folder: Path, result: str) -> Iterator[Path]:
    """Hold the workplace of ``folder``, cleared of what a killed process was writing there.

    The lock goes with the process that holds it, however that ends. Afterwards the workplace is
    removed if ``folder`` holds the file ``result``, or if nothing worth keeping is in it. Raises
    FileExistsError if another process holds it, and OSError if it cannot be made.
    """
    place = place_of(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"cannot make the folder {place} ({error}); choose another folder (--out)"
        ) from None
    lock = FileLock(place / LOCK)
    try:
        lock.acquire(timeout=1)  # seconds: who only asks how a run stands holds it for a moment
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
        finished = (folder / result).is_file()
        if finished or {path.name for path in place.iterdir()} <= {LOCK}:
            shutil.rmtree(place, ignore_errors=True)  # another process may be waiting in it
        lock.release()


def _remove_drafts(place: Path) -> None:
    for path in place.glob(".*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
