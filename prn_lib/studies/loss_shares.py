"""Who owes the loss: what each pixel pays, how hard it pulls, and groups of pixels."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch
from torchvision.ops import sigmoid_focal_loss

from prn_lib.training.losses import total_loss

EASY = 0.1  # a good pixel with a lower score is easy: ten times the score that training starts at
GROUPS = ("good, easy", "good, hard", "anomalous")


def pixel_losses(
    logits: torch.Tensor, masks: torch.Tensor, *, weight: float, alpha: float, gamma: float
) -> dict[str, torch.Tensor]:
    """What each pixel pays: "smooth L1", "focal", already times ``weight``, and "total".

    ``logits`` and ``masks`` {0, 1} are floats of one shape, and so is each answer.
    """
    options: dict[str, Any] = {"alpha": alpha, "gamma": gamma, "reduction": "none"}
    return {
        "smooth L1": total_loss(logits, masks, weight=0, **options),
        "focal": weight * sigmoid_focal_loss(logits, masks, **options),
        "total": total_loss(logits, masks, weight=weight, **options),
    }


def pixel_gradients(
    logits: torch.Tensor, masks: torch.Tensor, *, weight: float, alpha: float, gamma: float
) -> dict[str, torch.Tensor]:
    """How hard each pixel pulls: the size of its terms' derivatives by its own logit."""
    z = logits.detach().clone().requires_grad_()
    terms = pixel_losses(z, masks, weight=weight, alpha=alpha, gamma=gamma)
    return {
        name: torch.autograd.grad(term.sum(), z, retain_graph=True)[0].abs()
        for name, term in terms.items()
    }


def pixel_groups(logits: torch.Tensor, masks: torch.Tensor) -> dict[str, torch.Tensor]:
    """Which pixels are in each of the ``GROUPS``, as bool; every pixel is in one."""
    bad, easy = masks > 0, logits.sigmoid() < EASY
    return dict(zip(GROUPS, (~bad & easy, ~bad & ~easy, bad), strict=True))


def group_shares(
    logits: torch.Tensor,
    masks: torch.Tensor,
    values: Mapping[str, torch.Tensor],
    anomalous: float | None = None,
) -> pd.DataFrame:
    """How much of all ``values`` is owed to each of the ``GROUPS`` of pixels, in percent.

    All tensors have one shape. A column for each of ``values``, after one that counts the pixels.
    ``anomalous`` counts pixels as if so large a share of them, in (0, 1), were anomalous.
    """
    groups = pixel_groups(logits, masks)
    bad = groups["anomalous"]
    actual = bad.double().mean()
    share = actual if anomalous is None else anomalous
    counts = torch.where(bad, share / actual, (1 - share) / (1 - actual))
    table = {}
    for name, each in {"pixels": torch.ones_like(logits), **values}.items():
        counted = counts * each
        parts = {group: counted[chosen].sum() for group, chosen in groups.items()}
        table[name] = {g: 100 * (part / counted.sum()).item() for g, part in parts.items()}
    return pd.DataFrame(table)
