"""Which normal images make prototypes, and which the network is trained on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from prn_lib.datasets.sample import Sample
from prn_lib.runs.building import divide_normals, prepare_training, read_category, set_up
from prn_lib.runs.experiment import Experiment


def smoke(root, **options):
    options = {"dataset": "mvtec", "category": "plate", "n_anomalies": 3, **options}
    return Experiment.from_preset("smoke", data_root=str(root), **options)


def test_prototypes_apart_come_from_images_that_are_not_trained_on(product_root):
    """With as many prototypes as images they are the features of the images themselves."""
    experiment = smoke(product_root, prototypes_apart=True, prototype_ratio=1.0)
    setup = set_up(experiment, "cpu")
    normals, _ = setup.category.load(setup.category.train_normals, experiment.image_size)
    features = setup.model.encoder(normals.float() / 255)[0]

    def members(maps):
        differences = (features[:, None] - maps[None]).abs().flatten(2).amax(2)
        return set(np.flatnonzero((differences < 1e-5).any(1)).tolist())

    clustered = members(setup.model.prototypes[0].maps)
    trained = members(setup.model.encoder(setup.synthesizer.normals.float() / 255)[0])
    assert clustered | trained == set(range(len(normals)))
    assert not clustered & trained
    assert len(clustered) == (len(normals) + 1) // 2
    # An epoch is a pass over the images that are trained on.
    training = prepare_training(set_up(smoke(product_root, max_steps=None, epochs=2), "cpu"))
    apart = smoke(product_root, max_steps=None, epochs=2, prototypes_apart=True)
    half = prepare_training(set_up(apart, "cpu"))
    assert half.steps < training.steps
    assert half.steps == -(-2 * len(trained) // experiment.normals_per_batch)


def test_without_the_option_both_are_all_normals(product_root):
    experiment = smoke(product_root)
    category = read_category(experiment)
    assert divide_normals(experiment, category) == (category, category)


def test_a_group_is_in_one_half_and_one_group_is_too_few(product_root):
    experiment = smoke(product_root, prototypes_apart=True)
    category = read_category(experiment)
    photos = [Sample(f"{i}", category.train_normals[0].image, group=str(i // 6)) for i in range(60)]
    grouped = replace(category, train_normals=tuple(photos))
    trained, clustered = divide_normals(experiment, grouped)
    groups = [{s.group for s in part.train_normals} for part in (trained, clustered)]
    assert not groups[0] & groups[1]
    assert len(groups[0]) == len(groups[1]) == 5
    one = replace(category, train_normals=tuple(photos[:6]))
    with pytest.raises(ValueError, match="prototypes_apart=True needs normals of two groups"):
        divide_normals(experiment, one)


def test_fewer_normals_are_trained_on_and_all_are_recorded(product_root):
    category = read_category(smoke(product_root, n_normals=4))
    assert len(category.train_normals) == 4
    assert any("since n_normals is 4" in note for note in category.notes)
    assert (
        len(set_up(smoke(product_root, n_normals=4), torch.device("cpu")).synthesizer.normals) == 4
    )


def test_a_method_of_another_library_says_where_it_is_made(product_root):
    with pytest.raises(ValueError, match=r"'padim' is one of anomalib's; .*anomalib_methods\.py"):
        set_up(smoke(product_root, method="padim"), "cpu")
