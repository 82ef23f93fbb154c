"""What an experiment describes, built: its images, its anomaly synthesis, its network."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from prn_lib.common.images import is_image
from prn_lib.datasets import Category, Sample, load_category
from prn_lib.datasets.foregrounds import (
    check_foregrounds,
    estimate_foregrounds,
    read_foregrounds,
)
from prn_lib.datasets.layouts.dtd import read_textures
from prn_lib.datasets.reading.contents import contents_of
from prn_lib.datasets.split import divide_by_group, split_generator, with_fewer_normals
from prn_lib.model import (
    PRN,
    Encoder,
    Network,
    fit_nearest_patch,
    fit_prototypes,
    load_encoder,
)
from prn_lib.runs.experiment import OF_ANOMALIB, Experiment
from prn_lib.synthesis import Synthesizer, generated_textures
from prn_lib.training.loop import Training, count_steps

GENERATED_TEXTURES = 200
_TRAINING_FIELDS = (
    "seed",
    "normals_per_batch",
    "extended_per_batch",
    "simulated_per_batch",
    "learning_rate",
    "schedule",
    "weight_decay",
    "focal_weight",
    "focal_alpha",
    "focal_gamma",
    "precision",
)


def read_category(experiment: Experiment) -> Category:
    """The experiment's category, split; no image is read yet."""
    category = load_category(
        experiment.dataset,
        experiment.category,
        experiment.data_root,
        seed=experiment.seed,
        n_anomalies=experiment.n_anomalies,
    )
    if experiment.n_normals is None:
        return category
    return with_fewer_normals(category, experiment.n_normals, experiment.seed)


def made_from(experiment: Experiment, category: Category) -> dict[str, str]:
    """Digests of what a run is made from, by part: images with masks, how they are read, others."""
    parts = {
        part: contents_of(getattr(category, part))
        for part in ("train_normals", "train_anomalies", "test")
    }
    reading = category.reading
    parts["reading"] = f"masks: {reading.masks}; 16-bit grey: {reading.grey_range}"
    for name in ("textures", "foreground_masks", "weights"):
        given = getattr(experiment, name)
        if given and Path(given).expanduser().exists():
            parts[name] = _contents_below(Path(given).expanduser())
    return parts


def _contents_below(place: Path) -> str:
    """Of a file, or of the images in a folder."""
    found = [place] if place.is_file() else sorted(filter(is_image, place.rglob("*")))
    return contents_of([Sample(path.relative_to(place).as_posix(), path) for path in found])


def build_synthesizer(
    experiment: Experiment, category: Category, device: torch.device | str = "cpu"
) -> Synthesizer:
    """Read the training images and prepare anomaly synthesis on ``device``.

    Raises ValueError for foregrounds that cannot be found, see :mod:`prn_lib.datasets.foregrounds`.
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
    encoder = build_encoder(experiment).to(device)
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


def build_encoder(experiment: Experiment, weights: str | None = None) -> Encoder:
    """The experiment's encoder, with its weights or others."""
    return load_encoder(
        experiment.encoder,
        weights or experiment.weights,
        experiment.seed,
        train_layer4=experiment.train_layer4,
    )


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


@dataclass(frozen=True)
class Setup:
    """What an experiment works on: images in memory, anomaly synthesis, a network to train."""

    experiment: Experiment
    category: Category
    synthesizer: Synthesizer | None  # None: nothing is trained
    test_images: torch.Tensor  # (N, 3, S, S) uint8
    test_masks: torch.Tensor  # (N, 1, S, S) uint8 {0, 1}; zeros where there is no mask
    model: Network


def set_up(experiment: Experiment, device: torch.device | str) -> Setup:
    """Read the images, fit prototypes or patches, and build the network, which is not trained.

    Raises ValueError for a method that another library has.
    """
    if experiment.method in OF_ANOMALIB:
        raise ValueError(
            f"method {experiment.method!r} is one of anomalib's; in a checkout of the project, "
            "benchmarks/anomalib_methods.py makes its record and says what to install"
        )
    category = read_category(experiment)
    test_images, test_masks = category.load(category.test, experiment.image_size)
    if experiment.method == "nearest_patch":
        normals, _ = category.load(category.train_normals, experiment.image_size)
        rival = fit_nearest_patch(build_encoder(experiment).to(device), normals)
        return Setup(experiment, category, None, test_images, test_masks, rival)
    trained, clustered = divide_normals(experiment, category)
    synthesizer = build_synthesizer(experiment, trained, device)
    normals = synthesizer.normals
    if clustered is not trained:
        normals, _ = clustered.load(clustered.train_normals, experiment.image_size)
    model = build_model(experiment, normals, device)
    return Setup(experiment, category, synthesizer, test_images, test_masks, model)


def divide_normals(experiment: Experiment, category: Category) -> tuple[Category, Category]:
    """The category to train on and that to make prototypes of: the same, unless they are apart.

    Apart, each has half of the normals, drawn by the seed; a group is in one half.
    """
    if not experiment.prototypes_apart:
        return category, category
    name = f"{category.name}/prototypes"
    generator = split_generator(category.dataset, name, experiment.seed)
    halves = divide_by_group(category.train_normals, 0.5, generator)
    if not all(halves):
        raise ValueError(
            f"prototypes_apart=True needs normals of two groups, but {category.dataset}/"
            f"{category.name} has one; leave it out"
        )
    trained, clustered = (replace(category, train_normals=tuple(half)) for half in halves)
    return trained, clustered


def prepare_training(setup: Setup) -> Training:
    """The experiment's training of ``setup``'s network, before its first step.

    Raises ValueError for a method that learns nothing.
    """
    experiment = setup.experiment
    if setup.synthesizer is None or not isinstance(setup.model, PRN):
        raise ValueError(f"the method {experiment.method!r} learns nothing")
    return Training(
        setup.model,
        setup.synthesizer,
        steps=count_steps(
            len(setup.synthesizer.normals),
            experiment.normals_per_batch,
            experiment.epochs,
            experiment.max_steps,
        ),
        **{name: getattr(experiment, name) for name in _TRAINING_FIELDS},
    )
