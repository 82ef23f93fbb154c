"""Which part each photograph of one's own shows, so that no part is both trained and tested on.

The key ``group_pattern`` of ``product.json`` is searched in the photograph's name without ending:
its first group in parentheses, or all that it matches, is the part's name. The table of the key
``group_table`` has the columns ``file``, the photograph's path inside the product's folder with
forward slashes, and ``group``, the part's name. A name means one part, whatever the photograph's
folder.
"""

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from prn_lib.datasets.category import Inventory
from prn_lib.datasets.layouts.pairing import shortened
from prn_lib.datasets.layouts.product import FILE, Product
from prn_lib.datasets.sample import Sample

COLUMNS = ("file", "group")


def with_parts(inventory: Inventory, folder: Path, product: Product) -> Inventory:
    """The inventory of ``folder`` with parts as groups; as it is if ``product`` names none.

    What is wrong with photographs or lines of the table becomes troubles. Raises ValueError, naming
    the table, if it cannot be read.
    """
    troubles: list[str] = []
    if product.group_pattern is not None:
        key, table = "group_pattern", frozenset[Path]()
        groups = _by_pattern(inventory.samples, folder, product.group_pattern, troubles)
    elif product.group_table is not None:
        key, table = "group_table", frozenset({product.group_table})
        groups = _by_table(inventory.samples, folder, product.group_table, troubles)
    else:
        return inventory

    def grouped(samples: Sequence[Sample]) -> tuple[Sample, ...]:
        return tuple(replace(sample, group=groups.get(sample)) for sample in samples)

    return replace(
        inventory,
        normals=grouped(inventory.normals),
        anomalies=grouped(inventory.anomalies),
        left_out=grouped(inventory.left_out),
        notes=(*inventory.notes, *_told(key, Counter(groups.values()))),
        troubles=(*inventory.troubles, *troubles),
        known=inventory.known | table,
    )


def _told(key: str, parts: Counter[str]) -> list[str]:
    if not parts:
        return []
    return [
        f"By {key} in {FILE}, {parts.total()} photographs show {len(parts)} parts, at most "
        f"{max(parts.values())} the same one; a split never divides a part."
    ]


def _by_pattern(
    samples: Sequence[Sample], folder: Path, pattern: re.Pattern[str], troubles: list[str]
) -> dict[Sample, str]:
    groups, missing = {}, []
    for sample in samples:
        match = pattern.search(_composed(sample.image.stem))
        name = match[min(pattern.groups, 1)] if match else None
        if name:
            groups[sample] = name
        else:
            missing.append(_file_of(sample, folder))
    if missing:
        troubles.append(
            f"{folder / FILE}: group_pattern {pattern.pattern!r} finds no part in the names of "
            f"{len(missing)} photographs; mend it or rename them: {shortened(missing)}"
        )
    return groups


def _by_table(
    samples: Sequence[Sample], folder: Path, table: Path, troubles: list[str]
) -> dict[Sample, str]:
    rows = _read(table)
    named = dict(rows)
    files = {_file_of(sample, folder): sample for sample in samples}
    counts = Counter(file for file, _ in rows)
    for wrong, what in (
        ([file for file in files if not named.get(file)], "has no group for {}; add it"),
        ([file for file in counts if counts[file] > 1], "has {} twice; delete one line of each"),
        (
            [file for file in counts if file not in files and not (folder / file).is_file()],
            "names files that are not there, {}; write them like good/x.jpg or delete their lines",
        ),
    ):
        if wrong:
            troubles.append(f"{table} {what.format(shortened(wrong))}")
    return {sample: named[file] for file, sample in files.items() if named.get(file)}


def _read(table: Path) -> list[tuple[str, str]]:
    """The lines of a table, as (file, group)."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, skipinitialspace=True, restval="")
            rows, found = list(reader), reader.fieldnames or ()
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"cannot read {table} ({error}); save it as CSV in UTF-8") from None
    if not {*COLUMNS} <= {*found}:
        raise ValueError(
            f"{table} must have the columns {' and '.join(COLUMNS)}, with a comma between them; it "
            f"has: {', '.join(found) or 'none'}"
        )
    stripped = [tuple(row[column].strip() for column in COLUMNS) for row in rows]
    return [(_composed(file), group) for file, group in stripped if file or group]


def _file_of(sample: Sample, folder: Path) -> str:
    return _composed(sample.image.relative_to(folder).as_posix())


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
