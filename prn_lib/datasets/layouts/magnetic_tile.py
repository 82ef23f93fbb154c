"""Magnetic tile surface defects (Huang et al., 2018): real grey images with soft pixel masks.

``<root>/MT_<type>/Imgs/exp<E>_num_<N>.jpg`` with a ``.png`` mask of the same stem; ``MT_Free`` is
the defect-free type. There is no official split. Neighbouring numbers N show one tile under several
exposures E, so each run of neighbouring numbers (a "tile") is a group, which a split never divides.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from prn_lib.common.images import image_files
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Dataset, Published
from prn_lib.datasets.layouts.pairing import by_name, pair, set_aside_empty
from prn_lib.datasets.reading.masks import HALF_GREY
from prn_lib.datasets.reading.samples import Reading
from prn_lib.datasets.sample import GOOD, Sample, masks_of
from prn_lib.datasets.split import split_by_group

POOLED = "all"  # the five defect types together
FREE = "MT_Free"
READING = Reading(masks=HALF_GREY)  # masks have soft edges
MIN_DEFECT_PIXELS = 10  # six masks have 0 to 3 pixels above half grey: no region to score
MAX_NUMBER_GAP = 100  # numbers closer than this show the same tile (checked by eye)

_STEM = re.compile(r"exp\d+_num_(\d+)")


def categories(root: Path) -> list[str]:
    """The pooled category, if the folder holds the dataset.

    A defect type (``blowhole``, ``crack``, ...) is a category too, but by its name only: a mean
    over all six would count every anomaly twice.
    """
    return [POOLED] if (root / FREE).is_dir() else []


def scan(root: Path, name: str) -> Inventory:
    """What the copy holds; for one defect type, the anomalies of the others are left out."""
    folders = sorted(root.glob("MT_*/Imgs"))
    troubles: list[str] = []
    blank: dict[str, Path] = {}
    pairs = _with_tiles([s for folder in folders for s in _scan_type(folder, blank, troubles)])
    kept, unscorable, notes = set_aside_empty(
        [s for s in pairs if s.is_anomaly], READING, troubles, MIN_DEFECT_PIXELS
    )
    others = tuple(s for s in kept if name not in (POOLED, s.defect))
    if others:
        notes += (f"{len(others)} anomalies of other types than {name} are left out.",)
    return Inventory(
        normals=tuple(s for s in pairs if not s.is_anomaly),
        anomalies=tuple(s for s in kept if name in (POOLED, s.defect)),
        left_out=unscorable + others,
        notes=notes,
        troubles=tuple(troubles),
        reading=READING,
        folders=tuple(folders),
        blank_masks=blank,
    )


def _defect(folder: Path) -> str:
    kind = folder.parent.name
    return GOOD if kind == FREE else kind.removeprefix("MT_").lower()


def _scan_type(folder: Path, blank: dict[str, Path], troubles: list[str]) -> list[Sample]:
    files = image_files(folder)
    masks = by_name([path for path in files if path.suffix.lower() == ".png"], troubles)
    images = by_name([path for path in files if path.suffix.lower() != ".png"], troubles)
    for stem in list(images):
        if not _STEM.fullmatch(stem):
            troubles.append(f"image {images.pop(stem)} is not named exp<E>_num_<N>; rename it")
    samples = pair(
        images,
        masks,
        _defect(folder),
        folder.parent.name,
        lambda stem: folder / f"{stem}.png",
        troubles,
    )
    if _defect(folder) == GOOD:
        blank |= zip((sample.name for sample in samples), masks_of(samples), strict=True)
        return [Sample(sample.name, sample.image) for sample in samples]
    return samples


def _with_tiles(samples: Sequence[Sample]) -> list[Sample]:
    """The samples in their order, each with its tile's first number as its group."""
    tiles = group_by_tile(samples)
    first = {sample.name: _number(tile[0]) for tile in tiles for sample in tile}
    return [replace(sample, group=str(first[sample.name])) for sample in samples]


def group_by_tile(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Group samples whose numbers follow each other with gaps of at most MAX_NUMBER_GAP."""
    ordered = sorted(samples, key=lambda sample: (_number(sample), sample.name))
    tiles: list[list[Sample]] = []
    for sample in ordered:
        if tiles and _number(sample) - _number(tiles[-1][-1]) <= MAX_NUMBER_GAP:
            tiles[-1].append(sample)
        else:
            tiles.append([sample])
    return tiles


def _number(sample: Sample) -> int:
    match = _STEM.fullmatch(sample.image.stem)
    assert match is not None
    return int(match.group(1))


_TYPES = {"blowhole": 115, "break": 85, "crack": 57, "fray": 32, "uneven": 103}

DATASET = Dataset(
    key="magnetic_tile",
    title="Magnetic tile defects",
    page="https://github.com/abin24/Magnetic-tile-defect-datasets.",
    licence='none stated ("welcomed to use"; cite the authors)',
    holds="MT_Free/, MT_Blowhole/, MT_Break/, MT_Crack/, MT_Fray/ and MT_Uneven/",
    categories=categories,
    scan=scan,
    published={POOLED: Published(952, 0, _TYPES)},  # sizes vary
    split=partial(split_by_group, part="tile"),
    by_name_only=tuple(_TYPES),
    steps=(
        "git clone 'https://github.com/abin24/Magnetic-tile-defect-datasets..git' {root}",
        "git -C {root} checkout cc4eb530",
    ),
)
