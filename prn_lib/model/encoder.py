"""The frozen encoder: features of an image at four scales (Sec. 3.1, 4.1)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import nn

from prn_lib.model.precision import full_precision

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's


class Encoder(nn.Module, ABC):
    """Features F_1 .. F_4 of a frozen network: no gradient, always in evaluation mode.

    A subclass gives them in :meth:`features`; ``channels`` are their widths c_j, ``mean`` and
    ``std`` what its network wants images to be normalized with.

    Features are never computed under autocast: a residual is the small difference of features
    and prototypes that are much alike, so that bfloat16's rounding would be a large share of it.
    """

    mean: torch.Tensor
    std: torch.Tensor
    train_layer4 = False

    def __init__(
        self, channels: Sequence[int], mean: Sequence[float] = MEAN, std: Sequence[float] = STD
    ) -> None:
        super().__init__()
        self.channels = tuple(channels)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever a parent is set to."""
        return super().train(False)

    def forward(self, images: torch.Tensor, layers: int = 4) -> list[torch.Tensor]:
        """Images ``(B, 3, S, S)`` in [0, 1] -> F_1 .. F_4, F_j ``(B, c_j, S/2^(j+1), S/2^(j+1))``.

        Images are normalized here and nowhere before. ``layers`` (1 to 4) leaves out the last ones.
        """
        with full_precision(images.device):
            return self.features((images.float() - self.mean) / self.std, layers)

    @abstractmethod
    def features(self, x: torch.Tensor, layers: int) -> list[torch.Tensor]:
        """The first ``layers`` maps of normalized images."""
