"""Datasets: every one becomes the same :class:`~prn_lib.datasets.category.Category`."""

from pathlib import Path

from prn_lib.datasets import magnetic_tile, mini, mvtec
from prn_lib.datasets.category import Category, Sample

__all__ = ["DATASETS", "Category", "Sample", "categories", "load_category"]

# dataset -> the module that reads its layout
DATASETS = {"mini": mvtec, "mvtec": mvtec, "magnetic_tile": magnetic_tile}


def _root(dataset: str, data_root: str | Path | None) -> Path:
    if dataset not in DATASETS:
        raise ValueError(f"unknown dataset {dataset!r}; known: {', '.join(DATASETS)}")
    if data_root is not None:
        return Path(data_root).expanduser()
    if dataset == "mini":
        return mini.ensure(mini.default_root())
    raise ValueError(
        f"dataset {dataset!r} needs data_root, the folder that holds its images; "
        "data/README.md says how to get them"
    )


def categories(dataset: str, data_root: str | Path | None = None) -> list[str]:
    """Names of the categories of a dataset found under ``data_root``, sorted.

    ``data_root`` may be None for the embedded mini dataset, which is generated at first use.
    Raises ValueError for an unknown dataset, FileNotFoundError for a folder without categories.
    """
    root = _root(dataset, data_root)
    found = DATASETS[dataset].categories(root) if root.is_dir() else []
    if not found:
        raise FileNotFoundError(
            f"no {dataset} category found in {root}; "
            "point data_root at the folder that holds the dataset"
        )
    return found


def load_category(
    dataset: str,
    name: str,
    data_root: str | Path | None = None,
    *,
    seed: int = 0,
    n_anomalies: int = 10,
) -> Category:
    """One category, split by the general supervised setting (App. A.2); no image is read yet.

    ``n_anomalies`` training anomalies are drawn by ``seed`` from all anomaly types and removed from
    the test set. Raises ValueError or FileNotFoundError with one line that names what is wrong.
    """
    root = _root(dataset, data_root)
    return DATASETS[dataset].load(dataset, name, root, seed, n_anomalies)
