"""Figures of multi-scale fusion: what arrives where, and our Fig. 4."""

from textwrap import fill
from typing import cast

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import nn

from prn_lib.figures.base import CELL, Picture, image_grid, picture
from prn_lib.model.fusion import FusionBlock
from prn_lib.model.upsampling import Upsample

KINDS = {"same": "0.9", "down": "#cfe3f7", "up": "#fde2c8"}  # the colour of a transform's cell
CELL_CHARACTERS = 20  # a line of such a cell


def channels_of(block: FusionBlock) -> list[int]:
    """c_j of every scale."""
    _, *others = block.transforms[0].children()
    into_first = [cast(nn.Conv2d, _layers(f_r1)[0]) for f_r1 in others]
    return [into_first[0].out_channels, *(layer.in_channels for layer in into_first)]


@torch.no_grad()
def impulse_responses(
    block: FusionBlock, r: int, side: int, at: tuple[int, int]
) -> list[torch.Tensor]:
    """What one active position of scale ``r`` (0 is the finest) changes in every fused map.

    ``side`` is that of the finest maps, ``at`` the position, as row and column of scale ``r``; all
    its channels are 1 and everything else is 0. Returns a map ``(h_j, h_j)`` for each scale: the
    mean over channels of the absolute change.
    """
    shapes = [(1, c, side // 2**j, side // 2**j) for j, c in enumerate(channels_of(block))]
    nothing = [torch.zeros(shape) for shape in shapes]
    impulse = [each.clone() for each in nothing]
    impulse[r][:, :, at[0], at[1]] = 1
    pairs = zip(block(impulse), block(nothing), strict=True)
    return [(made - silent).abs().mean(1)[0] for made, silent in pairs]


def show_impulses(block: FusionBlock, side: int, at: tuple[int, int]) -> Picture:
    """A row for each scale that an impulse enters, a column for each at which it arrives.

    ``side`` is that of the finest maps, ``at`` the impulse's row and column there. Each map is
    drawn from black, no change, to white, its own largest.
    """
    scales = len(channels_of(block))
    figure, axes = image_grid(scales, scales)
    told = []
    for r in range(scales):
        responses = impulse_responses(block, r, side, (at[0] >> r, at[1] >> r))
        for j, response in enumerate(responses):
            count = int((response > 0).sum())
            axes[r, j].imshow(response.numpy(), cmap="gray", vmin=0)
            axes[r, j].set_title(f"scale {j + 1}: {count} of {response.numel()}", fontsize=8)
            told.append(f"from scale {r + 1} to scale {j + 1}: {count} of {response.numel()}")
        axes[r, 0].set_ylabel(f"enters at scale {r + 1}", fontsize=8)
    return picture(
        figure,
        "A grid of black maps with a small bright spot at the same place in each: where an impulse "
        f"arrives. Positions reached, {'; '.join(told)}.",
    )


def show_fusion(block: FusionBlock) -> Picture:
    """Our Fig. 4: a cell for each f_rj, with what its module does and how many numbers it has."""
    channels = channels_of(block)
    scales = range(len(channels))
    figure, axis = plt.subplots(figsize=(4.6 * CELL, 0.66 * CELL * (len(channels) + 1)))
    told = []
    for j, row in enumerate(block.transforms):
        _write(axis, 0, j + 1, f"$F^*_{j + 1}$, {channels[j]} channels\n= sum of this column", "1")
        for r, transform in enumerate(row.children()):
            kind = "same" if r == j else "down" if r < j else "up"
            steps = describe_transform(transform)
            count = f"{sum(p.numel() for p in transform.parameters()):,} parameters"
            lines = [fill(line, CELL_CHARACTERS) for line in (*steps, count)]
            _write(axis, r + 1, j + 1, "\n".join(lines), KINDS[kind])
            told.append(f"f_{r + 1}{j + 1}: {', then '.join(steps)}, {count}")
    for r in scales:
        _write(axis, r + 1, 0, f"$F_{r + 1}$\n{channels[r]} channels", "1")
    axis.set(xlim=(0, len(channels) + 1), ylim=(len(channels) + 1, 0))
    axis.axis("off")
    return picture(
        figure, f"A table of the transforms, inputs in rows, outputs in columns. {'; '.join(told)}."
    )


def describe_transform(transform: nn.Module) -> list[str]:
    """A line for each layer of f_rj."""
    return [_describe(layer) for layer in _layers(transform)]


def _layers(transform: nn.Module) -> list[nn.Module]:
    return list(transform) if isinstance(transform, nn.Sequential) else [transform]


def _describe(layer: nn.Module) -> str:
    if isinstance(layer, nn.Identity):
        return "unchanged"
    if isinstance(layer, Upsample):
        return f"bilinear x{layer.factor}"
    assert isinstance(layer, nn.Conv2d)
    side = layer.kernel_size[0]
    if layer.groups > 1:
        return f"depthwise {side}x{side}, stride {layer.stride[0]}, pad {layer.padding[0]}"
    return f"{side}x{side}, {layer.in_channels} to {layer.out_channels}"


def _write(axis: Axes, row: int, column: int, text: str, colour: str) -> None:
    """A filled cell of the table with text in its middle."""
    axis.add_patch(Rectangle((column, row), 0.97, 0.94, color=colour))
    axis.text(column + 0.485, row + 0.47, text, ha="center", va="center", fontsize=7.5)
