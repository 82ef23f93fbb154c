"""A run on a product of which nobody outlined a defect: images are scored, pixels are not."""

import json
import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from layouts import Painter, make_product
from prn_lib import figures
from prn_lib.figures.report import write_report
from prn_lib.paper import compare_with_paper
from prn_lib.runs import Experiment, load_result, read_category, results_table, run
from prn_lib.studies.disagreement import maps_and_masks


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare")
    make_product(folder / "mug", Painter(folder / "templates"))
    for mask in folder.glob("mug/*/*_mask.png"):
        mask.unlink()
    experiment = Experiment.from_preset(
        "smoke", dataset="folder", category="mug", data_root=folder / "mug",
        n_anomalies=0, extended=False,
    )  # fmt: skip
    return run(experiment, folder / "run")


def test_pixel_metrics_are_told_as_unknown_and_nothing_is_invented(finished):
    labels = [entry["defect"] != "good" for entry in finished.scores]
    scores = [entry["score"] for entry in finished.scores]
    assert finished.metrics["image_auroc"] == pytest.approx(roc_auc_score(labels, scores))
    assert all(math.isnan(finished.metrics[name]) for name in ("pixel_auroc", "pro", "pixel_ap"))
    assert any("7 of 7 anomalies of the test set have no mask" in note for note in finished.notes)
    assert not any("no pixel left" in note for note in finished.notes)


def test_the_record_is_json_for_every_reader_and_read_back_alike(finished):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    record = json.loads((finished.folder / "result.json").read_text(), parse_constant=refuse)
    assert record["metrics"]["pixel_ap"] is None
    again = load_result(finished.folder)
    assert np.array_equal(
        list(again.metrics.values()), list(finished.metrics.values()), equal_nan=True
    )


def test_tables_say_no_masks(finished):
    assert compare_with_paper(finished)["this run"].tolist()[1:] == ["no masks"] * 3
    table = results_table([finished])
    assert table["pixel AP"].tolist() == ["no masks"] * 2
    assert table["image AUROC"].iloc[0] == pytest.approx(
        100 * finished.metrics["image_auroc"], abs=0.05
    )
    assert "no masks" in table.to_markdown(index=False, floatfmt=".1f")


def test_figures_and_the_report_say_so_too(finished):
    category = read_category(finished.experiment)
    shown = figures.show_category(category, size=64)
    assert "outlined" not in shown.alt
    maps = figures.show_score_maps(finished, category, figures.one_of_each_type(category))
    assert maps.alt.startswith("Image and predicted score map of good/")
    page = write_report(finished.folder).read_text()
    assert page.count("no masks") >= 3


def test_a_label_that_is_not_there_cannot_disagree(finished):
    with pytest.raises(ValueError, match="anomalies of mug have no mask"):
        maps_and_masks(finished, read_category(finished.experiment))


def test_extended_anomalies_are_refused_with_the_remedy(finished):
    told = {"dataset": "folder", "category": "mug", "data_root": finished.experiment.data_root}
    with pytest.raises(ValueError, match="n_anomalies=0 and extended=False"):
        run(Experiment.from_preset("smoke", **told), finished.folder / "other")
    with pytest.raises(ValueError, match="or set extended=False"):
        run(Experiment.from_preset("smoke", n_anomalies=0, **told), finished.folder / "other")
