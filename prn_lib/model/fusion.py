"""Multi-scale fusion (MF, Sec. 3.2, Eq. 2, Fig. 4)."""

from collections.abc import Sequence
from functools import reduce

import torch
from torch import nn

from prn_lib.model.upsampling import Upsample


class FusionBlock(nn.Module):
    """F*_j = f_1j(F_1) + f_2j(F_2) + f_3j(F_3); each scale has half the side of the one before.

    ``channels`` are those of the scales, finest first.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        scales = range(len(channels))
        self.transforms = nn.ModuleList(
            nn.ModuleList(_transform(channels[r], channels[j], j - r) for r in scales)
            for j in scales
        )

    def forward(self, features: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """``(B, c_j, h_j, w_j)`` for every scale j -> the same shapes."""
        return [
            reduce(torch.add, (f_rj(x) for f_rj, x in zip(row.children(), features, strict=True)))
            for row in self.transforms
        ]


def _transform(channels_in: int, channels_out: int, steps: int) -> nn.Module:
    """f_rj with ``steps`` = j - r."""
    if steps == 0:
        return nn.Identity()
    if steps > 0:  # down: depth-wise separable, stride 2^s, kernel 2^s + 1, padding 2^(s-1)
        factor = 2**steps
        return nn.Sequential(
            nn.Conv2d(
                channels_in, channels_in, factor + 1, factor, factor // 2, groups=channels_in
            ),
            nn.Conv2d(channels_in, channels_out, 1),
        )
    # Up: bilinear, then 1 x 1. Both are linear and interpolation weights sum to 1, so their order
    # changes nothing but the cost: convolving the small map first is 4^|s| times cheaper.
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 1),
        Upsample(2**-steps),
    )
