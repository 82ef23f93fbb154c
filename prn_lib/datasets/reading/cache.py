"""What was decoded once, kept on disk, so that a second run starts at once.

Entries are found by their source files and options. They hold the sources' sizes and modification
times, and checksums: what is outdated, damaged or missing is simply made again. The cache can be
deleted at any time.
"""

import hashlib
import json
import os
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np
import PIL
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from prn_lib.common.files import whole_file
from prn_lib.common.paths import project_folder

FORMAT = 2, PIL.__version__  # raise the number when entries are made in another way


def cache_folder() -> Path:
    """The folder named by the environment variable PRN_CACHE, else ``data/cache``."""
    named = os.environ.get("PRN_CACHE")
    return Path(named).expanduser() if named else project_folder() / "data" / "cache"


_BYPASSED = ContextVar("bypassed", default=False)


@contextmanager
def bypassed() -> Iterator[None]:
    """Everything is decoded afresh inside this block; nothing kept is believed."""
    token = _BYPASSED.set(True)
    try:
        yield
    finally:
        _BYPASSED.reset(token)


class ArrayEntry:
    """One place in the cache, for arrays made from the files ``sources`` with ``options``.

    Raises FileNotFoundError if a source is missing.
    """

    def __init__(self, sources: Sequence[Path], options: Sequence[int | str]) -> None:
        self._path = _place("images", [*map(os.path.realpath, sources), *options], "cache")
        self._stamp = json.dumps([file_state(path) for path in sources])

    def read(self) -> dict[str, np.ndarray] | None:
        """The arrays, or None if they must be made (again)."""
        try:
            with safe_open(self._path, "np") as file:
                facts = file.metadata()
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):
            return None
        whole = facts == {"stamp": self._stamp, "checksum": _checksum(arrays)}
        return arrays if whole else None

    def write(self, arrays: dict[str, np.ndarray]) -> None:
        """Keep the arrays. A disk that is full or read-only costs a warning, nothing else."""
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        facts = {"stamp": self._stamp, "checksum": _checksum(arrays)}
        _keep(self._path, save(arrays, facts))


class FactTable:
    """A few numbers for each of the files of one folder, in one place in the cache."""

    def __init__(self, folder: Path, option: str) -> None:
        self._path = _place("facts", [os.path.realpath(folder), option], "json")
        self._rows = self._read()
        self._new = False

    def _read(self) -> dict[str, Sequence[list[int]]]:
        if _BYPASSED.get():
            return {}
        try:
            checksum, rows = json.loads(self._path.read_text())
            return rows if checksum == zlib.crc32(json.dumps(rows).encode()) else {}
        except (OSError, ValueError, TypeError):
            return {}

    def get(self, path: Path) -> list[int] | None:
        """The numbers kept for ``path``, or None if it is new or has changed."""
        state, numbers = self._rows.get(path.name, (None, None))
        return numbers if state == file_state(path) else None

    def put(self, path: Path, state: list[int], numbers: Sequence[int]) -> None:
        """Remember numbers made from ``path`` in ``state``; :meth:`save` keeps them."""
        self._rows[path.name] = (state, list(numbers))
        self._new = True

    def save(self) -> None:
        """Keep what is new. A disk that is full or read-only costs a warning, nothing else."""
        if self._new:
            rows = json.loads(json.dumps(self._rows))  # as they will be read again
            text = json.dumps([zlib.crc32(json.dumps(rows).encode()), rows])
            _keep(self._path, text.encode())


def _place(kind: str, where: Sequence[str | int], ending: str) -> Path:
    name = hashlib.sha256(json.dumps([FORMAT, *where]).encode()).hexdigest()[:32]
    return cache_folder() / kind / name[:2] / f"{name}.{ending}"


def file_state(path: Path) -> list[int]:
    """What changes when a file is written, replaced, renamed or linked elsewhere.

    Size and time are not enough: images of one size unpacked in one second share both.
    """
    try:
        state = path.stat()
    except OSError:
        raise FileNotFoundError(f"image {path} is missing; restore it") from None
    return [state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino]


def _checksum(arrays: dict[str, np.ndarray]) -> str:
    return " ".join(f"{name} {zlib.crc32(arrays[name].data)}" for name in sorted(arrays))


def _keep(path: Path, data: bytes) -> None:
    try:
        with whole_file(path) as draft:
            draft.write_bytes(data)
    except OSError as error:
        warnings.warn(
            f"decoded images are not kept in {cache_folder()} ({error.strerror}); name a folder "
            "that can be written in the environment variable PRN_CACHE",
            stacklevel=3,
        )
