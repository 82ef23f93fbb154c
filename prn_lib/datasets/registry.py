"""The datasets by name: find one, read one of its categories, list what is published."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from prn_lib.common.checks import check_choice
from prn_lib.datasets import mini
from prn_lib.datasets.category import Category
from prn_lib.datasets.dataset import Dataset
from prn_lib.datasets.layouts import btad, dagm, dtd, elpv, folder, ksdd2, magnetic_tile, mvtec
from prn_lib.datasets.layouts.pairing import passed_over
from prn_lib.datasets.split import N_ANOMALIES

_MODULES = (mini, mvtec, dagm, btad, ksdd2, magnetic_tile, elpv, folder, dtd)
DATASETS: dict[str, Dataset] = {module.DATASET.key: module.DATASET for module in _MODULES}


def find_dataset(key: str) -> Dataset:
    """What is known of a dataset. Raises ValueError, with the known keys, for an unknown one."""
    check_choice("dataset", key, DATASETS)
    return DATASETS[key]


def find_root(dataset: Dataset, data_root: str | Path | None) -> Path:
    """The folder of the images: ``data_root``, else ``data/<key>`` if it is there.

    Generates the mini dataset at first use. Raises ValueError if there is no folder to use.
    """
    if data_root is not None:
        return Path(data_root).expanduser()
    if dataset.generate is not None:
        return dataset.generate(dataset.default_root)
    if dataset.default_root.is_dir():
        return dataset.default_root
    raise ValueError(
        f"dataset {dataset.key!r} needs data_root, the folder that holds {dataset.holds} "
        f"(default {dataset.default_root}); "
        f"'prn data get --dataset {dataset.key}' says how to get it"
    )


def categories(dataset: str, data_root: str | Path | None = None) -> list[str]:
    """Names of the categories of a dataset found under ``data_root`` (or in ``data/<dataset>``).

    Raises ValueError for an unknown dataset, FileNotFoundError for a folder without categories.
    """
    known = find_dataset(dataset)
    return known.find_categories(find_root(known, data_root))


def load_category(
    dataset: str,
    name: str,
    data_root: str | Path | None = None,
    *,
    seed: int = 0,
    n_anomalies: int = N_ANOMALIES,
) -> Category:
    """One category, split by the general supervised setting (App. A.2); no image is read yet.

    ``n_anomalies`` training anomalies are drawn by ``seed`` from all anomaly types and removed from
    the test set. Raises ValueError or FileNotFoundError with one line that names what is wrong.
    """
    known = find_dataset(dataset)
    if known.split is None:
        raise ValueError(f"{dataset} holds textures, no product; use it by the option textures")
    drawn = known.generate is not None and data_root is None
    root = known.default_root if drawn else find_root(known, data_root)
    there = list(known.published) if drawn else known.find_categories(root)
    if name not in (*there, *known.by_name_only):
        others = f" (by name only: {', '.join(known.by_name_only)})" if known.by_name_only else ""
        raise ValueError(
            f"unknown category {name!r} of {dataset} in {root}; there: {', '.join(there)}{others}"
        )
    inventory = known.scan(find_root(known, data_root), name)  # the name is known: draw, if need be
    troubles = known.troubles(inventory, name)
    if troubles:
        raise ValueError(_first(troubles, known.key, root))
    category = known.split(inventory, dataset, name, seed, n_anomalies)
    return replace(
        category,
        notes=category.notes + _not_outlined(category) + passed_over(inventory),
        background=known.backgrounds.get(name),
    )


def _not_outlined(category: Category) -> tuple[str, ...]:
    if category.is_outlined:
        return ()
    anomalies = [sample for sample in category.test if sample.is_anomaly]
    count = sum(sample.mask is None for sample in anomalies)
    return (
        f"{count} of {len(anomalies)} anomalies of the test set have no mask, so that images are "
        "scored, and no pixels.",
    )


def _first(troubles: Sequence[str], key: str, root: Path) -> str:
    if len(troubles) == 1:
        return troubles[0]
    where = shlex.quote(str(root))
    return (
        f"{troubles[0]} ({len(troubles) - 1} more such troubles: "
        f"'prn data check --dataset {key} --root {where}' lists them)"
    )


def overview() -> pd.DataFrame:
    """One row a published dataset: what an intact copy holds, its licence, and how to get it."""
    rows = []
    for dataset in DATASETS.values():
        published = dataset.published.values()
        if not published:
            continue
        rows.append(
            {
                "dataset": dataset.title,
                "name": dataset.key,
                "categories": len(published),
                "normals": sum(p.normals + p.test_normals for p in published),
                "anomalies": sum(sum(p.anomalies.values()) for p in published),
                "licence": dataset.licence,
                "how to get it": dataset.how_to_get,
            }
        )
    return pd.DataFrame(rows)
