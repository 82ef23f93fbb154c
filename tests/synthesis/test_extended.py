"""Extended anomalies (EA): seen regions that are moved onto target areas."""

import torch

from prn_lib.synthesis import extended
from prn_lib.synthesis.extended import move_images, move_regions, place, random_transforms
from prn_lib.synthesis.target_area import on_foregrounds, random_target_areas
from prn_lib.synthesis.warp import source_maps
from synthesizers import SIDE, generator


def test_the_first_draw_that_meets_the_area_is_taken():
    """Followed one by one: no earlier draw brings a pixel of the region into the area."""
    regions = torch.zeros(8, 1, SIDE, SIDE, dtype=torch.bool)
    regions[:, :, 5:25, 5:25] = True
    areas = random_target_areas(8, (SIDE, SIDE), generator(1), "cpu")
    placed = place(regions, areas, generator(5))
    draws = random_transforms(8 * extended.TRIES, (SIDE, SIDE), generator(5)).view(8, -1, 5)
    for i, tries in enumerate(placed.tries.tolist()):
        assert tries >= 1
        assert torch.equal(placed.transforms[i], draws[i, tries - 1])
        earlier = source_maps(draws[i, : tries - 1], (SIDE, SIDE))
        moved = move_regions(regions[i].expand(tries - 1, -1, -1, -1), earlier)
        # 32 pixels of the 400 are looked at: what overlaps by a sliver may be passed over
        assert ((moved & areas.masks[i]).sum((1, 2, 3)) < 80).all()


def test_tiny_regions_and_areas_always_meet():
    regions = torch.zeros(200, 1, SIDE, SIDE, dtype=torch.bool)
    places = torch.randint(SIDE, (200, 2), generator=generator(1))
    regions[torch.arange(200), 0, places[:, 0], places[:, 1]] = True  # one pixel each
    foregrounds = torch.zeros(200, 1, SIDE, SIDE, dtype=torch.bool)
    foregrounds[:, :, 30, 31] = True
    areas = on_foregrounds(foregrounds, generator(2))
    placed = place(regions, areas, generator(3))
    assert (placed.tries == 0).float().mean() > 0.5  # no draw met: shifted there, and said
    moved = move_regions(regions, placed.maps) & areas.masks
    assert moved.flatten(1).any(1).all()
    limits = torch.tensor([extended.ROTATION, extended.SHEAR, extended.SHEAR])
    assert (placed.transforms[:, :3].abs() <= limits).all()


def test_extended_anomalies_reach_every_quarter(synthesizer):
    made = synthesizer.make(["EA"] * 200, generator())
    quarters = set()
    for mask in made.masks:
        y, x = mask[0].nonzero().float().mean(0)
        quarters.add((bool(y > SIDE / 2), bool(x > SIDE / 2)))
    assert len(quarters) == 4
    assert set(made.source_indices) == {0, 1}  # the seen anomaly with an empty mask is not used


def test_moved_regions_bring_no_black_border_along():
    """A region that touches its image's border keeps its colour up to its own edge."""
    regions = torch.zeros(30, 1, SIDE, SIDE, dtype=torch.bool)
    regions[:, :, :, :20] = True
    areas = random_target_areas(30, (SIDE, SIDE), generator(), "cpu")
    maps = place(regions, areas, generator()).maps
    moved = move_images(torch.ones(30, 3, SIDE, SIDE), maps)
    assert moved.min() > 0.999
