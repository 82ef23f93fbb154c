"""Products of which nobody outlined a defect, or only some."""

import json
import shlex

import pytest

from layouts import Painter, make_product
from prn_lib.cli import main
from prn_lib.datasets import DATASETS, load_category
from prn_lib.datasets.check import check


@pytest.fixture
def product(tmp_path):
    """Twelve good ones, four scratches, three dents."""
    make_product(tmp_path / "mug", Painter(tmp_path / "templates"))
    return tmp_path / "mug"


def take_masks(product, keep=0):
    for path in sorted(product.glob("*/*_mask.png"))[keep:]:
        path.unlink()


def test_a_product_without_masks_is_scored_by_its_images(product):
    take_masks(product)
    mug = load_category("folder", "mug", product, n_anomalies=0)
    assert sum(sample.is_anomaly for sample in mug.test) == 7
    assert not mug.is_outlined
    assert mug.notes[0].startswith("7 of 7 anomalies of the test set have no mask")


def test_check_says_what_a_run_with_training_anomalies_would_refuse(product):
    take_masks(product)
    report = check(DATASETS["folder"], product)
    assert report.troubles == []
    with pytest.raises(ValueError, match="none of the 7 anomalies") as refused:
        load_category("folder", "mug", product)
    assert f"mug: {refused.value}" in report.notes
    assert "n_anomalies=0 and extended=False" in str(refused.value)


def test_some_masks_alone_may_have_been_lost_unless_the_product_says_otherwise(product):
    take_masks(product, keep=5)  # of dent 0 to 2 and scratch 0 to 1
    with pytest.raises(
        ValueError, match=r"scratch 2.jpg has no mask.*partly_outlined.*1 more such"
    ):
        load_category("folder", "mug", product)
    troubles = check(DATASETS["folder"], product).troubles
    assert len(troubles) == 2
    assert all("scratch" in trouble and "_mask.png" in trouble for trouble in troubles)
    (product / "product.json").write_text(json.dumps({"partly_outlined": True}))
    assert check(DATASETS["folder"], product).troubles == []
    mug = load_category("folder", "mug", product)
    assert len(mug.train_anomalies) == 3  # half of seven stay in the test set
    assert all(sample.mask for sample in mug.train_anomalies)
    assert not mug.is_outlined


@pytest.mark.parametrize("said", ["yes", 1, None])
def test_partly_outlined_is_true_or_false(product, said):
    (product / "product.json").write_text(json.dumps({"partly_outlined": said}))
    with pytest.raises(ValueError, match=r"product.json: partly_outlined is .*true or false"):
        load_category("folder", "mug", product)


def test_a_mask_without_its_photograph_is_trouble_also_where_others_have_none(product):
    (product / "product.json").write_text(json.dumps({"partly_outlined": True}))
    (product / "dent" / "dent 1.jpg").unlink()
    with pytest.raises(ValueError, match=r"dent 1_mask.png belongs to no image"):
        load_category("folder", "mug", product)


def test_too_few_normals_are_trouble_without_masks_too(product):
    take_masks(product)
    for path in sorted((product / "good").iterdir())[1:]:
        path.unlink()
    assert "1 normal images; at least 2" in check(DATASETS["folder"], product).troubles[0]


def test_the_check_ends_with_the_command_that_trains(product, capsys):
    assert main(["data", "check", "--dataset", "folder", "--root", str(product)]) == 0
    told = capsys.readouterr().out
    assert "trains on 9 normal images and 3 anomalies; it tests on 3 normal images and 4" in told
    assert "Only 3 training anomalies were drawn instead of 10" in told
    assert f"run --dataset folder --root {product} --category mug --preset quick\n" in told
    take_masks(product)
    assert main(["data", "check", "--dataset", "folder", "--root", str(product)]) == 0
    told = capsys.readouterr().out
    assert "trains on 9 normal images and 0 anomalies; it tests on 3 normal images and 7" in told
    words = shlex.split(told.partition("next: ")[2].partition("\n")[0])
    assert words[-4:] == ["--set", "n_anomalies=0", "--set", "extended=false"]
