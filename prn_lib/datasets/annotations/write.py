"""Imported photographs and their masks as a folder of one's own, whole or not at all."""

import hashlib
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from prn_lib.common.files import whole_folder
from prn_lib.common.progress import tqdm
from prn_lib.datasets.annotations.photographs import Annotated, Drawing, Photograph, look
from prn_lib.datasets.layouts.folder import MASK_SUFFIX
from prn_lib.datasets.layouts.pairing import NAMED
from prn_lib.datasets.sample import GOOD

ALIKE = 0.85  # of difflib's likeness: "chip" and "chips" are, "chip" and "clip" are not


@dataclass(frozen=True)
class Imported:
    """``table`` has one row a folder; ``notes`` say what was unusual, a sentence each."""

    table: pd.DataFrame
    notes: list[str]


def write_folder(annotated: Annotated, out: Path) -> Imported:
    """Write a product's folder ``out``: photographs byte for byte, and their masks as PNG.

    A photograph goes to the folder of the label that covers most of it, or to ``good``; its mask
    ``(H, W)``, 0 or 255, holds all labels. Raises ValueError or FileNotFoundError, naming the file,
    and writes nothing, if ``out`` is there and not empty, if two photographs have one name or one
    content, if a label cannot be a folder's name, or if an annotation is wrong.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists and is not empty; choose another --out")
    _check_names(annotated.photographs)
    notes = list(annotated.notes)
    sizes: defaultdict[str, list[int]] = defaultdict(list)
    seen: dict[bytes, Path] = {}
    labels: dict[str, str] = {}
    troubles = []
    with whole_folder(out) as draft:
        (draft / GOOD).mkdir()
        for photograph in tqdm(annotated.photographs, desc="importing", unit="photograph", delay=1):
            try:
                folder, pixels, told = _write_one(photograph, draft, seen, labels)
            except (OSError, ValueError) as error:
                troubles.append(error)
                continue
            sizes[folder].append(pixels)
            notes += told
        _refuse(troubles)
    notes += _alike(sorted(labels.values()))
    if not sizes[GOOD]:
        notes.append(f"There is no normal photograph yet: put some into {out / GOOD}.")
    if not sizes.keys() - {GOOD}:
        notes.append("There is no photograph with a defect yet; a training needs some.")
    return Imported(_table(sizes), notes)


def _refuse(troubles: Sequence[Exception]) -> None:
    """Raise what was wrong, all of it at once."""
    if len(troubles) == 1:
        raise troubles[0]
    if troubles:
        lines = [f"  {error}" for error in troubles[:NAMED]]
        more = len(troubles) - len(lines)
        last = [f"  and {more} more"] if more else []
        told = [f"{len(troubles)} troubles, so that nothing was written:", *lines, *last]
        raise ValueError("\n".join(told))


def _write_one(
    photograph: Photograph, draft: Path, seen: dict[bytes, Path], labels: dict[str, str]
) -> tuple[str, int, list[str]]:
    """Write a photograph, and its mask if it has one: its folder, the mask's pixels, notes."""
    drawing, placed = _place(photograph, draft, seen)
    areas = _counted(drawing, photograph, labels)
    folder = max(sorted(areas), key=areas.__getitem__, default=GOOD)
    pixels = _write_defect(drawing, placed, draft / folder) if areas else 0
    notes = [f"{photograph.path.name}: {note}." for note in drawing.notes]
    return folder, pixels, notes + _told_labels(photograph, areas, folder)


def _alike(labels: Sequence[str]) -> list[str]:
    """Sentences on labels that may be two spellings of one."""
    pairs = [(a, b) for a, b in combinations(labels, 2) if get_close_matches(a, [b], cutoff=ALIKE)]
    return [
        f"Labels {a!r} and {b!r} are taken for two kinds of defect; if they are one, rename it and "
        "import again."
        for a, b in pairs
    ]


def _check_names(photographs: Sequence[Photograph]) -> None:
    """Names must differ in more than ending, folder and case, which not all disks keep."""
    if not photographs:
        raise ValueError("there is no photograph to import; see what the source holds")
    named: dict[str, Photograph] = {}
    for one in photographs:
        name = unicodedata.normalize("NFC", one.path.stem).casefold()
        other = named.setdefault(name, one)
        if other is not one and other.path == one.path:
            raise ValueError(
                f"{one.path} is annotated twice, in {other.annotation} and {one.annotation}; "
                "delete one of them"
            )
        if other is not one:
            raise ValueError(
                f"{other.path} and {one.path} would have the same name; rename one of them and in "
                "its annotation"
            )
        if name.endswith(MASK_SUFFIX):
            raise ValueError(f"{one.path} has a mask's name; rename it and in its annotation")


def _place(photograph: Photograph, draft: Path, seen: dict[bytes, Path]) -> tuple[Drawing, Path]:
    """Copy a photograph into ``good`` and draw its defects."""
    content = photograph.content()
    first = seen.setdefault(hashlib.sha256(content).digest(), photograph.path)
    if first != photograph.path:
        raise ValueError(
            f"{photograph.path} is a copy of {first}; delete one of them and its annotation"
        )
    placed = draft / GOOD / photograph.path.name
    placed.write_bytes(content)
    shown = look(photograph.path if photograph.embedded is None else placed)
    return photograph.draw(shown), placed


def _counted(drawing: Drawing, photograph: Photograph, labels: dict[str, str]) -> dict[str, int]:
    """Pixels of each label that has any; ``labels`` collects them in small letters."""
    for label in drawing.areas:
        check_label(label, photograph.annotation)
        other = labels.setdefault(label.casefold(), label)
        if other != label:
            raise ValueError(
                f"labels {other!r} and {label!r} (in {photograph.annotation}) differ in capital "
                "letters only; use one of them"
            )
    counts = {label: int(np.count_nonzero(area)) for label, area in drawing.areas.items()}
    if counts and not any(counts.values()):
        raise ValueError(
            f"the defects in {photograph.annotation} cover no pixel of {photograph.path}; "
            "draw them again, or delete them if it is normal"
        )
    return {label: count for label, count in counts.items() if count}


def check_label(label: str, annotation: Path) -> None:
    """Raise ValueError, naming ``annotation``, if a label cannot be a folder's name."""
    name = label.casefold()
    wrong = not label or label != label.strip() or label.startswith(".") or label.endswith(".")
    wrong = wrong or any(sign in '/\\:*?"<>|' or not sign.isprintable() for sign in label)
    if wrong or name == GOOD or name.endswith(MASK_SUFFIX) or len(label.encode()) > 200:
        why = ": it begins or ends with a blank" if label != label.strip() else ""
        raise ValueError(
            f"the label {label!r} in {annotation} cannot be a folder's name{why}; rename it to "
            f"plain words, other than {GOOD!r} and not ending in {MASK_SUFFIX!r}"
        )


def _write_defect(drawing: Drawing, placed: Path, folder: Path) -> int:
    """Move a photograph into its defect's folder and write its mask; returns the mask's pixels."""
    folder.mkdir(exist_ok=True)
    mask = np.logical_or.reduce(list(drawing.areas.values()))
    placed.rename(folder / placed.name)
    path = folder / f"{placed.stem}{MASK_SUFFIX}.png"
    Image.fromarray(mask.astype(np.uint8) * 255).save(path)
    return int(np.count_nonzero(mask))


def _told_labels(photograph: Photograph, areas: dict[str, int], folder: str) -> list[str]:
    if len(areas) < 2:
        return []
    told = ", ".join(f"{label} {count:,} pixels" for label, count in areas.items())
    return [f"{photograph.path.name}: {told}; it goes to {folder!r} and its mask holds all."]


def _table(sizes: dict[str, list[int]]) -> pd.DataFrame:
    """Photographs and mask sizes of each folder, ``good`` first."""
    rows = [
        {
            "folder": folder,
            "photographs": len(sizes[folder]),
            "smallest mask": min(sizes[folder], default=0),
            "largest mask": max(sizes[folder], default=0),
        }
        for folder in (GOOD, *sorted(sizes.keys() - {GOOD}))
    ]
    return pd.DataFrame(rows)
