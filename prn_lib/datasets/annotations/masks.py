"""Mask files of a paint program: what is not black is the defect."""

from functools import partial
from pathlib import Path

from prn_lib.datasets.annotations.pairs import pair_with_masks
from prn_lib.datasets.annotations.photographs import Annotated, Drawing, Shown, check_size, doubts
from prn_lib.datasets.layouts.folder import MASK_SUFFIX
from prn_lib.datasets.reading.masks import ANY_COLOUR, TWO_VALUES, Kind, read_mask

RULE = "Pixels that are neither black nor transparent are the defect {label!r}."


def read_masks(
    source: Path,
    masks: Path,
    label: str = "defect",
    any_colour: bool = False,
    unlabelled: str = "refuse",
) -> Annotated:
    """The photographs in ``source`` with the masks ``x.png`` or ``x_mask.png`` in ``masks``.

    A black mask says that a photograph is normal. ``label`` is the name of the defect. Masks are
    read by the rules of :mod:`prn_lib.datasets.reading.masks`: two values, or ``any_colour``.
    ``unlabelled`` says what a photograph without a mask is: see :func:`without_annotation`. Raises
    FileNotFoundError or ValueError, naming the file.
    """
    draw = partial(_draw, label, any_colour)
    annotated = pair_with_masks(source, masks, draw, unlabelled, MASK_SUFFIX)
    return Annotated(annotated.photographs, [RULE.format(label=label), *annotated.notes])


def _draw(label: str, any_colour: bool, path: Path, shown: Shown) -> Drawing:
    mask = read_mask(path, ANY_COLOUR if any_colour else TWO_VALUES)
    check_size(shown, (mask.pixels.shape[1], mask.pixels.shape[0]), path)
    if mask.pixels.all():
        raise ValueError(f"mask {path} has no black pixel; paint all but the defect black")
    drawing = Drawing(notes=doubts(shown))
    if mask.kind == Kind.SOFT:
        drawing.notes.append(f"its mask is cut at half grey, {mask.value} pixels lie between")
    if mask.pixels.any():
        drawing.add(label, mask.pixels)
    return drawing
