"""Figures of the loss function; a run's curve of the loss is in ``runs.py``."""

import matplotlib.pyplot as plt
import torch

from prn_lib.figures.base import CELL, Picture, draw_outline, picture
from prn_lib.figures.features import HEAT
from prn_lib.studies.loss_shares import pixel_gradients, pixel_losses

COLOURS = {"smooth L1": "C2", "focal": "C3", "total": "0.2"}


def show_pixel_losses(
    logits: torch.Tensor, mask: torch.Tensor, *, weight: float, alpha: float, gamma: float
) -> Picture:
    """Score map and each pixel's losses, of ``logits`` and ``mask`` {0, 1} ``(1, H, W)``."""
    losses = pixel_losses(logits, mask, weight=weight, alpha=alpha, gamma=gamma)
    panels = {
        "score p": logits.sigmoid(),
        "smooth L1": losses["smooth L1"],
        rf"$\lambda$ x focal, $\gamma$ = {gamma:g}": losses["focal"],
        "total": losses["total"],
    }
    size = (1.45 * CELL * len(panels), 1.4 * CELL)
    figure, axes = plt.subplots(1, len(panels), figsize=size, layout="constrained")
    for axis, (title, shown) in zip(axes, panels.items(), strict=True):
        high = 1 if title == "score p" else shown.max().item()
        drawn = axis.imshow(_enlarged(shown)[0].numpy(), cmap=HEAT, vmin=0, vmax=high)
        draw_outline(axis, _enlarged(mask))
        axis.set(xticks=[], yticks=[])
        axis.set_title(title, fontsize=9)
        figure.colorbar(drawn, ax=axis, shrink=0.75).ax.tick_params(labelsize=7)
    told = ", ".join(f"{name} up to {shown.max():.2f}" for name, shown in losses.items())
    return picture(
        figure,
        "Four maps with the mask's border in pink: the score, and each pixel's losses, brighter "
        f"where larger ({told}). What is missed and what is falsely alarmed is bright.",
    )


def _enlarged(pixels: torch.Tensor) -> torch.Tensor:
    """``(1, H, W)``, each pixel as a block, so that an outline runs along its edges."""
    return pixels.repeat_interleave(8, 1).repeat_interleave(8, 2)


def show_loss_terms(*, weight: float, alpha: float, gamma: float) -> Picture:
    """Loss and gradient of an anomalous pixel against its logit, for each term."""
    z = torch.linspace(-10, 10, 401)
    options = {"weight": weight, "alpha": alpha, "gamma": gamma}
    made = {
        "loss": pixel_losses(z, torch.ones_like(z), **options),
        "size of the gradient": pixel_gradients(z, torch.ones_like(z), **options),
    }
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 2.9), layout="constrained")
    for axis, (title, terms) in zip(axes, made.items(), strict=True):
        for name, values in terms.items():
            style = "--" if name == "total" else "-"
            axis.plot(z.numpy(), values.numpy(), style, color=COLOURS[name], label=name)
        axis.set(xlabel="logit z of an anomalous pixel", title=title, yscale="log")
        axis.set_ylim(1e-5, 60)
        axis.axvline(0, color="0.8", linewidth=0.8, zorder=0)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].legend(frameon=False, fontsize=8)
    pulls = made["size of the gradient"]
    return picture(
        figure,
        "Two panels of curves against the logit of an anomalous pixel from -10, surely missed, to "
        "10, surely found. The losses fall. The gradient of smooth L1 is a hill in the middle, "
        f"{pulls['smooth L1'][0]:.0e} at -10; that of the focal loss falls from "
        f"{pulls['focal'][0]:.1f} at -10 and is below smooth L1's on the right.",
    )
