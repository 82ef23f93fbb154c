"""CVAT's export "Segmentation mask 1.1": a VOC tree whose colours stand in ``labelmap.txt``.

The label ``background``, and black, is no defect.
"""

from functools import partial
from pathlib import Path

import numpy as np

from prn_lib.common.images import read_image
from prn_lib.datasets.annotations.pairs import pair_voc_folders
from prn_lib.datasets.annotations.photographs import Annotated, Drawing, Shown, check_size, doubts

BACKGROUND = "background"
BLACK = (0, 0, 0)
RULE = "Every colour that labelmap.txt names is a defect's, but for black and the background's."

Colours = dict[tuple[int, int, int], str]


def read_cvat(source: Path, images: Path | None = None, unlabelled: str = "refuse") -> Annotated:
    """The photographs of an unpacked export, in ``JPEGImages`` or ``images``, with a class mask.

    ``unlabelled`` says what a photograph without a mask is: see :func:`without_annotation`. Raises
    FileNotFoundError or ValueError, naming the file, for what is missing or no colour of a label.
    """
    colours = read_label_map(source / "labelmap.txt")
    annotated = pair_voc_folders(source, images, partial(_draw, colours), unlabelled)
    return Annotated(annotated.photographs, [RULE, *annotated.notes])


def read_label_map(path: Path) -> Colours:
    """Labels by their colour (R, G, B), of lines ``label:r,g,b:parts:actions``.

    Raises FileNotFoundError or ValueError, naming the line, if it is missing or ambiguous.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; give the folder of CVAT's unpacked export")
    colours: Colours = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        label, colour = _label_and_colour(line, f"line {number} of {path}")
        if colour in colours:
            raise ValueError(
                f"{path} gives {colours[colour]!r} and {label!r} the colour {colour}; "
                "give each label its own in CVAT and export again"
            )
        colours[colour] = label
    if colours.setdefault(BLACK, BACKGROUND) != BACKGROUND:
        raise ValueError(
            f"{path} paints {colours[BLACK]!r} black, as what has no label; give it another colour "
            "in CVAT and export again"
        )
    return colours


def _label_and_colour(line: str, where: str) -> tuple[str, tuple[int, int, int]]:
    try:
        label, values, *_ = line.rsplit(":", 3)
        red, green, blue = (int(value) for value in values.split(","))
    except ValueError:
        raise ValueError(f"{where} is not 'label:r,g,b::'; export it again") from None
    return (BACKGROUND if label.lower() == BACKGROUND else label), (red, green, blue)


def _draw(colours: Colours, mask: Path, shown: Shown) -> Drawing:
    pixels = np.asarray(read_image(mask, "RGB"))
    check_size(shown, (pixels.shape[1], pixels.shape[0]), mask)
    drawing = Drawing(notes=doubts(shown))
    left = np.ones(pixels.shape[:2], bool)
    for colour, label in colours.items():
        area = (pixels == np.array(colour)).all(2)
        left &= ~area
        if label != BACKGROUND and area.any():
            drawing.add(label, area)
    if left.any():
        found = tuple(pixels[left][0].tolist())
        raise ValueError(
            f"mask {mask} has {np.count_nonzero(left)} pixels of colours that labelmap.txt does "
            f"not name, such as {found}; export it again"
        )
    return drawing
