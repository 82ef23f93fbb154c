"""Copies of the published datasets in their exact layout: names, endings, modes, sizes, labels.

Each image is painted once and hard-linked under every published name, so that a full copy of
MVTec AD takes a second.
"""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.datasets import DATASETS

GREY_IN_MVTEC = ("grid", "screw", "zipper")


class Painter:
    """Paints an image or mask once for each mode, size and ending, and links it where asked."""

    def __init__(self, store: Path):
        self.store = store
        store.mkdir(parents=True)

    def image(self, path, size, mode="RGB"):
        colour = 120 if mode == "L" else (120, 90, 60)
        self._link(path, f"image-{mode}", lambda: Image.new(mode, size, colour), size)

    def mask(self, path, size, *, empty=False, soft=False):
        def paint():
            grey = np.zeros(size[::-1], np.uint8)
            if not empty:
                grey[5:25, 5:45] = 255
            if soft:
                grey[4, 5:45] = 90
            return Image.fromarray(grey)

        self._link(path, f"mask-{empty}-{soft}", paint, size)

    def _link(self, path, kind, paint, size):
        template = self.store / f"{kind}-{size[0]}x{size[1]}{path.suffix}"
        if not template.exists():
            form = {"jpg": "JPEG", "bmp": "BMP", "png": "PNG"}[path.suffix[1:].lower()]
            with template.open("wb") as file:
                paint().save(file, form)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(template, path)


def make_mvtec(root, painter, names, *, shrink=1):
    """``shrink`` divides the published sizes: reading all of them takes half a minute."""
    for name in names:
        published = DATASETS["mvtec"].published[name]
        size = tuple(length // shrink for length in published.sizes[0])
        mode = "L" if name in GREY_IN_MVTEC else "RGB"
        for part, count in (("train", published.normals), ("test", published.test_normals)):
            for i in range(count):
                painter.image(root / name / part / "good" / f"{i:03d}.png", size, mode)
        for defect, count in published.anomalies.items():
            for i in range(count):
                painter.image(root / name / "test" / defect / f"{i:03d}.png", size, mode)
                painter.mask(root / name / "ground_truth" / defect / f"{i:03d}_mask.png", size)
        for text in ("license.txt", "readme.txt"):
            (root / name / text).write_text("MVTec AD")


def make_dagm(root, painter, counts, *, nested=False):
    """``counts``: class -> (images, defective) of Train, then of Test, as NVIDIA asserts them."""
    for name, numbers in counts.items():
        folder = root / name / name if nested else root / name
        for part, (total, defective), first in (
            ("Train", numbers[:2], numbers[2] + 1),
            ("Test", numbers[2:], 1),
        ):
            rows = ["1"]
            for i in range(total):
                stem = f"{first + i:04d}"
                painter.image(folder / part / f"{stem}.PNG", (512, 512), "L")
                bad = i % 3 == 1 and i // 3 < defective
                if bad:
                    painter.mask(folder / part / "Label" / f"{stem}_label.PNG", (512, 512))
                label = f"{stem}_label.PNG" if bad else "0"
                rows.append(f"{i}\t{int(bad)}\t{stem}.PNG\t0\t{label}")
            (folder / part / "Label" / "Labels.txt").write_text("\n".join(rows) + "\n")
            (folder / part / "Thumbs.db").write_bytes(b"\0")


def make_btad(root, painter):
    """The endings differ by product; ``01/test/ko`` lacks 0027, ``02/train/ok`` lacks 0087."""
    for name, ending, mask_ending, size in (
        ("01", "bmp", "png", (1600, 1600)),
        ("02", "png", "png", (600, 600)),
        ("03", "bmp", "bmp", (800, 600)),
    ):
        published = DATASETS["btad"].published[name]
        gaps = {("01", "ko"): 27, ("02", "train"): 87}
        for folder, count, gap in (
            ("train/ok", published.normals, gaps.get((name, "train"))),
            ("test/ok", published.test_normals, None),
            ("test/ko", published.anomalies["ko"], gaps.get((name, "ko"))),
        ):
            numbers = [i for i in range(count + 1) if i != gap][:count]
            for i in numbers:
                painter.image(root / name / folder / f"{i:04d}.{ending}", size)
                if folder == "test/ko":
                    truth = root / name / "ground_truth/ko"
                    painter.mask(truth / f"{i:04d}.{mask_ending}", size)


def make_ksdd2(root, painter):
    """Every image has a mask; the official archive's stray copies and pickles are there too.

    Only the first have their published sizes: a copy with all of them takes a minute to read.
    """
    number = 10000
    for part, positive, negative in (("train", 246, 2085), ("test", 110, 894)):
        for i in range(positive + negative):
            size = ((230, 637), (184, 597), (241, 665))[i % 3] if i < 60 else (230, 61)
            painter.image(root / part / f"{number}.png", size)
            painter.mask(root / part / f"{number}_GT.png", size, empty=i >= positive)
            number += 1
        number = 20000
    painter.image(root / "train" / "10301 (copy).png", (230, 637))
    painter.mask(root / "train" / "10301_GT (copy).png", (230, 637), empty=True)
    for k in (0, 16, 53, 126, 246):
        (root / f"split_weakly_{k}.pyb").write_bytes(b"\x80\x03].")


def make_tiles(root, painter):
    """The published numbers of each type, six exposures a tile, four empty masks in MT_Uneven."""
    number = 1000
    published = {"Free": 952, "Blowhole": 115, "Break": 85, "Crack": 57, "Fray": 32, "Uneven": 103}
    for kind, count in published.items():
        for i in range(count):
            number += 10 if i % 6 else 1000  # the next exposure, or the next tile
            stem = f"MT_{kind}/Imgs/exp{1 + i % 6}_num_{number}"
            size = (220 + i % 6, 300)
            painter.image(root / f"{stem}.jpg", size, "L")
            empty = kind == "Free" or (kind == "Uneven" and i % 30 == 0)
            painter.mask(root / f"{stem}.png", size, empty=empty, soft=not empty)


def make_dtd(root, painter, names):
    for name in names:
        for i in range(120):
            path = root / "images" / name / f"{name}_{2 * i + 1:04d}.jpg"  # numbers have gaps
            painter.image(path, (300, 400), "L" if i % 40 == 0 else "RGB")


def make_product(folder, painter, *, good=12, defects=(("scratch", 4), ("dent", 3))):
    """A product of one's own: different photographs of several formats, masks beside defects."""
    for i in range(good):
        ending = ("jpg", "JPG", "png", "bmp")[i % 4]
        _photograph(folder / "good" / f"IMG_{i:04d}.{ending}", 10 * i)
    for defect, count in defects:
        for i in range(count):
            _photograph(folder / defect / f"{defect} {i}.jpg", 20 * i + len(defect))
            painter.mask(folder / defect / f"{defect} {i}_mask.png", (160, 120), soft=True)


def _photograph(path, grey):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (160, 120), (grey, 100, 90)).save(path)
