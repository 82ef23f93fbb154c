"""The pictures of a product: some of its test set, and the normals that prototypes stand for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from prn_lib.datasets import Category
from prn_lib.figures.base import normal_first
from prn_lib.model import PRN
from prn_lib.model.prototypes import SCALES
from prn_lib.runs.building import divide_normals
from prn_lib.runs.experiment import Experiment
from prn_lib.web.network import prototypes_of

MOST = 12  # pictures of the test set
QUALITY = 80  # of the normals' pictures, WebP
BATCH = 32
EXACT = "donot_use_mm_for_euclid_dist"  # cdist's faster way rounds large features away


def choose_pictures(category: Category) -> list[int]:
    """Which test images a page offers: the first two good ones, then the first of each kind."""
    kinds = [sample.defect for sample in category.test]
    good = [k for k, sample in enumerate(category.test) if not sample.is_anomaly][:2]
    first = [kinds.index(kind) for kind in normal_first(set(kinds))]
    return list(dict.fromkeys([*good, *first]))[:MOST]


def write_pictures(place: Path, images: torch.Tensor, which: Sequence[int]) -> list[str]:
    """Some of the test images ``(N, 3, S, S)`` uint8, without loss; their names below ``place``."""
    names = [f"test/{k:04d}.png" for k in which]
    for k, name in zip(which, names, strict=True):
        _save(images[k], place / name, optimize=True)
    return names


def write_normals(
    place: Path, experiment: Experiment, model: PRN, category: Category
) -> list[list[str]]:
    """For each scale and prototype the picture, below ``place``, of the normal nearest to it."""
    _, clustered = divide_normals(experiment, category)
    normals, _ = clustered.load(clustered.train_normals, experiment.image_size)
    nearest = nearest_normals(model, normals)
    for i in {i for scale in nearest for i in scale}:
        _save(normals[i], place / _name_of(i), quality=QUALITY)
    return [[_name_of(i) for i in scale] for scale in nearest]


@torch.inference_mode()
def nearest_normals(model: PRN, normals: torch.Tensor) -> list[list[int]]:
    """For each scale and prototype the index of the normal ``(N, 3, S, S)`` uint8 nearest to it."""
    distances: list[list[torch.Tensor]] = [[] for _ in range(SCALES)]
    for batch in normals.split(BATCH):
        features = model.encoder(batch.float() / 255, layers=SCALES)
        for prototypes, x, kept in zip(prototypes_of(model), features, distances, strict=True):
            maps = prototypes.maps.flatten(1)
            kept.append(torch.cdist(x.flatten(1), maps, compute_mode=EXACT))
    return [torch.cat(each).argmin(0).tolist() for each in distances]


def _save(image: torch.Tensor, path: Path, **options: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(path, **options)


def _name_of(i: int) -> str:
    return f"normals/{i:04d}.webp"
