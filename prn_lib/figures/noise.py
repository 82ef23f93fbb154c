"""Figures of how Perlin noise is made."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from prn_lib.figures.base import Picture, picture
from prn_lib.synthesis.perlin import fade, gradient_noise, random_gradients


def show_lattice(rows: int, columns: int, seed: int) -> Picture:
    """One map of noise and, at every lattice point, the gradient that stands there."""
    periods = torch.tensor([[rows, columns]])
    angles = random_gradients(periods, torch.Generator().manual_seed(seed))
    noise = gradient_noise((240, 240), periods, angles)[0]
    points = max(rows, columns) + 1
    grid = torch.meshgrid(torch.arange(rows + 1), torch.arange(columns + 1), indexing="ij")
    y, x = (each.numpy() for each in grid)
    angle = angles[0, : rows + 1, : columns + 1].numpy()
    figure, axis = plt.subplots(figsize=(5.2, 5.2 * rows / columns + 0.2))
    axis.imshow(
        noise.numpy(), cmap="gray", vmin=-1, vmax=1, extent=(0, columns, rows, 0), aspect="equal"
    )
    axis.set(xticks=range(columns + 1), yticks=range(rows + 1), xlabel="x", ylabel="y")
    axis.set(xlim=(-0.5, columns + 0.5), ylim=(rows + 0.5, -0.5))
    axis.grid(color="white", linewidth=0.6)
    arrow: dict[str, Any] = {
        "angles": "xy",
        "scale_units": "xy",
        "scale": 2.5,
        "width": 0.03 / points,
    }
    axis.quiver(x, y, np.cos(angle), np.sin(angle), color="#0050ff", zorder=3, **arrow)
    axis.plot(x.ravel(), y.ravel(), ".", color="#0050ff")
    axis.spines[:].set_visible(False)
    return picture(
        figure,
        f"Perlin noise on {rows} by {columns} cells, bright where it is positive, dark where it is "
        "negative. An arrow on every corner of a cell shows the gradient there: the noise is zero "
        "on the corner, grows in the arrow's direction and falls behind it.",
    )


def show_fade() -> Picture:
    """Perlin's fade curve beside a straight line, and the slopes of both."""
    t = np.linspace(0, 1, 101)
    figure, axes = plt.subplots(1, 2, figsize=(7, 2.4))
    axes[0].plot(t, t, color="0.6", label="linear")
    axes[0].plot(t, fade(t), color="C3", label="fade")
    axes[0].set(xlabel="t, from one lattice point to the next", ylabel="weight of the next")
    axes[0].legend(frameon=False)
    axes[1].plot(t, np.ones_like(t), color="0.6")
    axes[1].plot(t, np.gradient(fade(t), t), color="C3")
    axes[1].set(xlabel="t", ylabel="slope", ylim=(0, 2))
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return picture(
        figure,
        "Left: the fade curve goes from 0 to 1 like a straight line does, but shaped like an S. "
        "Right: its slope is 0 at both ends and nearly 2 in the middle; the line's slope is 1 "
        "throughout, so that it breaks at each lattice point.",
    )
