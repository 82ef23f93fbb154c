"""Prototypes and residuals (Eq. 1) against plain loops; the clustering is in test_kmeans.py."""

import numpy as np
import pytest
import torch

from networks import plain_nearest, random
from prn_lib.model import fit_prototypes
from prn_lib.model.prototypes import Prototypes, cluster_prototypes


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_nearest_prototype_and_residual_are_eq_1(layout):
    features, maps = random(5, 3, 4, 4), random(6, 3, 4, 4, seed=1)
    given = features.to(memory_format=layout)
    for b in range(5):
        distances = [(features[b] - p).square().sum().sqrt().item() for p in maps]
        k = int(np.argmin(distances))
        assert Prototypes(maps).nearest(given)[b] == k
        difference = features[b] - maps[k]
        assert torch.equal(Prototypes(maps)(given)[b], difference.abs())
        assert torch.equal(Prototypes(maps, "squared")(given)[b], difference**2)
        assert torch.equal(Prototypes(maps, "signed")(given)[b], difference)
    assert Prototypes(maps)(maps).abs().max() == 0


@pytest.mark.parametrize("offset", [0, 10, 100])
def test_the_nearest_is_that_of_double_precision_where_maps_are_much_alike(offset):
    """Maps that share an offset of up to 100 times their spread; norms alone would cancel."""
    common = random(1, 64, 16, 16) + offset
    maps = common + random(40, 64, 16, 16, seed=1)
    features = common + random(60, 64, 16, 16, seed=2)
    expected = plain_nearest(features, maps)
    assert torch.equal(Prototypes(maps).nearest(features), expected)
    if offset == 100:  # the usual expansion, in single precision: it cannot tell them apart
        x, p = features.flatten(1), maps.flatten(1)
        naive = (x.square().sum(1)[:, None] - 2 * x @ p.mT + p.square().sum(1)).argmin(1)
        assert not torch.equal(naive, expected)


def test_the_nearest_needs_no_tensor_over_batch_and_prototypes():
    maps, features = random(50, 16, 32, 32), random(8, 16, 32, 32, seed=1)
    prototypes = Prototypes(maps)
    with torch.profiler.profile(profile_memory=True) as recorded:
        prototypes.nearest(features.contiguous(memory_format=torch.channels_last))
    sizes = [
        e.nbytes() for e in recorded.profiler.kineto_results.events() if e.name() == "[memory]"
    ]
    assert features.nbytes <= max(sizes) < 2 * features.nbytes  # the naive way: 50 times as much


def test_features_of_another_size_are_refused():
    with pytest.raises(
        ValueError, match=r"features are \(3, 8, 8\), but the prototypes \(3, 4, 4\)"
    ):
        Prototypes(random(2, 3, 4, 4))(random(1, 3, 8, 8))


def test_fitted_prototypes_are_clusters_of_the_features_of_each_scale(encoder):
    normals = (torch.rand(10, 3, 64, 64) * 255).byte()
    settings = {"ratio": 0.3, "iterations": 300, "seed": 4}
    fitted = fit_prototypes(encoder, normals, **settings, batch_size=4)
    for scale, made in zip(encoder(normals.float() / 255), fitted, strict=False):
        assert torch.allclose(made, cluster_prototypes(scale, **settings), atol=1e-5)
    assert len(fitted) == 3
