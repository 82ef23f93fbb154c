"""A plain rival: how far is each patch of an image from the nearest patch of any normal one?

The idea of PatchCore (Roth et al., CVPR 2022) without its reduced memory and its weighting of
scores, on the features that PRN has. Nothing is trained.
"""

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from prn_lib.common.progress import tqdm
from prn_lib.model.encoder import Encoder
from prn_lib.model.precision import full_precision
from prn_lib.model.prototypes import SCALES

SCALED_BY = 16  # normal images whose distances to the others set the scale
BATCH = 16  # images
PIECE = 4096  # patches of the bank held against those of a batch at once


class NearestPatch(nn.Module):
    """Distances to the nearest patch of ``bank`` ``(N, C)``, as logits.

    A distance d gives the score d / (d + ``scale``), whose logit is log(d / scale): the network has
    the range of PRN's, and the order of the distances.
    """

    bank: torch.Tensor
    scale: torch.Tensor

    def __init__(self, encoder: Encoder, bank: torch.Tensor, scale: torch.Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.register_buffer("bank", bank)
        self.register_buffer("scale", scale)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``(B, 3, S, S)`` in [0, 1] -> logits ``(B, 1, S, S)``."""
        patches = patches_of(self.encoder, images)  # (B, C, h, w)
        nearest = distances(patches.permute(0, 2, 3, 1).flatten(0, 2), self.bank)
        maps = nearest.view(-1, 1, *patches.shape[2:])
        large = F.interpolate(maps, images.shape[2:], mode="bilinear", align_corners=False)
        return (large / self.scale).clamp(min=1e-6).log()


def patches_of(encoder: Encoder, images: torch.Tensor) -> torch.Tensor:
    """Images ``(B, 3, S, S)`` in [0, 1] -> F_1 .. F_3, averaged over 3 x 3, at the size of F_2.

    ``(B, c_1 + c_2 + c_3, S/8, S/8)``.
    """
    maps = [F.avg_pool2d(x, 3, 1, 1) for x in encoder(images, layers=SCALES)]
    size = maps[1].shape[2:]
    return torch.cat(
        [
            F.interpolate(x, size, mode="bilinear", align_corners=False, antialias=True)
            for x in maps
        ],
        dim=1,
    )


def distances(patches: torch.Tensor, bank: torch.Tensor) -> torch.Tensor:
    """L2 distances ``(Q,)`` of ``patches`` ``(Q, C)`` to the nearest of ``bank`` ``(N, C)``."""
    with full_precision(patches.device):
        pieces = [torch.cdist(patches, piece).amin(1) for piece in bank.split(PIECE)]
        return torch.stack(pieces).amin(0)


@torch.inference_mode()
def fit_nearest_patch(encoder: Encoder, normals: torch.Tensor) -> NearestPatch:
    """Keep every patch of ``normals`` ``(N, 3, S, S)`` uint8, N at least 2.

    The scale is the median distance from patches of some normals to the nearest of another one.
    Raises ValueError for fewer normals.
    """
    if len(normals) < 2:
        raise ValueError("distances between normal images need at least 2 of them")
    rows = torch.cat(list(_rows(encoder, normals)))  # (N, h w, C)
    chosen = torch.linspace(0, len(rows) - 1, min(SCALED_BY, len(rows))).long().tolist()
    own = [distances(rows[i], torch.cat([rows[:i], rows[i + 1 :]]).flatten(0, 1)) for i in chosen]
    scale = torch.cat(own).median().clamp(min=1e-6)
    return NearestPatch(encoder, rows.flatten(0, 1), scale)


def _rows(encoder: Encoder, images: torch.Tensor) -> Iterator[torch.Tensor]:
    """Patches of images, ``(B, h w, C)`` a batch."""
    device = encoder.mean.device
    for batch in tqdm(images.split(BATCH), desc="patches", unit="batch", leave=False):
        yield patches_of(encoder, batch.to(device).float() / 255).permute(0, 2, 3, 1).flatten(1, 2)
