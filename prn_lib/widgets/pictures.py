"""The pictures that sliders show: images, maps and masks side by side as bytes."""

import matplotlib
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch.nn import functional as F

from prn_lib.figures.base import CONTOUR
from prn_lib.figures.features import HEAT

GAP = 6
PINK = tuple(int(CONTOUR[i : i + 2], 16) / 255 for i in (1, 3, 5))


def heat(values: torch.Tensor, high: float) -> torch.Tensor:
    """A map ``(H, W)`` as an image ``(3, H, W)`` in [0, 1]: black is 0, the brightest ``high``."""
    coloured = matplotlib.colormaps[HEAT]((values / high).clamp(0, 1).numpy())
    return torch.from_numpy(coloured[..., :3]).permute(2, 0, 1).float()


def outlined(image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """``image`` ``(3, H, W)`` in [0, 1] with the border of ``mask`` ``(1, H, W)`` bool in pink."""
    inner = -F.max_pool2d(-F.pad(mask.float(), (1, 1, 1, 1))[None], 3, 1)[0] > 0.5
    pink = torch.tensor(PINK)[:, None, None]
    return torch.where(mask & ~inner, pink, image)


def side_by_side(*pictures: torch.Tensor) -> np.ndarray:
    """One picture ``(H, W, 3)`` uint8 of images ``(3, H, W)`` in [0, 1] and maps ``(H, W)``.

    A map is a mask, bool, or noise: -1 is black, 0 grey, 1 white.
    """
    parts = []
    for picture in pictures:
        picture = picture.cpu()
        if picture.ndim == 2:
            noise = picture.dtype != torch.bool
            picture = ((picture + 1) / 2 if noise else picture.float()).expand(3, -1, -1)
        parts += [picture, torch.ones(3, picture.shape[1], GAP)]
    joined = torch.cat(parts[:-1], dim=2).clamp(0, 1)
    return (255 * joined).round().byte().permute(1, 2, 0).contiguous().numpy()


def rendered(figure: Figure) -> np.ndarray:
    """A plot as a picture ``(H, W, 3)`` uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
