"""From a score map to one number for its image (Sec. 3.5), and two other ways to get it.

The paper takes the mean of the 100 highest of 256 x 256 pixels (the option ``top_pixels``)
and names the price itself: a defect of fewer pixels cannot reach a high score, however sure its
pixels are.
"""

import numpy as np
import torch
from scipy import ndimage
from torchvision.transforms.v2.functional import gaussian_blur

from prn_lib.common.checks import check_choice

KINDS = ("top", "smoothed", "region")
SIGMA = 1 / 128  # of the smoothing, as a share of the image's side: 2 pixels of 256
EXTENT = 0.5  # a region reaches as far as the map is above this share of its maximum


def image_scores(score_maps: torch.Tensor, kind: str, top_k: int) -> torch.Tensor:
    """Score maps ``(B, 1, S, S)`` in [0, 1] -> ``(B,)`` in [0, 1], in one of the ``KINDS``."""
    check_choice("image_score", kind, KINDS)
    if kind == "top":
        return top_mean(score_maps, top_k)
    return smoothed_maximum(score_maps) if kind == "smoothed" else best_region(score_maps)


def count_at(side: int, pixels: int) -> int:
    """As many pixels of ``side`` x ``side`` as ``pixels`` are of 256 x 256, at least one."""
    return max(1, round(pixels * (side / 256) ** 2))


def top_mean(score_maps: torch.Tensor, top_k: int) -> torch.Tensor:
    """The mean of the ``top_k`` highest pixels (Sec. 3.5, 4.1)."""
    return score_maps.flatten(1).topk(top_k, dim=1).values.mean(dim=1)


def smoothed_maximum(score_maps: torch.Tensor, sigma: float = SIGMA) -> torch.Tensor:
    """The highest pixel after a Gaussian blur of ``sigma``, a share of the side."""
    pixels = sigma * score_maps.shape[-1]
    width = 2 * max(1, round(3 * pixels)) + 1
    blurred = gaussian_blur(score_maps, [width, width], [pixels, pixels])
    return blurred.flatten(1).amax(dim=1).clamp(max=1)


def best_region(score_maps: torch.Tensor) -> torch.Tensor:
    """The mean over a region as large as the find itself, whatever its size.

    Regions are 8-connected pixels of at least half of the map's maximum; the highest mean counts.
    """
    scores = []
    for score_map in score_maps[:, 0].detach().float().cpu().numpy():
        regions, count = ndimage.label(score_map >= EXTENT * score_map.max(), np.ones((3, 3)))
        means = ndimage.mean(score_map, regions, range(1, count + 1))
        scores.append(max(means, default=np.nan))  # no region: the map holds NaN
    return torch.tensor(np.array(scores), dtype=score_maps.dtype, device=score_maps.device)
