"""What a mask file says: which pixels are a defect, and what it was taken for.

Masks come as 0 and 255, as 0 and 1, as colours, as palette indices, with soft edges. A rule says
what is accepted; what it does not plainly cover is refused, with the values and their counts.
"""

from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from prn_lib.common.images import FULL_RANGE, LOSSY, read_image

TWO_VALUES = "two values"  # black and one more; white may have soft edges
ANY_COLOUR = "any colour"  # whatever is not black
HALF_GREY = "half grey"  # whatever is lighter than half
RULES = (TWO_VALUES, ANY_COLOUR, HALF_GREY)

HALF = 127
DARK, LIGHT = 15, 240  # grey values up to and from which a pixel is plainly black or white
FAINT = 64  # up to here, the noise of a mask stored with loss
SOFT = 7  # pixels; an edge that is wider is no edge but a grey area
LISTED = 4  # values named in a message
VOID = (224, 224, 192)  # with it VOC paints borders that count as nothing
PACKING = 1 << 16, 1 << 8, 1  # red, green and blue in one number


class Kind(IntEnum):
    """What a mask was taken for."""

    EMPTY = 0
    WHITE = 1
    ONE_VALUE = 2  # black and the colour ``value``, packed
    SOFT = 3  # cut at half grey; ``value`` counts the pixels between black and white
    COLOURS = 4  # whatever is not black


class Mask(NamedTuple):
    """``pixels`` ``(H, W)`` bool of the defect; what they were taken for, see :class:`Kind`."""

    pixels: np.ndarray
    kind: Kind
    value: int = 0


def read_mask(path: Path, rule: str) -> Mask:
    """Which pixels of a mask file are a defect by one of ``RULES``; upright, at native size.

    What is transparent is black, the background.

    Raises ValueError or FileNotFoundError, naming the file, for what
    :func:`prn_lib.common.images.read_image` refuses and for what the rule does not
    plainly cover.
    """
    colours = _read_colours(path, rule)
    grey = colours.max(axis=2)
    if not grey.any():
        return Mask(grey > 0, Kind.EMPTY)
    if rule == ANY_COLOUR:
        return Mask(grey > 0, Kind.COLOURS)
    if rule == HALF_GREY:
        return Mask(grey > HALF, Kind.SOFT, int(_between(grey).sum()))
    packed = colours.astype(np.int64) @ PACKING
    values = np.unique(packed[grey > 0])
    if len(values) == 1:
        kind = Kind.WHITE if colour_name(int(values[0])) == "grey 255" else Kind.ONE_VALUE
        return Mask(grey > 0, kind, int(values[0]))
    if (colours != grey[..., None]).any():
        raise ValueError(_refusal(path, "colours", packed[grey > 0]))
    return _read_soft(path, grey)


def _read_colours(path: Path, rule: str) -> np.ndarray:
    """``(H, W, 3)`` uint8 on black; values of 16 bits become 0 and 255."""
    grey_range = _look_at_values(path, rule)
    rgba = np.asarray(read_image(path, "RGBA", grey_range))
    opaque = rgba[..., 3:] > HALF
    colours = np.where(opaque, rgba[..., :3], 0)
    if not colours.any() and opaque.any() and not opaque.all():
        raise ValueError(
            f"mask {path} has black paint on a transparent ground; paint defects white on black"
        )
    return colours


def _look_at_values(path: Path, rule: str) -> tuple[int, int]:
    """Refuse what would be lost on the way to colours; the range for grey values of 16 bits."""
    try:
        with Image.open(path) as image:
            if image.mode != "P" and not image.mode.startswith("I;16"):
                return FULL_RANGE
            colours = image.getpalette("RGB") if image.mode == "P" else None
            values = np.asarray(image).astype(np.int64)
    except (OSError, Image.DecompressionBombError):
        return FULL_RANGE  # read_image says what is wrong
    used = np.unique(values)
    if colours is not None:
        palette = np.reshape(colours, (-1, 3))
        if used[-1] >= len(palette) or len(np.unique(palette[used], axis=0)) < len(used):
            raise ValueError(
                f"mask {path} has {len(used)} palette indices, some of one colour or of none; "
                "save it as a grey or colour picture"
            )
        return FULL_RANGE
    if (used > 0).sum() > 1 and rule != ANY_COLOUR:
        raise ValueError(_refusal(path, "grey values of 16 bits", values[values > 0]))
    return 0, 1


def _read_soft(path: Path, grey: np.ndarray) -> Mask:
    """A white mask with soft edges; grey areas, which may be classes, are refused."""
    floor = FAINT if path.suffix.lower() in LOSSY else 0
    regions, _ = ndimage.label(grey > floor, np.ones((3, 3)))
    nowhere_white = (regions > 0) & ~np.isin(regions, regions[grey >= LIGHT])
    between = _between(grey)
    wide = ndimage.binary_opening(between, np.ones((SOFT, SOFT)))
    if nowhere_white.any() or wide.any():
        raise ValueError(_refusal(path, "grey values in areas", grey[nowhere_white | wide]))
    return Mask(grey > HALF, Kind.SOFT, int(between.sum()))


def _between(grey: np.ndarray) -> np.ndarray:
    return (grey > DARK) & (grey < LIGHT)


def _refusal(path: Path, what: str, found: np.ndarray) -> str:
    values, counts = np.unique(found, return_counts=True)
    most = np.sort(counts.argsort()[::-1][:LISTED])
    names = [colour_name(int(v)) if what == "colours" else str(v) for v in values]
    listed = ", ".join(f"{names[i]} ({counts[i]} px)" for i in most)
    more = " and more" if len(values) > LISTED else ""
    void = f"; {VOID} is VOC's border, which counts as nothing" if str(VOID) in names else ""
    return (
        f"mask {path} is not plainly black and white: {what} are {listed}{more}{void}. Paint it "
        "black and white; or, if whatever is not black is a defect, say so: in product.json of the "
        'product\'s folder by {"masks": "any colour"}, to prn data import by --any-colour'
    )


def colour_name(packed: int) -> str:
    """A packed colour in words: "grey 1" or "(128, 0, 0)"."""
    red, green, blue = packed >> 16, packed >> 8 & 255, packed & 255
    return f"grey {red}" if red == green == blue else str((red, green, blue))
