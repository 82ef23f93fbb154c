"""Where map and label disagree: the numbers by hand, the spoilt labels, the figure."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from prn_lib import figures
from prn_lib.figures.disagreement import UNFOUND, UNLABELLED, coloured
from prn_lib.runs.building import read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import Result
from prn_lib.studies.disagreement import (
    Levels,
    add_second_defects,
    beside_label,
    broaden,
    disagreements,
    evidence,
    forget_largest_region,
    found_back,
    levels,
    maps_and_masks,
    rank_disagreements,
    unfound_share,
)


def square(side, top, left, edge):
    mask = np.zeros((side, side), bool)
    mask[top : top + edge, left : left + edge] = True
    return mask


def hill(side, y, x, height, width):
    """A round hill of float32 scores."""
    rows, columns = np.mgrid[:side, :side]
    distance = (rows - y) ** 2 + (columns - x) ** 2
    return (height * np.exp(-distance / (2 * width**2))).astype(np.float32)


def test_the_label_explains_its_slopes_and_no_other_hill():
    """One row of scores; the label is at 0.9, the margin one pixel wide (1/32 of 32)."""
    scores = np.zeros((32, 32), np.float32)
    scores[16, 4:16] = [0.1, 0.3, 0.6, 0.8, 0.9, 0.8, 0.6, 0.2, 0.4, 0.7, 0.4, 0.1]
    mask = np.zeros((32, 32), bool)
    mask[16, 8] = True
    left = beside_label(scores, mask)
    # The walk back from 0.4, 0.7, 0.4 has to go through 0.2; 0.1 at the end need not go lower.
    assert left[16, 4:16] == pytest.approx([0, 0, 0, 0, 0, 0, 0, 0, 0.4, 0.7, 0.4, 0])
    assert left.sum() == pytest.approx(1.5)


def test_without_a_label_nothing_is_explained():
    scores = np.random.default_rng(0).random((32, 32)).astype(np.float32)
    assert np.array_equal(beside_label(scores, np.zeros((32, 32), bool)), scores)


def test_a_saturated_plateau_that_touches_the_label_is_explained():
    scores = np.zeros((32, 32), np.float32)
    scores[10:14, 2:30] = 1
    assert beside_label(scores, square(32, 10, 2, 4)).max() == 0
    scores[10:14, 20] = 0.99
    left = beside_label(scores, square(32, 10, 2, 4))
    assert (left == 1).sum() == 4 * 9  # columns 21 to 29


def test_the_margin_is_explained_even_where_it_rises():
    scores = np.zeros((64, 64), np.float32)
    mask = square(64, 30, 30, 1)
    for distance, expected in ((2, 0), (3, 1)):  # 64 / 32 = 2
        peak = scores.copy()
        peak[30, 30 + distance] = 1
        assert beside_label(peak, mask).max() == expected


def test_evidence_is_the_mean_of_the_highest_that_are_left():
    """At 32 x 32, 100 of 256 x 256 pixels are round(1.56) = 2."""
    scores = np.zeros((1, 32, 32), np.float32)
    scores[0, 3, [3, 10, 20]] = [0.9, 0.6, 0.2]
    assert evidence(scores, np.zeros((1, 32, 32), bool))[0] == pytest.approx(0.75)
    assert evidence(scores, square(32, 3, 3, 1)[None])[0] == pytest.approx(0.4)
    with pytest.raises(ValueError, match="diverged"):
        evidence(np.full((1, 32, 32), np.nan, np.float32), np.zeros((1, 32, 32), bool))


def test_levels_are_those_of_normal_images_alone():
    maps = np.zeros((4, 32, 32), np.float32)
    maps[0], maps[1], maps[2], maps[3] = 0.1, 0.2, 0.3, 0.9
    normal = np.array([True, True, True, False])
    reached = levels(maps, normal)
    assert reached.image == pytest.approx(0.29)  # 0.95 of the way from 0.1 to 0.3
    assert reached.pixel == pytest.approx(0.3)
    with pytest.raises(ValueError, match="no test image is labelled normal"):
        levels(maps, np.zeros(4, bool))


def test_unfound_is_a_share_of_the_label():
    maps = np.zeros((3, 8, 8), np.float32)
    maps[0, :2, :2] = 0.5
    maps[0, 0, 0] = 0.4  # at the level is not above it
    masks = np.stack([square(8, 0, 0, 2), square(8, 0, 0, 4), np.zeros((8, 8), bool)])
    maps[1] = maps[0]
    found = unfound_share(maps, masks.astype(np.uint8), 0.4)
    assert found[:2].tolist() == [1 / 4, 13 / 16]
    assert np.isnan(found[2])


def small_set():
    """Six normal maps with a low ground, then three with one hill, and the right labels."""
    maps = [hill(64, 10 + 8 * k, 20, 0.1, 4) for k in range(6)]
    maps += [hill(64, 16, 16, 0.9, 4), hill(64, 30, 40, 0.8, 4), hill(64, 48, 20, 0.7, 4)]
    masks = [np.zeros((64, 64), bool)] * 6
    masks += [square(64, 12, 12, 9), square(64, 26, 36, 9), square(64, 44, 16, 9)]
    return np.stack(maps), np.stack(masks), np.arange(9) < 6


def test_right_labels_do_not_stand_out_and_wrong_ones_do():
    maps, masks, normal = small_set()
    right = disagreements(maps, masks, normal)
    assert (right.unlabelled <= 0.01).all()
    assert (right.unfound[6:] < 0.05).all()
    assert right.unfound[:6].isna().all()
    maps[7] = np.maximum(maps[7], hill(64, 52, 54, 0.5, 3))  # a second defect, not labelled
    masks[8] = broaden(masks[8], 10)
    wrong = disagreements(maps, masks, normal)
    assert wrong.unlabelled.idxmax() == 7
    assert wrong.unlabelled[7] > 0.2
    assert wrong.unfound.idxmax() == 8
    assert wrong.unfound[8] > right.unfound[8] + 0.2


def test_more_label_never_leaves_more_evidence():
    maps, _, _ = small_set()
    ripples = np.random.default_rng(1).random(maps.shape).astype(np.float32) / 5
    masks = [square(64, 30, 30, edge) for edge in (1, 4, 8, 16, 32)]
    left = np.stack([evidence(maps + ripples, np.stack([m] * 9)) for m in masks])
    assert (np.diff(left, axis=0) <= 0).all()
    assert (left[0] > left[-1]).any()


def test_broaden_is_all_within_the_radius():
    mask = np.zeros((9, 9), np.uint8)
    mask[4, 4] = 1
    assert broaden(mask, 1).sum() == 5
    assert broaden(mask, 1.5).sum() == 9
    assert broaden(mask, 0).sum() == 1
    assert not broaden(np.zeros((9, 9), np.uint8), 3).any()


def test_forgetting_takes_the_largest_region():
    mask = square(16, 1, 1, 3) | square(16, 8, 8, 4) | square(16, 12, 12, 1)  # touches the second
    assert np.array_equal(forget_largest_region(mask), square(16, 1, 1, 3))
    assert not forget_largest_region(square(16, 1, 1, 3)).any()
    assert not forget_largest_region(np.zeros((16, 16), bool)).any()


def test_second_defects_are_pasted_where_they_lie_apart():
    images = torch.arange(4, dtype=torch.uint8)[:, None, None, None].expand(4, 3, 32, 32)
    masks = np.stack([square(32, y, x, 3) for y, x in ((2, 2), (2, 20), (20, 2), (2, 22))])
    pasted, second, which = add_second_defects(images, masks)
    assert which.tolist() == [0, 2]  # those of 1 and 3 are neighbours
    for image, mask, first, other in zip(pasted, second, which, (2, 0), strict=True):
        assert np.array_equal(mask, masks[other])
        assert (image[:, torch.from_numpy(mask)] == other).all()
        assert (image[:, torch.from_numpy(~mask)] == first).all()


def test_found_back_by_hand():
    clean = np.array([0.1, 0.2, 0.3, 0.4])
    found = found_back(clean, np.array([0.35, 0.2]), [0, 3], first=2)
    # The first leaves two of three behind; the second one, and ties with one: (2/3 + 1.5/3) / 2.
    assert found["auroc"] == pytest.approx((2 / 3 + 1.5 / 3) / 2)
    assert found["in first 2"] == 0.5
    assert found["by chance"] == 0.5
    assert found["cases"] == 2


def test_found_back_is_chance_where_nothing_changes():
    """Each image against the others, none spoilt: half are above, half below."""
    numbers = np.random.default_rng(0).random(40)
    found = found_back(numbers, numbers, range(40))
    assert found["auroc"] == pytest.approx(0.5)
    assert found["in first 5"] == found["by chance"] == 5 / 40


@pytest.fixture
def finished(product_root, tmp_path):
    """A run on ``plate`` as it would lie on disk, with maps that are known: labels are found, but
    one has a second hill and one is missed."""
    experiment = Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root), n_anomalies=2
    )
    category = read_category(experiment)
    _, masks = category.load(category.test, 64)
    maps = 0.9 * masks[:, 0].numpy().astype(np.float32) + 0.01
    odd = [i for i, sample in enumerate(category.test) if sample.is_anomaly][:2]
    maps[odd[0], 50:58, 50:58] = 0.8
    maps[odd[1]] = 0.01
    np.savez_compressed(tmp_path / "scores.npz", score_maps=maps)
    scores = [{"name": s.name, "defect": s.defect, "score": 0.0} for s in category.test]
    result = Result(experiment, {}, scores, [], {}, [], {}, tmp_path)
    return result, category, [category.test[i].name for i in odd]


def test_a_run_is_ranked_by_name(finished):
    result, category, odd = finished
    table = rank_disagreements(result, category)
    assert table.columns.tolist() == ["defect", "unlabelled", "unfound"]
    assert sorted(table.index) == sorted(sample.name for sample in category.test)
    assert table.index[0] == odd[0]
    # 100 pixels of 256 x 256 are 6 at 64 x 64, and 64 are bright; normal images have 0.01.
    assert table.unlabelled.iloc[0] == pytest.approx(0.8 - 0.01)
    assert table.unfound[odd[1]] == 1
    assert table.unfound[odd[0]] == 0
    assert table.unfound[table.defect == "good"].isna().all()
    assert table.unlabelled.is_monotonic_decreasing


def test_a_run_on_other_images_is_refused(finished):
    result, category, _ = finished
    with pytest.raises(ValueError, match="other images than plate has"):
        maps_and_masks(result, replace(category, test=category.test[1:]))


def test_the_figure_says_what_is_seen(finished):
    result, category, odd = finished
    table = rank_disagreements(result, category)
    shown = figures.show_disagreements(result, category, table.loc[odd])
    _, masks = category.load([s for s in category.test if s.name in odd], 64)
    areas = masks.flatten(1).sum(1).tolist()
    first, second = (name.removeprefix("test/") for name in odd)
    assert f"{first}: 64 pixels blue, 0 of {areas[0]} labelled ones orange" in shown.alt
    assert f"{second}: 0 pixels blue, {areas[1]} of {areas[1]} labelled ones orange" in shown.alt
    swapped = figures.show_disagreements(result, category, table.loc[odd[::-1]])
    assert swapped.alt.index(second) < swapped.alt.index(first)
    assert swapped.png != shown.png
    with pytest.raises(ValueError, match="no image to show"):
        figures.show_disagreements(result, category, table.iloc[:0])
    with pytest.raises(KeyError, match="nothing"):
        figures.show_disagreements(result, category, pd.DataFrame(index=["nothing"]))


def test_the_levels_decide_what_is_coloured():
    """A hill of 0.5 that the label does not explain is blue above 0.4 only; the label is found at
    0.3 only."""
    maps = np.zeros((1, 32, 32), np.float32)
    maps[0, 20:23, 20:23] = 0.5
    masks = square(32, 4, 4, 2)[None]
    maps[0, 4:6, 4:6] = 0.35
    image = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    for reached, told in (
        (Levels(0.4, 0.3), "9 pixels blue, 0 of 4"),
        (Levels(0.6, 0.4), "0 pixels blue, 4 of 4"),
    ):
        assert told in figures.show_map_and_label(image, masks, maps, reached, ["one"]).alt


def test_colours_lie_where_they_belong():
    image = torch.full((3, 4, 4), 100, dtype=torch.uint8)
    shown = coloured(image, square(4, 0, 0, 1), square(4, 2, 2, 2))
    assert tuple(shown[0, 0]) == UNLABELLED
    assert {tuple(pixel) for pixel in shown[2:, 2:].reshape(-1, 3)} == {UNFOUND}
    assert tuple(shown[0, 3]) == (178, 178, 178)
