"""Methods of anomalib on the split of PRN; only where anomalib is installed."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

from prn_lib.runs.experiment import OF_ANOMALIB, Experiment
from prn_lib.runs.results import load_model, load_result

if importlib.util.find_spec("anomalib") is None:
    pytest.skip(
        "needs benchmarks/requirements-anomalib.txt, in an environment of its own",
        allow_module_level=True,
    )

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import anomalib_methods


@pytest.mark.parametrize("method", OF_ANOMALIB)
def test_each_method_leaves_a_record_of_prns_split(product_root, tmp_path, method):
    told = {"epochs": 1} if method in ("stfpm", "draem") else {}
    experiment = Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(product_root), n_anomalies=3,
        method=method, **told,
    )  # fmt: skip
    made = anomalib_methods.make_record(experiment, tmp_path / "run", torch.device("cpu"))
    read = load_result(tmp_path / "run")
    assert read.metrics == made.metrics
    assert read.experiment == experiment
    assert len(read.scores) == len(read.split["test"]) == 8
    assert any(note.startswith("anomalib ") for note in read.notes)
    maps = read.score_maps()
    assert maps.shape == (8, 64, 64)
    assert 0 <= maps.min() <= maps.max() <= 1
    assert bool(read.losses) == bool(told)
    with pytest.raises(ValueError, match=f"a run of anomalib's '{method}'"):
        load_model(tmp_path / "run")


def test_every_method_that_the_option_knows_is_there():
    assert set(anomalib_methods.METHODS) == set(OF_ANOMALIB)


def test_the_encoder_stands_in_and_gives_prns_features(product_root):
    experiment = Experiment.from_preset("smoke")
    encoder = anomalib_methods.build_encoder(experiment)
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = anomalib_methods.Features(encoder, ["layer2", "layer3"])(images)
    assert list(found) == ["layer2", "layer3"]
    assert torch.equal(found["layer3"], encoder(images)[2])


def test_distances_keep_their_order_in_the_unit_interval():
    values = torch.tensor([0.0, 1.0, 3.0, 1e6])
    assert anomalib_methods.to_unit(values, 1.0).tolist() == pytest.approx(
        [0, 0.5, 0.75, 1], abs=1e-5
    )
