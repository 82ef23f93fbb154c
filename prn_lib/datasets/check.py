"""Is a copy of a dataset whole? Every file is opened; what is wrong or unusual is named."""

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from prn_lib.datasets.category import Category, Inventory
from prn_lib.datasets.dataset import Dataset, Published
from prn_lib.datasets.layouts.pairing import passed_over, shortened
from prn_lib.datasets.neighbours import alike_neighbours, fingerprint
from prn_lib.datasets.reading import cache
from prn_lib.datasets.reading.masks import Kind
from prn_lib.datasets.reading.samples import Reading, in_threads, read_pair
from prn_lib.datasets.sample import Sample
from prn_lib.datasets.split import N_ANOMALIES, split_freely

OUTER = (0.001, 0.999)  # shares of pixels between which grey values count


@dataclass(frozen=True)
class Report:
    """``table`` has one row a category; ``troubles`` must be mended, ``notes`` only be known."""

    table: pd.DataFrame
    troubles: list[str]
    notes: list[str]


def check(dataset: Dataset, root: Path) -> Report:
    """Read every file of a copy and compare it with what is published.

    Raises FileNotFoundError if ``root`` holds no category at all.
    """
    found = dataset.find_categories(root)
    with cache.bypassed():
        return _check_categories(dataset, root, found)


def _check_categories(dataset: Dataset, root: Path, found: list[str]) -> Report:
    notes, troubles, rows = _missing(dataset, found), [], []
    for name in found:
        try:
            inventory = dataset.scan(root, name)
        except (OSError, ValueError) as error:
            troubles.append(f"{name}: {error}")
            continue
        compared = dataset.split is split_freely and not any(s.group for s in inventory.samples)
        facts, unreadable = _open_all(inventory, fingerprinted=compared)
        refused = dataset.troubles(inventory, name)
        wrong, told = [*refused, *(x for x in unreadable if x not in refused)], []
        published = dataset.published.get(name)
        if published is not None:
            wrong += _compare_counts(inventory, published)
            wrong += _compare_sizes(facts, published)
        if not wrong:
            outlined = any(sample.mask for sample in inventory.anomalies)
            split, refused = _split(dataset, inventory, name, N_ANOMALIES if outlined else 0)
            wrong += refused
            if split is not None and not outlined:
                told += _split(dataset, inventory, name, N_ANOMALIES)[1]
            if split is not None and not dataset.published:
                told += [_parts(split), *split.notes[len(inventory.notes) :]]
        troubles += [f"{name}: {text}" for text in wrong]
        told += (*inventory.notes, *_unusual(facts), *passed_over(inventory))
        if compared:
            told += _ungrouped(facts, is_own=not dataset.published)
        notes += [f"{name}: {text}" for text in told]
        rows.append(_row(name, inventory, facts, len(wrong)))
    return Report(pd.DataFrame(rows), troubles, notes)


def _missing(dataset: Dataset, found: list[str]) -> list[str]:
    """Published categories that a partial copy lacks; a product of one's own lacks none."""
    missing = [name for name in dataset.published if name not in found]
    if not missing or len(missing) == len(dataset.published):
        return []
    return [
        f"{len(missing)} of {len(dataset.published)} published categories are not here: "
        f"{', '.join(missing)}."
    ]


def _split(
    dataset: Dataset, inventory: Inventory, name: str, n_anomalies: int
) -> tuple[Category | None, list[str]]:
    """The split of a run with so many training anomalies, or what it would say to refuse it."""
    if dataset.split is None:
        return None, []
    try:
        return dataset.split(inventory, dataset.key, name, 0, n_anomalies), []
    except ValueError as error:
        return None, [str(error)]


def _parts(split: Category) -> str:
    """How many photographs are trained and tested on."""
    anomalies = sum(sample.is_anomaly for sample in split.test)
    return (
        f"A run trains on {len(split.train_normals)} normal images and "
        f"{len(split.train_anomalies)} anomalies; it tests on {len(split.test) - anomalies} normal "
        f"images and {anomalies} anomalies."
    )


@dataclass(frozen=True)
class _Facts:
    """What opening one image (and its mask) tells."""

    sample: Sample  # with the mask that was opened, also that of a normal image
    size: tuple[int, int]  # (width, height)
    grey: bool
    painted: bool  # the mask has a pixel of a defect
    soft_mask: bool
    transparent: bool
    deep: tuple[int, int] | None  # lowest and highest of 16-bit grey values, without 0.1% each
    fingerprint: np.ndarray | None  # small and grey, of normal images where it was asked for


def _open_all(inventory: Inventory, *, fingerprinted: bool) -> tuple[list[_Facts], list[str]]:
    with_masks = [
        replace(sample, mask=inventory.blank_masks.get(sample.name, sample.mask))
        for sample in inventory.samples
    ]
    look = partial(_open, reading=inventory.reading, fingerprinted=fingerprinted)
    opened = list(in_threads(look, with_masks, "checking"))
    facts = [x for x in opened if isinstance(x, _Facts)]
    painted = [
        f"mask {f.sample.mask} belongs to a normal image and is not black; restore it"
        for f in facts
        if not f.sample.is_anomaly and f.painted
    ]
    return facts, painted + [str(x) for x in opened if not isinstance(x, _Facts)]


def _open(sample: Sample, reading: Reading, *, fingerprinted: bool) -> _Facts | ValueError:
    try:
        image, mask = read_pair(sample, reading)
        with Image.open(sample.image) as original:
            deep = None
            if original.mode.startswith("I;16"):
                original.load()
                low, high = np.quantile(np.asarray(original), OUTER)
                deep = round(low), round(high)
            return _Facts(
                sample,
                image.size,
                original.mode in ("L", "1", "LA") or deep is not None,
                mask is not None and bool(mask.pixels.any()),
                mask is not None and mask.kind == Kind.SOFT and mask.value > 0,
                original.has_transparency_data,
                deep,
                fingerprint(image) if fingerprinted and not sample.is_anomaly else None,
            )
    except (ValueError, OSError) as error:
        return ValueError(str(error))


def _unusual(facts: list[_Facts]) -> list[str]:
    """How photographs that are not plain 8-bit ones are read, and endings that tell the defect."""
    told = []
    transparent = [f.sample.name for f in facts if f.transparent]
    if transparent:
        told.append(f"Photographs with transparency are laid on white: {shortened(transparent)}.")
    deep = [f.deep for f in facts if f.deep and not f.sample.is_anomaly]
    if deep:
        low, high = min(d[0] for d in deep), max(d[1] for d in deep)
        told.append(
            f"Photographs of 16 bits: those of the normals have grey values {low} to {high}, but "
            "for 0.1% at each end. Unless product.json says otherwise, 0 to 65535 become black to "
            f'white; {{"grey_range": [{low}, {high}]}} spreads the normals\' own.'
        )
    endings = [
        {f.sample.image.suffix.lower() for f in facts if f.sample.is_anomaly == anomalous}
        for anomalous in (False, True)
    ]
    if all(endings) and not endings[0] & endings[1]:
        normal, anomalous = (", ".join(sorted(found)) for found in endings)
        told.append(
            f"All normals end in {normal}, all anomalies in {anomalous}: a network may tell them "
            "by their compression. Save both in one form."
        )
    return told


def _ungrouped(facts: list[_Facts], *, is_own: bool) -> tuple[str, ...]:
    """That several normal images may show one part, where no part is named."""
    normals = {f.sample.name: f.fingerprint for f in facts if f.fingerprint is not None}
    alike = alike_neighbours([*normals], [*normals.values()])
    if not alike:
        return ()
    remedy = (
        " If several photographs show one part, name the parts by group_pattern or group_table in "
        "product.json, or the test set holds parts that were trained on."
    )
    return (
        f"{alike} of {len(normals)} normal images look most like the one before or after them by "
        f"name; by chance 2 would.{remedy if is_own else ''}",
    )


def _compare_counts(inventory: Inventory, published: Published) -> list[str]:
    there = Counter(s.defect for s in inventory.anomalies + inventory.left_out)
    pairs = {
        "normal training images": (len(inventory.normals), published.normals),
        "normal test images": (len(inventory.test_normals), published.test_normals),
        **{
            f"anomalies of type {defect}": (there[defect], published.anomalies.get(defect, 0))
            for defect in sorted(there | Counter(published.anomalies))
        },
    }
    return [
        f"{count} {what} instead of the published {expected}"
        for what, (count, expected) in pairs.items()
        if count != expected
    ]


def _compare_sizes(facts: list[_Facts], published: Published) -> list[str]:
    if not published.sizes:
        return []
    other = [f for f in facts if f.size not in published.sizes]
    if not other:
        return []
    expected = ", ".join(f"{width}x{height}" for width, height in published.sizes)
    first = f"{other[0].sample.image} is {other[0].size[0]}x{other[0].size[1]}"
    return [f"{len(other)} images have another size than the published {expected}: {first}"]


def _row(name: str, inventory: Inventory, facts: list[_Facts], wrong: int) -> dict[str, object]:
    widths, heights = zip(*(f.size for f in facts), strict=True) if facts else ((0,), (0,))
    return {
        "category": name,
        "normals": len(inventory.normals),
        "test normals": len(inventory.test_normals),
        "anomalies": len(inventory.anomalies),
        "outlined": sum(sample.mask is not None for sample in inventory.anomalies),
        "types": len({s.defect for s in inventory.anomalies}),
        "left out": len(inventory.left_out),
        "width": _range(widths),
        "height": _range(heights),
        "grey": sum(f.grey for f in facts),
        "endings": " ".join(sorted({f.sample.image.suffix.lower() for f in facts})),
        "soft masks": sum(f.soft_mask for f in facts),
        "troubles": wrong,
    }


def _range(values: tuple[int, ...]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}-{high}"
