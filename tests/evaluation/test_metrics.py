import itertools
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage, stats
from sklearn.metrics import average_precision_score, roc_auc_score

from prn_lib.evaluation import metrics


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


def test_average_precision_and_auroc_are_scikit_learns():
    """To 1e-9, with many ties, few ties and none, and from float32 scores."""
    for seed in range(6):
        masks, maps = random_case(seed, (None, 3, 50)[seed % 3])
        maps = maps.astype((np.float32, np.float64)[seed % 2])
        found = metrics.rank_pixels(masks, maps)
        labels, scores = masks.ravel(), maps.ravel()
        assert found.auroc() == pytest.approx(roc_auc_score(labels, scores), abs=1e-9)
        assert found.average_precision() == pytest.approx(
            average_precision_score(labels, scores), abs=1e-9
        )


@given(
    labels=arrays(bool, (2, 3, 4)),
    scores=arrays(np.float32, (2, 3, 4), elements=st.integers(-3, 3).map(float)),
)
def test_any_small_case_is_as_defined(labels, scores):
    """AUROC by pairs, AP and PRO by sweeping every threshold; undefined where these are."""
    found = metrics.rank_pixels(labels, scores)
    positive, negative = scores[labels], scores[~labels]
    if not labels.any():
        assert math.isnan(found.auroc() + found.average_precision())
        assert math.isnan(found.pro())
        return
    recalls = [(labels & (scores >= t)).sum() / labels.sum() for t in sorted(set(scores.ravel()))]
    precisions = [labels[scores >= t].mean() for t in sorted(set(scores.ravel()))]
    swept = sum(
        (r - after) * p for r, after, p in zip(recalls, [*recalls[1:], 0], precisions, strict=True)
    )
    assert found.average_precision() == pytest.approx(swept, abs=1e-9)
    if labels.all():
        assert math.isnan(found.auroc())
        assert math.isnan(found.pro())
        return
    pairs = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    assert found.auroc() == pytest.approx(pairs.mean(), abs=1e-9)
    assert found.pro() == pytest.approx(swept_pro(labels.astype(int), scores), abs=1e-9)


def test_constant_scores_are_worth_what_the_docstring_says():
    masks, _ = random_case(0)
    found = metrics.evaluate(np.ones(4), masks.any((1, 2)), np.full(masks.shape, 0.3), masks)
    assert found["image_auroc"] == found["pixel_auroc"] == 0.5
    assert found["pixel_ap"] == pytest.approx(masks.mean())
    assert found["pro"] == pytest.approx(0.3 / 2)  # the diagonal up to 0.3, over 0.3


def test_the_ranking_is_the_curves_corners():
    """Scores by hand: 5 and 4 are positives, 4 ties with a negative, one negative outranks 4."""
    ranking = metrics.rank(np.array([1, 0, 1, 0, 0]), np.array([5.0, 4.5, 4.0, 4.0, 1.0]))
    assert ranking.thresholds.tolist() == [5, 4]
    assert ranking.found.tolist() == [1, 2]
    assert ranking.above.tolist() == [0, 1]
    assert ranking.alarms.tolist() == [0, 2]
    assert ranking.precision().tolist() == [1, 0.5]
    rates, recalls = ranking.curve(ranking.found / ranking.positives)
    assert rates == pytest.approx([0, 0, 0, 1 / 3, 2 / 3, 1])
    assert recalls.tolist() == [0, 0, 0.5, 0.5, 1, 1]


def test_conventions_of_pro_by_hand():
    """Two pixels that touch by a corner: one region or two; false alarms beside a defect or not."""
    masks = np.zeros((2, 3, 3), int)
    masks[0, 0, 0] = masks[0, 1, 1] = 1
    masks[0, 2, 2] = 0
    maps = np.zeros((2, 3, 3))
    maps[0, 0, 0], maps[0, 2, 2] = 1.0, 0.5  # half found; one false alarm in the anomalous image
    # up to 1/16 of false alarms half is found, then all negatives come at once
    both = metrics.rank_pixels(masks, maps)
    assert both.overlap.tolist() == [0.5, 1]
    assert both.alarms.tolist() == [0, 16]
    elsewhere = metrics.rank_pixels(masks, maps, negatives="normal images")
    assert elsewhere.alarms.tolist() == [0, 9]
    masks[0, 1, 2] = 1  # joins neither or both: the lower one has two pixels now
    assert metrics.rank_pixels(masks, maps).overlap[0] == pytest.approx(1 / 3)
    assert metrics.rank_pixels(masks, maps, connectivity=4).overlap[0] == pytest.approx(1 / 2)


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
    for wrong in (np.nan, np.inf):
        maps[0, 0, 0] = wrong
        with pytest.raises(ValueError, match="NaN or infinite"):
            metrics.evaluate(labels, labels, maps, masks)
        with pytest.raises(ValueError, match="NaN or infinite"):
            metrics.evaluate(np.full(4, wrong), labels, np.zeros_like(maps), masks)


@pytest.mark.parametrize("where", range(6))
def test_nan_cannot_be_ranked_wherever_it_is(where):
    labels, scores = np.array([0, 1, 0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    scores[where] = np.nan
    with pytest.raises(ValueError, match="scores hold NaN"):
        metrics.auroc(labels, scores)


def test_what_is_no_mask_or_does_not_fit_is_named():
    masks, maps = random_case(0)
    with pytest.raises(ValueError, match="must be 0 or 1"):
        metrics.pro(255 * masks, maps)
    with pytest.raises(ValueError, match="negatives='normals' must be one of all, normal images"):
        metrics.rank_pixels(masks, maps, negatives="normals")
    with pytest.raises(ValueError, match="connectivity=6 must be 4 or 8"):
        metrics.rank_pixels(masks, maps, connectivity=6)
    with pytest.raises(ValueError, match=r"labels \(4, 16, 15\) and scores \(4, 16, 16\)"):
        metrics.pro(masks[..., 1:], maps)
    with pytest.raises(ValueError, match=r"masks must be \(N, H, W\), not \(16, 16\)"):
        metrics.pro(masks[0], maps[0])
    with pytest.raises(ValueError, match="3 labels and 4 masks"):
        metrics.evaluate(np.zeros(3), np.zeros(3), maps, masks)
    for limit in (0, -0.1, 1.5, math.nan):
        with pytest.raises(ValueError, match="must be a false positive rate"):
            metrics.pro(masks, maps, limit)


@pytest.mark.parametrize(("side", "allowed"), [(60, 10), (180, 25)])
def test_metrics_need_little_memory(side, allowed):
    """Bytes a pixel beside masks and maps: 1 000 images of 256 x 256 stay below 2 GB in all.

    With 2.7% anomalous pixels, more than in most datasets, and with an absurd quarter of them.
    """
    rng = np.random.default_rng(0)
    masks = np.zeros((20, 256, 256), np.uint8)
    masks[10:, 20 : 20 + side, 20 : 20 + side] = 1
    maps = rng.random(masks.shape, np.float32)
    tracemalloc.start()
    metrics.evaluate(maps.max((1, 2)), masks.any((1, 2)), maps, masks)
    extra = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert extra < allowed * masks.size
