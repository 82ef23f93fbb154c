"""Learning curves of made-up records, by hand."""

import dataclasses
from pathlib import Path

import pytest

from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.results import load_result
from prn_lib.studies.amounts import learning_curve

REAL = load_result(Path(__file__).parents[2] / "results" / "mini" / "button" / "quick-seed0")


def made(seed, percents, count, part="train_anomalies", scores=None, **options):
    """A record with ``count`` images in a part of its split."""
    experiment = dataclasses.replace(REAL.experiment, seed=seed, **options)
    metrics = {name: x / 100 for name, x in zip(METRICS, percents, strict=True)}
    split = {**REAL.split, part: REAL.split[part][:1] * count}
    return dataclasses.replace(
        REAL,
        experiment=experiment,
        metrics=metrics,
        split=split,
        scores=REAL.scores if scores is None else scores,
    )


def test_means_are_over_the_seeds_that_every_count_has():
    runs = [
        made(0, (90, 50, 50, 40), 1, n_anomalies=1),
        made(1, (90, 50, 50, 60), 1, n_anomalies=1),
        made(0, (90, 50, 50, 70), 10),
        made(1, (90, 50, 50, 80), 10),
        made(2, (90, 50, 50, 0), 10),
        made(0, (90, 50, 50, 0), 10, max_steps=5),  # something else differs too
    ]
    curve = learning_curve(runs, "train_anomalies")
    pixel_ap = curve[curve["metric"] == "pixel_ap"].set_index("count")
    assert pixel_ap["mean"].tolist() == pytest.approx([50, 75])
    assert pixel_ap.loc[1, ["low", "high", "seeds"]].tolist() == pytest.approx([40, 60, 2])
    with pytest.raises(ValueError, match="no runs differ in n_normals alone"):
        learning_curve(runs, "train_normals")


def test_image_auroc_is_that_of_the_images_which_all_counts_test():
    """Without one anomaly of the other run's test set, of which it is sure, it knows less."""
    good = [{"name": f"g{i}", "defect": "good", "score": 0.4} for i in range(2)]
    missed, found = ({"name": n, "defect": "hole", "score": s} for n, s in (("a", 0.1), ("b", 0.9)))
    runs = [
        made(0, (50, 0, 0, 0), 0, scores=[*good, missed, found], n_anomalies=0, extended=False),
        made(0, (100, 0, 0, 0), 10, scores=[*good, found]),
    ]
    curve = learning_curve(runs, "train_anomalies")
    shared = curve[curve["metric"] == "image_auroc"].set_index("count")["mean"]
    assert shared.to_dict() == {0: 100, 10: 100}


def test_a_curve_by_normals_has_a_line_for_each_method():
    runs = [
        made(0, (90, 0, 0, x), n, "train_normals", method=method, n_normals=None if n > 30 else n)
        for method, base in (("prn", 0), ("nearest_patch", 50))
        for n, x in ((30, base + 10), (60, base + 20))
    ]
    curve = learning_curve(runs, "train_normals")
    lines = curve[curve["metric"] == "pixel_ap"].set_index(["method", "count"])["mean"]
    assert lines["prn"].to_dict() == {30: 10, 60: 20}
    assert lines["nearest_patch"].to_dict() == {30: 60, 60: 70}
