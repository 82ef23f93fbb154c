"""Getting an archive: resumed where it broke off, and verified by its checksum."""

import shutil
import time
from pathlib import Path

import pooch
import requests
from filelock import FileLock, Timeout

from prn_lib.common.progress import tqdm
from prn_lib.datasets.dataset import Archive

ATTEMPTS = 5  # connections that bring nothing new before giving up
TIMEOUT = 30  # seconds without an answer
PAUSE = 1  # seconds before the second attempt, twice that before the third, ...
CHUNK = 1 << 16  # bytes
UNPACKED = 1.2  # image archives grow by little; room is checked for archive and images


class DownloadError(RuntimeError):
    """One line that says what went wrong and what to do."""


def download(archive: Archive, folder: Path) -> Path:
    """Fetch ``archive`` into ``folder`` and verify its checksum; a verified file is kept.

    A broken connection is taken up again where it broke off, within this call and in the next one.
    Raises DownloadError if the server cannot be reached, if the file is another one than published
    (it is deleted then), or if the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{archive.name}.part"
    there = _size(part) + _size(folder / archive.name)
    check_room(folder, int((1 + UNPACKED) * archive.size) - there)

    def fetch(url: str, output_file: str, _: object) -> None:
        _fetch(url, part)
        part.replace(output_file)

    lock = folder / f"{part.name}.lock"
    try:
        with FileLock(lock, timeout=0):
            try:
                path = pooch.retrieve(
                    archive.url,
                    known_hash=archive.checksum,
                    fname=archive.name,
                    path=folder,
                    downloader=fetch,
                )
                return Path(path)
            finally:
                lock.unlink()
    except Timeout:
        raise DownloadError(
            f"another process is downloading {archive.name} into {folder}; wait for it to end"
        ) from None
    except requests.RequestException as error:
        raise DownloadError(
            f"the download of {archive.url} broke off ({error}); {_size(part):,} bytes are kept "
            f"in {part}: run the same command to go on"
        ) from None
    except ValueError:  # pooch deletes a file whose checksum differs
        raise DownloadError(
            f"the file from {archive.url} is not the published one (its checksum is not "
            f"{archive.checksum}) and was deleted; try again later, or get it by hand"
        ) from None
    except OSError as error:
        raise DownloadError(f"cannot write to {folder}: {error.strerror}") from None


def verify(archive: Archive, path: Path) -> None:
    """Raises DownloadError if a file got by hand is missing or is not the published one."""
    if not path.is_file():
        raise DownloadError(f"archive {path} is missing; give the path of the downloaded file")
    algorithm, expected = archive.checksum.split(":")
    if pooch.file_hash(str(path), alg=algorithm) != expected:
        raise DownloadError(
            f"archive {path} is not the published {archive.name} (its {algorithm} is not "
            f"{expected}); download it again"
        )


def check_room(folder: Path, needed: int) -> None:
    """Raises DownloadError if the disk of ``folder`` has less than ``needed`` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DownloadError(
            f"{folder} has {free / 1e9:.1f} GB free, but {needed / 1e9:.1f} GB more are needed; "
            "make room or choose another --root"
        )


def _fetch(url: str, part: Path) -> None:
    """Append what is missing to ``part`` until it is whole."""
    fruitless, most = 0, _size(part)
    while True:
        try:
            return _fetch_rest(url, part, _size(part))
        except requests.RequestException as error:
            # A wrong address does not become right by trying again.
            refused = error.response is not None and error.response.status_code < 500
            fruitless = 0 if _size(part) > most else fruitless + 1
            most = max(most, _size(part))
            if refused or fruitless == ATTEMPTS:
                raise
            time.sleep(PAUSE * fruitless)


def _fetch_rest(url: str, part: Path, start: int) -> None:
    headers = {"Accept-Encoding": "identity"}  # the archive's own bytes, which can be counted
    if start:
        headers["Range"] = f"bytes={start}-"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            if answer.headers.get("Content-Range") == f"bytes */{start}":
                return  # nothing is missing
            part.unlink()  # longer than the file: it cannot be its beginning
            raise requests.ConnectionError("the partial file did not fit and was deleted")
        answer.raise_for_status()
        resumed = answer.status_code == requests.codes.partial_content
        done = start if resumed else 0
        left = answer.headers.get("Content-Length")
        with (
            part.open("ab" if resumed else "wb") as file,
            tqdm(
                desc=part.stem,
                total=None if left is None else done + int(left),
                initial=done,
                unit="B",
                unit_scale=True,
            ) as progress,
        ):
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                progress.update(len(chunk))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
