"""Light and camera that change: each change against numpy or scipy, the scores, the table."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import ndimage
from sklearn.metrics import roc_auc_score

from prn_lib.datasets.mini.example import write_example
from prn_lib.runs.building import read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.inspecting import caught
from prn_lib.runs.running import run
from prn_lib.studies.conditions import (
    CHANGES,
    blur,
    brighten,
    conditions_table,
    score_conditions,
    shift,
)

BYTES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), np.uint8))
FLOATS = BYTES.double() / 255
KINDS = pytest.mark.parametrize("images", [BYTES, FLOATS], ids=["uint8", "float"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    example = write_example(tmp_path_factory.mktemp("example") / "button")
    experiment = Experiment.from_preset(
        "smoke", dataset="folder", category="button", data_root=str(example),
        max_steps=20, learning_rate=0.003,
    )  # fmt: skip
    return run(experiment, tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def scores(finished):
    return score_conditions(finished.folder, read_category(finished.experiment))


@KINDS
@pytest.mark.parametrize("factor", [0.6, 0.9, 1.4])
def test_brightness_multiplies_and_clamps(images, factor):
    white, step = (255, 1) if images.dtype == torch.uint8 else (1, 1e-6)
    expected = np.clip(images.numpy().astype(float) * factor, 0, white)
    changed = brighten(images, factor)
    assert changed.dtype == images.dtype
    assert np.abs(changed.numpy() - expected).max() <= step
    assert (changed == white).any() == (factor > 1)


@KINDS
@pytest.mark.parametrize("side", [64, 128])
def test_blur_is_a_gaussian_whose_sigma_grows_with_the_side(images, side):
    images = images.repeat(1, 1, side // 64, side // 64)
    sigma = (0, 0, 0.03 * side, 0.03 * side)
    expected = ndimage.gaussian_filter(images.numpy().astype(float), sigma, mode="mirror")
    middle = np.s_[..., side // 4 : -side // 4, side // 4 : -side // 4]
    white, step = (255, 0.6) if images.dtype == torch.uint8 else (1, 2e-4)
    changed = blur(images, 0.03)
    assert changed.dtype == images.dtype
    assert np.abs(changed.numpy() - expected)[middle].max() <= step
    assert expected[middle].std() > 0.01 * white  # there is something left to compare


@KINDS
def test_shift_moves_right_and_down_and_repeats_the_border(images):
    rows = np.clip(np.arange(64) - 3, 0, None)  # 0.045 of 64 are 2.88 pixels
    expected = images.numpy()[:, :, rows][..., rows]
    changed = shift(images, 0.045)
    assert changed.dtype == images.dtype
    assert np.array_equal(changed.numpy(), expected)
    rolled = np.roll(images.numpy(), (3, 3), (2, 3))
    assert np.array_equal(changed.numpy()[..., 3:, 3:], rolled[..., 3:, 3:])


@KINDS
@pytest.mark.parametrize("name", CHANGES)
def test_only_the_unchanged_level_leaves_images_as_they_are(images, name):
    change = CHANGES[name]
    assert list(change.levels) == sorted(change.levels)
    same = [level for level in change.levels if torch.equal(change.apply(images, level), images)]
    assert same == [change.unchanged]


def test_unchanged_images_have_the_scores_of_the_record(finished, scores):
    recorded = {entry["name"]: entry["score"] for entry in finished.scores}
    for name, change in CHANGES.items():
        found = scores[(scores["change"] == name) & (scores["level"] == change.unchanged)]
        assert sorted(found["name"]) == sorted(recorded)
        assert found["score"].tolist() == pytest.approx([recorded[n] for n in found["name"]])
        assert found["anomalous"].tolist() == [not n.startswith("good") for n in found["name"]]
        changed = scores[(scores["change"] == name) & (scores["level"] == change.levels[-1])]
        assert np.abs(changed["score"].to_numpy() - found["score"].to_numpy()).max() > 1e-3


def test_a_limit_keeps_the_first_of_either_kind_by_name(finished, scores):
    few = score_conditions(finished.folder, read_category(finished.experiment), limit=3)
    names = [entry["name"] for entry in finished.scores]
    good = sorted(name for name in names if name.startswith("good"))
    bad = sorted(name for name in names if not name.startswith("good"))
    assert set(few["name"]) == {*good[:3], *bad[:3]}
    keys = ["change", "level", "name"]
    both = few.merge(scores, on=keys)
    assert len(both) == len(few) == 6 * sum(len(change.levels) for change in CHANGES.values())
    assert both["score_x"].tolist() == pytest.approx(both["score_y"].tolist(), abs=1e-5)


def test_images_that_the_run_was_not_tested_on_are_refused(finished):
    category = read_category(finished.experiment)
    with pytest.raises(ValueError, match="limit=0 must be 1 or more"):
        score_conditions(finished.folder, category, limit=0)
    learnt = category.train_normals[0]
    leaking = dataclasses.replace(category, test=(*category.test, learnt))
    with pytest.raises(ValueError, match=rf"{learnt.name} is no test image of the run .*read_cat"):
        score_conditions(finished.folder, leaking)


def test_the_table_by_hand():
    rows = [
        ("blur", 0.0, "a", False, 0.1),
        ("blur", 0.0, "b", False, 0.5),
        ("blur", 0.0, "c", False, 0.2),
        ("blur", 0.0, "d", True, 0.4),
        ("blur", 0.0, "e", True, 0.8),
        ("shift", 0.1, "a", False, 0.9),
        ("shift", 0.1, "d", True, 0.4),
    ]
    columns = ["change", "level", "name", "anomalous", "score"]
    table = conditions_table(pd.DataFrame(rows, columns=columns), 0.4)
    first, second = table.to_dict("records")
    assert first == pytest.approx(
        {"change": "blur", "level": 0, "normals": 3, "anomalies": 2, "false alarms": 1 / 3,
         "found": 1 / 2, "median normal score": 0.2, "median anomalous score": 0.6,
         "image AUROC": roc_auc_score([0, 0, 0, 1, 1], [0.1, 0.5, 0.2, 0.4, 0.8])}
    )  # fmt: skip
    assert (second["change"], second["level"], second["normals"]) == ("shift", 0.1, 1)
    assert (second["false alarms"], second["found"], second["image AUROC"]) == (1, 0, 0)


def test_unchanged_rows_are_what_the_run_caught(finished, scores):
    threshold = float(np.median([entry["score"] for entry in finished.scores]))
    table = conditions_table(scores, threshold)
    assert len(table) == sum(len(change.levels) for change in CHANGES.values())
    kinds = caught(finished, threshold)
    above, normals = kinds.pop("good")
    found, anomalies = np.sum(list(kinds.values()), axis=0)
    for name, change in CHANGES.items():
        row = table[(table["change"] == name) & (table["level"] == change.unchanged)].iloc[0]
        assert (row["normals"], row["anomalies"]) == (normals, anomalies)
        assert row["false alarms"] == pytest.approx(above / normals)
        assert row["found"] == pytest.approx(found / anomalies)
        assert row["image AUROC"] == pytest.approx(finished.metrics["image_auroc"])
