"""Affine warps of whole batches, each image by its own transform.

torchvision's ``affine`` takes one transform a call; this is the same map (a test compares them).
A transform is ``(angle, shear x, shear y, shift x, shift y)``, in degrees and pixels, about the
image's centre.
"""

from collections.abc import Sequence

import torch
from torch.nn import functional as F

from prn_lib.synthesis.draws import to_device


def linear_part(transforms: torch.Tensor) -> torch.Tensor:
    """The matrix ``(..., 2, 2)`` that turns and shears (x, y); its determinant is 1."""
    angle, shear_x, shear_y = transforms[..., :3].deg2rad().unbind(-1)
    turn_x = (angle - shear_y).cos() / shear_y.cos()
    turn_y = (angle - shear_y).sin() / shear_y.cos()
    tan = shear_x.tan()
    rows = [turn_x, -turn_x * tan - angle.sin(), turn_y, -turn_y * tan + angle.cos()]
    return torch.stack(rows, dim=-1).unflatten(-1, (2, 2))


def inverse(linear: torch.Tensor) -> torch.Tensor:
    """Inverse of matrices ``(..., 2, 2)`` with determinant 1."""
    (a, b), (c, d) = (row.unbind(-1) for row in linear.unbind(-2))
    return torch.stack([d, -b, -c, a], dim=-1).unflatten(-1, (2, 2))


def source_maps(transforms: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """Where pixels of a warped image come from: ``(B, 3)`` complex for transforms ``(B, 5)``.

    The pixel (x, y), counted from the centre, comes from the point u x + v y + w of the image. Its
    real part goes from -1 to 1 from the left to the right border, its imaginary part from top to
    bottom: so a plane of points is one sum of a row and a column.
    """
    scale = to_device(torch.tensor([2 / shape[1], 2 / shape[0]]), transforms.device)
    linear = scale[:, None] * inverse(linear_part(transforms))  # (B, 2, 2)
    shift = -linear @ transforms[:, 3:, None]  # (B, 2, 1)
    return torch.complex(*torch.cat([linear, shift], dim=2).unbind(1))


def warp(images: torch.Tensor, maps: torch.Tensor, *, mode: str, padding: str) -> torch.Tensor:
    """Warp ``(B, C, H, W)`` float by :func:`source_maps` ``(B, 3)``.

    ``mode`` is "bilinear" or "nearest". Outside the image ``padding`` continues it: with "zeros",
    with its "border", or by "reflection".
    """
    height, width = images.shape[-2:]
    y = torch.arange(height, device=images.device)[:, None] - (height - 1) / 2
    x = torch.arange(width, device=images.device) - (width - 1) / 2
    u, v, w = maps[:, :, None, None].unbind(1)  # (B, 1, 1)
    grid = torch.view_as_real(u * x + (v * y + w))  # (B, H, W, 2)
    return F.grid_sample(images, grid, mode=mode, padding_mode=padding, align_corners=False)
