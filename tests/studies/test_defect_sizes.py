"""The study of tiny defects: its numbers, its toy world, its figures and sliders, its record."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score

from prn_lib import figures
from prn_lib.common.paths import project_folder
from prn_lib.studies.defect_sizes import (
    PAPER,
    areas_at_256,
    auroc_by_size,
    compare_scores,
    count_by_size,
    image_score_candidates,
    toy_maps,
)
from prn_lib.widgets import defect_sizes

RECORDS = json.loads((project_folder() / "results" / "defect_sizes.json").read_text())


def small_set():
    """Eight images of 64 x 64: three normal, defects of 4, 16, 36, 36 and 400 pixels."""
    rng = np.random.default_rng(0)
    masks = np.zeros((8, 64, 64), np.uint8)
    for mask, side in zip(masks[3:], (2, 4, 6, 6, 20), strict=True):
        mask[10 : 10 + side, 10 : 10 + side] = 1
    maps = np.clip(0.4 * rng.random(masks.shape) + 0.3 * masks, 0, 1).astype(np.float32)
    return maps, masks


def test_areas_are_counted_as_at_256():
    _, masks = small_set()
    assert areas_at_256(masks).tolist() == [0, 0, 0, 64, 256, 576, 576, 6400]
    counted = {"below 100": 1, "100 to 399": 1, "400 and more": 3}
    assert count_by_size(masks) == counted


def test_auroc_by_size_is_each_groups_against_all_normals():
    maps, masks = small_set()
    table = auroc_by_size(maps, masks)
    flat = np.sort(maps.reshape(8, -1), axis=1)
    scores = flat[:, -6:].mean(1)  # 100 pixels of 256 x 256 are 6 of 64 x 64
    assert table.loc[PAPER, "all"] == pytest.approx(roc_auc_score([0] * 3 + [1] * 5, scores))
    large = [0, 1, 2, 5, 6, 7]
    expected = roc_auc_score([0] * 3 + [1] * 3, scores[large])
    assert table.loc[PAPER, "400 and more"] == pytest.approx(expected)
    highest = roc_auc_score([0] * 3 + [1], flat[:4, -1])
    assert table.loc["highest pixel", "below 100"] == pytest.approx(highest)
    assert auroc_by_size(maps[:4], masks[:4])["400 and more"].isna().all()


def test_candidates_mean_the_same_at_every_size():
    """A square of 32 x 32 pixels at 256, scored at two sizes."""
    for name, maps in (("top 1000", {}), (PAPER, {}), ("blurred by 4", {})):
        for side in (128, 256):
            one = torch.zeros(1, 1, side, side)
            edge = side // 8
            one[..., edge : 2 * edge, edge : 2 * edge] = 1
            maps[side] = image_score_candidates(side)[name](one).item()
        assert maps[128] == pytest.approx(maps[256], abs=0.01), name


def test_the_toy_world_is_as_it_says():
    generator = torch.Generator().manual_seed(0)
    maps = toy_maps(25, 1.0, generator, count=200, side=64)
    assert maps.shape == (400, 1, 64, 64)
    assert maps.min() >= 0
    assert maps.max() <= 1
    logits = maps.logit()
    raised = logits[200:].flatten(1).sum(1) - logits[:200].flatten(1).sum(1)
    assert raised.mean().item() == pytest.approx(25 * 5, rel=0.2)  # 5 for each pixel of a defect
    fine, coarse = (toy_maps(1, g, torch.Generator().manual_seed(0))[0, 0] for g in (0.5, 3.0))
    alike = [torch.corrcoef(torch.stack([m[:, 1:].flatten(), m[:, :-1].flatten()]))[0, 1].item()
             for m in (fine, coarse)]  # fmt: skip
    assert alike[0] < 0.5 < alike[1]


def test_means_over_runs_and_wins():
    table = {"all": {PAPER: 0.5, "top 10": 0.6}, "below 100": {PAPER: None, "top 10": None}}
    rows = {name: {group: table[group][name] for group in table} for name in (PAPER, "top 10")}
    other = {PAPER: {"all": 0.9, "below 100": None}, "top 10": {"all": 0.8, "below 100": None}}
    found = compare_scores([{"image_auroc": rows}, {"image_auroc": other}])
    assert found.columns.tolist() == ["all", "wins"]  # no run has a tiny defect
    assert found.loc[PAPER].tolist() == [70.0, "0 of 2"]
    assert found.loc["top 10"].tolist() == [70.0, "1 of 2"]
    with pytest.raises(ValueError, match="no record to compare"):
        compare_scores([])


def test_the_record_agrees_with_the_runs_own_numbers():
    """The paper's score over all defects is the image AUROC that the run reports."""
    assert {r["dataset"] for r in RECORDS} == {"mini", "magnetic_tile"}
    for record in RECORDS:
        place = project_folder() / "results" / record["dataset"] / record["category"]
        reported = json.loads((place / record["run"] / "result.json").read_text())
        found = record["image_auroc"][PAPER]["all"]
        assert found == pytest.approx(reported["metrics"]["image_auroc"], abs=2e-3), record["run"]
        anomalous = sum(entry["defect"] != "good" for entry in reported["scores"])
        assert sum(record["images"].values()) == anomalous


def test_figures_say_what_is_seen():
    maps = torch.zeros(2, 32, 32)
    shown = figures.show_scored_maps(maps, ["4 pixels", "9 pixels"], [0.04, 0.09], "mean")
    assert "4 pixels 0.04, 9 pixels 0.09" in shown.alt
    table = pd.DataFrame({1: [50.0, 60.0], 4: [90.0, 70.0]}, index=["one", "two"])
    shown = figures.show_auroc_by_area({"fine noise": table})
    assert "fine noise: at 4 pixels the best is one with 90, the worst two with 70" in shown.alt


def test_the_sliders_change_the_picture(monkeypatch):
    monkeypatch.setattr(defect_sizes, "explore", lambda render, *_, **__: render)
    render = defect_sizes.explore_defect_sizes()
    first = render(1, 0.5, seed=0)
    assert np.array_equal(first, render(1, 0.5, seed=0))
    for other in (render(100, 0.5, seed=0), render(1, 3.0, seed=0), render(1, 0.5, seed=1)):
        assert other.shape == first.shape
        assert not np.array_equal(first, other)
