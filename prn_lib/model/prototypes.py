"""Prototypes of normal features and the residual to the nearest one (Sec. 3.1, Eq. 1)."""

import torch
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

RESIDUALS = {
    "absolute": torch.abs,
    "squared": torch.square,
    "signed": lambda difference: difference,
}


def cluster_prototypes(
    features: torch.Tensor, *, ratio: float, iterations: int, seed: int
) -> torch.Tensor:
    """k-means over whole feature maps of one scale.

    ``features`` F_j of the normals, ``(N, C, H, W)`` -> prototypes P_j ``(K, C, H, W)`` with
    K = ratio x N, at least 1. Centres start at randomly sampled feature maps, distance is L2, at
    most ``iterations`` iterations. With ratio 1 nothing is clustered (Table 6's 100%).

    Raises ValueError for a ratio outside (0, 1] and for features that are not finite.
    """
    if not 0 < ratio <= 1:
        raise ValueError(f"prototype_ratio={ratio} must lie in (0, 1]")
    if not torch.isfinite(features).all():
        raise ValueError("features hold NaN or infinite values; check the encoder's weights")
    count = max(1, round(ratio * len(features)))
    if count == len(features):
        return features.clone()
    points = features.flatten(1).cpu().numpy()  # (N, C*H*W)
    kmeans = KMeans(count, init="random", n_init=1, max_iter=iterations, random_state=seed)
    with threadpool_limits(1, user_api="openmp"):  # sums of threads would come in any order
        kmeans.fit(points)
    centres = torch.from_numpy(kmeans.cluster_centers_).to(features)
    return centres.unflatten(1, features.shape[1:])


def nearest_prototype(features: torch.Tensor, prototypes: torch.Tensor) -> torch.Tensor:
    """Index of the prototype with the smallest L2 distance to each whole feature map.

    ``(B, C, H, W)`` and ``(K, C, H, W)`` -> ``(B,)`` int64.
    """
    exact = "donot_use_mm_for_euclid_dist"  # the faster form cancels when maps are nearly equal
    distances = torch.cdist(features.flatten(1), prototypes.flatten(1), compute_mode=exact)
    return distances.argmin(dim=1)


def residual(
    features: torch.Tensor, prototypes: torch.Tensor, kind: str = "absolute"
) -> torch.Tensor:
    """D_j = D(F_j - P_j*), element by element (Eq. 1); same shape as ``features``.

    The paper's "element-wise Euclidean distance" is read as the absolute difference; ``kind``
    "squared" and "signed" are the other readings.
    """
    difference = features - prototypes[nearest_prototype(features, prototypes)]
    return RESIDUALS[kind](difference)
