"""Photographs that are to be imported, and what their annotations say, not drawn yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.common.checks import check_choice
from prn_lib.common.images import SUFFIXES, TURNS, is_image, orientation, read_image
from prn_lib.datasets.layouts.pairing import shortened

UNLABELLED = ("refuse", "good", "skip")


@dataclass(frozen=True)
class Shown:
    """A photograph as people see it: turned as its EXIF data say. Sizes are (width, height)."""

    path: Path
    size: tuple[int, int]
    stored: tuple[int, int]  # before it is turned
    turned: bool  # also if that leaves the size as it is


@dataclass
class Drawing:
    """The defects of one photograph: for each label a mask ``(H, W)`` bool, as it is shown."""

    areas: dict[str, np.ndarray] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what is unusual, a sentence each

    def add(self, label: str, area: np.ndarray, outside: str = "") -> None:
        """Unite ``area`` ``(H, W)`` bool with what has this label already.

        ``outside`` names a shape that lies partly outside of the picture, which is noted.
        """
        if outside:
            left = "the part inside is taken" if area.any() else "it is passed over"
            self.notes.append(f"{outside} ({label}) lies outside of the picture; {left}")
        there = self.areas.get(label)
        self.areas[label] = area if there is None else there | area


@dataclass(frozen=True)
class Photograph:
    """One photograph: the file, or the name that an embedded one gets, and how to draw its masks.

    ``draw`` raises ValueError or FileNotFoundError, naming a file, if an annotation is wrong.
    """

    path: Path
    annotation: Path  # the file that speaks of it; its own where nothing does
    draw: Callable[[Shown], Drawing] = lambda _: Drawing()
    embedded: Callable[[], bytes] | None = None

    def content(self) -> bytes:
        """The file's bytes."""
        return self.path.read_bytes() if self.embedded is None else self.embedded()


@dataclass(frozen=True)
class Annotated:
    """What a source holds; ``notes`` begin with how its masks are read."""

    photographs: Sequence[Photograph]
    notes: Sequence[str]


def find_photographs(folder: Path) -> list[Path]:
    """The image files of a folder and its subfolders, sorted; hidden ones are passed over.

    Raises FileNotFoundError if there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder; give a folder of image files")
    return [path for path in visible(folder) if is_image(path)]


def visible(folder: Path) -> list[Path]:
    """The files in a folder and its subfolders, sorted, without hidden files and folders."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(folder).parts)
    ]


def existing(path: Path, annotation: Path, remedy: str) -> Path:
    """``path`` if it is a photograph that can be read.

    Raises FileNotFoundError or ValueError, naming ``annotation``, if it is missing or of a type
    that the project does not read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{annotation} speaks of {path}, which is missing; {remedy}")
    if not is_image(path):
        raise ValueError(f"{path} has none of the endings {', '.join(SUFFIXES)}; convert it")
    return path


def without_annotation(paths: Sequence[Path], rule: str) -> tuple[list[Photograph], list[str]]:
    """Photographs of which no annotation speaks: normal ones or none, and a note that says so.

    ``rule`` is "good" (they are normal), "skip" (they are left out) or "refuse", which raises
    ValueError: nobody said that they show no defect. So does another word.
    """
    check_choice("unlabelled", rule, UNLABELLED)
    if not paths:
        return [], []
    told = f"photographs without an annotation, {len(paths)} in all"
    names = shortened(path.name for path in paths)
    if rule == "refuse":
        raise ValueError(
            f"{told}: {names}; say --unlabelled good if they are normal, "
            "--unlabelled skip to leave them out"
        )
    if rule == "skip":
        return [], [f"{told.capitalize()}, are left out: {names}."]
    return [Photograph(path, path) for path in paths], [
        f"{told.capitalize()}, are taken as normal: {names}."
    ]


def look(path: Path) -> Shown:
    """Decode a photograph. Raises what :func:`read_image` raises."""
    size = read_image(path, "RGB").size
    with Image.open(path) as image:
        return Shown(path, size, image.size, orientation(path) in TURNS)


def check_size(shown: Shown, told: tuple[int, int], annotation: Path) -> None:
    """Raise ValueError unless an annotation's own (width, height) is that of the picture shown."""
    if told == shown.size:
        return
    real, said = (f"{width}x{height}" for width, height in (shown.size, told))
    if told == shown.stored:
        raise ValueError(
            f"{annotation} is drawn on {shown.path} as {said}, before its EXIF data turn it to "
            f"{real}; remove the EXIF orientation of the photograph, or annotate it turned"
        )
    raise ValueError(
        f"{annotation} is drawn on {said} pixels but {shown.path} has {real}; "
        "annotate this very photograph"
    )


def doubts(shown: Shown) -> list[str]:
    """A note if a tool may have shown the photograph unturned and its size cannot tell."""
    if not shown.turned or shown.size != shown.stored:
        return []
    return ["its EXIF data turn it and its size cannot tell if the tool did so too: see its mask"]
