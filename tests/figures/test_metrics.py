"""The chapter on metrics: its figures, its slider, and PRO under other conventions."""

import base64
import html
import io
import math
import re

import ipywidgets
import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from prn_lib import figures, widgets
from prn_lib.evaluation.metrics import rank_pixels
from prn_lib.figures.metrics import OUTCOMES, outcome, points_of
from prn_lib.studies.pro_conventions import STEPS, pro_conventions
from prn_lib.widgets.metrics import FIRST, POSITIONS, threshold_indices


@pytest.fixture
def case():
    """Masks ``(6, 24, 24)``, the first two empty, and maps that find them more or less."""
    rng = np.random.default_rng(0)
    noise = ndimage.gaussian_filter(rng.standard_normal((6, 24, 24)), (0, 1.5, 1.5))
    masks = (noise > 0.25).astype(np.uint8)
    masks[:2] = 0
    masks[2, :4, :4] = 0
    masks[2, 1, 1] = masks[2, 2, 2] = 1  # they touch at a corner
    return masks, (0.4 * masks + rng.random((6, 24, 24))).astype(np.float32)


def regions_of(masks, structure):
    """Every region as an image's index and a mask ``(H, W)`` bool."""
    found = []
    for i, mask in enumerate(masks):
        labelled, count = ndimage.label(mask, structure)
        found += [(i, labelled == k) for k in range(1, count + 1)]
    return found


def overlap_at(regions, called):
    return np.mean([called[i][region].mean() for i, region in regions])


def swept(masks, maps, structure, negatives, limit):
    """PRO from every distinct score, on a fine grid of rates."""
    regions, curve = regions_of(masks, structure), [(0.0, 0.0)]
    for threshold in np.unique(maps)[::-1]:
        called = maps >= threshold
        curve.append((called[negatives].mean(), overlap_at(regions, called)))
    x, y = np.transpose(curve)
    keep = x <= limit
    x, y = np.append(x[keep], limit), np.append(y[keep], np.interp(limit, x, y))
    return np.trapezoid(y, x) / limit


def spaced(masks, maps):
    """PRO as codes with 200 thresholds compute it, written as they write it."""
    regions = regions_of(masks, np.ones((3, 3)))
    low, high = float(maps.min()), float(maps.max())
    rates, overlaps = [], []
    for k in range(STEPS):
        called = maps > np.float64(low + k * (high - low) / STEPS)
        rates.append(called[masks == 0].mean())
        overlaps.append(overlap_at(regions, called))
    rates, overlaps = np.array(rates), np.array(overlaps)
    keep = rates < 0.3
    x, y = rates[keep] / rates[keep].max(), overlaps[keep]
    return -np.trapezoid(y, x)  # rates fall


def test_every_convention_equals_a_plain_reference(case):
    masks, maps = case
    eight, four = np.ones((3, 3)), ndimage.generate_binary_structure(2, 1)
    good, of_normals = masks == 0, np.zeros(masks.shape, bool)
    of_normals[:2] = True
    single = [swept(masks[[i]], maps[[i]], eight, good[[i]], 0.3) for i in range(2, 6)]
    expected = {
        "ours": swept(masks, maps, eight, good, 0.3),
        "limit 0.05": swept(masks, maps, eight, good, 0.05),
        "limit 0.1": swept(masks, maps, eight, good, 0.1),
        "limit 1.0": swept(masks, maps, eight, good, 1.0),
        "not divided by the limit": 0.3 * swept(masks, maps, eight, good, 0.3),
        "4 neighbours": swept(masks, maps, four, good, 0.3),
        "negatives of normal images": swept(masks, maps, eight, of_normals, 0.3),
        "image by image": np.mean(single),
        "200 spaced thresholds": spaced(masks, maps),
    }
    table = pro_conventions(masks, maps)
    assert list(table.index) == list(expected)
    assert table["PRO"].to_dict() == pytest.approx({k: 100 * v for k, v in expected.items()})
    assert len(table["PRO"].round(6).unique()) == len(table)  # each convention changes something
    assert table["difference"].tolist() == (table["PRO"] - table["PRO"]["ours"]).tolist()


def test_conventions_by_hand():
    """Two pixels that touch at a corner, one normal image; good pixels score as thresholds need."""
    masks = np.zeros((2, 4, 5), int)
    masks[1, 0, 0] = masks[1, 1, 1] = masks[1, 1, 2] = 1
    maps = np.zeros((2, 4, 5))
    maps[1, 0, 0] = 1.0  # one of the region's three pixels
    maps[1, 1, 1] = maps[1, 1, 2] = 0.5
    maps[0, 0, :5] = 0.75  # 5 of 37 good pixels, of 20 in normal images
    found = pro_conventions(masks, maps)["PRO"] / 100
    first = 5 / 37  # up to there 1/3 is found, then all; with 4 neighbours 1/2
    assert found["ours"] == pytest.approx((first / 3 + 0.3 - first) / 0.3)
    assert found["limit 0.05"] == pytest.approx(1 / 3)
    assert found["limit 1.0"] == pytest.approx(first / 3 + 1 - first)
    assert found["not divided by the limit"] == pytest.approx(first / 3 + 0.3 - first)
    assert found["4 neighbours"] == pytest.approx((first / 2 + 0.3 - first) / 0.3)
    assert found["negatives of normal images"] == pytest.approx((0.25 / 3 + 0.05) / 0.3)
    assert found["image by image"] == pytest.approx(1)  # no false alarm in the second image
    # Rates of thresholds: 5/37 while at or above 0.5 only a third is found, then all; that rate
    # is the largest, and is divided by itself: a third, then up at 1.
    assert found["200 spaced thresholds"] == pytest.approx(1 / 3)


def test_spaced_thresholds_depend_on_the_scale_of_scores_and_ours_do_not(case):
    masks, maps = case
    plain = pro_conventions(masks, maps.astype(float))["PRO"]
    powered = pro_conventions(masks, maps.astype(float) ** 12)["PRO"]
    last = "200 spaced thresholds"
    assert powered.drop(last).to_dict() == pytest.approx(plain.drop(last).to_dict())
    assert abs(powered[last] - plain[last]) > 1


def test_conventions_where_there_is_nothing_to_rank(case):
    masks, maps = case
    assert pro_conventions(np.zeros_like(masks), maps)["PRO"].isna().all()
    assert pro_conventions(np.ones_like(masks), maps)["PRO"].isna().all()
    perfect = pro_conventions(masks, masks.astype(float))["PRO"]
    assert math.isnan(perfect["200 spaced thresholds"])  # no rate to divide by
    assert perfect["ours"] == pytest.approx(100)
    without = pro_conventions(masks[2:], maps[2:])["PRO"]
    assert math.isnan(without["negatives of normal images"])
    assert without.notna().sum() == len(without) - 1


def test_points_are_what_a_threshold_finds(case):
    masks, maps = case
    ranking = rank_pixels(masks, maps)
    regions = regions_of(masks, np.ones((3, 3)))
    indices = threshold_indices(ranking)
    assert 15 < len(indices) <= POSITIONS
    shares = []
    for i in indices:
        called = maps >= ranking.thresholds[i]
        rate, recall = called[masks == 0].mean(), called[masks == 1].mean()
        expected = (rate, recall), (recall, masks[called].mean())
        expected = (*expected, (rate, overlap_at(regions, called)))
        for found, wanted in zip(points_of(ranking, i), expected, strict=True):
            assert found == pytest.approx(wanted)
        shares.append(called.mean())
    assert shares == sorted(shares, reverse=True)  # the slider goes from low thresholds to high
    assert ranking.found[indices[0]] == ranking.positives
    assert shares[-1] <= max(5 * FIRST, 2 / maps.size)


@pytest.mark.parametrize("kind", ["constant", "perfect"])
def test_few_thresholds_are_positions_too(case, kind):
    masks, _ = case
    maps = masks.astype(float) if kind == "perfect" else np.zeros(masks.shape)
    assert threshold_indices(rank_pixels(masks, maps)) == [0]


def test_outcomes_have_their_colours_and_nothing_else_has():
    image = torch.full((3, 2, 2), 100, dtype=torch.uint8)
    mask, called = np.array([[1, 1], [0, 0]]), np.array([[True, False], [True, False]])
    shown = outcome(image, mask, called)
    as_hex = ["#" + bytes(pixel).hex() for pixel in shown.reshape(4, 3)]
    assert as_hex[:3] == list(OUTCOMES.values())
    assert shown.dtype == np.uint8
    assert len(set(shown[1, 1].tolist())) == 1  # grey


def pixels_and_alt(value):
    alt, data = re.search(r'alt="([^"]*)".*base64,([^"]+)"', value).groups()
    picture = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
    return np.asarray(picture, dtype=int), html.unescape(alt)


def share_near(pixels, colour):
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return (np.abs(pixels - wanted).max(2) < 40).mean()


def test_the_slider_trades_misses_for_false_alarms(case, monkeypatch):
    masks, maps = case
    images = torch.randint(90, 160, (6, 3, 24, 24), dtype=torch.uint8)
    monkeypatch.setattr("prn_lib.widgets.metrics.POSITIONS", 4)
    monkeypatch.setenv("PRN_WIDGETS", "static")
    slider, stack = widgets.explore_threshold(images, masks, maps, shown=3).children
    labels = [float(label) for label, _ in slider.options]
    assert labels == sorted(labels)
    shown = [pixels_and_alt(child.value) for child in stack.children]
    assert len(shown) == 4
    assert all("missed defect pixels in yellow" in alt for _, alt in shown)
    missed = [share_near(pixels, OUTCOMES["missed"]) for pixels, _ in shown]
    alarms = [share_near(pixels, OUTCOMES["false alarm"]) for pixels, _ in shown]
    assert missed[-1] > missed[0] + 0.005
    assert alarms[0] > alarms[-1] + 0.02


def test_the_seed_shows_another_anomalous_image(case, monkeypatch):
    masks, maps = case
    images = torch.randint(90, 160, (6, 3, 24, 24), dtype=torch.uint8)
    monkeypatch.delenv("PRN_WIDGETS", raising=False)
    _, seed, picture = widgets.explore_threshold(images, masks, maps, shown=3).children
    first = picture.value
    seed.value = 1
    second = picture.value
    seed.value = 4  # there are four: round to the first again
    assert isinstance(picture, ipywidgets.HTML)
    assert picture.value == first != second


def test_figures_tell_their_numbers():
    mask = np.zeros((6, 6), int)
    mask[1, 1] = mask[3:5, 3:5] = 1
    scores = np.zeros((6, 6))
    scores[3, 3:5], scores[1, 1], scores[0, 5], scores[5, 0] = (0.9, 0.5), 0.4, 0.8, 0.3
    told = figures.show_cells(mask, scores).alt
    assert "1 with 0.4; 4 with 0.9, 0.5, 0.0, 0.0" in told
    assert "Two good pixels score 0.8 and 0.3" in told
    ranking = rank_pixels(mask[None], scores[None])
    told = figures.show_curves(ranking).alt
    for number in (ranking.auroc(), ranking.average_precision(), ranking.pro()):
        assert f"{number:.3f}" in told
    image = torch.zeros(3, 6, 6, dtype=torch.uint8)
    told = figures.show_rivals(image, mask, {"one": scores, "two": 1 - scores}).alt
    assert "one is bright on 2 of its 5 pixels and on 1 others" in told
    assert "two is bright on 4 of its 5 pixels and on 30 others" in told
