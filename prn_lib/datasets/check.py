"""Is a copy of a dataset whole? Every file is opened; what is wrong or unusual is named."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Dataset, Published
from prn_lib.datasets.layouts.pairing import passed_over
from prn_lib.datasets.reading import cache
from prn_lib.datasets.reading.samples import in_threads, read_pair
from prn_lib.datasets.sample import Sample


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
    troubles = [
        f"{name}: the category is missing" for name in dataset.published if name not in found
    ]
    notes, rows = [], []
    for name in found:
        try:
            inventory = dataset.scan(root, name)
        except (OSError, ValueError) as error:
            troubles.append(f"{name}: {error}")
            continue
        facts, unreadable = _open_all(inventory)
        wrong = [*inventory.troubles, *(x for x in unreadable if x not in inventory.troubles)]
        published = dataset.published.get(name)
        if published is not None:
            wrong += _compare_counts(inventory, published)
            wrong += _compare_sizes(facts, published)
        else:
            wrong += _identical([f.sample for f in facts])
        troubles += [f"{name}: {text}" for text in wrong]
        notes += [f"{name}: {text}" for text in (*inventory.notes, *passed_over(inventory))]
        rows.append(_row(name, inventory, facts, len(wrong)))
    return Report(pd.DataFrame(rows), troubles, notes)


@dataclass(frozen=True)
class _Facts:
    """What opening one image (and its mask) tells."""

    sample: Sample  # with the mask that was opened, also that of a normal image
    size: tuple[int, int]  # (width, height)
    grey: bool
    highest: int  # grey value of the mask, 0 without one
    soft_mask: bool  # has grey values other than black and one more


def _open_all(inventory: Inventory) -> tuple[list[_Facts], list[str]]:
    with_masks = [
        replace(sample, mask=inventory.blank_masks.get(sample.name, sample.mask))
        for sample in inventory.samples
    ]
    opened = list(in_threads(_open, with_masks, "checking"))
    facts = [x for x in opened if isinstance(x, _Facts)]
    painted = [
        f"mask {f.sample.mask} belongs to a normal image and is not black; restore it"
        for f in facts
        if not f.sample.is_anomaly and f.highest > inventory.mask_threshold
    ]
    return facts, painted + [str(x) for x in opened if not isinstance(x, _Facts)]


def _open(sample: Sample) -> _Facts | ValueError:
    try:
        image, mask = read_pair(sample)
        with Image.open(sample.image) as original:
            grey = original.mode in ("L", "1", "LA")
        values = [0] if mask is None else np.flatnonzero(mask.histogram()).tolist()
        return _Facts(sample, image.size, grey, values[-1], len(values) > 2)
    except (ValueError, OSError) as error:
        return ValueError(str(error))


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


def _identical(samples: Sequence[Sample]) -> list[str]:
    """Copies of one photograph would be trained and tested on."""
    first: dict[bytes, Path] = {}
    copies = []
    for path in (sample.image for sample in samples):
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest in first:
            copies.append(f"{path} is a copy of {first[digest]}; delete one of them")
        first.setdefault(digest, path)
    return copies


def _row(name: str, inventory: Inventory, facts: list[_Facts], wrong: int) -> dict[str, object]:
    widths, heights = zip(*(f.size for f in facts), strict=True) if facts else ((0,), (0,))
    return {
        "category": name,
        "normals": len(inventory.normals),
        "test normals": len(inventory.test_normals),
        "anomalies": len(inventory.anomalies),
        "types": len({s.defect for s in inventory.anomalies}),
        "left out": len(inventory.left_out),
        "width": _range(widths),
        "height": _range(heights),
        "grey": sum(f.grey for f in facts),
        "soft masks": sum(f.soft_mask for f in facts),
        "troubles": wrong,
    }


def _range(values: tuple[int, ...]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}-{high}"
