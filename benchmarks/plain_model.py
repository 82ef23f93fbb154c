"""The network written down as it is read: the yardstick of ``model.py``.

Queries, keys and values scale every element of a flattened patch by a weight of its own, the
nearest thing to the printed fully connected layer that fits into memory. Each head cuts, attends
and puts together in the default layout, the one of a single patch with the queries and keys that do
nothing there; a ResNet-18 block joins the heads. The nearest prototype
comes from the differences to all of them. Encoder, fusion and decoder are the library's.
"""

import torch
from torch import nn

from prn_lib.model import PRN, Encoder
from prn_lib.model.attention import RESIDUAL_BLOCKS


def plain_network(encoder: Encoder, prototypes: list[torch.Tensor], image_size: int) -> PRN:
    """A PRN whose attention and prototypes are the plain ones, in the default layout.

    Raises ValueError if ``image_size`` is below 128: the smallest maps are cut into 8 x 8 patches.
    """
    if image_size < 128:
        raise ValueError(f"the plain network needs image_size of 128 or more, not {image_size}")
    model = PRN(encoder, prototypes, attention_blocks=0)
    for j, channels in enumerate(encoder.channels[:3]):
        side = image_size // 2 ** (j + 2)
        model.attention[j] = nn.Sequential(*(PlainAttention(2 * channels, side) for _ in range(3)))
        model.prototypes[j] = PlainPrototypes(prototypes[j])
    return model.to(memory_format=torch.contiguous_format)


class PlainHead(nn.Module):
    """One head of Eq. 3 over patches of side ``patch``."""

    def __init__(self, channels: int, patch: int) -> None:
        """Weights near 1, so that q and k differ."""
        super().__init__()
        self.patch = patch
        length = channels * patch * patch
        self.weights = nn.Parameter(torch.ones(3, length) + 0.02 * torch.randn(3, length))
        self.biases = nn.Parameter(torch.zeros(3, length))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` in and out."""
        batch, channels, height, width = x.shape
        p = self.patch
        rows, columns = height // p, width // p
        patches = x.reshape(batch, channels, rows, p, columns, p).permute(0, 2, 4, 1, 3, 5)
        patches = patches.reshape(batch, rows * columns, channels * p * p)
        q, k, v = (patches * w + b for w, b in zip(self.weights, self.biases, strict=True))
        attention = torch.softmax(q @ k.transpose(1, 2) / (channels * p * p), dim=-1)
        mixed = (attention @ v).reshape(batch, rows, columns, channels, p, p)
        return mixed.permute(0, 3, 1, 4, 2, 5).reshape(batch, channels, height, width)


class PlainAttention(nn.Module):
    """Four heads, concatenated, and a 2D residual block over all of them."""

    def __init__(self, channels: int, side: int) -> None:
        """``side`` is that of the maps."""
        super().__init__()
        self.heads = nn.ModuleList(PlainHead(channels, side // n) for n in (1, 2, 4, 8))
        shortcut = nn.Sequential(
            nn.Conv2d(4 * channels, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )
        self.block = RESIDUAL_BLOCKS["basic"](4 * channels, channels, downsample=shortcut)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` in and out."""
        return self.block(torch.cat([head(x) for head in self.heads], dim=1))


class PlainPrototypes(nn.Module):
    """Eq. 1 by the difference to every prototype."""

    def __init__(self, maps: torch.Tensor) -> None:
        """``maps`` ``(K, C, H, W)``."""
        super().__init__()
        self.register_buffer("maps", maps)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` -> the absolute residual."""
        return (features - self.maps[plain_nearest(features, self.maps)]).abs()


def plain_nearest(features: torch.Tensor, prototypes: torch.Tensor) -> torch.Tensor:
    """Index of the nearest prototype, by the difference to each: ``(B,)``."""
    return (features[:, None] - prototypes[None]).square().sum((2, 3, 4)).argmin(1)
