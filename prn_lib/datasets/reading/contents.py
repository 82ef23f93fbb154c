"""What files hold, as digests: whether they are the same ones as before, and which are copies."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from prn_lib.datasets.reading.cache import FactTable, file_state
from prn_lib.datasets.reading.samples import in_threads
from prn_lib.datasets.sample import Sample


def file_digests(paths: Iterable[Path]) -> dict[Path, str]:
    """SHA-256 of each file, in hexadecimal; kept in the cache until the file changes.

    Raises FileNotFoundError for a missing file, OSError for one that cannot be read.
    """
    wanted = list(dict.fromkeys(paths))
    tables = {folder: FactTable(folder, "contents") for folder in {path.parent for path in wanted}}
    known = {path: tables[path.parent].get(path) for path in wanted}
    unknown = [path for path, number in known.items() if number is None]

    def digest(path: Path) -> int:
        state = file_state(path)  # before reading: a change meanwhile makes the entry outdated
        with path.open("rb") as file:
            number = int(hashlib.file_digest(file, "sha256").hexdigest(), 16)
        tables[path.parent].put(path, state, [number])
        return number

    found = {path: numbers[0] for path, numbers in known.items() if numbers is not None}
    found |= zip(unknown, in_threads(digest, unknown, "checksums"), strict=True)
    for table in tables.values():
        table.save()
    return {path: f"{found[path]:064x}" for path in wanted}


def contents_of(samples: Sequence[Sample]) -> str:
    """One digest of the samples' names, kinds, photographs and masks, wherever they lie."""
    files = [path for sample in samples for path in (sample.image, sample.mask) if path]
    digests = file_digests(files)
    rows = [
        f"{s.name}\0{s.defect}\0{digests[s.image]}\0{digests[s.mask] if s.mask else ''}\n"
        for s in samples
    ]
    return hashlib.sha256("".join(rows).encode(errors="surrogateescape")).hexdigest()


def copies(samples: Sequence[Sample]) -> list[str]:
    """A sentence for each photograph that is there twice: it would be trained and tested on."""
    first: dict[str, Path] = {}
    told = []
    for path, digest in file_digests(sample.image for sample in samples).items():
        if digest in first:
            told.append(f"{path} is a copy of {first[digest]}; delete one of them")
        first.setdefault(digest, path)
    return told
