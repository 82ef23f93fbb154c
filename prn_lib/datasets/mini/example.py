"""An example of a product of one's own: mini images, stored as a camera and a brush would."""

from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.common.files import whole_folder
from prn_lib.datasets import mini
from prn_lib.datasets.layouts.folder import MASK_SUFFIX
from prn_lib.datasets.sample import GOOD

CATEGORY = "button"
NORMALS, DEFECTS, PER_DEFECT = 40, ("bruise", "chip", "crack"), 8
FIRST = 1000  # the images differ from those of the mini dataset, whose numbers are below it


def write_example(folder: Path) -> Path:
    """Write photographs ``good/IMG_1000.jpg``, ``chip/IMG_1000.jpg`` with masks, ... once.

    A folder that is there already is left as it is.
    """
    if folder.exists():
        return folder
    with whole_folder(folder) as draft:
        for i in range(FIRST, FIRST + NORMALS):
            _write(draft / GOOD, None, i)
        for defect in DEFECTS:
            for i in range(FIRST, FIRST + PER_DEFECT):
                _write(draft / defect, defect, i)
    return folder


def _write(folder: Path, defect: str | None, index: int) -> None:
    folder.mkdir(exist_ok=True)
    image, _, mask = mini.make_image(CATEGORY, defect, index)
    Image.fromarray(image).save(folder / f"IMG_{index}.jpg", quality=95)
    if defect is not None:
        brushed = Image.fromarray(mask.astype(np.uint8) * 255)
        brushed.save(folder / f"IMG_{index}{MASK_SUFFIX}.png")
