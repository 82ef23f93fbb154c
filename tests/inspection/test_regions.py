"""Regions by hand, and against another library's labelling."""

import cv2
import numpy as np

from prn_lib.inspection.regions import find_regions


def test_boxes_and_areas_are_in_the_photographs_pixels():
    score_map = np.zeros((10, 10), np.float32)
    score_map[2:4, 5:9] = 0.8
    score_map[4, 9] = 0.9  # touches at a corner
    score_map[7, 1] = 0.6
    large, small = find_regions(score_map, 0.5, (200, 100))
    assert (large.left, large.top, large.right, large.bottom) == (100, 20, 200, 50)
    assert large.area == 9 * 20 * 10
    assert large.score == np.float32(0.9)
    assert (small.left, small.top, small.right, small.bottom, small.area) == (20, 70, 40, 80, 200)
    assert find_regions(score_map, 0.9, (200, 100)) == []


def test_regions_are_those_of_opencv():
    generator = np.random.default_rng(3)
    score_map = cv2.GaussianBlur(generator.random((64, 64), np.float32), (0, 0), 2)
    threshold = float(np.quantile(score_map, 0.8))
    count, _, stats, _ = cv2.connectedComponentsWithStats((score_map > threshold).astype(np.uint8))
    expected = sorted(
        (left, top, left + wide, top + high, area)
        for left, top, wide, high, area in stats[1:count].tolist()
    )
    found = find_regions(score_map, threshold, (64, 64))
    assert sorted((r.left, r.top, r.right, r.bottom, r.area) for r in found) == expected
    assert [r.area for r in found] == sorted((r.area for r in found), reverse=True)
