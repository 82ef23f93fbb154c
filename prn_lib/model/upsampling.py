"""Bilinear upsampling whose gradient is the same at every run, on a GPU too."""

import torch
from torch import nn
from torch.nn import functional as F


class Upsample(nn.Module):
    """``(B, C, H, W)`` -> ``(B, C, f H, f W)``, bilinear; pixels are squares, not points.

    torch's own, but on a GPU: there its gradient is summed in an order that changes from run to
    run, and the way that torch has to prevent that takes most of a training step.
    """

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """In channels-last memory if ``x`` is."""
        if x.is_cuda:
            return upsample_by_products(x, self.factor)
        return F.interpolate(x, scale_factor=self.factor, mode="bilinear", align_corners=False)


def upsample_by_products(x: torch.Tensor, factor: int) -> torch.Tensor:
    """The same as matrix products: along rows, then along columns; channels-last memory."""
    maps = x.permute(0, 2, 3, 1).contiguous()  # (B, H, W, C)
    count, height, width, channels = maps.shape
    across = interpolation_matrix(width, factor, x).expand(count * height, -1, -1)
    maps = torch.bmm(across, maps.flatten(0, 1))  # (B H, f W, C)
    down = interpolation_matrix(height, factor, x).expand(count, -1, -1)
    maps = torch.bmm(down, maps.view(count, height, -1))  # (B, f H, f W C)
    return maps.view(count, factor * height, -1, channels).permute(0, 3, 1, 2)


def interpolation_matrix(size: int, factor: int, like: torch.Tensor) -> torch.Tensor:
    """What each of ``factor`` x ``size`` new places takes of the old ones: rows that sum to 1.

    For factors that are powers of two, its numbers are exact in bfloat16. Type and device are those
    of ``like``.
    """
    places = (torch.arange(factor * size, device=like.device) + 0.5) / factor - 0.5
    places = places.clamp(0, size - 1)[:, None]
    old = torch.arange(size, device=like.device)
    return (1 - (places - old).abs()).clamp(min=0).to(like.dtype)
