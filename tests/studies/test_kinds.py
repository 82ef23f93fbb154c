"""Metrics by kind of defect against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from prn_lib.runs.building import read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.running import run
from prn_lib.studies.kinds import by_kind


def test_each_kind_is_held_against_the_good_images_alone(product_root, tmp_path):
    experiment = Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root), n_anomalies=3
    )
    result = run(experiment, tmp_path / "run")
    table = by_kind(result)
    category = read_category(experiment)
    _, masks = category.load(category.test, experiment.image_size)
    masks, maps = masks[:, 0].numpy(), result.score_maps()
    kinds = [sample.defect for sample in category.test]
    assert table.index.tolist() == sorted(set(kinds) - {"good"})
    for kind, row in table.iterrows():
        chosen = np.array([k in (kind, "good") for k in kinds])
        labels = [k == kind for k in kinds if k in (kind, "good")]
        scores = [e["score"] for e in result.scores if e["defect"] in (kind, "good")]
        assert row["image_auroc"] == pytest.approx(100 * roc_auc_score(labels, scores))
        wanted = average_precision_score(masks[chosen].ravel(), maps[chosen].ravel())
        assert row["pixel_ap"] == pytest.approx(100 * wanted)
        assert row["area"] == pytest.approx(100 * masks[[k == kind for k in kinds]].mean())
        assert row["images"] == sum(labels)
        assert row["good"] == pytest.approx(100 * maps[[k == "good" for k in kinds]].mean())
