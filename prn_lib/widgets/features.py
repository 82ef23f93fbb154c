"""A slider over the channels of the encoder."""

import ipywidgets
import numpy as np
import torch
from torch.nn import functional as F

from prn_lib.model import Encoder
from prn_lib.widgets.explore import explore
from prn_lib.widgets.pictures import side_by_side

DOZEN = 12


def explore_channels(
    encoder: Encoder, normal: torch.Tensor, anomalous: torch.Tensor
) -> ipywidgets.VBox:
    """Two images ``(3, S, S)`` in [0, 1], each beside one channel of a layer.

    Seed 0 shows a layer's first dozen of channels, seed 1 the second.
    """
    images = torch.stack([normal, anomalous])
    side = images.shape[-1]
    features = encoder(images.to(encoder.mean.device), layers=3)

    def render(layer: int, channel: int, seed: int) -> np.ndarray:
        maps = features[layer - 1].cpu()
        maps = maps[:, (channel + DOZEN * seed) % maps.shape[1]]
        low, high = maps.min(), maps.max()
        grey = 2 * (maps - low) / (high - low).clamp(min=1e-6) - 1
        grey = F.interpolate(grey[:, None], size=side)[:, 0]  # by nearest: a position is a square
        return side_by_side(normal, grey[0], anomalous, grey[1])

    controls = {
        "layer": {str(j): j for j in (1, 2, 3)},
        "channel": {str(k): k for k in range(DOZEN)},
    }
    alt = "A normal image and a channel of it in grey, then an anomalous image and the same channel"
    return explore(render, controls, alt=alt, width=700, start={"layer": "2", "channel": "4"})
