"""What the out folder of an inspection holds, so that it can be gone on with.

``scores.csv`` has a row for each photograph, ``regions.csv`` one for each region above the
threshold; ``maps/`` and ``overlays/`` hold the pictures, ``model.json`` says whose they are.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from prn_lib.common.files import whole_file, write_text
from prn_lib.inspection.detector import Detector
from prn_lib.inspection.pictures import write_map, write_overlay
from prn_lib.inspection.regions import Region

SCORES, REGIONS, MODEL = "scores.csv", "regions.csv", "model.json"


@dataclass(frozen=True)
class Row:
    """What is said of one photograph: a score, or the trouble that it could not be read for.

    ``decision`` is "defect" or "good", empty without a threshold; ``regions`` counts.
    """

    photo: str
    score: str = ""
    decision: str = ""
    regions: str = ""
    trouble: str = ""


COLUMNS = tuple(field.name for field in fields(Row))
REGION_COLUMNS = ("photo", *(field.name for field in fields(Region)))


class Ledger:
    """The rows of ``photos`` that ``out`` has already, and of those that are added.

    Without ``out`` nothing is kept on disk. Raises ValueError, before anything is written, if two
    photographs have one name, or one that ``out`` has of another folder, and FileExistsError if
    ``out`` holds what another network, or another threshold, said.
    """

    def __init__(self, out: Path | None, detector: Detector, photos: Sequence[Path]) -> None:
        self.out, self.detector = out, detector
        self.rows: dict[str, Row] = {}
        if out is None:
            return
        twice = [name for name, count in Counter(p.name for p in photos).items() if count > 1]
        if twice:
            raise ValueError(
                f"several photographs are called {twice[0]}; score them one folder a time"
            )
        _check_model(out, detector)
        told = _read(out / SCORES)
        _check_names(out, photos, told)
        self.rows = {row.photo: row for row in told if self._is_current(row)}
        known = [row for row in _read_lines(out / REGIONS) if row["photo"] in self.rows]
        _write(out / SCORES, COLUMNS, map(asdict, self.rows.values()))
        _write(out / REGIONS, REGION_COLUMNS, known)

    def _is_current(self, row: Row) -> bool:
        """Whether it was scored, and the photograph is older than its map."""
        photo, made = Path(row.photo), self._picture("maps", Path(row.photo), ".png")
        try:
            return not row.trouble and photo.stat().st_mtime <= made.stat().st_mtime
        except OSError:
            return False

    def _picture(self, kind: str, photo: Path, ending: str) -> Path:
        assert self.out is not None
        return self.out / kind / f"{photo.name}{ending}"

    def write_pictures(
        self, opened: tuple[Path, Image.Image], score_map: np.ndarray, score: float
    ) -> None:
        """The score map and the overlay of one photograph; regions are outlined if it is bad."""
        if self.out is not None:
            path, photo = opened
            target, threshold = self._picture("overlays", path, ".jpg"), self.detector.threshold
            is_bad = threshold is not None and score > threshold
            write_overlay(photo, score_map, threshold if is_bad else None, target)
            write_map(score_map, self._picture("maps", path, ".png"))

    def add(self, rows: Sequence[Row], regions: Sequence[tuple[str, Region]]) -> None:
        """Append a batch; the regions first, so that a row says that all of it is there."""
        self.rows |= {row.photo: row for row in rows}
        if self.out is not None:
            placed = [{"photo": photo, **asdict(region)} for photo, region in regions]
            _append(self.out / REGIONS, REGION_COLUMNS, placed)
            _append(self.out / SCORES, COLUMNS, map(asdict, rows))


def _check_model(out: Path, detector: Detector) -> None:
    told = {"network": detector.name, "threshold": detector.threshold}
    path = out / MODEL
    if not path.is_file():
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise FileExistsError(f"{out} holds other files; choose another folder (--out)")
        write_text(path, json.dumps(told) + "\n")
    elif json.loads(path.read_text()) != told:
        raise FileExistsError(
            f"{out} holds scores of another network, or by another threshold ({path}); choose "
            "another folder (--out)"
        )


def _check_names(out: Path, photos: Sequence[Path], told: Sequence[Row]) -> None:
    """Pictures are named by their photographs, so another folder's of the same name would go."""
    there = {Path(row.photo).name: Path(row.photo) for row in told}
    for photo in photos:
        other = there.get(photo.name, photo)
        if other.resolve() != photo.resolve():
            raise ValueError(
                f"{out} holds what was said of {other}, which has the name of {photo}; choose "
                "another folder (--out)"
            )


def _read(path: Path) -> list[Row]:
    return [Row(**line) for line in _read_lines(path) if tuple(line) == COLUMNS]


def _read_lines(path: Path) -> list[dict[str, str]]:
    """The whole lines; one that was cut off by a crash is dropped."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return [row for row in csv.DictReader(file) if None not in (*row, *row.values())]


def _write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with whole_file(path) as draft:
        draft.write_text(",".join(columns) + "\n")
        _append(draft, columns, rows)


def _append(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with path.open("a", newline="", encoding="utf-8", errors="surrogateescape") as file:
        csv.DictWriter(file, columns, lineterminator="\n").writerows(rows)
