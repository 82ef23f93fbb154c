"""The U-Net-like decoder (Fig. 3): from the bottleneck up to a score map of the input's size."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from prn_lib.model.precision import full_precision
from prn_lib.model.upsampling import Upsample

# Scores start near this probability, as the focal loss's authors [29] start theirs: otherwise the
# first steps are spent on learning that nearly all pixels are normal.
PRIOR = 0.01


class Decoder(nn.Module):
    """Up by 2, join the skip of that scale, two convolutions; then twice more without a skip.

    ``skip_channels`` of scales 1 to 3, finest first; ``encoder_channels`` c_1 to c_4. The figure
    that draws the blocks is not part of the text that this follows; the widths are U-Net's: those
    of the encoder's scale.
    """

    HEAD_CHANNELS = (32, 16)  # at half and at full resolution

    def __init__(self, skip_channels: Sequence[int], encoder_channels: Sequence[int]) -> None:
        super().__init__()
        self.up = Upsample(2)
        self.blocks = nn.ModuleList()
        *widths, below = encoder_channels
        for skip, width in zip(reversed(skip_channels), reversed(widths), strict=True):
            self.blocks.append(_double_convolution(below + skip, width))
            below = width
        self.head = nn.Sequential()
        for width in self.HEAD_CHANNELS:
            self.head.append(self.up)
            self.head.append(_double_convolution(below, width))
            below = width
        self.logit = nn.Conv2d(below, 1, 1)
        assert self.logit.bias is not None
        nn.init.constant_(self.logit.bias, math.log(PRIOR / (1 - PRIOR)))

    def forward(self, bottleneck: torch.Tensor, skips: Sequence[torch.Tensor]) -> torch.Tensor:
        """F_4 ``(B, c_4, S/32, S/32)`` and T*_1 .. T*_3 -> logits ``(B, 1, S, S)`` float32.

        The last layer is never computed under autocast: near its usual start, bfloat16 knows 32
        logits in a unit, so that pixels of different rank would tie.
        """
        x = bottleneck
        for block, skip in zip(self.blocks, reversed(skips), strict=True):
            x = block(torch.cat([self.up(x), skip], dim=1))
        x = self.head(x)
        with full_precision(x.device):
            return self.logit(x.to(self.logit.weight.dtype))


def _double_convolution(channels_in: int, channels_out: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (channels_in, channels_out):
        layers += [
            nn.Conv2d(channels, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
