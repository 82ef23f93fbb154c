"""Draw ``book/images/tiles.png`` from real magnetic tiles, and record how large their defects are.

Needs the images (``--root``); what it writes is committed, so that the book shows them to readers
who have no copy.
"""

import argparse
import json
import sys
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder
from prn_lib.datasets.layouts import magnetic_tile
from prn_lib.datasets.reading.samples import defect_areas, read_pair
from prn_lib.datasets.sample import Sample
from prn_lib.figures.base import CONTOUR, image_grid

COLUMNS = 6


def main() -> int:
    """Returns 0; errors of the loader end it with their message."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, type=Path, help="folder that holds MT_Free")
    root = parser.parse_args().root
    inventory = magnetic_tile.scan(root, magnetic_tile.POOLED)
    areas = defect_areas(inventory.anomalies, inventory.reading.masks)
    record = {"images": len(inventory.samples), "shares": [round(x, 6) for x in areas.tolist()]}
    write_text(project_folder() / "results" / "tile_areas.json", json.dumps(record) + "\n")

    tiles = magnetic_tile.group_by_tile(inventory.samples)
    tile = next(t for t in tiles if len(t) == COLUMNS and {s.defect for s in t} == {"crack"})
    first = {s.defect: s for s in reversed(inventory.anomalies)}
    kinds = [inventory.normals[0], *(first[defect] for defect in sorted(first))]
    figure, axes = image_grid(2, COLUMNS)
    for axis, sample in zip(axes[0], tile, strict=True):
        _draw(axis, sample, sample.image.stem.replace("_num", ",").replace("_", " "))
    for axis, sample in zip(axes[1], kinds, strict=True):
        _draw(axis, sample, sample.defect)
    figure.savefig(project_folder() / "book/images/tiles.png", dpi=110, facecolor="white")
    plt.close(figure)
    print(f"{len(areas)} defects; the tile: {', '.join(sample.name for sample in tile)}")
    return 0


def _draw(axis: Axes, sample: Sample, title: str) -> None:
    """The image at native proportions, its defect outlined."""
    image, mask = read_pair(sample, magnetic_tile.READING)
    axis.imshow(image)
    axis.set_title(title, fontsize=7)
    if mask is not None:
        axis.contour(mask.pixels, levels=[0.5], colors=CONTOUR, linewidths=0.8)


if __name__ == "__main__":
    sys.exit(main())
