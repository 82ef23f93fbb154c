"""Figures and tables of multi-size self-attention: patches, and how their weights are spread."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import cast

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch

from prn_lib.figures.base import CONTOUR, Picture, draw_image, image_grid, picture
from prn_lib.model.attention import DIVISIONS, EXPONENTS, Head, MultiSizeAttention

HEADS = tuple("h" if n == 1 else f"h/{n}" for n in DIVISIONS)
RANGE = (1 / 64, 64)  # of relative weights that are drawn


@torch.no_grad()
def attention_weights(block: MultiSizeAttention, x: torch.Tensor, divisor: str) -> dict:
    """Relative weights of every head that compares patches, as if Eq. 3 had this ``divisor``.

    ``x`` ``(1, C, H, H)``, ``divisor`` "c_s" or "sqrt". Returns the head's name, such as "h/2", and
    a tensor ``(N, N)``: the softmax times N, so that 1 is a uniform weight.
    """
    found = {}
    for head in cast(list[Head], list(block.heads)[1:]):
        other = copy.copy(head)  # the same layers
        other.scale = divisor
        weights = other.weights(x)[0]
        found[HEADS[head.s]] = len(weights) * weights
    return found


def attention_table(
    blocks: Sequence[MultiSizeAttention], maps: Sequence[torch.Tensor]
) -> pd.DataFrame:
    """How far weights are from uniform: a row for each scale and head, columns for both divisors.

    ``blocks`` and their inputs ``maps`` ``(1, C, H, H)``, one a scale. Columns: the number of
    patches, the largest weight relative to uniform (1: all weights are the same), and the entropy
    as a share of log N (1: the same).
    """
    rows: dict[tuple[int, str], dict[str, float]] = {}
    for j, (block, x) in enumerate(zip(blocks, maps, strict=True), start=1):
        for divisor in EXPONENTS:
            for name, relative in attention_weights(block, x, divisor).items():
                row = rows.setdefault((j, name), {"N": len(relative)})
                row[f"{divisor}: largest"] = round(relative.max().item(), 3)
                row[f"{divisor}: entropy"] = round(relative_entropy(relative), 4)
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.rename_axis(["scale", "head"])


def relative_entropy(relative: torch.Tensor) -> float:
    """Mean entropy of the rows of relative weights ``(N, N)``, as a share of log N."""
    weights = relative / len(relative)
    return -torch.xlogy(weights, weights).sum(1).mean().item() / math.log(len(weights))


def show_patches(image: torch.Tensor) -> Picture:
    """``image`` ``(3, H, H)`` uint8 or in [0, 1], cut into the patches of each head."""
    side = image.shape[-1]
    figure, axes = image_grid(1, len(DIVISIONS))
    for axis, name, n in zip(axes[0], HEADS, DIVISIONS, strict=True):
        draw_image(axis, image, f"{name}: {n * n} patch{'es' if n > 1 else ''}")
        for k in range(n + 1):
            place = {"color": CONTOUR, "linewidth": 1}
            axis.axvline(k * side / n - 0.5, **place)
            axis.axhline(k * side / n - 0.5, **place)
        axis.set(xlim=(-1, side), ylim=(side, -1))
    return picture(
        figure,
        "The same image four times, cut by pink lines into "
        f"{', '.join(str(n * n) for n in DIVISIONS)} square patches.",
    )


def show_weights(relative: Mapping[str, Mapping[str, torch.Tensor]]) -> Picture:
    """Weights from smallest to largest: a panel for each head, a line for each label.

    ``relative`` gives for a label, such as a divisor, what :func:`attention_weights` returns.
    """
    heads = list(next(iter(relative.values())))
    figure, axes = plt.subplots(1, len(heads), figsize=(7, 2.6), sharey=True)
    told = []
    for axis, head in zip(axes, heads, strict=True):
        axis.axhline(1, color="0.7", linewidth=0.8)
        for label, of_heads in relative.items():
            ordered = np.sort(of_heads[head].flatten().numpy())
            share = np.linspace(0, 100, len(ordered))
            axis.plot(share, ordered.clip(*RANGE), label=label, drawstyle="steps-mid")
            told.append(f"{head}, {label}: {ordered[0]:.3g} to {ordered[-1]:.3g}")
        axis.set(xlabel="% of the weights", ylim=RANGE)
        axis.set_title(f"head {head}", fontsize=9)
        axis.set_yscale("log", base=2)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("weight / uniform weight")
    axes[0].legend(frameon=False)
    figure.tight_layout()
    return picture(
        figure,
        "Attention weights from smallest to largest, relative to a uniform weight, which is a grey "
        f"line at 1. {'; '.join(told)}.",
    )
