"""Mask files of a paint program: what is not black is the defect."""

from functools import partial
from pathlib import Path

import numpy as np

from prn_lib.datasets.annotations.pairs import pair_with_masks
from prn_lib.datasets.annotations.photographs import Drawing, Reading, Shown, check_size, doubts
from prn_lib.datasets.layouts.folder import MASK_SUFFIX
from prn_lib.datasets.reading.images import read_image

RULE = "Pixels that are neither black nor transparent are the defect {label!r}."


def read_masks(
    source: Path,
    masks: Path,
    label: str = "defect",
    any_colour: bool = False,
    unlabelled: str = "refuse",
) -> Reading:
    """The photographs in ``source`` with the masks ``x.png`` or ``x_mask.png`` in ``masks``.

    A black mask says that a photograph is normal. ``label`` is the name of the defect. A mask may
    have one colour beside black; ``any_colour`` allows more. ``unlabelled`` says what a photograph
    without a mask is: see :func:`without_annotation`. Raises FileNotFoundError or ValueError,
    naming the file.
    """
    draw = partial(_draw, label, any_colour)
    reading = pair_with_masks(source, masks, draw, unlabelled, MASK_SUFFIX)
    return Reading(reading.photographs, [RULE.format(label=label), *reading.notes])


def _draw(label: str, any_colour: bool, mask: Path, shown: Shown) -> Drawing:
    colours = _colours(mask)
    check_size(shown, (colours.shape[1], colours.shape[0]), mask)
    found = np.unique(colours)
    if 0 not in found:
        raise ValueError(f"mask {mask} has no black pixel; paint all but the defect black")
    if len(found) > 2 and not any_colour:
        raise ValueError(
            f"mask {mask} has {len(found)} colours; paint it black and white, or say --any-colour "
            "if whatever is not black is the defect"
        )
    drawing = Drawing(notes=doubts(shown))
    if len(found) > 2:
        drawing.notes.append(f"{len(found) - 1} colours of its mask are taken as one defect")
    if len(found) > 1:
        drawing.add(label, colours > 0)
    return drawing


def _colours(mask: Path) -> np.ndarray:
    """A number ``(H, W)`` for each pixel's colour, 0 for black and for what is transparent."""
    red, green, blue, opacity = np.moveaxis(np.asarray(read_image(mask, "RGBA"), np.uint32), 2, 0)
    return np.where(opacity > 0, (red << 16) | (green << 8) | blue, 0)
