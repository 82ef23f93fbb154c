"""Methods of anomalib, judged like PRN: same split, images, encoder and metrics, the same record.

Install ``benchmarks/requirements-anomalib.txt`` into an environment of its own, then::

    PYTHONPATH=. python benchmarks/anomalib_methods.py patchcore --category button

The networks, losses and score maps are anomalib's, and so is the image score (``pred_score``).
Where anomalib would download an encoder, it gets PRN's: the frozen features F_1 .. F_3. What is
trained is trained as anomalib's own module has it, with the stated number of epochs.

PatchCore's choice of patches may take ten times the memory it needs, 15 GB for 60 small images,
when Linux' allocator scatters its pieces; ``MALLOC_MMAP_THRESHOLD_=1000000`` before the command
prevents that.
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

import numpy as np
import timm
import torch
from anomalib.data.utils.generators.perlin import PerlinAnomalyGenerator
from anomalib.models.image.draem.loss import DraemLoss
from anomalib.models.image.draem.torch_model import DraemModel
from anomalib.models.image.padim.torch_model import PadimModel
from anomalib.models.image.patchcore.torch_model import PatchcoreModel
from anomalib.models.image.stfpm import torch_model as stfpm
from anomalib.models.image.stfpm.loss import STFPMLoss
from experiment_words import add_words, experiment_of
from torch import nn
from tqdm.auto import tqdm

from prn_lib.common.devices import pick_device
from prn_lib.common.provenance import provenance
from prn_lib.model import Encoder
from prn_lib.runs import default_folder, read_category
from prn_lib.runs.building import build_encoder, made_from
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import RECORD, Result
from prn_lib.runs.running import load_finished, score_entries, split_names, write_result
from prn_lib.runs.scoring import measure

LAYERS = ["layer1", "layer2", "layer3"]  # F_1 .. F_3
PADIM_FEATURES = 100  # anomalib's number for ResNet-18
CORESET, NEIGHBOURS = 0.1, 9  # of PatchCore
STUDENT = {"lr": 0.4, "momentum": 0.9, "weight_decay": 0.001}  # of STFPM
DRAEM_RATE = 1e-4
BATCH, DRAEM_BATCH = 32, 8
SCORED_AT_ONCE = 16  # images

Fitted = tuple[nn.Module, list[float], str]  # the network, its losses, a note for the record


class Features(nn.Module):
    """Stands where anomalib has its extractor: images in [0, 1] -> F_j by layer name."""

    def __init__(self, encoder: nn.Module, layers: list[str]) -> None:
        """``layers`` are some of :data:`LAYERS`."""
        super().__init__()
        self.encoder, self.layers = encoder, layers

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """The layers that are asked for."""
        found = dict(zip(LAYERS, self.encoder(images, layers=len(LAYERS)), strict=True))
        return {layer: found[layer] for layer in self.layers}


class Student(nn.Module):
    """An untrained network of the encoder's kind, which sees what the encoder sees."""

    def __init__(self, encoder: Encoder, name: str) -> None:
        """``name`` is the encoder's."""
        super().__init__()
        model = "tf_efficientnet_lite0" if name == "efficientnet_lite0" else name
        self.body = timm.create_model(model, features_only=True, out_indices=(1, 2, 3))
        self.register_buffer("mean", encoder.mean)
        self.register_buffer("std", encoder.std)

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Images in [0, 1] -> F_1 .. F_3 of the student."""
        return dict(zip(LAYERS, self.body((images - self.mean) / self.std), strict=True))


def fit_padim(encoder: Encoder, normals: torch.Tensor, experiment: Experiment) -> Fitted:
    """A Gaussian for each place of the image."""
    model = PadimModel("resnet18", LAYERS, pre_trained=False, n_features=PADIM_FEATURES)
    model.feature_extractor = Features(encoder, LAYERS)
    model.idx = torch.randperm(sum(encoder.channels[:3]))[:PADIM_FEATURES]
    _show(model.to(encoder.mean.device).train(), normals)
    model.fit()
    return model, [], f"{PADIM_FEATURES} features of F_1 to F_3, drawn at random"


def fit_patchcore(encoder: Encoder, normals: torch.Tensor, experiment: Experiment) -> Fitted:
    """A tenth of all patches, chosen so that they lie far from each other."""
    layers = LAYERS[1:]
    model = PatchcoreModel(layers, "resnet18", pre_trained=False, num_neighbors=NEIGHBOURS)
    model.feature_extractor = Features(encoder, layers)
    _show(model.to(encoder.mean.device).train(), normals)
    model.subsample_embedding(CORESET)
    return model, [], f"F_2 and F_3, {CORESET:.0%} of the patches, {NEIGHBOURS} neighbours"


def fit_stfpm(encoder: Encoder, normals: torch.Tensor, experiment: Experiment) -> Fitted:
    """A student learns the encoder's features of normal images, and errs on others."""
    with patch.object(stfpm, "TimmFeatureExtractor", nn.Identity):  # it would be downloaded
        model = stfpm.STFPMModel(LAYERS)
    model.teacher_model = Features(encoder, LAYERS)
    model.student_model = Student(encoder, experiment.encoder)
    model.to(encoder.mean.device).train()
    criterion = STFPMLoss()
    optimizer = torch.optim.SGD(model.student_model.parameters(), **STUDENT)
    return _train(
        model, normals, experiment.epochs, BATCH, optimizer, lambda x: criterion(*model(x))
    )


def fit_draem(encoder: Encoder, normals: torch.Tensor, experiment: Experiment) -> Fitted:
    """Two networks: one mends an image with an invented anomaly, one sees what was mended."""
    model, criterion = DraemModel().to(encoder.mean.device).train(), DraemLoss()
    corrupt = PerlinAnomalyGenerator(blend_factor=(0.1, 1.0))
    optimizer = torch.optim.Adam(model.parameters(), lr=DRAEM_RATE)

    def loss(images: torch.Tensor) -> torch.Tensor:
        corrupted, masks = corrupt(images)
        mended, predicted = model(corrupted)
        return criterion(images, mended, masks, predicted)

    return _train(model, normals, experiment.epochs, DRAEM_BATCH, optimizer, loss)


METHODS: dict[str, Callable[[Encoder, torch.Tensor, Experiment], Fitted]] = {
    "padim": fit_padim,
    "patchcore": fit_patchcore,
    "stfpm": fit_stfpm,
    "draem": fit_draem,
}


def _show(model: nn.Module, normals: torch.Tensor) -> None:
    """Have the model remember features of all normals."""
    for batch in tqdm(normals.split(SCORED_AT_ONCE), desc="features", unit="batch", leave=False):
        model(_floats(batch, model))


def _train(
    model: nn.Module,
    normals: torch.Tensor,
    epochs: int,
    batch: int,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[torch.Tensor], torch.Tensor],
) -> Fitted:
    losses: list[float] = []
    for _ in tqdm(range(epochs), desc="training", unit="epoch", leave=False):
        for chosen in torch.randperm(len(normals)).split(batch):
            loss = loss_of(_floats(normals[chosen], model))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return model, losses, f"{len(losses)} steps of {batch} images, {epochs} epochs"


def _floats(images: torch.Tensor, model: nn.Module) -> torch.Tensor:
    return images.to(next(model.parameters()).device).float() / 255


@torch.inference_mode()
def score(model: nn.Module, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Anomaly maps ``(N, S, S)`` and image scores ``(N,)``, both anomalib's."""
    maps, scores = [], []
    for batch in tqdm(images.split(SCORED_AT_ONCE), desc="scoring", unit="batch", leave=False):
        made = model.eval()(_floats(batch, model))
        maps.append(made.anomaly_map.reshape(len(batch), *images.shape[2:]).cpu())
        scores.append(made.pred_score.flatten().cpu())
    return torch.cat(maps), torch.cat(scores)


def to_unit(values: torch.Tensor, scale: float) -> np.ndarray:
    """Distances d to d / (d + scale) in [0, 1): in the same order, in the range of PRN's scores."""
    return (values / (values + scale)).numpy()


def make_record(experiment: Experiment, folder: Path, device: torch.device) -> Result:
    """Fit the experiment's method to its normals, judge it on its test set, write the record.

    A finished ``folder`` is read instead; it must be of the same experiment and files.
    """
    if (folder / RECORD).is_file():
        return load_finished(folder, experiment)
    clock = {"start": time.perf_counter()}
    category = read_category(experiment)
    contents = made_from(experiment, category)
    normals, _ = category.load(category.train_normals, experiment.image_size)
    images, masks = category.load(category.test, experiment.image_size)
    encoder = build_encoder(experiment).to(device)
    clock["prepare"] = time.perf_counter()
    torch.manual_seed(experiment.seed)
    model, losses, note = METHODS[experiment.method](encoder, normals, experiment)
    clock["train"] = time.perf_counter()
    maps, scores = score(model, images)
    clock["test"] = time.perf_counter()
    result = Result(
        experiment=experiment,
        metrics=measure(category, scores.numpy(), maps.numpy(), masks),
        scores=score_entries(category, scores.numpy()),
        losses=losses,
        split=split_names(category),
        notes=[*category.notes, f"anomalib {version('anomalib')}: {note}."],
        provenance=provenance(device, clock),
        folder=folder,
        contents=contents,
        reading=dataclasses.asdict(category.reading),
    )
    usual, _ = score(model, normals[:SCORED_AT_ONCE])
    unit = to_unit(maps, float(usual.median().clamp(min=1e-6)))
    return write_result(result, unit, model.state_dict())


def main() -> int:
    """Returns 0; errors of the library end it with their message."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("method", choices=METHODS)
    add_words(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    experiment = experiment_of(told, seed=told.seed, method=told.method)
    result = make_record(experiment, told.out or default_folder(experiment), pick_device(None))
    print(result.folder, {name: round(100 * x, 1) for name, x in result.metrics.items()})
    return 0


if __name__ == "__main__":
    sys.exit(main())
