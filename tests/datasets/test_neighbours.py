"""Generated shots: several of one part are told, those of different parts are not."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from prn_lib.datasets.neighbours import alike_neighbours, fingerprint


def part(rng):
    texture = gaussian_filter(rng.normal(size=(96, 96)), 4, mode="wrap")
    return 128 + 30 * texture / texture.std()


def shot(rng, pixels):
    """The same part again: moved by a pixel, brighter or darker, with noise."""
    moved = np.roll(pixels, rng.integers(-1, 2, 2), (0, 1))
    seen = moved * rng.uniform(0.9, 1.1) + rng.uniform(-20, 20) + rng.normal(0, 5, moved.shape)
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8)).convert("RGB")


def shots(seed, parts, each):
    """Shots of each part in a row; parts look like each other to some degree, as products do."""
    rng = np.random.default_rng(seed)
    common = part(rng)
    found = []
    for _ in range(parts):
        own = 0.5 * common + 0.5 * part(rng)
        found += [fingerprint(shot(rng, own)) for _ in range(each)]
    return found


def names(count):
    return [f"good/img{i}" for i in range(count)]


@pytest.mark.parametrize(("parts", "each"), [(20, 2), (20, 3), (12, 6), (10, 12)])
def test_shots_of_one_part_are_told(parts, each):
    count = parts * each
    found = alike_neighbours(names(count), shots(0, parts, each))
    assert found > 0.1 * count
    if each == 2:  # the other shot is always the neighbour, also of img9 and img10
        assert found == count


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [10, 40, 150])
def test_different_parts_are_not(seed, count):
    assert alike_neighbours(names(count), shots(seed, count, 1)) == 0


def test_shots_in_random_order_are_not():
    """The names must tell the order: a table alone can say what belongs together then."""
    mixed = np.random.default_rng(0).permutation(60)
    found = shots(0, 20, 3)
    assert alike_neighbours(names(60), [found[i] for i in mixed]) == 0


def test_the_order_is_that_of_the_names_not_of_the_list():
    found, named = shots(0, 20, 2), names(40)
    mixed = np.random.default_rng(0).permutation(40)
    assert alike_neighbours([named[i] for i in mixed], [found[i] for i in mixed]) == 40


@pytest.mark.parametrize("count", [0, 1, 2, 6, 40])
def test_too_few_and_flat_images_are_not_told(count):
    flat = [fingerprint(Image.new("RGB", (50, 40), (k, k, k))) for k in range(count)]
    assert alike_neighbours(names(count), flat) == 0


def test_few_pairs_may_be_chance_although_all_are_alike():
    """Four pairs in a row: 1 of 105 random orders has them all, so 8 of 8 is no proof."""
    assert alike_neighbours(names(8), shots(0, 4, 2)) == 0
    assert alike_neighbours(names(16), shots(0, 8, 2)) == 16


def test_a_fingerprint_does_not_know_brightness():
    rng = np.random.default_rng(0)
    pixels = rng.integers(20, 200, (96, 64, 3), np.uint8)
    prints = [fingerprint(Image.fromarray(pixels + np.uint8(k))) for k in (0, 40)]
    assert prints[0].shape == (32 * 32,)
    np.testing.assert_allclose(prints[0], prints[1], atol=1e-3)
    blocks = (pixels @ np.array([0.299, 0.587, 0.114])).reshape(32, 3, 32, 2).mean((1, 3))
    np.testing.assert_allclose(prints[0], (blocks - blocks.mean()).ravel(), atol=0.1)
