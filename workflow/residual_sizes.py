"""Record the residuals of trained, new and defective images: ``results/residual_sizes.json``.

Nothing is trained. The mini categories are always measured; real ones where their folder is given.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder
from prn_lib.datasets.mini import CATEGORIES
from prn_lib.runs import Experiment
from prn_lib.studies.residual_sizes import residual_sizes

SETTINGS: dict[str, dict[str, Any]] = {
    "PRN": {},
    "every normal a prototype": {"prototype_ratio": 1.0},
    "apart": {"prototypes_apart": True},
    "apart, every normal a prototype": {"prototypes_apart": True, "prototype_ratio": 1.0},
}


def main() -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiles", type=Path, help="folder that holds MT_Free")
    parser.add_argument("--mvtec", type=Path, help="folder that holds bottle and pill")
    parser.add_argument("--weights", default="imagenet", help="of ResNet-18, for MVTec AD")
    told = parser.parse_args()
    products = [Experiment.from_preset("quick", category=name) for name in CATEGORIES]
    if told.mvtec:
        resnet = {"encoder": "resnet18", "weights": told.weights}
        of = {"dataset": "mvtec", "data_root": told.mvtec, **resnet}
        products += [Experiment.from_preset("quick", category=c, **of) for c in ("bottle", "pill")]
    if told.tiles:
        of = {"dataset": "magnetic_tile", "category": "all", "data_root": told.tiles}
        products.append(Experiment.from_preset("quick", **of))
    rows = []
    for product in products:
        for setting, options in SETTINGS.items():
            sizes = residual_sizes(dataclasses.replace(product, **options))
            for (images, scale), part in sizes.groupby(["images", "scale"], sort=False):
                rows.append(
                    {
                        "dataset": product.dataset,
                        "category": product.category,
                        "setting": setting,
                        "images": images,
                        "scale": int(scale),
                        "sizes": [round(x, 2) for x in part["size"]],
                    }
                )
            print(product.category, setting, sizes.groupby(["scale", "images"])["size"].mean())
    path = project_folder() / "results" / "residual_sizes.json"
    write_text(path, "[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
