"""k-means over whole feature maps (Sec. 3.1): few points in very many dimensions.

Lloyd's algorithm needs nothing but distances, and all of them follow from the points' Gram matrix
G_mi = <x_m, x_i>, since centres are means of points: with m, l running over cluster k,

    ``|x_i - mu_k|^2 = G_ii - 2 mean_m G_mi + mean_ml G_ml``.

So the feature maps are read once for G (N x N) and once for the final means, however many steps and
starts lie between. Distances do not change if one point is subtracted from all: G is that of the
centred maps, for little cancels then.
"""

import torch

from prn_lib.common.progress import tqdm
from prn_lib.model.precision import full_precision

CHUNK = 4096  # dimensions at a time: few enough that a chunk of some hundred maps is cached
# Squared distances below this share of the mean one to the centre of all maps count as zero: a
# single-precision Gram matrix cannot tell them from rounding.
EQUAL = 1e-6


def cluster(
    points: torch.Tensor,
    count: int,
    *,
    iterations: int,
    seed: int,
    starts: int = 1,
    device: torch.device | str = "cpu",
) -> torch.Tensor:
    """Labels ``(N,)`` int64 of ``count`` clusters of ``points`` ``(N, dimensions)``.

    Centres start at randomly sampled points; of several ``starts`` the one with the lowest inertia
    is kept. At most ``iterations`` steps each. The Gram matrix is computed on ``device``, chunk by
    chunk, the rest on the processor in double precision.

    An empty cluster takes the point that is farthest from its own centre. Where points are so equal
    that there is none, fewer labels than ``count`` are used. ValueError for counts that cannot be.
    """
    if not 1 <= count <= len(points) or starts < 1 or iterations < 1:
        raise ValueError(
            f"cannot make {count} clusters of {len(points)} points from {starts} starts in "
            f"{iterations} iterations: all must be at least 1, and clusters no more than points"
        )
    gram = gram_matrix(points, device)
    generator = torch.Generator().manual_seed(seed)
    tries = (torch.randperm(len(points), generator=generator)[:count] for _ in range(starts))
    return min(
        (lloyd(gram, first, iterations) for first in tries), key=lambda made: inertia(gram, made)
    )


def gram_matrix(points: torch.Tensor, device: torch.device | str = "cpu") -> torch.Tensor:
    """Gram matrix ``(N, N)`` float64 of the centred ``points`` ``(N, dimensions)`` float32."""
    gram = torch.zeros(len(points), len(points), dtype=torch.float64, device=device)
    chunks = points.split(CHUNK, dim=1)
    for chunk in tqdm(chunks, desc="distances", unit="chunk", leave=False, delay=1):
        chunk = chunk.to(device)
        chunk = chunk - chunk.mean(0)
        with full_precision(chunk.device):
            gram += chunk @ chunk.mT
    return gram.cpu()


def lloyd(gram: torch.Tensor, first: torch.Tensor, iterations: int) -> torch.Tensor:
    """Lloyd's algorithm from the points ``first`` ``(K,)`` as centres -> labels ``(N,)``."""
    count, tolerance = len(first), EQUAL * gram.diagonal().mean()
    weights = torch.zeros(count, len(gram), dtype=gram.dtype)  # a centre as a mean of points
    weights[torch.arange(count), first] = 1
    labels = first.new_empty(0)  # none yet
    for _ in range(iterations):
        distances = squared_distances(gram, weights).clamp(min=tolerance)
        moved = _fill_empty(distances.argmin(0), distances, tolerance)
        if torch.equal(moved, labels):
            break
        labels, weights = moved, _mean_weights(moved, count, gram.dtype)
    return labels


def squared_distances(gram: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """``(K, N)`` from every centre, a row of ``weights`` ``(K, N)``, to every point."""
    products = weights @ gram  # <mu_k, x_i>
    norms = (products * weights).sum(1, keepdim=True)  # |mu_k|^2
    return gram.diagonal() - 2 * products + norms


def inertia(gram: torch.Tensor, labels: torch.Tensor) -> float:
    """Sum of the points' squared distances to the centres of their clusters."""
    weights = _mean_weights(labels, int(labels.max()) + 1, gram.dtype)
    return squared_distances(gram, weights).gather(0, labels[None]).sum().item()


def _mean_weights(labels: torch.Tensor, count: int, dtype: torch.dtype) -> torch.Tensor:
    members = torch.nn.functional.one_hot(labels, count).mT.to(dtype)
    return members / members.sum(1, keepdim=True).clamp(min=1)


def _fill_empty(
    labels: torch.Tensor, distances: torch.Tensor, tolerance: torch.Tensor
) -> torch.Tensor:
    """Give every empty cluster the point farthest from its centre, unless that is alone there."""
    sizes = labels.bincount(minlength=len(distances))
    own = distances.gather(0, labels[None])[0]
    for empty in (sizes == 0).nonzero()[:, 0].tolist():
        not_alone = own.masked_fill(sizes[labels] == 1, 0)
        farthest = not_alone.argmax()
        if not_alone[farthest] <= tolerance:
            break
        sizes[labels[farthest]] -= 1
        sizes[empty], labels[farthest] = 1, empty
    return labels
