"""One product of the page: its networks, its pictures, and ``product.json``, their list."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from prn_lib.common.images import FULL_RANGE
from prn_lib.datasets import Category
from prn_lib.datasets.reading.contents import contents_of
from prn_lib.figures.features import HEAT
from prn_lib.model import PRN
from prn_lib.runs import load_model, load_result, read_category
from prn_lib.runs.export import check_image_score
from prn_lib.runs.results import Result, reading_of
from prn_lib.web.exported import Exported, export_network
from prn_lib.web.network import PageNetwork
from prn_lib.web.pictures import choose_pictures, write_normals, write_pictures

SAME = ("dataset", "category", "image_size", "seed", "n_anomalies", "n_normals")


@dataclass(frozen=True)
class Product:
    """What a page shows: a finished run and, to compare, one without prototypes or None."""

    run_folder: Path
    without: Path | None = None


def write_product(place: Path, product: Product, bits: int) -> dict[str, Any]:
    """Write a product's files into the empty folder ``place``; returns what ``product.json`` holds.

    Raises ValueError for a run that the page cannot show (which and why), and what
    :func:`~prn_lib.runs.results.load_model` and reading the run's images raise.
    """
    runs = _read_runs(product)
    result, network = runs["prn"]
    e = result.experiment
    category = read_category(e)
    for each, _ in runs.values():
        _check_images(each, category)
    test = category.load(category.test, e.image_size)
    exported = {
        name: export_network(place / f"{name}.onnx", network, result, category, test, bits)
        for name, (result, network) in runs.items()
    }
    shown = choose_pictures(category)
    told = {
        "name": e.category,
        "side": e.image_size,
        "networks": {name: each.told for name, each in exported.items()},
        "pictures": [
            {
                "file": file,
                "name": category.test[k].name,
                "kind": category.test[k].defect,
                "scores": _scores_of(exported, k),
            }
            for k, file in zip(shown, write_pictures(place, test[0], shown), strict=True)
        ],
        "brightest": exported["prn"].outputs["residuals"][shown].max(axis=(0, 2, 3)).tolist(),
        "normals": write_normals(place, e, network.model, category),
        "photographs": reading_of(result).grey_range == FULL_RANGE,
        "colours": _colours(),
    }
    (place / "product.json").write_text(json.dumps(told, indent=1) + "\n")
    return told


def _read_runs(product: Product) -> dict[str, tuple[Result, PageNetwork]]:
    """The product's runs by their names on the page; ValueError for one that it cannot show."""
    result = load_result(product.run_folder)
    runs = {"prn": (result, _network_of(result))}
    if not result.experiment.use_prototypes:
        raise ValueError(
            f"{result.folder} was trained without prototypes, so it has no residuals to show; give "
            "it with --without, beside a run that has them"
        )
    if product.without:
        other = load_result(product.without)
        runs["without"] = (other, _network_of(other))
        if other.experiment.use_prototypes:
            raise ValueError(f"{other.folder} has prototypes; --without wants a run that has none")
        ours, theirs = result.experiment, other.experiment
        differing = [field for field in SAME if getattr(ours, field) != getattr(theirs, field)]
        if differing:
            raise ValueError(
                f"{other.folder} differs from {result.folder} in {', '.join(differing)}; networks "
                "side by side must be of one split and one image_size"
            )
    return runs


def _network_of(result: Result) -> PageNetwork:
    e, model = result.experiment, load_model(result.folder)
    if not isinstance(model, PRN):
        raise ValueError(f"{result.folder} holds the method {e.method!r}; a page shows PRN")
    check_image_score(e.image_score, result.folder)
    return PageNetwork(model, e.image_score, e.top_k).eval()


def _check_images(result: Result, category: Category) -> None:
    """What a smaller file loses can be told only on the images that the run was judged on."""
    for part in ("test", "train_normals"):
        then = result.contents.get(part)
        if then is not None and then != contents_of(getattr(category, part)):
            raise ValueError(
                f"the images of {category.dataset}/{category.name} ({part}) are not those of "
                f"{result.folder}; restore them, or run again"
            )


def _scores_of(exported: dict[str, Exported], k: int) -> dict[str, float]:
    return {name: float(each.outputs["image_score"][k]) for name, each in exported.items()}


def _colours() -> str:
    """256 colours, RGB, of the book's maps."""
    table = matplotlib.colormaps[HEAT](np.arange(256))[:, :3]
    return base64.b64encode(np.rint(255 * table).astype(np.uint8).tobytes()).decode()
