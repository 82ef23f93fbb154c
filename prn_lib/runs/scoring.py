"""Images scored by a network: those of a test set, and new photographs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from prn_lib.common.files import whole_file, write_text
from prn_lib.common.progress import tqdm
from prn_lib.datasets import Sample
from prn_lib.datasets.reading.images import SUFFIXES, image_files
from prn_lib.datasets.reading.samples import read_samples
from prn_lib.evaluation.image_scores import image_scores
from prn_lib.evaluation.metrics import evaluate
from prn_lib.model import PRN
from prn_lib.runs.building import Setup
from prn_lib.runs.results import load_model, load_result

DEEPEST = 2**16 - 1  # the highest grey value of a score map as a file


@torch.inference_mode()
def predict(
    model: PRN, images: torch.Tensor, *, top_k: int, score: str = "top", batch_size: int = 16
) -> tuple[torch.Tensor, torch.Tensor]:
    """Score maps ``(N, S, S)`` and image scores ``(N,)`` in [0, 1] of uint8 ``(N, 3, S, S)``.

    ``score`` and ``top_k`` as :func:`prn_lib.evaluation.image_scores.image_scores` has them.
    """
    device = model.encoder.mean.device
    model.eval()
    maps, scores = [], []
    for batch in tqdm(images.split(batch_size), desc="scoring", unit="batch", leave=False):
        score_maps = model(batch.to(device).float() / 255).sigmoid()
        maps.append(score_maps[:, 0].cpu())
        scores.append(image_scores(score_maps, score, top_k).cpu())
    return torch.cat(maps), torch.cat(scores)


@dataclass(frozen=True)
class Judgement:
    """What a network says of the test images, and how good that is."""

    score_maps: np.ndarray  # (N, S, S) float32 in [0, 1]
    image_scores: np.ndarray  # (N,) float32 in [0, 1]
    metrics: dict[str, float]  # fractions


def judge(setup: Setup) -> Judgement:
    """Score the test images with the network as it is, and measure (Sec. 4.1)."""
    e = setup.experiment
    made = predict(setup.model, setup.test_images, top_k=e.top_k, score=e.image_score)
    maps, scores = (each.numpy() for each in made)
    labels = np.array([sample.is_anomaly for sample in setup.category.test], int)
    metrics = evaluate(scores, labels, maps, setup.test_masks[:, 0].numpy())
    return Judgement(maps, scores, metrics)


@dataclass(frozen=True)
class Scored:
    """What a network says of some photographs, in their order."""

    images: torch.Tensor  # (N, 3, S, S) uint8, squashed to a square as in training
    score_maps: np.ndarray  # (N, S, S) float32 in [0, 1]
    image_scores: np.ndarray  # (N,) float32 in [0, 1]


def score_photos(
    run_folder: Path | str, photos: Sequence[Path | str], device: torch.device | str = "cpu"
) -> Scored:
    """Score image files of any size with the run's last weights.

    Raises ValueError or FileNotFoundError, naming the file, for a photograph that cannot be read
    or a folder without a finished run.
    """
    experiment = load_result(run_folder).experiment
    samples = [Sample(Path(photo).stem, Path(photo)) for photo in photos]
    images, _ = read_samples(samples, experiment.image_size)
    model = load_model(run_folder, device)
    e = experiment
    maps, scores = predict(model, images, top_k=e.top_k, score=e.image_score)
    return Scored(images, maps.numpy(), scores.numpy())


def find_photos(places: Sequence[Path | str]) -> list[Path]:
    """The image files named, and those in the folders named, in order.

    Raises FileNotFoundError or ValueError, naming it, for a place that is not there or holds none.
    """
    files: list[Path] = []
    for place in map(Path, places):
        if place.is_dir():
            inside = image_files(place)
            if not inside:
                raise ValueError(f"{place} holds no image; known endings: {', '.join(SUFFIXES)}")
            files += inside
        elif place.is_file():
            files.append(place)
        else:
            raise FileNotFoundError(f"{place} is missing; give a photograph or a folder of them")
    return files


def write_scores(scored: Scored, photos: Sequence[Path], folder: Path) -> None:
    """Write ``scores.csv`` (photo, score) and each score map as ``<photo>.png`` of 16 bits.

    A map's side is the run's ``image_size``; 65535 is a score of 1. Raises ValueError, before
    anything is written, if two photographs have one name.
    """
    names = [path.name for path in photos]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"several photographs are called {twice[0]}; score them one folder a time")
    for name, score_map in zip(names, scored.score_maps, strict=True):
        with whole_file(folder / f"{name}.png") as draft:
            grey = np.rint(score_map * DEEPEST).astype(np.uint16)
            Image.fromarray(grey).save(draft, format="PNG")
    table = pd.DataFrame({"photo": [str(path) for path in photos], "score": scored.image_scores})
    write_text(folder / "scores.csv", table.to_csv(index=False, float_format="%.4f"))
