"""Unpacking an archive whole or not at all, and never outside of its folder."""

import lzma
import stat
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

from prn_lib.common.progress import tqdm
from prn_lib.datasets.archives.download import UNPACKED, DownloadError, check_room
from prn_lib.datasets.dataset import Dataset


def unpack(path: Path, dataset: Dataset, root: Path) -> None:
    """Unpack the zip or tar file ``path`` so that ``root`` holds the dataset's categories.

    ``root`` must not exist yet, or be empty; it appears when everything is unpacked. Raises
    DownloadError, and leaves nothing behind, if the archive is damaged, holds another layout, or
    holds a path or a link that leads outside.
    """
    root.parent.mkdir(parents=True, exist_ok=True)
    check_room(root.parent, int(UNPACKED * path.stat().st_size))
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as name:
        draft = Path(name)
        try:
            (_unzip if zipfile.is_zipfile(path) else _untar)(path, draft)
        except (tarfile.FilterError, _EscapeError) as error:
            raise DownloadError(
                f"archive {path} tries to write outside of its folder ({error}); "
                "nothing was unpacked: do not use it"
            ) from None
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError):
            raise DownloadError(
                f"archive {path} is damaged; delete and download it again"
            ) from None
        except OSError as error:
            raise DownloadError(f"cannot unpack into {root.parent}: {error.strerror}") from None
        _holder(draft, dataset, path).rename(root)
        root.chmod(0o755)


def _holder(draft: Path, dataset: Dataset, path: Path) -> Path:
    """The folder of the unpacked tree that holds the categories: archives nest it differently."""
    for folder in (draft, *sorted(draft.glob("*/")), *sorted(draft.glob("*/*/"))):
        if dataset.categories(folder):
            return folder
    raise DownloadError(f"archive {path} does not hold {dataset.title}: {dataset.holds} expected")


class _EscapeError(Exception):
    pass


def _unzip(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        for member in members:
            inside = (folder / member.filename).resolve().is_relative_to(folder.resolve())
            if not inside or stat.S_ISLNK(member.external_attr >> 16):
                raise _EscapeError(member.filename)
        for member in tqdm(members, desc=f"unpacking {path.name}", unit="file"):
            archive.extract(member, folder)


def _untar(path: Path, folder: Path) -> None:
    if not hasattr(tarfile, "data_filter"):
        raise DownloadError("safe unpacking needs Python 3.11.4 or newer; update Python")
    size = path.stat().st_size
    with (
        path.open("rb") as file,
        tarfile.open(fileobj=file) as archive,
        tqdm(desc=f"unpacking {path.name}", total=size, unit="B", unit_scale=True) as progress,
    ):
        for member in archive:
            archive.extract(member, folder, filter="data")
            progress.update(file.tell() - progress.n)
