import math

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import functional as F

from prn_lib.synthesis import Synthesizer, anomalies, folder_textures, generated_texture
from prn_lib.synthesis.augment import COLOUR_OPERATIONS, aug1
from prn_lib.synthesis.perlin import perlin_mask, perlin_noise
from prn_lib.synthesis.target_area import estimate_foreground, random_target_area

KINDS = ("EA", "HEA", "HOA")


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_image(seed, side=64):
    return torch.rand(3, side, side, generator=generator(seed))


@pytest.fixture
def synthesizer():
    normals = (torch.rand(5, 3, 64, 64, generator=generator(1)) * 255).byte()
    seen = (torch.rand(3, 3, 64, 64, generator=generator(2)) * 255).byte()
    masks = torch.zeros(3, 1, 64, 64, dtype=torch.uint8)
    masks[0, :, 10:20, 10:30] = masks[1, :, 40:50, 5:60] = 1  # the third mask is empty
    return Synthesizer(normals, seen, masks, generated_texture)


# Perlin noise


def scalar_perlin(y, x, angle):
    """Perlin's definition for one point in lattice units, written with plain numbers."""
    row, column = math.floor(y), math.floor(x)
    total = 0.0
    for down in (0, 1):
        for right in (0, 1):
            a = angle[row + down][column + right]
            dot = math.sin(a) * (y - row - down) + math.cos(a) * (x - column - right)
            t, s = abs(y - row - (1 - down)), abs(x - column - (1 - right))
            weight_y = 6 * t**5 - 15 * t**4 + 10 * t**3
            weight_x = 6 * s**5 - 15 * s**4 + 10 * s**3
            total += weight_y * weight_x * dot
    return math.sqrt(2) * total


@pytest.mark.parametrize(("shape", "periods"), [((24, 24), (3, 2)), ((30, 50), (4, 1))])
def test_perlin_equals_the_scalar_definition(shape, periods):
    noise = perlin_noise(shape, periods, generator(3))
    rows, columns = periods
    angle = 2 * math.pi * torch.rand(rows + 1, columns + 1, generator=generator(3))
    expected = [
        [
            scalar_perlin(y * rows / shape[0], x * columns / shape[1], angle.tolist())
            for x in range(shape[1])
        ]
        for y in range(shape[0])
    ]
    assert torch.allclose(noise, torch.tensor(expected), atol=1e-5)


def test_perlin_is_zero_on_the_lattice_bounded_and_smooth():
    noise = perlin_noise((128, 128), (8, 4), generator(0))
    assert noise[::16, ::32].abs().max() < 1e-6
    assert noise.abs().max() <= 1
    assert noise.std() > 0.1
    assert noise.diff(dim=0).abs().max() < 0.3
    assert noise.diff(dim=1).abs().max() < 0.3


def test_perlin_masks_are_binary_and_varied():
    g = generator(0)
    masks = [perlin_mask((64, 96), g) for _ in range(40)]
    assert all(mask.shape == (1, 64, 96) for mask in masks)
    assert {value for mask in masks for value in mask.unique().tolist()} == {0.0, 1.0}
    shares = torch.stack([mask.mean() for mask in masks])
    assert shares.max() > 5 * shares[shares > 0].min()


# Augmentations


@pytest.mark.parametrize("name", COLOUR_OPERATIONS)
def test_colour_operations_keep_shape_and_range(name):
    image = random_image(4)
    changed = COLOUR_OPERATIONS[name](image, generator(0))
    assert changed.shape == image.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    low_contrast = 0.4 + 0.2 * image
    assert not torch.equal(COLOUR_OPERATIONS[name](low_contrast, generator(0)), low_contrast)


def test_colour_operations_are_the_named_ones():
    image = random_image(5)
    assert torch.allclose(COLOUR_OPERATIONS["invert"](image, generator()), 1 - image)
    stretched = COLOUR_OPERATIONS["auto-contrast"](0.4 + 0.2 * image, generator())
    assert torch.allclose(stretched.amin((1, 2)), torch.zeros(3), atol=1e-6)
    assert torch.allclose(stretched.amax((1, 2)), torch.ones(3), atol=1e-6)


def test_aug1_takes_two_different_operations():
    g, seen = generator(0), set()
    for _ in range(120):
        _, names = aug1(random_image(6, 16), g)
        assert names[0] != names[1]
        seen |= set(names)
    assert seen == set(COLOUR_OPERATIONS)


# Target areas


def test_target_areas_lie_on_the_foreground_and_are_never_empty():
    foreground = torch.zeros(1, 64, 64)
    foreground[:, 20:30, 40:60] = 1
    g, geometries = generator(0), set()
    for _ in range(60):
        area, geometry = random_target_area((64, 64), g, foreground)
        assert area.any()
        assert (area <= foreground).all()
        geometries.add(geometry)
    assert geometries == {"circle", "rectangle", "polygon"}


@pytest.mark.parametrize(("object_grey", "ground_grey"), [(0.2, 0.9), (0.8, 0.1)])
def test_foreground_of_a_disc(object_grey, ground_grey):
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    distance = ((y - 48) ** 2 + (x - 48) ** 2).sqrt()
    disc = (distance < 30).float()
    shown = disc * (distance > 8)  # a hole shows the background, and belongs to the object
    image = (ground_grey + (object_grey - ground_grey) * shown).expand(3, 96, 96)
    image = (image + 0.02 * torch.randn(3, 96, 96, generator=generator())).clamp(0, 1)
    overlap = estimate_foreground(image)[0] * disc
    union = (estimate_foreground(image)[0] + disc).clamp(max=1)
    assert overlap.sum() / union.sum() > 0.95


def test_foreground_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"foreground estimate covers .*set use_foreground=False"):
        estimate_foreground(torch.full((3, 64, 64), 0.5))


# Eq. 4 and Eq. 6


@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_blend_is_the_equation_pixel_by_pixel(opacity):
    normal, source = random_image(7, 8), random_image(8, 8)
    mask = (torch.rand(1, 8, 8, generator=generator(9)) > 0.5).float()
    blended = anomalies.blend(normal, mask * source, mask, opacity)
    for c, y, x in np.ndindex(3, 8, 8):
        n, a, m = normal[c, y, x].item(), source[c, y, x].item(), mask[0, y, x].item()
        expected = (1 - m) * n + (1 - opacity) * (m * a) + opacity * (m * n)
        assert blended[c, y, x].item() == pytest.approx(expected, abs=1e-6)
    if opacity == 1:
        assert torch.allclose(blended, normal)


@pytest.mark.parametrize("kind", KINDS)
def test_anomalies_change_nothing_outside_their_mask(synthesizer, kind):
    for seed in range(20):
        anomaly = synthesizer.draw(kind, generator(seed))
        normal = (
            synthesizer.normals[int(torch.randint(5, (), generator=generator(seed)))].float() / 255
        )
        outside = (anomaly.mask == 0).expand(3, -1, -1)
        assert torch.equal(anomaly.image[outside], normal[outside])
        assert anomaly.mask.any()
        assert set(anomaly.mask.unique().tolist()) <= {0.0, 1.0}
        assert anomaly.image.min() >= 0
        assert anomaly.image.max() <= 1
        assert 0 <= anomaly.opacity < 0.9
        assert anomaly.kind == kind


def test_anomalies_stay_on_the_foreground():
    foreground = torch.zeros(1, 64, 64)
    foreground[:, 16:48, 16:48] = 1
    seen_mask = torch.zeros(1, 64, 64)
    seen_mask[:, :8, :8] = 1
    g = generator(0)
    for _ in range(15):
        made = [
            anomalies.extended_anomaly(
                random_image(1), random_image(2), seen_mask, g, foreground=foreground
            ),
            anomalies.simulated_anomaly(
                "HOA", random_image(1), random_image(3), g, foreground=foreground
            ),
        ]
        for anomaly in made:
            assert anomaly.mask.any()
            assert (anomaly.mask <= foreground).all()


def test_extended_anomalies_reach_every_quarter_and_keep_the_seen_colours(monkeypatch):
    monkeypatch.setattr(anomalies, "aug1", lambda image, g: (image, ("", "")))
    monkeypatch.setattr(anomalies, "OPACITY", (0.0, 0.0))
    seen = torch.zeros(3, 64, 64)
    seen[0] = 1  # all red
    seen_mask = torch.zeros(1, 64, 64)
    seen_mask[:, 2:14, 2:14] = 1
    g, quarters = generator(0), set()
    for _ in range(80):
        anomaly = anomalies.extended_anomaly(torch.ones(3, 64, 64), seen, seen_mask, g)
        y, x = anomaly.mask[0].nonzero().float().mean(0)
        quarters.add((bool(y > 32), bool(x > 32)))
        inside = anomaly.image[1:, anomaly.mask[0] == 1]
        assert inside.max() == 0  # no green, no blue: the region's own colour
    assert len(quarters) == 4


def test_extended_anomalies_bring_no_black_border_along(monkeypatch):
    """A region that touches its image's border keeps its colour up to its own edge."""
    monkeypatch.setattr(anomalies, "aug1", lambda image, g: (image, ("", "")))
    monkeypatch.setattr(anomalies, "OPACITY", (0.0, 0.0))
    g, seen_mask = generator(0), torch.zeros(1, 64, 64)
    seen_mask[:, :, :20] = 1
    for _ in range(20):
        anomaly = anomalies.extended_anomaly(
            torch.zeros(3, 64, 64), torch.ones(3, 64, 64), seen_mask, g
        )
        assert anomaly.image[:, anomaly.mask[0] == 1].min() > 0.99


def test_empty_seen_mask_is_refused():
    with pytest.raises(ValueError, match="empty mask"):
        anomalies.extended_anomaly(
            random_image(0), random_image(1), torch.zeros(1, 64, 64), generator()
        )


def test_shuffled_grid_is_a_permutation_of_tiles():
    image = torch.arange(64.0).reshape(8, 8).repeat_interleave(4, 0).repeat_interleave(4, 1)
    image = image.expand(3, 32, 32)
    shuffled = anomalies.shuffle_grid(image, generator(0))
    tiles = F.resize(shuffled[:1], [8, 8], interpolation=F.InterpolationMode.NEAREST)
    assert not torch.equal(shuffled, image)
    assert sorted(tiles.flatten().tolist()) == list(range(64))
    assert torch.equal(shuffled[0], tiles[0].repeat_interleave(4, 0).repeat_interleave(4, 1))


# Textures


def test_generated_textures_differ_and_are_in_range():
    g = generator(0)
    textures = torch.stack([generated_texture(48, g) for _ in range(12)])
    assert textures.shape == (12, 3, 48, 48)
    assert textures.min() >= 0
    assert textures.max() <= 1
    assert (textures.std((2, 3)).mean(1) > 0.01).all()


def test_folder_textures(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no image"):
        folder_textures(tmp_path)
    (tmp_path / "dots").mkdir()
    Image.new("L", (90, 40), 200).save(tmp_path / "dots/a.JPG")
    texture = folder_textures(tmp_path)(32, generator())
    assert texture.shape == (3, 32, 32)
    assert torch.allclose(texture, torch.tensor(200 / 255), atol=0.01)
    (tmp_path / "dots/a.JPG").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"cannot read image .*a\.JPG"):
        folder_textures(tmp_path)(32, generator())


# Batches


def test_batches_have_the_papers_make_up(synthesizer):
    images, masks = synthesizer.batch(0, 0, torch.tensor([0, 3, 1, 2]), 2, 2)
    assert images.shape == (8, 3, 64, 64)
    assert masks.shape == (8, 1, 64, 64)
    assert torch.equal(images[1], synthesizer.normals[3].float() / 255)
    assert masks.flatten(1).any(1).tolist() == [False] * 4 + [True] * 4
    assert images.min() >= 0
    assert images.max() <= 1  # composed in [0, 1]: normalization comes in the encoder


def test_batches_depend_on_seed_and_step_alone(synthesizer):
    indices = torch.tensor([0, 1])
    first = synthesizer.batch(3, 7, indices, 2, 2)
    torch.manual_seed(99)
    synthesizer.batch(1, 1, indices, 1, 1)
    again = synthesizer.batch(3, 7, indices, 2, 2)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], synthesizer.batch(3, 8, indices, 2, 2)[0])
    assert not torch.equal(first[0], synthesizer.batch(4, 7, indices, 2, 2)[0])


@pytest.mark.parametrize("kinds", [("EA",), ("HEA",), ("HEA", "HOA"), KINDS])
def test_left_out_kinds_give_their_places_to_the_others(synthesizer, kinds):
    synthesizer.kinds = kinds
    plan = synthesizer._plan(8, 8, generator(0))
    assert len(plan) == 16
    assert set(plan) == set(kinds)
    if kinds == KINDS:
        assert plan.count("EA") == 8


def test_no_visible_seen_anomaly_is_refused():
    normals = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    empty = torch.zeros(1, 1, 64, 64, dtype=torch.uint8)
    with pytest.raises(ValueError, match="extended anomalies need a training anomaly"):
        Synthesizer(normals, normals[:1], empty, generated_texture)
    Synthesizer(normals, normals[:1], empty, generated_texture, kinds=("HOA",))
