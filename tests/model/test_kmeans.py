"""k-means through the Gram matrix, against scikit-learn and distances written plainly."""

import math

import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from prn_lib.model.kmeans import (
    CHUNK,
    _fill_empty,
    cluster,
    gram_matrix,
    inertia,
    lloyd,
    squared_distances,
)
from prn_lib.model.prototypes import cluster_prototypes


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def plain_inertia(points, labels):
    points = points.double()
    return sum(
        (points[labels == k] - points[labels == k].mean(0)).square().sum().item()
        for k in labels.unique()
    )


def test_distances_from_the_gram_matrix_are_distances():
    points = random(9, 3 * CHUNK + 7) + 300  # the last chunk is smaller; norms alone would cancel
    weights = torch.rand(4, 9, dtype=torch.float64)
    weights /= weights.sum(1, keepdim=True)
    centres = weights @ points.double()
    expected = torch.cdist(centres, points.double()).square()
    found = squared_distances(gram_matrix(points), weights)
    assert torch.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_start_ends_where_scikit_learn_ends(seed):
    """Labels, and inertia to 1e-4 of its value, on points with structure and a large offset."""
    groups = 3 * random(6, 500, seed=seed)
    points = groups[torch.arange(90) % 6] + random(90, 500, seed=seed + 50) + 20
    first = torch.randperm(90, generator=torch.Generator().manual_seed(seed))[:9]
    labels = lloyd(gram_matrix(points), first, 300)
    ours = inertia(gram_matrix(points), labels)
    theirs = KMeans(9, init=points[first].numpy(), n_init=1, max_iter=300, tol=0).fit(points)
    assert ours == pytest.approx(theirs.inertia_, rel=1e-4)
    assert ours == pytest.approx(plain_inertia(points, labels), rel=1e-4)
    assert adjusted_rand_score(labels, theirs.labels_) > 0.999


def test_iterations_are_bounded_and_each_lowers_the_inertia():
    points, first = random(60, 8), torch.arange(5)
    gram = gram_matrix(points)
    course = [inertia(gram, lloyd(gram, first, n)) for n in (1, 2, 3, 300)]
    assert course == sorted(course, reverse=True)
    assert course[0] > course[1] > course[-1]


def test_more_starts_never_end_higher():
    points = random(80, 6)
    gram = gram_matrix(points)
    ends = [inertia(gram, cluster(points, 8, iterations=300, seed=3, starts=n)) for n in (1, 4, 40)]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] > ends[-1]
    assert ends[-1] < 1.02 * KMeans(8, n_init=40, random_state=0).fit(points).inertia_


def test_an_empty_cluster_takes_the_point_farthest_from_its_centre():
    """Two centres start on equal points; the far point would else stay with one of them."""
    points = torch.tensor([[0.0], [0.0], [1.0], [50.0]])
    labels = lloyd(gram_matrix(points), torch.tensor([0, 1]), 300)
    assert labels[3] != labels[0]
    assert (labels[:3] == labels[0]).all()


def test_on_small_integers_every_case_ends_well():
    """Many ties and duplicates: as many clusters as can be, none empty, each point with its own."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(400):
        count, dimensions = torch.randint(1, 9, (2,), generator=generator).tolist()
        points = torch.randint(0, 3, (9, dimensions), generator=generator).float()
        labels = lloyd(gram_matrix(points), torch.randperm(9, generator=generator)[:count], 300)
        used = labels.unique()
        assert len(used) == min(count, len(points.unique(dim=0)))
        centres = torch.stack([points[labels == k].mean(0) for k in used])
        own = (points - centres[torch.searchsorted(used, labels)]).square().sum(1)
        assert torch.allclose(own, torch.cdist(points, centres).square().amin(1), atol=1e-5)


def test_a_point_that_is_alone_is_not_taken_for_an_empty_cluster():
    """The third point is farthest from its (old) centre, but its cluster would be empty then."""
    distances = torch.tensor([[0.5, 0.2, 10.0], [9.0, 9.0, 9.0], [10.0, 10.0, 10.0]])
    labels = _fill_empty(torch.tensor([0, 0, 1]), distances.double(), torch.tensor(0.0))
    assert labels.tolist() == [2, 0, 1]


@pytest.mark.parametrize("jitter", [0, 1e-5])
def test_duplicates_make_fewer_prototypes_and_never_an_empty_or_broken_one(jitter):
    """Maps that differ by less than a thousandth of the spread count as equal."""
    two = random(2, 3, 4, 4)
    features = two[torch.tensor([0, 1, 1, 0, 1, 1, 0, 0, 1, 0])]
    features = features + jitter * random(10, 3, 4, 4, seed=1)
    for seed in range(6):
        made = cluster_prototypes(features, ratio=0.5, iterations=300, seed=seed)
        assert made.shape == (2, 3, 4, 4)  # K would be 5, but only two maps differ
        found = {tuple(p.flatten().tolist()) for p in made}
        assert torch.allclose(
            torch.tensor(sorted(found)),
            torch.tensor(sorted(map(tuple, two.flatten(1).tolist()))),
            atol=1e-4,
        )
    same = cluster_prototypes(two[:1].expand(8, -1, -1, -1), ratio=0.5, iterations=9, seed=0)
    assert torch.allclose(same, two[:1])


def test_one_prototype_is_the_mean_and_all_are_the_features():
    features = random(25, 2, 2, 2) + 100
    one = cluster_prototypes(features, ratio=0.01, iterations=9, seed=0)
    assert one.shape == (1, 2, 2, 2)
    assert torch.allclose(one[0], features.mean(0), rtol=1e-6)
    everything = cluster_prototypes(features, ratio=1, iterations=9, seed=0)
    assert torch.equal(everything, features)  # Table 6's 100%: no clustering
    counts = [
        len(cluster_prototypes(features, ratio=r, iterations=9, seed=0)) for r in (0.1, 0.2, 0.5)
    ]
    assert counts == [2, 5, 12]


def test_prototypes_are_the_means_of_their_members():
    features = random(40, 3, 4, 4)
    made = cluster_prototypes(features, ratio=0.1, iterations=300, seed=0)
    nearest = torch.cdist(features.flatten(1), made.flatten(1)).argmin(1)
    for k in range(4):
        assert torch.allclose(features[nearest == k].mean(0), made[k], atol=1e-5)


def test_the_seed_decides():
    features = random(40, 2, 4, 4)
    first, again, other = (
        cluster_prototypes(features, ratio=0.2, iterations=300, seed=s) for s in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_bad_input_is_named():
    features = random(5, 2, 2, 2)
    with pytest.raises(ValueError, match=r"prototype_ratio=0 must lie in \(0, 1\]"):
        cluster_prototypes(features, ratio=0, iterations=9, seed=0)
    for value in (math.nan, math.inf, -math.inf):
        features[3, 0, 0, 0] = value
        for ratio in (0.4, 1):
            with pytest.raises(ValueError, match=r"normal image 3 .*NaN or infinite"):
                cluster_prototypes(features, ratio=ratio, iterations=9, seed=0)


def test_counts_that_cannot_be_are_refused():
    points = random(4, 3)
    for count, starts, iterations in ((0, 1, 9), (5, 1, 9), (2, 0, 9), (2, 1, 0)):
        with pytest.raises(ValueError, match=f"cannot make {count} clusters of 4 points"):
            cluster(points, count, iterations=iterations, seed=0, starts=starts)


def test_autocast_does_not_reach_distances():
    points = random(20, 64) + 5
    expected = gram_matrix(points)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(gram_matrix(points), expected)


def test_features_are_not_copied():
    """What is allocated beside features of 64 MB is a small share of them."""
    features = torch.rand(64, 16, 128, 128)
    with torch.profiler.profile(profile_memory=True) as recorded:
        cluster_prototypes(features, ratio=0.1, iterations=300, seed=0)
    total = peak = 0
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            total += event.nbytes()
            peak = max(peak, total)
    prototypes = features.nbytes // 64 * 6
    assert prototypes < peak < 4 * prototypes
