"""New photographs, scored by the network of a finished run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from prn_lib.datasets import Sample
from prn_lib.datasets.reading import read_samples
from prn_lib.results import load_model, load_result
from prn_lib.training import predict


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
