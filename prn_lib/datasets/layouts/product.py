"""``product.json`` in a product's folder: how its files are read, and what shows one part.

A JSON object; every key may be left out:

``masks``: "two values" (black and one more; else the mask is refused) or "any colour" (whatever is
not black is a defect). ``grey_range``: [black, white], the grey values of 16-bit photographs that
become 0 and 255; without it the full range, [0, 65535]. ``partly_outlined``: true where only some
defects have a mask, false (the default) where all have one or none.

One of these names the part that a photograph shows (:mod:`prn_lib.datasets.layouts.parts`):
``group_pattern``, a regular expression that finds it in the file's name, or ``group_table``, a CSV
file beside ``product.json``.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prn_lib.common.images import FULL_RANGE
from prn_lib.datasets.reading.masks import ANY_COLOUR, TWO_VALUES
from prn_lib.datasets.reading.samples import Reading

FILE = "product.json"
MASKS = (TWO_VALUES, ANY_COLOUR)
KEYS = ("masks", "grey_range", "partly_outlined", "group_pattern", "group_table")


@dataclass(frozen=True)
class Product:
    """What is said of a product; at most one of pattern and table is given."""

    reading: Reading  # of photographs and masks
    partly_outlined: bool = False  # whether some of its defects may be without a mask
    group_pattern: re.Pattern[str] | None = None
    group_table: Path | None = None


def read_product(folder: Path) -> Product:
    """What the product's file says, or the defaults where there is none.

    Raises ValueError, naming file and key, for what it may not say.
    """
    path = folder / FILE
    told = _load(path) if path.is_file() else {}
    unknown = told.keys() - set(KEYS)
    if unknown:
        raise ValueError(f"{path} has the unknown key {min(unknown)!r}; known: {', '.join(KEYS)}")
    masks, (low, high) = told.get("masks", TWO_VALUES), _range(path, told)
    if masks not in MASKS:
        raise ValueError(f"{path}: masks is {masks!r}; choose one of {', '.join(map(repr, MASKS))}")
    partly = told.get("partly_outlined", False)
    if not isinstance(partly, bool):
        raise ValueError(f"{path}: partly_outlined is {partly!r}; it must be true or false")
    if "group_pattern" in told and "group_table" in told:
        raise ValueError(f"{path} has both group_pattern and group_table; delete one of them")
    return Product(Reading(masks, (low, high)), partly, _pattern(path, told), _table(path, told))


def _load(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is no JSON ({error}); mend it or delete it") from None
    if not isinstance(told, dict):
        raise ValueError(f'{path} holds no JSON object such as {{"masks": "any colour"}}; mend it')
    return told


def _range(path: Path, told: dict[str, Any]) -> tuple[int, int]:
    given = told.get("grey_range", FULL_RANGE)
    try:
        low, high = given
        if {type(low), type(high)} == {int} and 0 <= low < high <= FULL_RANGE[1]:
            return low, high
    except (TypeError, ValueError):
        pass
    raise ValueError(
        f"{path}: grey_range is {given!r}; it must be two whole numbers, black and white, "
        "0 <= black < white <= 65535"
    )


def _pattern(path: Path, told: dict[str, Any]) -> re.Pattern[str] | None:
    if "group_pattern" not in told:
        return None
    given = told["group_pattern"]
    try:
        return re.compile(given)
    except (re.error, TypeError) as error:
        raise ValueError(
            f"{path}: group_pattern is {given!r}, which is no regular expression ({error}); mend "
            r'it, for example "part(\\d+)"'
        ) from None


def _table(path: Path, told: dict[str, Any]) -> Path | None:
    if "group_table" not in told:
        return None
    given = told["group_table"]
    if isinstance(given, str) and (path.parent / given).is_file():
        return path.parent / given
    raise ValueError(
        f"{path}: group_table is {given!r}, which is no file in {path.parent}; put the table there "
        "or mend its name"
    )
