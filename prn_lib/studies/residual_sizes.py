"""Are residuals of new normal images as small as those that the network is trained on?

A prototype is a mean of training normals. The fewer it is a mean of, the more it knows of each, and
the smaller are their residuals; a new image has no part in any. A network that was shown only small
residuals of normals takes larger ones for defects.
"""

import pandas as pd
import torch

from prn_lib.model import PRN
from prn_lib.model.prototypes import SCALES
from prn_lib.runs.building import set_up
from prn_lib.runs.experiment import Experiment

BATCH = 16  # images
TRAINED, NEW, DEFECTIVE = "trained on", "new", "with a defect"


def residual_sizes(experiment: Experiment, device: torch.device | str = "cpu") -> pd.DataFrame:
    """How large the residuals of images are before any training (Eq. 1).

    A row for each image and scale: ``images`` ("trained on" for normals to train on, "new" for
    those of the test set, "with a defect" for its anomalies), ``scale`` (1 to 3) and ``size``, the
    mean of ``|D_j|`` over all elements in percent of the mean of ``|F_j|``. Raises ValueError for
    an experiment without prototypes.
    """
    setup = set_up(experiment, device)
    if not isinstance(setup.model, PRN) or not setup.model.has_prototypes:
        raise ValueError("only a PRN with prototypes has residuals; choose another experiment")
    tested: dict[str, list[int]] = {NEW: [], DEFECTIVE: []}
    for i, sample in enumerate(setup.category.test):
        tested[DEFECTIVE if sample.is_anomaly else NEW].append(i)
    assert setup.synthesizer is not None
    parts = {TRAINED: setup.synthesizer.normals}
    parts |= {name: setup.test_images[places] for name, places in tested.items()}
    rows = [
        (name, scale, size)
        for name, images in parts.items()
        for sizes in _sizes(setup.model, images).tolist()
        for scale, size in enumerate(sizes, start=1)
    ]
    return pd.DataFrame(rows, columns=["images", "scale", "size"])


@torch.inference_mode()
def _sizes(model: PRN, images: torch.Tensor) -> torch.Tensor:
    """Images ``(N, 3, S, S)`` uint8 -> sizes ``(N, 3)`` in percent."""
    device = model.encoder.mean.device
    found = []
    for batch in images.split(BATCH):
        features = model.encoder(batch.to(device).float() / 255, layers=SCALES)
        shares = [
            100 * _mean(prototypes(f)) / _mean(f)
            for prototypes, f in zip(model.prototypes, features, strict=True)
        ]
        found.append(torch.stack(shares, dim=1))
    return torch.cat(found).cpu()


def _mean(maps: torch.Tensor) -> torch.Tensor:
    return maps.abs().flatten(1).mean(1)
