"""Simulated anomalies (HEA and HOA): masks of noise and shuffled grids."""

import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from prn_lib.synthesis import simulated
from prn_lib.synthesis.simulated import noise_masks, random_tiles, rotate_noise, shuffle_grids
from prn_lib.synthesis.target_area import random_target_areas
from synthesizers import SIDE, generator


def test_noise_masks_are_noise_above_the_threshold_on_the_area():
    areas = random_target_areas(150, (SIDE, SIDE), generator(1), "cpu").masks
    made = noise_masks(areas, generator(2))
    assert made.masks.flatten(1).any(1).all()
    assert (made.masks <= areas).all()
    thresholds = made.thresholds.view(-1, 1, 1, 1)
    assert torch.equal(made.masks, (made.noise >= thresholds) & areas)
    lowered = made.tries == 0
    assert (made.thresholds[~lowered] == simulated.THRESHOLD).all()
    assert (made.thresholds[lowered] < simulated.THRESHOLD).all()
    assert lowered.float().mean() < 0.1
    assert set(made.periods.flatten().tolist()) == {1, 2, 4, 8, 16, 32}
    assert made.rotations.abs().max() <= 90
    shares = made.masks.float().mean((1, 2, 3))
    assert shares.max() > 20 * shares.min()  # regions vary in size


def test_the_choice_by_small_copies_prefers_no_periods(monkeypatch):
    """As if all maps had been made in full: fine noise is not passed over."""
    areas = random_target_areas(800, (128, 128), generator(3), "cpu").masks
    by_copies = noise_masks(areas, generator(4))
    monkeypatch.setattr(simulated, "COPY", 128)
    in_full = noise_masks(areas, generator(4))
    for k in range(6):
        shares = [(made.periods == 2**k).float().mean() for made in (by_copies, in_full)]
        assert abs(shares[0] - shares[1]) < 0.02
    assert (by_copies.tries == in_full.tries).float().mean() > 0.9
    assert (by_copies.tries == 0).float().mean() < 0.03


def test_an_area_of_one_pixel_gets_a_mask_of_one_pixel():
    areas = torch.zeros(50, 1, SIDE, SIDE, dtype=torch.bool)
    areas[:, :, 11, 7] = True
    assert torch.equal(noise_masks(areas, generator()).masks, areas)


def test_an_area_on_which_all_noise_is_zero_gets_a_mask(monkeypatch):
    areas = torch.zeros(5, 1, SIDE, SIDE, dtype=torch.bool)
    areas[:, :, 0, 0] = True  # a lattice point
    monkeypatch.setattr(simulated, "MAX_ROTATION", 0.0)
    assert torch.equal(noise_masks(areas, generator()).masks, areas)


def test_noise_is_rotated_about_the_centre_by_its_own_angle():
    noise = torch.rand(4, 1, 33, 33, generator=generator())
    turned = rotate_noise(noise, torch.tensor([0.0, 90.0, -90.0, 180.0]))
    for one, original, quarters in zip(turned, noise, (0, -1, 1, 2), strict=True):
        assert torch.allclose(one, original.rot90(quarters, (1, 2)), atol=1e-4)
    half = rotate_noise(noise[:1], torch.tensor([45.0]))
    assert half[0, 0, 0, 0] > 0  # corners are filled


def test_shuffled_grids_are_permutations_of_64_tiles():
    image = torch.arange(64.0).reshape(8, 8).repeat_interleave(4, 0).repeat_interleave(4, 1)
    tiles = random_tiles(2, generator())
    shuffled = shuffle_grids(image.expand(2, 3, 32, 32), tiles)
    small = F.resize(shuffled[:, :1], [8, 8], interpolation=InterpolationMode.NEAREST)
    assert not torch.equal(tiles[0], tiles[1])
    for one, order in zip(small, tiles, strict=True):
        assert one.flatten().tolist() == order.tolist()
        assert sorted(order.tolist()) == list(range(64))
    assert torch.equal(shuffled[:, 0], small[:, 0].repeat_interleave(4, 1).repeat_interleave(4, 2))
