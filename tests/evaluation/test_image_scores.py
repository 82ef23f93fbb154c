import numpy as np
import pytest
import torch
from scipy import ndimage

from prn_lib.evaluation.image_scores import (
    KINDS,
    best_region,
    image_scores,
    smoothed_maximum,
    top_mean,
)
from prn_lib.runs.experiment import Experiment


def map_with(*boxes, side=64, ground=0.0):
    made = torch.full((1, 1, side, side), ground)
    for top, left, bottom, right, score in boxes:
        made[..., top:bottom, left:right] = score
    return made


def test_the_papers_score_is_the_mean_of_the_highest_pixels():
    maps = torch.zeros(2, 1, 4, 4)
    maps[0, 0, 0] = torch.tensor([0.9, 0.5, 0.7, 0.1])
    maps[1] = 0.25
    assert top_mean(maps, 3).tolist() == pytest.approx([0.7, 0.25])


def test_the_smoothed_maximum_is_scipys():
    """A square far from the border, where the two agree on what lies beyond; 3 sigma of reach."""
    maps = map_with((20, 30, 26, 33, 1.0), (50, 8, 52, 10, 0.5))
    sigma = 1 / 32  # two pixels
    expected = ndimage.gaussian_filter(maps[0, 0].numpy(), 2, truncate=3)
    assert smoothed_maximum(maps, sigma).item() == pytest.approx(expected.max(), abs=1e-5)


def test_the_best_region_is_a_mean_over_the_find_itself():
    """Two regions above half of the maximum, means 0.8 and 0.6; faint surroundings do not count."""
    maps = map_with((10, 10, 14, 14, 0.7), (40, 40, 42, 42, 0.6), ground=0.3)
    maps[0, 0, 10, 10:14] = 1.1
    assert best_region(maps).item() == pytest.approx((12 * 0.7 + 4 * 1.1) / 16)
    touching = map_with((4, 4, 5, 5, 1.0), (5, 5, 6, 6, 0.5))  # by a corner: one region
    assert best_region(touching).item() == pytest.approx(0.75)


@pytest.mark.parametrize("kind", KINDS)
def test_constant_maps_score_their_constant(kind):
    maps = torch.cat([map_with(ground=c) for c in (0.0, 0.25, 1.0)])
    assert image_scores(maps, kind, 10).tolist() == pytest.approx([0.0, 0.25, 1.0], abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_keep_to_the_maps_range_and_do_not_depend_on_the_batch(kind):
    maps = torch.rand(5, 1, 64, 64, generator=torch.Generator().manual_seed(0)) ** 4
    scores = image_scores(maps, kind, 25)
    one_by_one = torch.cat([image_scores(each[None], kind, 25) for each in maps])
    assert torch.allclose(scores, one_by_one)
    assert (scores <= maps.flatten(1).amax(1) + 1e-6).all()
    assert (scores >= maps.flatten(1).mean(1)).all()


def test_what_a_tiny_certain_defect_is_worth():
    """Four certain pixels of 256 x 256: the limitation that the paper names, and its cure."""
    maps = map_with((100, 100, 102, 102, 1.0), side=256)
    assert image_scores(maps, "top", 100).item() == pytest.approx(4 / 100)
    assert image_scores(maps, "region", 100).item() == pytest.approx(1)
    blurred = ndimage.gaussian_filter(maps[0, 0].numpy(), 2, truncate=3).max()
    assert image_scores(maps, "smoothed", 100).item() == pytest.approx(blurred, abs=1e-5)
    assert 0.1 < blurred < 0.2


def test_a_pixel_count_that_does_nothing_is_refused():
    assert Experiment(image_score="region").image_score == "region"
    with pytest.raises(ValueError, match="top_pixels=50 would do nothing, since image_score is"):
        Experiment(image_score="smoothed", top_pixels=50)
    with pytest.raises(ValueError, match="unknown image_score 'best'; known: top, smoothed"):
        Experiment(image_score="best")
    with pytest.raises(ValueError, match="unknown image_score 'best'; known: top, smoothed"):
        image_scores(map_with(), "best", 10)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_map_of_another_kind_gives(kind):
    """NaN stays NaN, so that metrics can refuse it; half precision and gradients do no harm."""
    maps = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    spoilt = maps.clone()
    spoilt[0, 0, 3, 3] = torch.nan
    assert image_scores(spoilt, kind, 10).isnan().tolist() == [True, False]
    expected = image_scores(maps, kind, 10)
    rounded = image_scores(maps.bfloat16().requires_grad_(), kind, 10)
    assert torch.allclose(rounded.float(), expected, atol=0.01)


def test_a_run_uses_the_score_that_it_was_asked_for(tmp_path):
    from prn_lib.runs.running import run

    options = {"max_steps": 0, "image_score": "region"}
    result = run(Experiment.from_preset("smoke", **options), tmp_path / "run")
    maps = torch.from_numpy(result.score_maps())[:, None]
    told = np.array([entry["score"] for entry in result.scores])
    assert told == pytest.approx(best_region(maps).numpy(), abs=1e-6)
