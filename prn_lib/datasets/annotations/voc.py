"""Pascal VOC: palette masks, whose indices are the classes.

Index 0 is background. Index 255, the void border that VOC paints around objects, is no defect.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.datasets.annotations.pairs import pair_voc_folders
from prn_lib.datasets.annotations.photographs import Annotated, Drawing, Shown, check_size, doubts

VOID = 255
RULE = "Palette indices 1 to 254 are defects, 0 is background, 255 (void) is no defect."


def read_voc(
    source: Path,
    images: Path | None = None,
    labels: Sequence[str] = (),
    unlabelled: str = "refuse",
) -> Annotated:
    """The photographs of a VOC tree, in ``JPEGImages`` or ``images``, that have a class mask.

    ``labels`` are the names of the indices 1, 2, ...; without them they are class1, class2, ...
    ``unlabelled`` says what a photograph without a mask is: see :func:`without_annotation`. Raises
    FileNotFoundError or ValueError, naming the file, for what is missing or no palette mask.
    """
    annotated = pair_voc_folders(source, images, partial(_draw, labels), unlabelled)
    return Annotated(annotated.photographs, [RULE, *annotated.notes])


def _draw(labels: Sequence[str], mask: Path, shown: Shown) -> Drawing:
    indices = _indices(mask)
    check_size(shown, (indices.shape[1], indices.shape[0]), mask)
    drawing = Drawing(notes=doubts(shown))
    void = int(np.count_nonzero(indices == VOID))
    classes = [int(index) for index in np.unique(indices) if index not in (0, VOID)]
    if void and not classes:
        raise ValueError(f"mask {mask} has void pixels (255) and no class; paint what they border")
    if void:
        drawing.notes.append(f"{void} void pixels (255) are taken as normal")
    for index in classes:
        drawing.add(_name(index, labels, mask), indices == index)
    return drawing


def _indices(mask: Path) -> np.ndarray:
    """Palette indices ``(H, W)`` uint8 of a mask file."""
    try:
        with Image.open(mask) as image:
            if image.mode in ("P", "L"):
                return np.asarray(image)
            found = image.mode
    except Exception as error:  # damaged files make Pillow raise nearly anything
        raise ValueError(f"cannot read mask {mask} ({error}); export it again") from None
    raise ValueError(f"mask {mask} has no palette (mode {found}); import it --from cvat or masks")


def _name(index: int, labels: Sequence[str], mask: Path) -> str:
    if not labels:
        return f"class{index}"
    if index > len(labels):
        raise ValueError(
            f"mask {mask} has the index {index} but --labels has {len(labels)} names; add its name"
        )
    return labels[index - 1]
