"""COCO: one JSON of images, annotations and categories; pycocotools fills its polygons.

An image without an annotation is normal: COCO lists it on purpose. The parts of a polygon are
united; a hole can only be told by run lengths (RLE), which is what ``iscrowd`` marks.
"""

from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from prn_lib.datasets.annotations.fields import field, read_json
from prn_lib.datasets.annotations.photographs import (
    Annotated,
    Drawing,
    Photograph,
    Shown,
    check_size,
    doubts,
    existing,
    find_photographs,
    without_annotation,
)
from prn_lib.datasets.annotations.shapes import check_corners, reaches_outside, read_points

RULE = "Polygons are filled by pycocotools: a pixel is the defect's if most of it lies inside."


class _Defect(NamedTuple):
    label: str
    segmentation: object
    where: str


def read_coco(source: Path, images: Path | None = None, unlabelled: str = "refuse") -> Annotated:
    """The photographs that a COCO file lists, relative to ``images`` or to the file's folder.

    ``unlabelled`` says what photographs in ``images`` are that it does not list: see
    :func:`without_annotation`. Raises FileNotFoundError or ValueError, naming the file and the
    record, for missing photographs and malformed records. Drawing a polygon raises ImportError if
    pycocotools is not installed.
    """
    data = read_json(source)
    folder = source.parent if images is None else images
    pictures = _by_id(data, "images", source)
    defects = _defects(data, set(pictures), source)
    photographs = []
    for key, picture in pictures.items():
        where = f"image {key} of {source}"
        path = folder / field(picture, "file_name", str, where)
        existing(path, source, "give the folder of the photographs with --images")
        told = field(picture, "width", int, where), field(picture, "height", int, where)
        photographs.append(Photograph(path, source, partial(_draw, defects[key], told, source)))
    known = {photograph.path.resolve() for photograph in photographs}
    rest = [path for path in find_photographs(folder) if path.resolve() not in known]
    others, notes = without_annotation(rest, unlabelled)
    return Annotated([*photographs, *others], [RULE, *notes])


def _by_id(data: dict[str, Any], name: str, source: Path) -> dict[int, Any]:
    """The records of one list by their ``id``, which must be unique."""
    records = {}
    for number, record in enumerate(field(data, name, list, str(source)), start=1):
        key = field(record, "id", int, f"record {number} in {name!r} of {source}")
        if key in records:
            raise ValueError(f"{source} has two {name} with the id {key}; export it again")
        records[key] = record
    return records


def _defects(
    data: dict[str, Any], pictures: set[int], source: Path
) -> defaultdict[int, list[_Defect]]:
    """The annotations by the id of their image."""
    labels = {
        key: field(category, "name", str, f"category {key} of {source}")
        for key, category in _by_id(data, "categories", source).items()
    }
    defects = defaultdict(list)
    for number, record in enumerate(field(data, "annotations", list, str(source)), start=1):
        where = f"annotation {record.get('id') if isinstance(record, dict) else number} of {source}"
        picture = field(record, "image_id", int, where)
        category = field(record, "category_id", int, where)
        if picture not in pictures or category not in labels:
            raise ValueError(
                f"{where} has image_id {picture} and category_id {category}, of which one is not "
                "listed; export it again"
            )
        defects[picture].append(_Defect(labels[category], record.get("segmentation"), where))
    return defects


def _draw(defects: list[_Defect], told: tuple[int, int], source: Path, shown: Shown) -> Drawing:
    check_size(shown, told, source)
    drawing = Drawing(notes=doubts(shown))
    for label, segmentation, where in defects:
        if isinstance(segmentation, dict):
            area, cut = _run_lengths(segmentation, shown.size, where), False
        else:
            area, cut = _polygons(segmentation, shown.size, where)
        drawing.add(label, area, where if cut else "")
    return drawing


def _polygons(parts: object, size: tuple[int, int], where: str) -> tuple[np.ndarray, bool]:
    """The mask ``(H, W)`` bool of a polygon's parts, and whether one is partly outside."""
    if not isinstance(parts, list) or not parts:
        raise ValueError(f"{where} has a box but no 'segmentation'; outline the defect itself")
    outlines = []
    for part in parts:
        if not isinstance(part, list) or len(part) % 2:
            raise ValueError(f"{where} has a 'segmentation' that is no list of x, y, x, y, ...")
        points = read_points([part[i : i + 2] for i in range(0, len(part), 2)], where)
        check_corners("polygon", points, where)
        outlines.append(points)
    try:
        from pycocotools import mask as tools
    except ImportError:
        raise ImportError(
            "COCO's polygons need pycocotools; run: pip install pycocotools"
        ) from None
    width, height = size
    runs = tools.frPyObjects([points.ravel().tolist() for points in outlines], height, width)
    cut = any(reaches_outside(points, size) for points in outlines)
    return tools.decode(tools.merge(runs)).astype(bool), cut


def _run_lengths(runs: dict[str, Any], size: tuple[int, int], where: str) -> np.ndarray:
    """The mask ``(H, W)`` bool of run lengths, listed or compressed to a text.

    They go down the columns and begin with background. pycocotools shows whatever is in memory
    where they are too short, so they are decoded here.
    """
    width, height = size
    if runs.get("size") != [height, width]:
        raise ValueError(
            f"{where} has run lengths of the size {runs.get('size')} instead of {[height, width]} "
            "(height, width); export it again"
        )
    counts = runs.get("counts")
    lengths = _lengths(_decompress(counts) if isinstance(counts, str) else counts)
    if sum(lengths) != width * height:
        raise ValueError(
            f"{where} has run lengths ('counts') that do not add up to the {width}x{height} pixels "
            "of the picture; export it again"
        )
    column_wise = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
    return column_wise.reshape(width, height).T


def _lengths(counts: object) -> list[int]:
    """The run lengths, or none of them if they are no lengths."""
    if isinstance(counts, list) and all(type(n) is int and n >= 0 for n in counts):
        return counts
    return []


def _decompress(text: str) -> list[int]:
    """Run lengths of COCO's compressed text.

    A sign holds five bits, the lowest first, and whether more follow; the last one's highest bit is
    the number's sign. From the fourth on, numbers are differences to the run two before.
    """
    lengths: list[int] = []
    value = shift = 0
    for sign in text:
        bits = ord(sign) - 48
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (bits & 16) << (shift - 4)
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    return lengths
