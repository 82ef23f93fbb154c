"""Distances to the nearest normal patch, against scikit-learn and by hand."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from prn_lib.model import fit_nearest_patch, load_encoder
from prn_lib.model import nearest_patch as rival
from prn_lib.model.nearest_patch import distances, patches_of


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("resnet18", "random", 0)


@pytest.fixture(scope="module")
def normals():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8, generator=generator)


def test_distances_are_scikit_learns(monkeypatch):
    monkeypatch.setattr(rival, "PIECE", 7)  # the bank comes in several pieces, the last a short one
    generator = torch.Generator().manual_seed(0)
    bank, patches = torch.randn(40, 6, generator=generator), torch.randn(15, 6, generator=generator)
    expected, _ = NearestNeighbors(n_neighbors=1).fit(bank).kneighbors(patches)
    np.testing.assert_allclose(distances(patches, bank), expected[:, 0], rtol=1e-5)


def test_patches_are_three_scales_on_one_grid(encoder, normals):
    patches = patches_of(encoder, normals[:2] / 255)
    assert patches.shape == (2, sum(encoder.channels[:3]), 8, 8)
    second = encoder(normals[:2] / 255)[1]  # at its own size: only averaged
    padded = np.pad(second[0, 5].numpy(), 1)
    mean = sum(padded[i : i + 8, j : j + 8] for i in range(3) for j in range(3)) / 9
    np.testing.assert_allclose(patches[0, encoder.channels[0] + 5], mean, atol=1e-5)


def test_a_score_is_the_distance_over_itself_and_the_scale(encoder, normals):
    model = fit_nearest_patch(encoder, normals)
    rows = [patches_of(encoder, one[None] / 255)[0].flatten(1).T.numpy() for one in normals]
    between = []
    for i, own in enumerate(rows):
        others = np.concatenate([row for j, row in enumerate(rows) if j != i])
        between.append(NearestNeighbors(n_neighbors=1).fit(others).kneighbors(own)[0])
    assert float(model.scale) == pytest.approx(
        np.sort(np.concatenate(between).ravel())[127], rel=1e-4
    )
    assert model.bank.shape == (4 * 64, sum(encoder.channels[:3]))

    new = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        scores = model(new).sigmoid()[0, 0].numpy()
    found, _ = (
        NearestNeighbors(n_neighbors=1)
        .fit(model.bank)
        .kneighbors(patches_of(encoder, new)[0].flatten(1).T.numpy())
    )
    grid = torch.from_numpy(found.reshape(1, 1, 8, 8))
    d = torch.nn.functional.interpolate(grid, (64, 64), mode="bilinear")[0, 0].numpy()
    np.testing.assert_allclose(scores, d / (d + float(model.scale)), atol=1e-4)


def test_images_that_were_kept_are_not_far(encoder, normals):
    model = fit_nearest_patch(encoder, normals)
    changed = normals[:1].clone()
    changed[..., 20:40, 20:40] = 255 - changed[..., 20:40, 20:40]
    with torch.inference_mode():
        same, other = (model(x / 255).sigmoid()[0, 0] for x in (normals[:1], changed))
    assert same.max() < 0.05
    assert other[24:36, 24:36].mean() > 10 * same.max()


def test_one_normal_image_is_too_few(encoder, normals):
    with pytest.raises(ValueError, match="at least 2"):
        fit_nearest_patch(encoder, normals[:1])
