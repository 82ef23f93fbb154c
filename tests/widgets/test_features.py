"""The slider of the encoder's channels."""

import numpy as np
import torch

from pictures import SIDE, panel, photographs
from prn_lib import widgets


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
