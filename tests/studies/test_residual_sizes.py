"""Sizes of residuals against the formula written plainly."""

import pytest
import torch

from prn_lib.runs.building import set_up
from prn_lib.runs.experiment import Experiment
from prn_lib.studies.residual_sizes import residual_sizes


def smoke(root, **options):
    return Experiment.from_preset(
        "smoke", dataset="mvtec", category="plate", data_root=str(root), n_anomalies=3, **options
    )


@torch.inference_mode()
def test_sizes_are_those_of_the_nearest_prototype(product_root):
    experiment = smoke(product_root, prototype_ratio=0.3)
    sizes = residual_sizes(experiment)
    setup = set_up(experiment, "cpu")
    new = [i for i, sample in enumerate(setup.category.test) if not sample.is_anomaly]
    features = setup.model.encoder(setup.test_images[new[0]][None].float() / 255)
    for j in range(3):
        differences = features[j] - setup.model.prototypes[j].maps
        nearest = differences[differences.flatten(1).norm(dim=1).argmin()]
        wanted = 100 * nearest.abs().mean() / features[j].abs().mean()
        told = sizes[(sizes["images"] == "new") & (sizes["scale"] == j + 1)]["size"].iloc[0]
        assert told == pytest.approx(float(wanted), rel=1e-4)
    counts = sizes[sizes["scale"] == 1]["images"].value_counts()
    assert counts["new"] == len(new)
    assert counts["with a defect"] == len(setup.category.test) - len(new)
    assert counts["trained on"] == len(setup.synthesizer.normals)


def test_an_image_that_is_its_own_prototype_has_no_residual_and_a_new_one_has(product_root):
    sizes = residual_sizes(smoke(product_root, prototype_ratio=1.0))
    means = sizes.groupby("images")["size"].mean()
    assert means["trained on"] < 1e-3 < 1 < means["new"]
    apart = residual_sizes(smoke(product_root, prototype_ratio=1.0, prototypes_apart=True))
    means = apart.groupby("images")["size"].mean()
    assert means["trained on"] == pytest.approx(means["new"], rel=0.3)


def test_without_prototypes_there_is_no_residual(product_root):
    with pytest.raises(ValueError, match="only a PRN with prototypes has residuals"):
        residual_sizes(smoke(product_root, use_prototypes=False))
