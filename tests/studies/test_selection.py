"""Watching a training and what choosing on the test set gains, against hand-made cases."""

import dataclasses
import json
import re

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from prn_lib.common.paths import project_folder
from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.running import run
from prn_lib.studies.selection import (
    Watch,
    coin_tossers,
    last_and_best,
    read_watches,
    split_choice,
    watch,
)

RECORDS = sorted((project_folder() / "results" / "watched").glob("*.json"))


def make_watch(category, metric_rows, scores=((0.1, 0.9),), anomalous=(False, True)):
    steps = [10 * (i + 1) for i in range(len(metric_rows))]
    metrics = {name: [row[k] for row in metric_rows] for k, name in enumerate(METRICS)}
    experiment = Experiment(category=category)
    return Watch(experiment, steps, metrics, [list(s) for s in scores], list(anomalous), {})


def test_watching_does_not_change_the_training(product_root, tmp_path):
    experiment = Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root),
        n_anomalies=3, max_steps=5,
    )  # fmt: skip
    watched = watch(experiment, every=2)
    assert watched.steps == [2, 4, 5]
    plain = run(experiment, tmp_path / "run")
    assert {name: values[-1] for name, values in watched.metrics.items()} == plain.metrics
    assert watched.image_scores[-1] == pytest.approx([s["score"] for s in plain.scores], abs=1e-6)
    assert watched.anomalous == [s["defect"] != "good" for s in plain.scores]

    watched.save(tmp_path / "records" / "w.json")
    assert Watch.read(tmp_path / "records" / "w.json") == watched


def test_a_file_that_is_no_record_is_named(tmp_path):
    path = tmp_path / "w.json"
    for text in ("{", '{"steps": [1]}', '{"experiment": {"epochz": 3}}'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"w\.json is not a record of a watched training"):
            Watch.read(path)


def test_a_folder_without_records_says_where_they_are(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no record; work in a checkout"):
        read_watches(tmp_path)


def test_last_and_best_by_hand():
    first = make_watch("a", [(0.6, 0.9, 0.5, 0.1), (0.8, 0.8, 0.4, 0.3), (0.7, 0.95, 0.3, 0.2)])
    second = make_watch("a", [(0.5, 0.7, 0.2, 0.2), (0.4, 0.7, 0.2, 0.1)])
    other = make_watch("b", [(1.0, 1.0, 1.0, 1.0)])
    table = last_and_best([first, second, other])
    assert table.loc["a", ("image_auroc", "last")] == pytest.approx((70 + 40) / 2)
    assert table.loc["a", ("image_auroc", "gain")] == pytest.approx((10 + 10) / 2)
    assert table.loc["a", ("pixel_auroc", "gain")] == pytest.approx(0)
    assert table.loc["a", ("pro", "gain")] == pytest.approx((20 + 0) / 2)
    assert table.loc["b", ("pixel_ap", "last")] == 100
    assert table.loc["mean", ("image_auroc", "gain")] == pytest.approx(5)


def test_split_choice_without_knowledge_claims_what_is_not_true():
    """Coin tossing: on the half that chose, the best looks good; on the other it is worth 50."""
    rng = np.random.default_rng(1)
    labels = [False] * 20 + [True] * 20
    rows = [(0.5, 0.5, 0.5, 0.5)] * 30
    tossers = [make_watch("x", rows, rng.random((30, 40)), labels) for _ in range(20)]
    table = split_choice(tossers, rng, repeats=20)
    assert table.loc["x", "claimed"] > 65
    assert table.loc["x", "true"] == pytest.approx(50, abs=3)
    assert table.loc["x", "last"] == pytest.approx(50, abs=3)


def test_split_choice_with_one_look_has_nothing_to_choose():
    watched = make_watch(
        "x", [(0.5,) * 4], [(0.1, 0.2, 0.3, 0.8, 0.9, 0.7)], [False] * 3 + [True] * 3
    )
    table = split_choice([watched], np.random.default_rng(0), repeats=3)
    assert (table == 100).all().all()


def test_coin_tossers_follow_the_law_of_mann_and_whitney():
    """One tosser's AUROC has mean 1/2 and variance (n + m + 1) / (12 n m)."""
    values = coin_tossers(12, 15, 1, np.random.default_rng(0), 4000)
    assert values.mean() == pytest.approx(0.5, abs=0.01)
    assert values.var() == pytest.approx(28 / (12 * 12 * 15), rel=0.1)
    assert coin_tossers(12, 15, 20, np.random.default_rng(0), 50).mean() > 0.65


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_committed_records_are_consistent(path):
    watched = Watch.read(path)
    e = watched.experiment
    assert path.stem == f"{e.dataset}-{e.category}-seed{e.seed}"
    labels = np.array(watched.anomalous)
    for i, scores in enumerate(np.array(watched.image_scores)):
        # The recorded scores are rounded: pairs that became ties may have been in either order.
        bound = 1e-6 * (labels - 0.5)
        lowest, highest = (roc_auc_score(labels, scores + sign * bound) for sign in (-2, 2))
        assert lowest - 1e-9 <= watched.metrics["image_auroc"][i] <= highest + 1e-9
    assert highest - lowest < 0.01  # of the last look, whose scores differ by more than that
    assert watched.steps[-1] == e.max_steps
    recorded = json.loads(path.read_text())["experiment"]
    added_since = {f.name: f.default for f in dataclasses.fields(e) if f.name not in recorded}
    assert dataclasses.asdict(e) == {**recorded, **added_since}
    assert {"date", "commit", "hardware"} <= set(watched.provenance)


def test_the_chapter_quotes_the_records():
    """The means in the chapter's text are those that its tables show."""
    watches = read_watches(RECORDS[0].parent)
    text = (project_folder() / "book" / "data.ipynb").read_text()
    gains = last_and_best(watches).loc["mean"]
    for metric, name in (("image_auroc", "image AUROC"), ("pixel_auroc", "pixel AUROC")):
        quoted = rf"{gains[metric, 'gain']:.1f} (points )?of(\\n\",\s+\")?\s*{name}"
        assert re.search(quoted, text), quoted
    halves = split_choice(watches, np.random.default_rng(0), repeats=40).loc["mean"]
    for name in ("claimed", "true", "last"):
        assert f"{halves[name]:.1f}" in text


def test_every_mini_category_was_watched():
    seen = {(w.experiment.category, w.experiment.seed) for w in map(Watch.read, RECORDS)}
    assert seen == {(c, s) for c in ("button", "grain", "weave") for s in (0, 1, 2)}
