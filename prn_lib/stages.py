"""The stages of a run: set up, train, judge. Each is plain and leaves nothing on disk."""

from dataclasses import dataclass

import numpy as np
import torch

from prn_lib.building import build_model, build_synthesizer, read_category
from prn_lib.datasets import Category
from prn_lib.experiment import Experiment
from prn_lib.metrics import evaluate
from prn_lib.model import PRN
from prn_lib.synthesis import Synthesizer
from prn_lib.training import Training, count_steps, predict

_TRAINING_FIELDS = (
    "seed",
    "normals_per_batch",
    "extended_per_batch",
    "simulated_per_batch",
    "learning_rate",
    "weight_decay",
    "focal_weight",
    "focal_alpha",
    "focal_gamma",
    "precision",
)


@dataclass(frozen=True)
class Setup:
    """What an experiment works on: images in memory, anomaly synthesis, a network to train."""

    experiment: Experiment
    category: Category
    synthesizer: Synthesizer
    test_images: torch.Tensor  # (N, 3, S, S) uint8
    test_masks: torch.Tensor  # (N, 1, S, S) uint8 {0, 1}
    model: PRN


@dataclass(frozen=True)
class Judgement:
    """What a network says of the test images, and how good that is."""

    score_maps: np.ndarray  # (N, S, S) float32 in [0, 1]
    image_scores: np.ndarray  # (N,) float32 in [0, 1]
    metrics: dict[str, float]  # fractions


def set_up(experiment: Experiment, device: torch.device | str) -> Setup:
    """Read the images, fit the prototypes and build the untrained network."""
    category = read_category(experiment)
    synthesizer = build_synthesizer(experiment, category, device)
    test_images, test_masks = category.load(category.test, experiment.image_size)
    model = build_model(experiment, synthesizer.normals, device)
    return Setup(experiment, category, synthesizer, test_images, test_masks, model)


def prepare_training(setup: Setup) -> Training:
    """The experiment's training of ``setup``'s network, before its first step."""
    experiment = setup.experiment
    return Training(
        setup.model,
        setup.synthesizer,
        steps=count_steps(
            len(setup.category.train_normals),
            experiment.normals_per_batch,
            experiment.epochs,
            experiment.max_steps,
        ),
        **{name: getattr(experiment, name) for name in _TRAINING_FIELDS},
    )


def judge(setup: Setup) -> Judgement:
    """Score the test images with the network as it is, and measure (Sec. 4.1)."""
    e = setup.experiment
    maps, scores = predict(setup.model, setup.test_images, top_k=e.top_k, score=e.image_score)
    maps, scores = maps.numpy(), scores.numpy()
    labels = np.array([sample.is_anomaly for sample in setup.category.test], int)
    metrics = evaluate(scores, labels, maps, setup.test_masks[:, 0].numpy())
    return Judgement(maps, scores, metrics)
