import itertools
import math

import numpy as np
import pytest
from scipy import ndimage, stats

from prn_lib import metrics


def swept_pro(masks, maps, limit=0.3):
    """PRO by its definition: every distinct score is a threshold, each region counted alone."""
    regions = []
    for i, mask in enumerate(masks):
        labelled, count = ndimage.label(mask, np.ones((3, 3)))
        regions += [(i, labelled == k) for k in range(1, count + 1)]
    curve = [(0.0, 0.0)]
    for threshold in sorted(set(maps.ravel()), reverse=True):
        called = maps >= threshold
        overlap = np.mean([called[i][region].mean() for i, region in regions])
        curve.append((called[masks == 0].mean(), overlap))
    area = 0.0
    for (x0, y0), (x1, y1) in itertools.pairwise(curve):
        if x0 >= limit:
            break
        if x1 > limit:
            y1 = y0 + (y1 - y0) * (limit - x0) / (x1 - x0)
            x1 = limit
        area += (x1 - x0) * (y0 + y1) / 2
    return area / limit


def random_case(seed, levels=None):
    rng = np.random.default_rng(seed)
    masks = (ndimage.gaussian_filter(rng.standard_normal((4, 16, 16)), (0, 2, 2)) > 0.2).astype(int)
    masks[0] = 0
    maps = 0.5 * masks + rng.random((4, 16, 16))
    return masks, maps if levels is None else np.round(maps * levels) / levels


@pytest.mark.parametrize("levels", [None, 5, 1])
@pytest.mark.parametrize("seed", range(4))
def test_pro_equals_a_threshold_sweep(seed, levels):
    masks, maps = random_case(seed, levels)
    assert metrics.pro(masks, maps) == pytest.approx(swept_pro(masks, maps), abs=1e-9)
    assert metrics.pro(masks, maps, limit=1.0) == pytest.approx(
        swept_pro(masks, maps, 1.0), abs=1e-9
    )


def test_pro_by_hand():
    """Two regions of 1 and 4 pixels, 5 negatives; scores chosen so that each step is seen."""
    masks = np.array([[[1, 0, 1, 1], [0, 0, 1, 1]]])
    assert ndimage.label(masks[0], np.ones((3, 3)))[1] == 2
    maps = np.array([[[0.9, 0.8, 0.7, 0.7], [0.1, 0.1, 0.2, 0.2]]])
    # thresholds: .9 -> (0, 1/2), .8 -> (1/3, 1/2), .7 -> (1/3, 3/4), ...: 3 negatives
    # area up to 0.3 lies below the flat part at 1/2
    assert metrics.pro(masks, maps) == pytest.approx(0.5)
    # up to 1/2: 1/3 * 1/2, then from (1/3, 1) to (1, 1): the .2 pixels come before the .1 ones
    assert metrics.pro(masks, maps, limit=0.5) == pytest.approx((1 / 6 + 1 / 6 * 1) / 0.5)


def test_pro_counts_diagonal_neighbours_as_one_region():
    masks = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 0]]])
    maps = np.array([[[1.0, 0, 0], [0, 0, 0], [0, 0, 0]]])
    # one region, half found without a false positive; then everything at once
    expected = 0.5 + 0.5 * 0.3 / 2
    assert metrics.pro(masks, maps) == pytest.approx(expected)


def test_pro_treats_small_and_large_regions_alike_and_rewards_a_perfect_map():
    masks = np.zeros((1, 20, 20), int)
    masks[0, 2, 2] = masks[0, 8:18, 8:18] = 1
    assert metrics.pro(masks, masks.astype(float)) == pytest.approx(1)
    only_large = masks.astype(float)
    only_large[0, 2, 2] = 0
    assert metrics.pro(masks, only_large) == pytest.approx(0.5 + 0.5 * 0.15)


def test_auroc_is_the_probability_of_a_right_order():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 60), np.round(rng.random(60), 1)
    positive, negative = scores[labels == 1], scores[labels == 0]
    u = stats.mannwhitneyu(positive, negative).statistic
    assert metrics.auroc(labels, scores) == pytest.approx(u / len(positive) / len(negative))
    pairs = [(p > n) + 0.5 * (p == n) for p in positive for n in negative]
    assert metrics.auroc(labels, scores) == pytest.approx(np.mean(pairs))


def test_average_precision_by_hand():
    labels, scores = np.array([1, 0, 1, 0, 1]), np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert metrics.average_precision(labels, scores) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    tied = np.array([0.9, 0.9, 0.1, 0.1, 0.1])
    assert metrics.average_precision(labels, tied) == pytest.approx(1 / 3 / 2 + 2 / 3 * 3 / 5)


def test_what_a_set_cannot_define_is_nan():
    nothing, maps = np.zeros((2, 4, 4), int), np.random.default_rng(0).random((2, 4, 4))
    assert math.isnan(metrics.pro(nothing, maps))
    assert math.isnan(metrics.auroc(nothing, maps))
    assert math.isnan(metrics.average_precision(nothing, maps))
    assert math.isnan(metrics.pro(nothing + 1, maps))
    assert math.isnan(metrics.auroc(nothing + 1, maps))


def test_evaluate_names_all_four_and_refuses_nan():
    masks, maps = random_case(0)
    labels = masks.any((1, 2)).astype(int)
    found = metrics.evaluate(maps.max((1, 2)), labels, maps, masks)
    assert tuple(found) == metrics.METRICS
    maps[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        metrics.evaluate(labels, labels, maps, masks)
