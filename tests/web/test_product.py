"""Runs that a page cannot show are refused, and nothing is left."""

import json
from dataclasses import asdict, replace

import pytest

from prn_lib.cli import main
from prn_lib.runs import Experiment, run
from prn_lib.web import Product, write_page

PLAIN = {"use_prototypes": False, "use_attention": False, "use_fusion": False, "max_steps": 1}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two with prototypes, of different pictures, and one without, by name."""
    place = tmp_path_factory.mktemp("runs")
    kinds = {
        "with": {"use_attention": False, "use_fusion": False, "max_steps": 1},
        "other": PLAIN | {"seed": 1},
        "without": PLAIN,
    }
    for name, options in kinds.items():
        run(Experiment.from_preset("smoke", **options), place / name)
    nearest = Experiment.from_preset("smoke", method="nearest_patch")
    run(nearest, place / "nearest")
    return place


@pytest.mark.parametrize(
    ("shown", "without", "told"),
    [
        ("without", None, "was trained without prototypes, so it has no residuals to show"),
        ("nearest", None, "holds the method 'nearest_patch'; a page shows PRN"),
        ("with", "with", "has prototypes; --without wants a run that has none"),
        ("with", "other", "differs from .* in seed; networks side by side"),
        ("missing", None, "holds no finished run"),
    ],
)
def test_what_cannot_be_shown_is_refused(runs, tmp_path, shown, without, told):
    product = Product(runs / shown, runs / without if without else None)
    with pytest.raises((ValueError, FileNotFoundError), match=told):
        write_page(tmp_path / "page", [product], runtime=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_other_test_images_than_those_of_the_record_are_refused(runs, tmp_path):
    """What a smaller file loses would be measured on other pictures."""
    record = json.loads((runs / "with/result.json").read_text())
    record["contents"]["test"] = "0" * 64
    changed = tmp_path / "changed"
    changed.mkdir()
    (changed / "result.json").write_text(json.dumps(record))
    (changed / "model.safetensors").symlink_to(runs / "with/model.safetensors")
    with pytest.raises(ValueError, match=r"\(test\) are not those of .*changed"):
        write_page(tmp_path / "page", [Product(changed)], runtime=tmp_path)
    assert not (tmp_path / "page").exists()


def test_a_folder_with_files_is_left_as_it_is(runs, tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["export", str(runs / "with"), "--web", "--out", str(tmp_path)]) == 2
    assert "holds files already; name a new folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("words", [["--bits", "16"], ["--without", "runs/x"]])
def test_words_of_the_page_alone_are_refused_for_a_file(tmp_path, capsys, words):
    assert main(["export", "runs/x", "--out", str(tmp_path / "a.onnx"), *words]) == 2
    assert "belong to a page: add --web" in capsys.readouterr().err


def test_experiments_differ_where_they_are_said_to(runs):
    """The fixture itself: one seed for two of them, another for the third."""
    with_, other = (
        Experiment(**json.loads((runs / name / "result.json").read_text())["experiment"])
        for name in ("with", "other")
    )
    assert asdict(replace(other, seed=0, use_prototypes=True)) == asdict(with_)
