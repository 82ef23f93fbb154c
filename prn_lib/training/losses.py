"""The loss of Eq. 5 (Sec. 3.5), from logits."""

import torch
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss


def total_loss(
    logits: torch.Tensor,
    masks: torch.Tensor,
    *,
    weight: float,
    alpha: float,
    gamma: float,
    reduction: str = "mean",
) -> torch.Tensor:
    """Smooth L1 between score map and mask, plus ``weight`` (lambda) times the focal loss.

    ``logits`` and ``masks`` {0, 1} are ``(B, 1, S, S)``; the score map M_o is the logits' sigmoid.
    ``alpha`` weighs anomalous pixels, 1 - alpha the others; ``gamma`` is 0 or at least 1. Computed
    in single precision whatever the logits are, for in bfloat16 a score above 0.998 is 1. Returns
    the mean over all pixels, or with ``reduction`` "none" each pixel's.
    """
    logits = logits.float()
    smooth_l1 = F.smooth_l1_loss(logits.sigmoid(), masks, reduction=reduction)
    focal = sigmoid_focal_loss(logits, masks, alpha=alpha, gamma=gamma, reduction=reduction)
    return smooth_l1 + weight * focal
