"""PRN's records beside a rival's, against cases by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from prn_lib.evaluation.metrics import METRICS
from prn_lib.runs.results import find_results
from prn_lib.studies.rivals import (
    NAMES,
    compare_pairs,
    compare_rivals,
    image_auroc_intervals,
    method_of,
    outranked,
    pairs_of,
)

RECORDS = find_results(Path(__file__).parents[2] / "results" / "mini" / "button")
PRN = {
    r.experiment.seed: r
    for r in RECORDS
    if r.experiment.run_name == f"quick-seed{r.experiment.seed}"
}


def made(seed, metrics, method="prn", **changes):
    """A record of the split of a real one."""
    experiment = dataclasses.replace(PRN[seed].experiment, method=method)
    values = dict(zip(METRICS, metrics, strict=True))
    return dataclasses.replace(PRN[seed], experiment=experiment, metrics=values, **changes)


def test_differences_are_paired_by_seed():
    runs = [
        made(0, (0.9, 0.8, 0.7, 0.6)),
        made(1, (0.7, 0.8, 0.7, 0.4)),
        made(0, (0.8, 0.9, 0.7, 0.1), "nearest_patch"),
        made(1, (0.9, 0.9, 0.7, 0.1), "nearest_patch"),
    ]
    table = compare_pairs(pairs_of(runs, "nearest_patch")).set_index("metric")
    assert table["seeds"].tolist() == [2] * 4
    assert table["PRN"].tolist() == pytest.approx([80, 80, 70, 50])
    assert table["rival"].tolist() == pytest.approx([85, 90, 70, 10])
    assert table["difference"].tolist() == pytest.approx([-5, -10, 0, 40])
    assert table.loc["image_auroc", ["low", "high"]].tolist() == pytest.approx([-20, 10])
    seconds = [
        sum(PRN[s].provenance["seconds"].values()) * PRN[s].provenance["threads"] for s in (0, 1)
    ]
    assert table["PRN min"].iloc[0] == pytest.approx(np.mean(seconds) / 60)


def test_other_splits_sizes_encoders_and_readings_are_no_pairs():
    ours, rival = made(0, (1, 1, 1, 1)), made(0, (1, 1, 1, 1), "nearest_patch")
    assert len(pairs_of([ours, rival], "nearest_patch")) == 1
    fewer = {**rival.split, "test": rival.split["test"][1:]}
    others = [
        dataclasses.replace(rival, split=fewer),
        *(
            dataclasses.replace(rival, experiment=dataclasses.replace(rival.experiment, **change))
            for change in ({"image_size": 256}, {"encoder": "resnet18"}, {"seed": 1})
        ),
    ]
    for other in others:
        with pytest.raises(ValueError, match="same split, size and encoder"):
            pairs_of([ours, other], "nearest_patch")
    without = dataclasses.replace(ours.experiment, use_fusion=False)
    with pytest.raises(ValueError, match="same split"):
        pairs_of([dataclasses.replace(ours, experiment=without), rival], "nearest_patch")


def test_of_several_runs_the_plainest_is_taken_once():
    ours, rival = made(0, (0.9, 1, 1, 1)), made(0, (1, 1, 1, 1), "nearest_patch")
    rounded = dataclasses.replace(ours.experiment, precision="bfloat16")
    other = dataclasses.replace(made(0, (0.1, 1, 1, 1)), experiment=rounded)
    (pair,) = pairs_of([other, ours, ours, rival], "nearest_patch")
    assert pair[0] is ours


def test_the_interval_holds_the_difference_and_none_of_a_run_with_itself():
    """Of one seed the bootstrap's middle is the difference that scikit-learn has."""
    labels = [entry["defect"] != "good" for entry in PRN[0].scores]
    generator = np.random.default_rng(0)
    noisy = [
        {**entry, "score": entry["score"] + generator.normal(0, 0.3)} for entry in PRN[0].scores
    ]
    metrics = [roc_auc_score(labels, [e["score"] for e in told]) for told in (PRN[0].scores, noisy)]
    ours = made(0, (metrics[0], 0, 0, 0))
    rival = made(0, (metrics[1], 0, 0, 0), "nearest_patch", scores=noisy)
    row = image_auroc_intervals(pairs_of([ours, rival], "nearest_patch")).iloc[0]
    assert row["difference"] == pytest.approx(100 * (metrics[0] - metrics[1]))
    assert row["low"] < row["difference"] < row["high"]
    assert row["low"] > 0  # noise of this size is seen
    same = made(0, (metrics[0], 0, 0, 0), "nearest_patch")
    row = image_auroc_intervals(pairs_of([ours, same], "nearest_patch")).iloc[0]
    assert (row["low"], row["difference"], row["high"]) == (0, 0, 0)


def test_variants_of_prn_are_methods_of_their_own_and_other_options_none():
    def told(**options):
        experiment = dataclasses.replace(PRN[0].experiment, **options)
        return method_of(dataclasses.replace(PRN[0], experiment=experiment))

    assert told() == told(precision="bfloat16") == told(textures="/dtd") == "prn"
    assert told(n_anomalies=0, extended=False) == "prn"
    assert told(prototypes_apart=True) == "apart"
    assert told(use_prototypes=False, use_fusion=False, use_attention=False) == "unet"
    assert told(use_prototypes=False) is told(prototypes_apart=True, max_steps=5) is None
    assert told(method="padim") == "padim"
    assert {told(method=m) for m in ("nearest_patch", "stfpm", "draem")} <= set(NAMES)


def test_each_rival_is_held_against_prn_on_the_seeds_that_both_have():
    runs = [
        made(0, (0.9, 0.8, 0.7, 0.6)),
        made(1, (0.7, 0.8, 0.7, 0.4)),
        made(1, (0.8, 0.8, 0.7, 0.4), "padim"),
        made(0, (0.8, 0.9, 0.7, 0.1), "nearest_patch"),
        made(1, (0.9, 0.9, 0.7, 0.1), "nearest_patch"),
    ]
    table = compare_rivals(runs, ["nearest_patch", "padim"]).set_index(["method", "metric"])
    assert table.loc[("padim", "image_auroc"), ["PRN", "rival", "seeds"]].tolist() == pytest.approx(
        [70, 80, 1]
    )
    assert table.loc[("nearest_patch", "image_auroc"), "PRN"] == pytest.approx(80)


def test_the_share_of_good_images_above_a_defect_is_one_less_its_part_of_the_auroc():
    """The mean over anomalies of that share is 1 - AUROC, where no two scores are equal."""
    ours, rival = PRN[0], made(0, (1, 1, 1, 1), "nearest_patch", scores=PRN[1].scores)
    shares = outranked((ours, rival))
    for name, run in (("PRN", PRN[0]), ("rival", PRN[1])):
        labels = [entry["defect"] != "good" for entry in PRN[0].scores]
        wanted = 100 * (1 - roc_auc_score(labels, [entry["score"] for entry in run.scores]))
        assert shares[name].mean() == pytest.approx(wanted)
    told = [PRN[0].scores[place]["name"] for place in shares["place"]]
    assert told == shares["name"].tolist()
    assert "good" not in set(shares["defect"])
