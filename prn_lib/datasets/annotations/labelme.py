"""LabelMe: beside each photograph a JSON with its shapes.

A JSON without shapes says that a photograph is normal. LabelMe turns a photograph as its EXIF data
say, as this project does.
"""

import base64
import binascii
import io
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from prn_lib.common.progress import tqdm
from prn_lib.datasets.annotations.fields import field, read_json
from prn_lib.datasets.annotations.photographs import (
    Annotated,
    Drawing,
    Photograph,
    Shown,
    check_size,
    existing,
    find_photographs,
    visible,
    without_annotation,
)
from prn_lib.datasets.annotations.shapes import (
    check_corners,
    extreme_points,
    fill,
    place,
    reaches_outside,
    read_points,
)
from prn_lib.datasets.layouts.pairing import shortened

RULE = "Shapes are filled as LabelMe does it: pixels on the outline belong to the defect."
ENDINGS = {"JPEG": ".jpg", "PNG": ".png"}  # what LabelMe embeds


def read_labelme(source: Path, unlabelled: str = "refuse") -> Annotated:
    """The photographs of a folder and its subfolders that have LabelMe's JSON files.

    ``unlabelled`` says what a photograph without a JSON is: see :func:`without_annotation`. Raises
    FileNotFoundError or ValueError, naming the file, for a missing photograph or a malformed JSON.
    """
    images = find_photographs(source)
    files = [path for path in visible(source) if path.suffix.lower() == ".json"]
    if not files:
        raise FileNotFoundError(f"{source} holds no JSON of LabelMe; save your annotations there")
    photographs = [_photograph(path) for path in tqdm(files, desc="annotations", delay=1)]
    known = {photograph.path.resolve() for photograph in photographs}
    rest = [path for path in images if path.resolve() not in known]
    others, notes = without_annotation(rest, unlabelled)
    inside = [p.path.name for p in photographs if p.embedded is not None]
    if inside:
        told = f"Photographs taken out of their JSON, as they are no files, {len(inside)} in all"
        notes.append(f"{told}: {shortened(inside)}.")
    return Annotated([*photographs, *others], [RULE, *notes])


def _photograph(path: Path) -> Photograph:
    data = read_json(path)
    field(data, "shapes", list, str(path))
    told = PurePosixPath(field(data, "imagePath", str, str(path)).replace("\\", "/"))
    image = path.parent / told
    draw = partial(_draw, path)
    if image.is_file() or not data.get("imageData"):
        remedy = f"put it there, or mend 'imagePath' in {path.name}"
        return Photograph(existing(image, path, remedy), path, draw)
    with Image.open(io.BytesIO(_embedded(path))) as picture:
        ending = ENDINGS.get(picture.format or "", ".png")
    named = path.with_name(told.stem + ending)
    if named.exists():
        raise ValueError(
            f"{path} speaks of {image}, which is missing, and {named.name} is there; mend "
            "'imagePath' if that is the photograph, or move it away"
        )
    return Photograph(named, path, draw, partial(_embedded, path))


def _embedded(path: Path) -> bytes:
    """The bytes of the picture in a JSON, which can be decoded."""
    content = _decoded(
        field(read_json(path), "imageData", str, str(path)), f"'imageData' of {path}"
    )
    _picture(content, f"'imageData' of {path}")
    return content


def _decoded(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(f"{where} is no base64; save it with LabelMe again") from None


def _picture(content: bytes, where: str) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.asarray(image)
    except Exception:  # damaged pictures make Pillow raise nearly anything
        raise ValueError(f"{where} is no picture; save it with LabelMe again") from None


def _draw(path: Path, shown: Shown) -> Drawing:
    data = read_json(path)
    height, width = data.get("imageHeight"), data.get("imageWidth")
    if height is not None and width is not None:  # LabelMe wrote null once
        check_size(shown, (width, height), path)
    drawing = Drawing()
    for number, shape in enumerate(data["shapes"], start=1):
        where = f"shape {number} of {path}"
        label = field(shape, "label", str, where)
        area, cut = _area(shape, shown.size, where)
        drawing.add(label, area, f"shape {number}" if cut else "")
    return drawing


def _area(shape: dict[str, Any], size: tuple[int, int], where: str) -> tuple[np.ndarray, bool]:
    """The mask ``(H, W)`` bool of a shape, and whether it lies partly outside of the picture."""
    kind = shape.get("shape_type") or "polygon"  # as the oldest files have it
    points = read_points(field(shape, "points", list, where), where)
    check_corners(kind, points, where)
    if kind == "mask":
        return _brush(shape, points, size, where)
    return fill(kind, points, size), reaches_outside(extreme_points(kind, points), size)


def _brush(
    shape: dict[str, Any], points: np.ndarray, size: tuple[int, int], where: str
) -> tuple[np.ndarray, bool]:
    """A painted mask, which LabelMe stores as a PNG of its box; the box ends in its last pixel."""
    patch = _picture(_decoded(field(shape, "mask", str, where), f"'mask' of {where}"), where)
    if patch.ndim != 2:
        raise ValueError(f"'mask' of {where} has colours; save it with LabelMe again")
    extent = np.array(patch.shape[::-1])
    if (np.abs(points[1] - points[0] + 1 - extent) > 1).any():  # corners may be rounded apart
        raise ValueError(f"'mask' of {where} has another size than its box; draw it again")
    cut = reaches_outside(np.stack([points[0], np.rint(points[0]) + extent]), size)
    return place(patch.astype(bool), points[0], size), cut
