"""The slider of prototypes: stand-in, residual and mask, and its seed."""

import numpy as np
import torch

from pictures import SIDE, panel, photographs
from prn_lib import widgets


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
