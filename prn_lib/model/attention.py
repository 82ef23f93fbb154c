"""Multi-size self-attention (MSA, Sec. 3.3, Eq. 3)."""

import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock

DIVISIONS = (1, 2, 4, 8)  # head s sees patches of side h / DIVISIONS[s]
SCALES = {"c_s": 1.0, "sqrt": 0.5}  # the exponent of c_s in Eq. 3: as printed, or as usual


def patch_sizes(side: int) -> list[int]:
    """The heads' patch sides: h, h/2, h/4, h/8, or the next smaller divisor of ``side``."""
    return [max(p for p in range(1, max(1, side // n) + 1) if side % p == 0) for n in DIVISIONS]


def patch_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, patch: int, scale: str
) -> torch.Tensor:
    """Self-attention between patches of side ``patch`` (Eq. 3); ``(B, C, H, W)`` in and out.

    A patch is one token of c_s = C * patch^2 numbers; there are (H/patch) * (W/patch) tokens.
    """
    shape = v.shape
    q, k, v = (F.pixel_unshuffle(x, patch).flatten(2).mT for x in (q, k, v))  # (B, tokens, c_s)
    logits = q @ k.mT / q.shape[-1] ** SCALES[scale]
    mixed = logits.softmax(dim=-1) @ v
    height, width = shape[-2] // patch, shape[-1] // patch
    return F.pixel_shuffle(mixed.mT.unflatten(2, (height, width)), patch)


class MultiSizeAttention(nn.Module):
    """One MSA block: a head for every patch size, then a 2D residual block over all of them.

    The printed embedding, a fully connected layer over flattened patches, needs a matrix of
    (C h^2) x (C h^2) for the largest head: 524 288 on a side at 256 x 256. The embeddings here are
    1 x 1 convolutions, the same for every position of a patch. ``head_width`` is a head's channels
    as a share of ``channels``; 1 is the paper's.

    In the first head the whole map is one patch and the softmax over one token is 1, so that head
    is a projection: it has no q and k, which would never get a gradient.
    """

    def __init__(self, channels: int, *, head_width: float = 1.0, scale: str = "c_s") -> None:
        super().__init__()
        width = max(1, round(head_width * channels))
        heads = len(DIVISIONS)
        self.scale = scale
        self.width = width
        self.to_q = nn.Conv2d(channels, (heads - 1) * width, 1)
        self.to_k = nn.Conv2d(channels, (heads - 1) * width, 1)
        self.to_v = nn.Conv2d(channels, heads * width, 1)
        shortcut = nn.Sequential(
            nn.Conv2d(heads * width, channels, 1, bias=False), nn.BatchNorm2d(channels)
        )
        self.residual_block = BasicBlock(heads * width, channels, downsample=shortcut)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``(B, C, H, W)`` -> ``(B, C, H, W)``; H = W."""
        q, k = self.to_q(x).split(self.width, 1), self.to_k(x).split(self.width, 1)
        whole, *v = self.to_v(x).split(self.width, 1)
        sizes = patch_sizes(x.shape[-1])[1:]
        heads = [
            patch_attention(q[s], k[s], v[s], patch, self.scale) for s, patch in enumerate(sizes)
        ]
        return self.residual_block(torch.cat([whole, *heads], dim=1))
