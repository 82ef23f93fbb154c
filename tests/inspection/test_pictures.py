"""Overlays: the photograph where nothing is, colours and outlines where something is."""

import numpy as np

from prn_lib.inspection.pictures import PINK, overlay

PHOTO = np.random.default_rng(0).integers(90, 160, (60, 80, 3), np.uint8)


def test_where_the_score_is_0_the_photograph_is_unchanged():
    score_map = np.zeros((16, 16), np.float32)
    assert np.array_equal(overlay(PHOTO, score_map, 0.5), PHOTO)
    score_map[4:8, 4:8] = 1
    shown = overlay(PHOTO, score_map, 0.5)
    assert np.array_equal(shown[40:], PHOTO[40:])
    assert not np.array_equal(shown[15:30, 20:40], PHOTO[15:30, 20:40])


def test_the_outline_runs_where_the_threshold_is_passed():
    score_map = np.zeros((16, 16), np.float32)
    score_map[4:8, 4:8] = 1
    pink = (overlay(PHOTO, score_map, 0.5) == PINK).all(2)
    rows, columns = np.nonzero(pink)
    assert abs(rows.min() - 15) <= 2
    assert abs(rows.max() - 29) <= 2
    assert abs(columns.min() - 20) <= 2
    assert abs(columns.max() - 39) <= 2
    assert not (overlay(PHOTO, score_map, None) == PINK).all(2).any()
