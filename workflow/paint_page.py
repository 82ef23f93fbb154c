"""Make the page on which defects are painted, from the finished runs of the embedded dataset.

``make book`` calls it. Button, grain and weave are shown if ``runs/`` has their run of the preset
``quick``; beside each the run without prototypes, if there is one. ``make paint`` trains all six.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from PIL import Image

from prn_lib.common.paths import project_folder
from prn_lib.datasets import mini
from prn_lib.runs import Experiment, default_folder
from prn_lib.runs.inspecting import read_threshold, set_threshold
from prn_lib.runs.results import RECORD, WEIGHTS
from prn_lib.web import Product, write_page

PAGE = Path("book/pages/alive/paint")
FALSE_ALARMS = 0.05
NORMALS, FIRST = 99, 1000  # drawn for the threshold, with numbers that the dataset does not have


def main() -> int:
    """Returns 0, or 1 if there is no run to show."""
    products = [p for p in map(product_of, sorted(mini.CATEGORIES)) if p is not None]
    if not products:
        print("error: no run to paint on; 'prn run --category button' makes one", file=sys.stderr)
        return 1
    for product in products:
        for folder in filter(None, (product.run_folder, product.without)):
            store_threshold(folder)
    place = project_folder() / PAGE
    shutil.rmtree(place, ignore_errors=True)
    write_page(place, products)
    return 0


def product_of(category: str) -> Product | None:
    """The runs of a category that are there, with their weights."""
    found = []
    for options in ({}, {"use_prototypes": False}):
        experiment = Experiment.from_preset("quick", dataset="mini", category=category, **options)
        folder = default_folder(experiment)
        there = all((folder / name).is_file() for name in (RECORD, WEIGHTS))
        found.append(folder if there else None)
    run_folder, without = found
    return Product(run_folder, without) if run_folder else None


def store_threshold(run_folder: Path) -> None:
    """Choose it on newly drawn normals, unless one is stored."""
    if read_threshold(run_folder):
        return
    category = run_folder.parent.name
    with tempfile.TemporaryDirectory(prefix="prn-") as scratch:
        photos = [Path(scratch, f"{i:04d}.png") for i in range(FIRST, FIRST + NORMALS)]
        for i, path in enumerate(photos, start=FIRST):
            Image.fromarray(mini.make_image(category, None, i)[0]).save(path, compress_level=1)
        set_threshold(run_folder, photos, FALSE_ALARMS)


if __name__ == "__main__":
    sys.exit(main())
