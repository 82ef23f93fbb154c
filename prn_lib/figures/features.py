"""Figures of feature maps: channels, and rows of maps on a common scale."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from prn_lib.figures.base import Picture, draw_image, image_grid, picture

HEAT = "inferno"  # of what is never negative: black is 0
SIGNED = "RdBu_r"  # of differences: white is 0


def show_channels(
    images: torch.Tensor, features: Sequence[torch.Tensor], names: Sequence[str], per_layer: int = 2
) -> Picture:
    """For each image ``(B, 3, H, W)`` a row: itself, then some channels of every layer.

    ``features`` F_j ``(B, c_j, h_j, w_j)``. Of each layer, the channels are shown that vary most
    over these images, in one grey scale for all of them.
    """
    liveliest = [
        maps.transpose(0, 1).flatten(1).std(1).topk(per_layer).indices for maps in features
    ]
    figure, axes = image_grid(len(images), 1 + per_layer * len(features))
    for b, line in enumerate(axes):
        draw_image(line[0], images[b].cpu(), names[b])
        columns = iter(line[1:])
        for j, maps in enumerate(features):
            for k in liveliest[j].tolist():
                low, high = maps[:, k].min().item(), maps[:, k].max().item()
                axis = next(columns)
                axis.imshow(maps[b, k].cpu().numpy(), cmap="gray", vmin=low, vmax=high)
                axis.set_title(f"layer {j + 1}, channel {k}", fontsize=8)
    sides = ", ".join(f"{maps.shape[-1]}" for maps in features)
    return picture(
        figure,
        f"A row for each image ({', '.join(names)}): the image, then {per_layer} channels in grey "
        f"of each of {len(features)} layers, those that vary most. The maps get coarser: {sides} "
        "pixels a side.",
    )


def show_rows(titles: Sequence[str], rows: Mapping[str, torch.Tensor], alt: str) -> Picture:
    """A column for each title, and rows of images ``(B, 3, H, W)``, masks or maps ``(B, H, W)``.

    Masks are bool. The maps of a row share one colour bar: from 0 in black on, or, where a value
    is negative, with 0 in white, red above and blue below.
    """
    figure, axes = image_grid(len(rows), len(titles))
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        high = pictures.abs().max().item() if pictures.dtype.is_floating_point else 1
        low = -high if pictures.min() < 0 else 0
        for axis, shown in zip(line, pictures.cpu(), strict=True):
            drawn = _draw(axis, shown, low, high)
        line[0].set_ylabel(name, fontsize=8)
        if drawn is not None:
            bar = figure.colorbar(drawn, ax=line.tolist(), aspect=10, pad=0.01)
            bar.ax.tick_params(labelsize=7)
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title, fontsize=8)
    return picture(figure, alt)


def _draw(axis: Axes, shown: torch.Tensor, low: float, high: float) -> AxesImage | None:
    """Draw one image, mask or map; what a colour bar needs, for a map."""
    if shown.ndim == 3:
        draw_image(axis, shown, "")
        return None
    mask = shown.dtype == torch.bool
    colours = "gray" if mask else SIGNED if low < 0 else HEAT
    drawn = axis.imshow(shown.numpy(), cmap=colours, vmin=low, vmax=high)
    return None if mask else drawn
