"""Photographs and annotation files as other tools write them, and what an import made of them."""

import base64
import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.datasets import DATASETS, load_category
from prn_lib.datasets.annotations.write import write_folder
from prn_lib.datasets.check import check

WIDTH, HEIGHT = 24, 16


def photo(path: Path, seed: int, size=(WIDTH, HEIGHT), orientation=1) -> Path:
    """A photograph of random pixels; ``size`` is that of the file, before EXIF turns it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(60, 200, (*size[::-1], 3), np.uint8)
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def normals(folder: Path, count=3) -> None:
    for i in range(count):
        photo(folder / f"normal{i}.png", 100 + i)


def block(top, left, bottom, right, size=(WIDTH, HEIGHT)) -> np.ndarray:
    """A mask (H, W) bool, true on these rows and columns, their ends left out."""
    mask = np.zeros(size[::-1], bool)
    mask[top:bottom, left:right] = True
    return mask


def shape(label, points, kind="polygon", **more) -> dict:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, **more}


def labelme(path: Path, shapes, size=(WIDTH, HEIGHT), image=None, **changes) -> Path:
    """LabelMe's JSON ``path`` about ``image``, by default the PNG of its name."""
    data = {
        "version": "5.5.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": image or path.with_suffix(".png").name,
        "imageData": None,
        "imageHeight": size[1],
        "imageWidth": size[0],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**data, **changes}))
    return path


def png_text(array: np.ndarray) -> str:
    """A picture as LabelMe embeds it: base64 of a PNG."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def imported(reading, out: Path):
    """Write a reading and check that the project reads it back without trouble.

    That one defect, or none, is too few to train on is no trouble of the import.
    """
    result = write_folder(reading, out)
    troubles = check(DATASETS["folder"], out).troubles
    assert [told for told in troubles if "has 1 anomaly;" not in told] == []
    load_category("folder", out.name, out, n_anomalies=0)
    return result


def mask_at(path: Path) -> np.ndarray:
    """A written mask (H, W) bool; it must be black and white."""
    with Image.open(path) as image:
        assert image.mode == "L"
        grey = np.asarray(image)
    assert set(np.unique(grey)) <= {0, 255}
    return grey > 0


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
