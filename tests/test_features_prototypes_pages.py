"""Figures and sliders of the chapters on features and prototypes."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from prn_lib import figures, widgets
from prn_lib.model import Encoder, load_weights
from prn_lib.widgets import features as features_page
from prn_lib.widgets import prototypes as prototypes_page
from prn_lib.widgets.pictures import heat

SIDE = 64


@pytest.fixture(scope="module")
def encoder():
    return Encoder(load_weights("random", 0))


@pytest.fixture
def rendered(monkeypatch):
    """What a page passes to ``explore``: its render function and its keywords."""
    caught = {}

    def catch(render, controls, **options):
        caught.update(render=render, controls=controls, **options)

    for page in (features_page, prototypes_page):
        monkeypatch.setattr(page, "explore", catch)
    return caught


def photographs(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(count, 3, SIDE, SIDE, generator=generator) * 255).byte()


def panel(picture, i):
    """Part ``i`` of pictures that stand side by side."""
    start = i * (SIDE + 6)
    return picture[:, start : start + SIDE].astype(int)


def test_heat_goes_from_black_to_the_brightest_colour():
    shown = heat(torch.tensor([[0.0, 1.0, 2.0, 3.0]]), 2.0)
    assert shown.shape == (3, 1, 4)
    brightness = shown.mean(0)[0]
    assert brightness[0] < 0.02
    assert brightness[0] < brightness[1] < brightness[2] == brightness[3]


def test_channels_that_vary_most_are_shown(encoder, monkeypatch):
    titles = []
    monkeypatch.setattr(plt.Axes, "set_title", lambda self, title, **options: titles.append(title))
    images = photographs(2) / 255
    maps = torch.zeros(2, 5, 4, 4)
    maps[0, 3], maps[:, 1, 0] = 9.0, 1.0
    picture = figures.show_channels(images, [maps], ["plain", "odd"])
    assert titles == [
        name
        for row in ("plain", "odd")
        for name in (row, "layer 1, channel 3", "layer 1, channel 1")
    ]
    assert "plain, odd" in picture.alt


@pytest.mark.parametrize(("maps", "limits"), [([-1.0, 3.0], (-3.0, 3.0)), ([1.0, 3.0], (0.0, 3.0))])
def test_maps_of_a_row_share_a_scale_that_is_symmetric_where_there_is_a_sign(
    maps, limits, monkeypatch
):
    drawn = []
    plain = plt.Axes.imshow

    def remember(self, values, **options):
        drawn.append(options)
        return plain(self, values, **options)

    monkeypatch.setattr(plt.Axes, "imshow", remember)
    row = torch.tensor(maps)[:, None, None].expand(2, 4, 4)
    masks = torch.ones(2, 4, 4, dtype=torch.bool)
    picture = figures.show_rows(["a", "b"], {"map": row, "mask": masks}, "Two maps and masks")
    assert [(o["vmin"], o["vmax"]) for o in drawn[:2]] == [limits] * 2
    assert drawn[0]["cmap"] == ("RdBu_r" if limits[0] < 0 else "inferno")
    assert [(o["vmin"], o["vmax"], o["cmap"]) for o in drawn[2:]] == [(0, 1, "gray")] * 2
    assert picture.alt == "Two maps and masks"
    assert plt.get_fignums() == []


def test_k_means_is_shown_with_its_falling_inertia():
    points = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
    alt = figures.show_lloyd(points, torch.tensor([0, 1, 2]), steps=3).alt
    told = [float(value) for value in re.findall(r"step \d: ([\d.]+)", alt)]
    assert len(told) == 3
    assert told == sorted(told, reverse=True)
    first = torch.cdist(points, points[:3]).argmin(1)  # step 1, computed directly
    centres = torch.stack([points[first == k].mean(0) for k in range(3)])
    assert told[0] == pytest.approx((points - centres[first]).square().sum().item(), abs=0.06)


def test_figures_of_k_means_tell_their_numbers():
    assert "from 1 to 9; a line marks the run's own start at 4" in (
        figures.show_inertias([9.0, 1.0, 5.0], 4.0).alt
    )
    table = pd.DataFrame({"test": [0.5, 0.25]}, index=[1, 60])
    alt = figures.show_by_count({"one": table, "two": 2 * table}, "mean residual").alt
    assert "K = 1 to K = 60" in alt
    assert "one, test: 0.500 to 0.250; two, test: 1.000 to 0.500" in alt


def test_channel_slider_shows_the_encoders_channels(encoder, rendered):
    normal, odd = photographs(2) / 255
    widgets.explore_channels(encoder, normal, odd)
    maps = encoder(torch.stack([normal, odd]), layers=3)
    for layer, channel, seed in ((1, 3, 0), (2, 5, 1), (3, 11, 2)):
        picture = rendered["render"](layer, channel, seed=seed)
        shown = maps[layer - 1][:, channel + 12 * seed]
        scaled = 255 * (shown - shown.min()) / (shown.max() - shown.min())
        repeat = SIDE // shown.shape[-1]
        for i, expected in zip((1, 3), scaled.numpy(), strict=True):
            expected = expected.repeat(repeat, 0).repeat(repeat, 1)
            np.testing.assert_allclose(panel(picture, i)[..., 0], expected, atol=1)
    assert len(rendered["controls"]["layer"]) * len(rendered["controls"]["channel"]) == 36


def test_prototype_slider_shows_stand_in_residual_and_mask(encoder, rendered):
    normals = photographs(14)
    normals[:7] //= 8  # dark ones and bright ones
    images = torch.stack([normals[2], normals[9]])
    masks = torch.zeros(2, 1, SIDE, SIDE)
    masks[1, :, 10:20, 10:20] = 1
    widgets.explore_prototypes(encoder, normals, images, masks, ["dark", "bright"])
    assert list(rendered["controls"]["K"]) == ["1", "3", "6", "12", "14, all"]
    assert list(rendered["controls"]["test image"]) == ["dark", "bright"]
    render = rendered["render"]

    mean_of_all = render(1, 1, 0, seed=0)
    expected = normals.float().mean(0).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(panel(mean_of_all, 1), expected, atol=1)
    own = render(1, 14, 0, seed=0)  # a training image among all of them: nothing is left of it
    np.testing.assert_array_equal(panel(own, 1), panel(own, 0))
    assert panel(own, 2).max() < 10 < panel(mean_of_all, 2).max()
    dark = panel(render(1, 3, 0, seed=0), 1)
    bright = panel(render(1, 3, 1, seed=0), 1)
    assert dark.mean() < 25 < 100 < bright.mean()
    changed = (panel(render(2, 3, 1, seed=0), 3) != panel(render(2, 3, 1, seed=0), 0)).any(-1)
    assert changed.any()
    assert not changed[:10].any()
    assert not changed[20:].any()


def test_prototype_slider_repeats_itself_and_follows_its_seed(encoder, rendered):
    normals = photographs(13)
    masks = torch.zeros(1, 1, SIDE, SIDE)
    pictures = []
    for _ in range(2):
        widgets.explore_prototypes(encoder, normals, photographs(1, seed=1), masks, ["one"])
        pictures.append(rendered["render"](1, 3, 0, seed=0))
    np.testing.assert_array_equal(*pictures)
    others = [rendered["render"](1, 3, 0, seed=seed) for seed in (1, 2, 3)]
    assert any((panel(other, 1) != panel(pictures[0], 1)).any() for other in others)
