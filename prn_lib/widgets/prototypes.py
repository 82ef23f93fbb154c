"""A slider over the number of prototypes."""

from collections.abc import Sequence
from functools import cache

import ipywidgets
import numpy as np
import torch
from torch.nn import functional as F

from prn_lib.model import Encoder
from prn_lib.model.prototypes import SCALES, Prototypes, cluster_prototypes
from prn_lib.widgets.explore import explore
from prn_lib.widgets.pictures import heat, outlined, side_by_side

COUNTS = (1, 3, 6, 12)  # and all


def explore_prototypes(
    encoder: Encoder,
    normals: torch.Tensor,
    images: torch.Tensor,
    masks: torch.Tensor,
    names: Sequence[str],
) -> ipywidgets.VBox:
    """What is left of a test image when the nearest of K prototypes is taken away.

    ``normals`` ``(N, 3, S, S)`` uint8, test ``images`` ``(B, 3, S, S)`` uint8 and their ``masks``
    ``(B, 1, S, S)``, ``names`` of the images. Residuals of one scale have one brightness, whatever
    K is. The seed is that of k-means.
    """
    device, side = encoder.mean.device, images.shape[-1]
    of_normals = [x.cpu() for x in encoder(normals.to(device) / 255, layers=SCALES)]
    of_images = [x.cpu() for x in encoder(images.to(device) / 255, layers=SCALES)]

    @cache
    def fit(j: int, count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Members of each image's prototype ``(B, N)`` bool, and the mean residuals."""
        ratio = count / len(normals)
        maps = cluster_prototypes(of_normals[j], ratio=ratio, iterations=300, seed=seed)
        prototypes = Prototypes(maps)
        nearest = prototypes.nearest(of_images[j])
        members = nearest[:, None] == prototypes.nearest(of_normals[j])
        residuals = prototypes(of_images[j]).mean(1, keepdim=True)
        return members, F.interpolate(residuals, size=side, mode="bilinear")[:, 0]

    def render(scale: int, count: int, i: int, seed: int) -> np.ndarray:
        members, residuals = fit(scale - 1, count, seed)
        brightest = fit(scale - 1, 1, 0)[1].max().item()
        stand_in = normals[members[i]].float().mean(0) / 255
        return side_by_side(
            images[i] / 255,
            stand_in,
            heat(residuals[i], brightest),
            outlined(images[i] / 255, masks[i].bool()),
        )

    counts = {str(k): k for k in COUNTS if k < len(normals)}
    counts[f"{len(normals)}, all"] = len(normals)
    controls = {
        "scale": {str(j): j for j in range(1, SCALES + 1)},
        "K": counts,
        "test image": {name: i for i, name in enumerate(names)},
    }
    alt = (
        "A test image, the mean of the normal images nearest to the same prototype, the residual "
        "(black is 0), and the image with its defect outlined"
    )
    return explore(render, controls, alt=alt, width=700, start={"scale": "1"})
