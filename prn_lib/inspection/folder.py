"""A folder of photographs scored, batch by batch, in memory that does not grow."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.common.images import image_files, no_image, read_image
from prn_lib.common.progress import tqdm
from prn_lib.inspection.detector import Detector
from prn_lib.inspection.ledger import Ledger, Row
from prn_lib.inspection.regions import Region, find_regions

SETTLED = 1.0  # seconds
BATCH = 8  # photographs scored at once; as many more are being read meanwhile


def find_photos(places: Iterable[Path | str]) -> list[Path]:
    """The image files named, and those in the folders named, in order.

    Raises FileNotFoundError or ValueError, naming it, for a place that is not there or holds none.
    """
    files: list[Path] = []
    for place in map(Path, places):
        if place.is_dir():
            inside = image_files(place)
            if not inside:
                raise ValueError(no_image(place))
            files += inside
        elif place.is_file():
            files.append(place)
        else:
            raise FileNotFoundError(f"{place} is missing; give a photograph or a folder of them")
    return files


def new_photos(places: Sequence[Path]) -> Iterator[list[Path]]:
    """Again and again, the photographs in ``places`` that have come, or changed, since the last.

    A file counts when its size and time have stayed the same for ``SETTLED`` seconds: a camera
    may still be writing it. Never ends.
    """
    before: dict[Path, tuple[int, int]] = {}
    seen: dict[Path, tuple[int, int]] = {}
    while True:
        now = _states(places)
        ready = [p for p, state in now.items() if before.get(p) == state != seen.get(p)]
        seen |= {path: now[path] for path in ready}
        before = now
        if ready:
            yield ready
        time.sleep(SETTLED)


def _states(places: Sequence[Path]) -> dict[Path, tuple[int, int]]:
    """Size and time of the photographs there; a folder may still be empty."""
    files = (image_files(place) if place.is_dir() else [place] for place in places)
    states = {}
    for path in (path for found in files for path in found):
        with suppress(FileNotFoundError):  # gone meanwhile, or not there yet
            state = path.stat()
            states[path] = state.st_size, state.st_mtime_ns
    return states


def inspect(
    detector: Detector,
    photos: Sequence[Path],
    out: Path | None = None,
    told: Callable[[Row], object] = lambda row: None,
) -> list[Row]:
    """Score ``photos``; returns a row for each, in order, and hands every new one to ``told``.

    An unreadable photograph gets a row that says why, and is tried again by the next call.

    Raises ValueError, before anything is written, if two photographs have one name, and
    FileExistsError if ``out`` holds what another network, or another threshold, said.
    """
    ledger = Ledger(out, detector, photos)
    todo = [photo for photo in photos if str(photo) not in ledger.rows]
    bar = tqdm(total=len(photos), initial=len(photos) - len(todo), desc="scoring", unit="photo")
    with bar, ThreadPoolExecutor() as pool:
        for batch in _read_ahead(pool, detector, todo):
            rows = _score(detector, batch, ledger, pool)
            for row in rows:
                told(row)
            bar.update(len(rows))
    return [ledger.rows[str(photo)] for photo in photos]


Opened = tuple[Path, Image.Image | str]  # the photograph, or why it cannot be read


def _read_ahead(
    pool: ThreadPoolExecutor, detector: Detector, photos: Sequence[Path]
) -> Iterator[list[Opened]]:
    """Batches of photographs; while one is being scored the next is read."""

    def read(photo: Path) -> Opened:
        try:
            return photo, read_image(photo, "RGB", detector.grey_range)
        except (OSError, ValueError) as error:
            return photo, str(error)

    ahead: list[Future[Opened]] = []
    for start in range(0, len(photos), BATCH):
        ready, ahead = ahead, [pool.submit(read, p) for p in photos[start : start + BATCH]]
        if ready:
            yield [future.result() for future in ready]
    if ahead:
        yield [future.result() for future in ahead]


def _score(
    detector: Detector, batch: list[Opened], ledger: Ledger, pool: ThreadPoolExecutor
) -> list[Row]:
    """Score a batch and write what belongs to it, the rows last."""
    sound = [(path, photo) for path, photo in batch if isinstance(photo, Image.Image)]
    said = {path: Row(str(path), trouble=why) for path, why in batch if isinstance(why, str)}
    regions: list[tuple[str, Region]] = []
    if sound:
        prepared = list(pool.map(lambda pair: detector.prepare(pair[1]), sound))
        maps, exact = detector.score(np.stack(prepared).astype(np.float32) / 255)
        scores = [round(float(score), 4) for score in exact]  # decided by what is told
        list(pool.map(ledger.write_pictures, sound, maps, scores))
        for (path, photo), score_map, score in zip(sound, maps, scores, strict=True):
            said[path], found = _judge(detector, path, photo, score_map, score)
            regions += [(str(path), region) for region in found]
    rows = [said[path] for path, _ in batch]
    ledger.add(rows, regions)
    return rows


def _judge(
    detector: Detector, path: Path, photo: Image.Image, score_map: np.ndarray, score: float
) -> tuple[Row, list[Region]]:
    if detector.threshold is None:
        return Row(str(path), f"{score:.4f}"), []
    if score <= detector.threshold:
        return Row(str(path), f"{score:.4f}", "good", "0"), []
    regions = find_regions(score_map, detector.threshold, photo.size)
    return Row(str(path), f"{score:.4f}", "defect", str(len(regions))), regions
