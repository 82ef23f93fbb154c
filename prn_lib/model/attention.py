"""Multi-size self-attention (MSA, Sec. 3.3, Eq. 3)."""

import math
from typing import Any

import torch
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from prn_lib.common.checks import check_choice

DIVISIONS = (1, 2, 4, 8)  # head s sees patches of side h / DIVISIONS[s]
EXPONENTS = {"c_s": 1.0, "sqrt": 0.5}  # the exponent of c_s in Eq. 3: as printed, or as usual
EMBEDDINGS = ("convolution", "elementwise")
RESIDUAL_BLOCKS = {"basic": BasicBlock, "bottleneck": Bottleneck}  # ResNet-18's and ResNet-50's


def patch_sizes(side: int) -> list[int]:
    """The heads' patch sides: h, h/2, h/4, h/8, or the next smaller divisor of ``side``."""
    return [max(p for p in range(1, max(1, side // n) + 1) if side % p == 0) for n in DIVISIONS]


def to_tokens(x: torch.Tensor, patch: int) -> torch.Tensor:
    """Cut into patches: ``(B, C, H, H)`` -> ``(B, N, patch^2, C)``.

    The channel runs fastest: of a map in channels-last memory, long pieces are copied. Raises
    ValueError for a map that is not square.
    """
    if x.shape[2] != x.shape[3]:
        raise ValueError(f"maps must be square to be cut into patches, not {tuple(x.shape[2:])}")
    x = x.unflatten(3, (-1, patch)).unflatten(2, (-1, patch))  # (B, C, rows, p, columns, p)
    return x.permute(0, 2, 4, 3, 5, 1).flatten(3, 4).flatten(1, 2)


def from_tokens(tokens: torch.Tensor, patch: int) -> torch.Tensor:
    """Put together, in channels-last memory: the inverse of :func:`to_tokens`."""
    cut = math.isqrt(tokens.shape[1])
    x = tokens.unflatten(2, (patch, patch)).unflatten(1, (cut, cut))
    return x.transpose(2, 3).flatten(3, 4).flatten(1, 2).permute(0, 3, 1, 2)


class Elementwise(nn.Module):
    """Scale and shift every element of a flattened patch by numbers of its own.

    The diagonal of the printed fully connected layer.
    """

    def __init__(self, channels: int, patch: int) -> None:
        super().__init__()
        # Near 1: a query starts as nearly the patch itself.
        self.weight = nn.Parameter(1 + 0.02 * torch.randn(patch * patch, channels))
        self.bias = nn.Parameter(torch.zeros(patch * patch, channels))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Any shape that ends in ``(patch^2, C)``; ValueError for patches of another size."""
        if tokens.shape[-2] != len(self.weight):
            raise ValueError(
                f"elementwise embeddings are made for patches of {len(self.weight)} numbers a "
                f"channel, not {tokens.shape[-2]}: use one image_size, or embedding='convolution'"
            )
        return tokens * self.weight + self.bias


class Head(nn.Module):
    """Self-attention between patches of one size, the s-th of h, h/2, h/4, h/8 (Eq. 3).

    A patch is one token of c_s = C * p_s^2 numbers. The printed embedding, a fully connected layer
    over them, needs a matrix of c_s x c_s: 524 288 on a side for the largest patch at 256 x 256.
    ``embedding`` "convolution" is a layer C -> ``width`` that is the same for every position of a
    patch, a 1 x 1 convolution (c_s is then ``width`` * p_s^2); "elementwise" keeps the printed
    layer's diagonal, and works for maps of one ``side`` only.

    With one patch the softmax over one token is 1 and the head a projection: it has no queries and
    keys, which would never get a gradient.
    """

    def __init__(
        self, channels: int, side: int, s: int, *, width: int, embedding: str, scale: str
    ) -> None:
        super().__init__()
        self.s, self.scale = s, scale

        def embed() -> nn.Module:
            if embedding == "convolution":
                return nn.Linear(channels, width)
            return Elementwise(channels, patch_sizes(side)[s])

        self.to_v = embed()
        if s > 0:
            self.to_q, self.to_k = embed(), embed()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """A_s, put together again: ``(B, C, H, H)`` -> ``(B, width, H, H)``."""
        patch = patch_sizes(x.shape[-1])[self.s]
        tokens = to_tokens(x, patch)
        v = self.to_v(tokens)
        if self.s > 0:
            q, k = self.to_q(tokens), self.to_k(tokens)
            v = (self._softmax(q, k) @ v.flatten(2)).view_as(v)
        return from_tokens(v, patch)

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """The softmax of Eq. 3 alone, ``(B, N, N)``: what each patch takes from each other."""
        tokens = to_tokens(x, patch_sizes(x.shape[-1])[self.s])
        if self.s == 0:
            return x.new_ones(len(x), 1, 1)
        return self._softmax(self.to_q(tokens), self.to_k(tokens))

    def _softmax(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        """Of tokens ``(B, N, patch^2, C)``. They are too long for fused kernels, and few."""
        q, k = q.flatten(2), k.flatten(2)  # (B, N, c_s)
        return (q @ k.mT * q.shape[-1] ** -EXPONENTS[self.scale]).softmax(-1)


class MultiSizeAttention(nn.Module):
    """One MSA block: a head for every patch size, then a 2D residual block over all of them.

    ``side`` is that of the maps; only elementwise embeddings depend on it. ``head_width`` is a
    head's channels as a share of ``channels``; 1 is the paper's. Raises ValueError for an unknown
    name, and for elementwise embeddings of another width.
    """

    def __init__(
        self,
        channels: int,
        side: int,
        *,
        embedding: str = "convolution",
        head_width: float = 1.0,
        scale: str = "c_s",
        residual_block: str = "bottleneck",
    ) -> None:
        super().__init__()
        check_choice("embedding", embedding, EMBEDDINGS)
        check_choice("scale", scale, EXPONENTS)
        check_choice("residual_block", residual_block, RESIDUAL_BLOCKS)
        if embedding == "elementwise" and head_width != 1:
            raise ValueError(f"elementwise embeddings have head_width=1, not {head_width}")
        width = max(1, round(head_width * channels))
        options: dict[str, Any] = {"width": width, "embedding": embedding, "scale": scale}
        self.heads = nn.ModuleList(
            Head(channels, side, s, **options) for s in range(len(DIVISIONS))
        )
        joined = len(DIVISIONS) * width
        shortcut = nn.Sequential(
            nn.Conv2d(joined, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )
        kind = RESIDUAL_BLOCKS[residual_block]
        self.residual_block = kind(joined, channels // kind.expansion, downsample=shortcut)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """C*_j ``(B, C, H, H)`` -> T_j ``(B, C, H, H)``."""
        return self.residual_block(torch.cat([head(x) for head in self.heads], dim=1))
