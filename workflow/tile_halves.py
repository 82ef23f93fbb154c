"""Divide the magnetic tiles in two halves: one to choose on, one to judge on.

Writes ``<out>/choose`` and ``<out>/judge`` in the dataset's own layout. Tiles with a defect and
tiles without are divided apart; no tile is in both halves. ``--shape pad`` makes each photograph
square with a border of its median grey, so that none is squashed.
"""

import argparse
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from prn_lib.common.files import whole_folder
from prn_lib.datasets.layouts import magnetic_tile
from prn_lib.datasets.sample import GOOD, Sample

HALVES = ("choose", "judge")
SHAPES = ("as it is", "pad")


def main() -> int:
    """Returns 0; errors of the loader end it with their message."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, type=Path, help="folder that holds MT_Free")
    parser.add_argument("--out", required=True, type=Path, help="a new folder")
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    samples = magnetic_tile.scan(options.root, magnetic_tile.POOLED).samples
    chosen = half_of_groups(samples, options.seed)
    with whole_folder(options.out) as draft:
        for sample in samples:
            half = draft / HALVES[0 if sample.group in chosen else 1]
            _write(sample, half / sample.image.parent.relative_to(options.root), options.shape)
    for half in HALVES:
        there = magnetic_tile.scan(options.out / half, magnetic_tile.POOLED)
        print(f"{half}: {len(there.normals)} normals, {len(there.anomalies)} anomalies")
    return 0


def half_of_groups(samples: Iterable[Sample], seed: int) -> set[str | None]:
    """Half of the groups with an anomaly and half of those without, drawn at random."""
    groups = {sample.group: False for sample in samples}
    groups |= {sample.group: True for sample in samples if sample.defect != GOOD}
    generator = np.random.default_rng(seed)
    chosen: set[str | None] = set()
    for anomalous in (False, True):
        members = sorted(group or "" for group in groups if groups[group] == anomalous)
        chosen |= {str(g) for g in generator.permutation(members)[: len(members) // 2]}
    return chosen


def _write(sample: Sample, folder: Path, shape: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in (sample.image, sample.image.with_suffix(".png")):  # MT_Free has blank masks too
        if shape == SHAPES[0]:
            shutil.copyfile(path, folder / path.name)
        else:
            _padded(path, is_mask=path.suffix == ".png").save(folder / path.name, quality=95)


def _padded(path: Path, *, is_mask: bool) -> Image.Image:
    image = Image.open(path).convert("L")
    grey = 0 if is_mask else int(np.median(np.asarray(image)))
    side = max(image.size)
    square = Image.new("L", (side, side), grey)
    square.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return square


if __name__ == "__main__":
    sys.exit(main())
