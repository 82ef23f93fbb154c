"""Files and folders that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A draft beside ``path`` that takes its name only when the block has ended without error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(0o666 & ~_umask())  # as any new file; drafts are private
        _flush(draft)
        os.replace(draft, path)
        _flush(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with whole_file(path) as draft:
        draft.write_text(text)


@contextmanager
def whole_folder(folder: Path, drafts: Path | None = None) -> Iterator[Path]:
    """A draft of ``folder``, which must not exist or be empty, that takes its name at the end.

    It is made in ``drafts``, a folder of the same disk, or beside ``folder``. Nothing is left of it
    if the block ends with an error.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=drafts or folder.parent))
    try:
        yield draft
        for path in (draft, *draft.rglob("*")):
            path.chmod((0o777 if path.is_dir() else 0o666) & ~_umask())
            _flush(path)
        os.replace(draft, folder)
        _flush(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _flush(path: Path) -> None:
    """Have a file or folder on the disk before its name says that it is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    """What the user takes away from new files; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
