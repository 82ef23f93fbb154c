"""The slider of an impulse through the fusion block."""

import pytest

from networks import small_fusion
from pictures import frames
from prn_lib import widgets


@pytest.fixture
def fusion():
    return small_fusion()


def test_the_impulse_slider_moves_the_spot(fusion, monkeypatch):
    monkeypatch.setenv("PRN_WIDGETS", "static")
    shown = frames(widgets.explore_impulse(fusion, 32))
    assert len(shown) == 36
    fine = [pixels[:, :160, 0] for alt, pixels in shown if "enters at scale 1" in alt]
    columns = [int((picture.max(0) > 128).nonzero()[0].mean() // 5) for picture in fine]
    assert columns == list(range(8, 20))
