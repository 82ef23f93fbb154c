"""Figures of features: which channels are shown, and in which scale of colours."""

import matplotlib.pyplot as plt
import pytest
import torch

from pictures import photographs
from prn_lib import figures
from prn_lib.model import load_encoder


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("resnet18", "random", 0)


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
