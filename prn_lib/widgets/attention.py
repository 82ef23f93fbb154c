"""Sliders over multi-size self-attention."""

import ipywidgets
import numpy as np
import torch
from torch.nn import functional as F

from prn_lib.figures.attention import HEADS, attention_weights
from prn_lib.model.attention import EXPONENTS, MultiSizeAttention
from prn_lib.widgets.explore import Controls, explore
from prn_lib.widgets.pictures import outlined, side_by_side

PLACES = 4  # along each axis of the image


def explore_attention(
    block: MultiSizeAttention, x: torch.Tensor, image: torch.Tensor
) -> ipywidgets.VBox:
    """Where a patch looks: the weights of one query patch, over the image.

    ``x`` ``(1, C, H, H)`` is the block's input for ``image`` ``(3, S, S)`` in [0, 1]. Black is the
    weight 0, grey the uniform weight, white twice that or more; beside it the same weights, the
    smallest black and the largest white.
    """
    weights = {divisor: attention_weights(block, x, divisor) for divisor in EXPONENTS}

    def render(head: str, row: int, column: int, divisor: str, seed: int) -> np.ndarray:
        relative = weights[divisor][head]
        cut = round(len(relative) ** 0.5)  # patches along an axis
        query = patch_at(row, cut) * cut + patch_at(column, cut)
        seen = relative[query].view(cut, cut)
        span = (seen.max() - seen.min()).clamp_min(1e-12)
        patch = torch.zeros(cut * cut)
        patch[query] = 1
        maps = (patch.view(cut, cut), seen - 1, 2 * (seen - seen.min()) / span - 1)
        patch, grey, stretched = F.interpolate(torch.stack(maps)[:, None], size=image.shape[-1])
        return side_by_side(outlined(image, patch > 0), grey[0], stretched[0])

    places = {str(i + 1): i for i in range(PLACES)}
    controls: Controls = {
        "head": {name: name for name in HEADS[1:]},
        "query's row": places,
        "query's column": places,
        "divisor": {"c_s": "c_s", "root of c_s": "sqrt"},
    }
    alt = (
        "An image with the query patch outlined; its weights over the patches, grey where uniform; "
        "the same weights from the smallest in black to the largest in white"
    )
    start = {"head": "h/8", "divisor": "c_s"}
    return explore(render, controls, alt=alt, width=660, start=start)


def patch_at(place: int, cut: int) -> int:
    """The patch, of ``cut`` along an axis, that holds the middle of a place."""
    return int((place + 0.5) / PLACES * cut)
