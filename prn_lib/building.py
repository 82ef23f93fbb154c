"""What an experiment describes, built: its images, its anomaly synthesis, its network."""

from pathlib import Path

import torch

from prn_lib.datasets import Category, load_category
from prn_lib.datasets.dtd import read_textures
from prn_lib.experiment import Experiment
from prn_lib.foregrounds import estimate_foregrounds, read_foregrounds
from prn_lib.model import PRN, Encoder, fit_prototypes, load_weights
from prn_lib.synthesis import Synthesizer, generated_textures
from prn_lib.synthesis.foreground import check_foregrounds

GENERATED_TEXTURES = 200


def read_category(experiment: Experiment) -> Category:
    """The experiment's category, split; no image is read yet."""
    return load_category(
        experiment.dataset,
        experiment.category,
        experiment.data_root,
        seed=experiment.seed,
        n_anomalies=experiment.n_anomalies,
    )


def build_synthesizer(
    experiment: Experiment, category: Category, device: torch.device | str = "cpu"
) -> Synthesizer:
    """Read the training images and prepare anomaly synthesis on ``device``.

    Raises ValueError for foregrounds that cannot be found, see :mod:`prn_lib.foregrounds`.
    """
    size = experiment.image_size
    normals, _ = category.load(category.train_normals, size)
    seen_images, seen_masks = category.load(category.train_anomalies, size)
    return Synthesizer(
        normals,
        seen_images,
        seen_masks,
        _textures(experiment) if experiment.heterologous else None,
        kinds=experiment.anomaly_kinds,
        use_target_area=experiment.use_target_area,
        foregrounds=_foregrounds(experiment, category, normals),
        device=device,
    )


def _textures(experiment: Experiment) -> torch.Tensor:
    if experiment.textures is not None:
        return read_textures(Path(experiment.textures), experiment.image_size)
    generator = torch.Generator().manual_seed(experiment.seed)
    return generated_textures(GENERATED_TEXTURES, experiment.image_size, generator)


def _foregrounds(
    experiment: Experiment, category: Category, normals: torch.Tensor
) -> torch.Tensor | None:
    if not (experiment.use_foreground and experiment.use_target_area):
        return None
    if experiment.foreground_masks is not None:
        return read_foregrounds(Path(experiment.foreground_masks), category, experiment.image_size)
    if category.background is None:
        return None
    foregrounds = estimate_foregrounds(normals, category.background)
    check_foregrounds(foregrounds, [sample.name for sample in category.train_normals])
    return foregrounds


def build_model(
    experiment: Experiment, normals: torch.Tensor, device: torch.device | str = "cpu"
) -> PRN:
    """An untrained PRN with prototypes of ``normals`` ``(N, 3, S, S)`` uint8; seeded."""
    weights = load_weights(experiment.weights, experiment.seed)
    encoder = Encoder(weights, train_layer4=experiment.train_layer4).to(device)
    prototypes = None
    if experiment.use_prototypes:
        prototypes = fit_prototypes(
            encoder,
            normals,
            ratio=experiment.prototype_ratio,
            iterations=experiment.kmeans_iterations,
            seed=experiment.seed,
            starts=experiment.kmeans_starts,
        )
    return assemble_model(experiment, encoder, prototypes).to(device)


def assemble_model(
    experiment: Experiment, encoder: Encoder, prototypes: list[torch.Tensor] | None
) -> PRN:
    """The experiment's network around an encoder and its prototypes; the seed sets the weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        return PRN(
            encoder,
            prototypes,
            fusion=experiment.use_fusion,
            shared_fusion=experiment.shared_fusion,
            attention_blocks=experiment.attention_blocks if experiment.use_attention else 0,
            image_size=experiment.image_size,
            embedding=experiment.embedding,
            head_width=experiment.head_width,
            residual_block=experiment.residual_block,
            attention_scale=experiment.attention_scale,
            residual_kind=experiment.residual,
        )
