"""Prototypes of normal features and the residual to the nearest one (Sec. 3.1, Eq. 1)."""

import torch
from torch import nn

from prn_lib.common.checks import check_choice
from prn_lib.common.progress import tqdm
from prn_lib.model.encoder import Encoder
from prn_lib.model.kmeans import cluster
from prn_lib.model.precision import full_precision
from prn_lib.model.residuals import RESIDUALS

SCALES = 3  # scales with prototypes, fusion and attention


class Prototypes(nn.Module):
    """P_j of one scale: finds the nearest to each feature map and returns the residual.

    ``maps`` ``(K, C, H, W)``; ``kind`` is one of ``prn_lib.model.residuals.RESIDUALS``. Raises
    ValueError for another.
    """

    maps: torch.Tensor
    centre: torch.Tensor
    norms: torch.Tensor

    def __init__(self, maps: torch.Tensor, kind: str = "absolute") -> None:
        super().__init__()
        check_choice("residual", kind, RESIDUALS)
        self.kind = kind
        centre = maps.mean(0, keepdim=True)
        norms = torch.stack([(each - centre).double().square().sum() for each in maps])
        self.register_buffer("maps", maps.contiguous(memory_format=torch.channels_last))
        self.register_buffer("centre", centre.contiguous(memory_format=torch.channels_last))
        self.register_buffer("norms", norms.to(maps.dtype))  # |P_jk - centre|^2 (K,)

    def nearest(self, features: torch.Tensor) -> torch.Tensor:
        """Index of the prototype with the smallest L2 distance: ``(B, C, H, W)`` -> ``(B,)`` int64.

        Only ``|P - centre|^2 - 2 <F - centre, P>`` differs from prototype to prototype: one matrix
        product, row by row of the map. Centred features are small where features are large and much
        alike, so that little is lost by rounding, up to an offset of a thousand times the spread.
        """
        with full_precision(features.device):
            rows = _by_channel(features - self.centre).flatten(2).transpose(0, 1)  # (H, B, W C)
            prototypes = _by_channel(self.maps).flatten(2).permute(1, 2, 0)  # (H, W C, K)
            products = (rows @ prototypes).sum(0)
            return (self.norms - 2 * products).argmin(1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """D_j = D(F_j - P_j*), element by element (Eq. 1); same shape as ``features``.

        Raises ValueError for features of another size than the prototypes'.
        """
        if features.shape[1:] != self.maps.shape[1:]:
            raise ValueError(
                f"features are {tuple(features.shape[1:])}, but the prototypes "
                f"{tuple(self.maps.shape[1:])}: score images of the size that they were fitted to"
            )
        nearest = _by_channel(self.maps)[self.nearest(features)]
        return RESIDUALS[self.kind](_by_channel(features) - nearest).permute(0, 3, 1, 2)


def _by_channel(maps: torch.Tensor) -> torch.Tensor:
    """``(B, C, H, W)`` -> ``(B, H, W, C)``, which a map in channels-last memory is already."""
    return maps.contiguous(memory_format=torch.channels_last).permute(0, 2, 3, 1)


def cluster_prototypes(
    features: torch.Tensor,
    *,
    ratio: float,
    iterations: int,
    seed: int,
    starts: int = 1,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """k-means over whole feature maps of one scale, see :mod:`prn_lib.model.kmeans`.

    ``features`` F_j of the normals, ``(N, C, H, W)`` -> prototypes P_j ``(K, C, H, W)`` with
    K = ratio x N, rounded, at least 1. Where that is N nothing is clustered (Table 6's 100%): the
    features themselves are returned. Else fewer than K are made if fewer maps differ.

    Raises ValueError for a ratio outside (0, 1] and for features that are not finite.
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"prototype_ratio={ratio} must lie in (0, 1]")
    points = features.flatten(1)
    broken = (~points.sum(1).isfinite()).nonzero()[:, 0].tolist()
    if broken:
        raise ValueError(
            f"features of normal image {broken[0]} (and {len(broken) - 1} more) are NaN or "
            "infinite; check the encoder's weights"
        )
    count = max(1, round(ratio * len(features)))
    if count == len(features):
        return features
    labels = cluster(points, count, iterations=iterations, seed=seed, starts=starts, device=device)
    used, labels = labels.unique(return_inverse=True)
    sums = points.new_zeros(len(used), points.shape[1]).index_add_(0, labels, points)
    return (sums / labels.bincount()[:, None]).unflatten(1, features.shape[1:])


@torch.no_grad()
def fit_prototypes(
    encoder: Encoder,
    normals: torch.Tensor,
    *,
    ratio: float,
    iterations: int,
    seed: int,
    starts: int = 1,
    batch_size: int = 32,
) -> list[torch.Tensor]:
    """P_1 .. P_3 of the training normals ``(N, 3, S, S)`` uint8, on the encoder's device.

    The features of all normals are held once, in main memory: 1.8 MB an image at 256 x 256.
    """
    device = encoder.mean.device
    features: list[torch.Tensor] = []
    batches = range(0, len(normals), batch_size)
    for start in tqdm(batches, desc="features", unit="batch", leave=False, delay=1):
        images = normals[start : start + batch_size].to(device).float() / 255
        made = encoder(images, layers=SCALES)
        if not features:
            features = [torch.empty(len(normals), *x.shape[1:]) for x in made]
        for kept, x in zip(features, made, strict=True):
            kept[start : start + batch_size] = x
    settings = {"iterations": iterations, "seed": seed, "starts": starts}
    return [  # a scale's features are let go when its prototypes are made
        cluster_prototypes(features.pop(0), ratio=ratio, **settings, device=device).to(device)
        for _ in range(SCALES)
    ]
