"""Images scored by a network: those of a test set, and new photographs."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from prn_lib.common.progress import tqdm
from prn_lib.datasets import Category, Sample
from prn_lib.datasets.reading.samples import read_samples
from prn_lib.evaluation.image_scores import image_scores
from prn_lib.evaluation.metrics import evaluate
from prn_lib.inspection.folder import find_photos
from prn_lib.model import Network
from prn_lib.runs.building import Setup
from prn_lib.runs.results import load_model, load_result, reading_of


@torch.inference_mode()
def predict(
    model: Network, images: torch.Tensor, *, top_k: int, score: str = "top", batch_size: int = 16
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
    metrics: dict[str, float]  # fractions; those of pixels are NaN if anomalies have no mask


def judge(setup: Setup) -> Judgement:
    """Score the test images with the network as it is, and measure (Sec. 4.1)."""
    e = setup.experiment
    made = predict(setup.model, setup.test_images, top_k=e.top_k, score=e.image_score)
    maps, scores = (each.numpy() for each in made)
    return Judgement(maps, scores, measure(setup.category, scores, maps, setup.test_masks))


def measure(
    category: Category, scores: np.ndarray, maps: np.ndarray, masks: torch.Tensor
) -> dict[str, float]:
    """The four metrics of the test images, as fractions; those of pixels are NaN without masks.

    ``scores`` ``(N,)``, ``maps`` ``(N, S, S)`` and ``masks`` ``(N, 1, S, S)`` in the test's order.
    """
    labels = np.array([sample.is_anomaly for sample in category.test], int)
    return evaluate(scores, labels, maps, masks[:, 0].numpy() if category.is_outlined else None)


@dataclass(frozen=True)
class Scored:
    """What a network says of some photographs, in their order."""

    images: torch.Tensor  # (N, 3, S, S) uint8, squashed to a square as in training
    score_maps: np.ndarray  # (N, S, S) float32 in [0, 1]
    image_scores: np.ndarray  # (N,) float32 in [0, 1]


def score_photos(
    run_folder: Path | str,
    photos: Path | str | Iterable[Path | str],
    device: torch.device | str = "cpu",
) -> Scored:
    """Score image files of any size, and those in folders, with the run's last weights.

    ``photos`` is a file, a folder, or several; the order is that of
    :func:`prn_lib.inspection.folder.find_photos`. Files are read as those that the run learnt from.

    Raises ValueError or FileNotFoundError, naming the file, for a photograph that cannot be read
    or a folder without a finished run.
    """
    result = load_result(run_folder)
    e = result.experiment
    places = [photos] if isinstance(photos, str | Path) else photos
    samples = [Sample(path.stem, path) for path in find_photos(places)]
    images, _ = read_samples(samples, e.image_size, reading_of(result))
    model = load_model(run_folder, device)
    maps, scores = predict(model, images, top_k=e.top_k, score=e.image_score)
    return Scored(images, maps.numpy(), scores.numpy())
