"""``product.json`` in a product's folder: how its photographs and masks are to be read.

A JSON object; every key may be left out:

``masks``: "two values" (black and one more; else the mask is refused) or "any colour" (whatever is
not black is a defect). ``grey_range``: [black, white], the grey values of 16-bit photographs that
become 0 and 255; without it the full range, [0, 65535]. ``partly_outlined``: true where only some
defects have a mask, false (the default) where all have one or none.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prn_lib.common.images import FULL_RANGE
from prn_lib.datasets.reading.masks import ANY_COLOUR, TWO_VALUES
from prn_lib.datasets.reading.samples import Reading

FILE = "product.json"
KEYS = ("masks", "grey_range", "partly_outlined")
MASKS = (TWO_VALUES, ANY_COLOUR)


@dataclass(frozen=True)
class Product:
    """What is said of a product."""

    reading: Reading  # of its files
    partly_outlined: bool  # whether some of its defects may be without a mask


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
    return Product(Reading(masks, (low, high)), partly)


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
