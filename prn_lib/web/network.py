"""The network that a page computes: what it finds, and how it came to it."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from prn_lib.evaluation.image_scores import image_scores
from prn_lib.model import PRN
from prn_lib.model.prototypes import Prototypes

FOUND = ("score_map", "image_score")
EXPLAINED = ("residuals", "nearest")


class PageNetwork(nn.Module):
    """Score map and image score and, with prototypes, the residuals and which prototypes are near.

    ``score`` and ``top_k`` as :func:`prn_lib.evaluation.image_scores.image_scores` has them.
    """

    def __init__(self, model: PRN, score: str, top_k: int) -> None:
        super().__init__()
        self.model = model
        self.score, self.top_k = score, top_k

    @property
    def outputs(self) -> Sequence[str]:
        """What :meth:`forward` returns, by name."""
        return (*FOUND, *EXPLAINED) if self.model.has_prototypes else FOUND

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """``(1, 3, S, S)`` in [0, 1] -> what ``outputs`` names.

        The score map ``(1, 1, S, S)`` and the image score ``(1,)`` in [0, 1]; the residuals
        ``(1, 3, S, S)``, those of :func:`residuals`; the nearest prototypes' indices ``(3, 1)``.
        """
        *features, bottleneck = self.model.encoder(images)
        score_maps = self.model.decoder(bottleneck, self.model.skips(features)).sigmoid()
        found = (score_maps, image_scores(score_maps, self.score, self.top_k))
        if not self.model.has_prototypes:
            return found
        scales = zip(prototypes_of(self.model), features, strict=True)
        near = [prototypes.nearest(x) for prototypes, x in scales]
        return (*found, residuals(self.model, features, images.shape[-1]), torch.stack(near))


def prototypes_of(model: PRN) -> list[Prototypes]:
    """P_1 .. P_3, as what they are."""
    return [cast(Prototypes, each) for each in model.prototypes]


def residuals(model: PRN, features: Sequence[torch.Tensor], side: int) -> torch.Tensor:
    """F_1 .. F_3 -> sizes of D_1 .. D_3 (Eq. 1), ``(B, 3, side, side)``.

    The mean over the channels of what is left when the nearest prototype is taken away.
    """
    scales = zip(prototypes_of(model), features, strict=True)
    sizes = [prototypes(x).abs().mean(1, keepdim=True) for prototypes, x in scales]
    return torch.cat([F.interpolate(x, size=side, mode="bilinear") for x in sizes], dim=1)
