"""A slider over the focal loss."""

import ipywidgets
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prn_lib.studies.loss_shares import GROUPS, group_shares, pixel_gradients, pixel_losses
from prn_lib.widgets.explore import explore
from prn_lib.widgets.pictures import rendered

GAMMAS = (0.0, 1.0, 2.0, 4.0)
ALPHAS = (0.25, 0.5, 0.75, 0.9)
ANOMALOUS = (0.001, 0.01, 0.1)
START = {"gamma": "0", "alpha": "0.5", "anomalous pixels": "1 %"}
HIGHEST = 2.0  # of the losses that are drawn
GOOD, BAD = "C0", "C3"
COLOURS = dict(zip(GROUPS, ("#9ecae1", GOOD, BAD), strict=True))


def explore_focal(logits: torch.Tensor, masks: torch.Tensor) -> ipywidgets.VBox:
    """The focal loss by a pixel's score, and who owes it on real maps.

    ``logits`` and ``masks`` {0, 1} of one shape are a network's answers and the truth.
    """

    def render(gamma: float, alpha: float, anomalous: float, seed: int) -> np.ndarray:
        shares = focal_shares(logits, masks, alpha, gamma, anomalous)
        figure = Figure(figsize=(6.6, 2.6), dpi=100)
        left, right = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.09, right=0.97, bottom=0.19, top=0.88, wspace=0.35)
        _draw_curves(left, alpha, gamma)
        _draw_shares(right, shares)
        return rendered(figure)

    controls = {
        "gamma": {f"{gamma:g}": gamma for gamma in GAMMAS},
        "alpha": {f"{alpha:g}": alpha for alpha in ALPHAS},
        "anomalous pixels": {f"{100 * share:g} %": share for share in ANOMALOUS},
    }
    alt = (
        "On the left the focal loss against the score, a falling curve for an anomalous pixel and "
        "a rising one for a good pixel; on the right three bars that part the pixels, the loss and "
        "its gradient into what is owed to easy good, hard good and anomalous pixels"
    )
    return explore(render, controls, alt=alt, width=660, start=START)


def focal_shares(
    logits: torch.Tensor, masks: torch.Tensor, alpha: float, gamma: float, anomalous: float
) -> pd.DataFrame:
    """The shares that the slider shows, see :func:`prn_lib.studies.loss_shares.group_shares`."""
    options = {"weight": 1, "alpha": alpha, "gamma": gamma}
    values = {
        "loss": pixel_losses(logits, masks, **options)["focal"],
        "gradient": pixel_gradients(logits, masks, **options)["focal"],
    }
    return group_shares(logits, masks, values, anomalous)


def _draw_curves(axis: Axes, alpha: float, gamma: float) -> None:
    p = torch.linspace(0.001, 0.999, 200)
    for name, colour, truth in (("anomalous", BAD, 1.0), ("good", GOOD, 0.0)):
        options = {"weight": 1, "alpha": alpha, "gamma": gamma}
        losses = pixel_losses(p.logit(), torch.full_like(p, truth), **options)
        axis.plot(p, losses["focal"], color=colour, label=name)
    axis.set(xlim=(0, 1), ylim=(0, HIGHEST), xlabel="score p", ylabel="focal loss")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8, loc="upper center")


def _draw_shares(axis: Axes, shares: pd.DataFrame) -> None:
    left = np.zeros(len(shares.columns))
    for group, row in shares.iterrows():
        axis.barh(shares.columns, row, left=left, color=COLOURS[group], label=group, height=0.6)
        left += row.to_numpy()
    axis.set(xlim=(0, 100), xlabel="owed to each group, %")
    axis.invert_yaxis()
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=7, ncols=3, loc="lower center", bbox_to_anchor=(0.45, 1))
