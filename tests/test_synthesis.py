import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from prn_lib.datasets.dtd import read_textures
from prn_lib.model import Encoder
from prn_lib.model.encoder import MEAN, STD, load_weights
from prn_lib.synthesis import KINDS, Synthesizer, batch, extended, generated_textures, simulated
from prn_lib.synthesis.augment import COLOURS, adjust_sharpness, aug1, random_operations
from prn_lib.synthesis.blend import OPACITY, blend
from prn_lib.synthesis.draws import random_pixels
from prn_lib.synthesis.extended import move_images, move_regions, place, random_transforms
from prn_lib.synthesis.simulated import noise_masks, random_tiles, rotate_noise, shuffle_grids
from prn_lib.synthesis.target_area import (
    GEOMETRIES,
    fill_convex,
    on_foregrounds,
    random_target_areas,
    whole_images,
)
from prn_lib.synthesis.warp import source_maps, warp

SIDE = 64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def random_images(count, seed, side=SIDE):
    return torch.rand(count, 3, side, side, generator=generator(seed))


def a_synthesizer(**options):
    normals = (random_images(5, 1) * 255).byte()
    seen = (random_images(3, 2) * 255).byte()
    masks = torch.zeros(3, 1, SIDE, SIDE, dtype=torch.uint8)
    masks[0, :, 10:20, 10:30] = masks[1, :, 40:50, 5:60] = 1  # the third mask is empty
    return Synthesizer(normals, seen, masks, generated_textures(7, SIDE, generator(4)), **options)


@pytest.fixture
def synthesizer():
    return a_synthesizer()


# Draws


def test_random_pixels_are_in_the_mask_and_each_as_likely():
    masks = torch.rand(3, 1, 9, 7, generator=generator()) > 0.7
    masks[2] = False
    masks[2, 0, 8, 6] = True  # the last pixel alone
    shares = torch.rand(3, 20_000, generator=generator(1))
    pixels = random_pixels(masks, shares)
    for mask, points in zip(masks, pixels, strict=True):
        counts = torch.zeros(9, 7)
        counts.index_put_((points[:, 1], points[:, 0]), torch.ones(len(points)), accumulate=True)
        assert torch.equal(counts > 0, mask[0])
        expected = len(points) / mask.sum()
        assert (counts[mask[0]] - expected).abs().max() < 6 * math.sqrt(expected)


# Warps


def test_warps_are_torchvisions_affine():
    transforms = random_transforms(6, (40, 56), generator(3)) * torch.tensor([1, 1, 1, 0.3, 0.3])
    transforms[:, 3:] = transforms[:, 3:].round()
    images = torch.rand(6, 3, 40, 56, generator=generator(4))
    maps = source_maps(transforms, (40, 56))
    for mode in ("bilinear", "nearest"):
        warped = warp(images, maps, mode=mode, padding="zeros")
        for one, image, (angle, *rest) in zip(warped, images, transforms.tolist(), strict=True):
            expected = F.affine(
                image, angle=angle, shear=rest[:2], translate=rest[2:], scale=1.0,
                interpolation=InterpolationMode(mode),
            )  # fmt: skip
            if mode == "bilinear":
                # torchvision also fades the outermost pixel into its black surroundings
                inside = F.affine(
                    torch.ones(1, 40, 56), angle=angle, shear=rest[:2], translate=rest[2:],
                    scale=1.0, interpolation=InterpolationMode.BILINEAR,
                ) > 0.999  # fmt: skip
                assert ((one - expected).abs() * inside).max() < 1e-3
            else:
                assert (one != expected).float().mean() < 0.01  # points half way between pixels


# Aug1


@pytest.mark.parametrize("name", COLOURS)
def test_colour_operations_keep_shape_and_range_and_change_the_image(name):
    image = 0.2 + 0.5 * random_images(2, 4)
    strengths = COLOURS[name].strengths
    for strength in [()] if strengths is None else [(strengths[0],), (strengths[1],)]:
        changed = COLOURS[name].apply(image, *strength)
        assert changed.shape == image.shape
        assert changed.min() >= 0
        assert changed.max() <= 1
        assert not torch.equal(changed, image)


def test_sharpness_is_torchvisions():
    image = random_images(2, 5)
    for factor in (0.5, 1.5, 4.0):
        expected = F.adjust_sharpness(image, factor)
        assert torch.allclose(adjust_sharpness(image, factor), expected, atol=1e-6)


def test_every_image_gets_its_own_two_operations():
    """Computed in groups, each comes out as if it had been alone."""
    images = random_images(40, 6, 16)
    operations = random_operations(40, generator(2))
    together = aug1(images, operations)
    for image, pair, result in zip(images, operations, together, strict=True):
        for name, strength in pair:
            arguments = () if strength is None else (strength,)
            image = COLOURS[name].apply(image[None], *arguments)[0]
        assert torch.equal(image, result)


def test_operations_differ_and_are_equally_likely():
    pairs = random_operations(4200, generator(1))
    assert all(first[0] != second[0] for first, second in pairs)
    counts = {name: sum(name in (a[0], b[0]) for a, b in pairs) for name in COLOURS}
    assert all(abs(count - 1200) < 150 for count in counts.values())  # 2/7 of 4200
    for name, colour in COLOURS.items():
        drawn = [s for pair in pairs for n, s in pair if n == name]
        if colour.strengths is None:
            assert set(drawn) == {None}
        elif isinstance(colour.strengths[0], int):
            assert set(drawn) == set(range(colour.strengths[0], colour.strengths[1] + 1))
        else:
            low, high = colour.strengths
            assert low <= min(drawn) < low + 0.05 * (high - low)
            assert high - 0.05 * (high - low) < max(drawn) < high


# Target areas


def test_convex_outlines_are_filled_as_their_half_planes_say():
    angles = torch.rand(5, 6, generator=generator(7)).sort(dim=1).values * 2 * math.pi
    vertices = 20 + 15 * torch.stack([angles.cos(), angles.sin()], dim=2)
    filled = fill_convex(vertices, (40, 50))
    for outline, mask in zip(vertices.tolist(), filled[:, 0], strict=True):
        for y, x in np.ndindex(40, 50):
            edges = zip(outline, outline[1:] + outline[:1], strict=True)
            sides = [(bx - ax) * (y - ay) - (by - ay) * (x - ax) for (ax, ay), (bx, by) in edges]
            if min(abs(side) for side in sides) > 1e-3:
                assert mask[y, x].item() == all(side > 0 for side in sides)


def test_the_three_geometries():
    areas = random_target_areas(300, (SIDE, 2 * SIDE), generator(1), "cpu")
    assert set(areas.geometries) == set(GEOMETRIES)
    whole = set()
    for mask, (x, y), geometry in zip(
        areas.masks[:, 0], areas.centres.tolist(), areas.geometries, strict=True
    ):
        assert mask[y, x]
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        height = int(rows.max() - rows.min()) + 1
        width = int(columns.max() - columns.min()) + 1
        touches = mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        if touches:
            continue  # cut by the image's border
        whole.add(geometry)
        if geometry == "rectangle":
            assert mask.sum() == height * width
        if geometry == "circle":
            assert abs(height - width) <= 2
            assert mask.sum() == pytest.approx(math.pi * height * width / 4, rel=0.08)
        if geometry == "polygon":
            assert 0.2 * height * width < mask.sum() < 0.9 * height * width
    assert whole == set(GEOMETRIES)


def test_areas_on_foregrounds_stay_there_and_reach_all_of_it():
    foreground = torch.zeros(60, 1, SIDE, SIDE, dtype=torch.bool)
    foreground[:, :, 20:30, 40:60] = True
    areas = on_foregrounds(foreground, generator())
    assert areas.masks.flatten(1).any(1).all()
    assert (areas.masks <= foreground).all()
    assert torch.equal(areas.masks.any(0), foreground[0])


def test_without_target_areas_an_image_is_its_own_area():
    areas = whole_images(3, (8, 9), generator(), "cpu")
    assert areas.masks.shape == (3, 1, 8, 9)
    assert areas.masks.all()
    assert areas.geometries == ("whole",) * 3


# Eq. 4 and Eq. 6


@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_blend_is_the_equation_pixel_by_pixel(opacity):
    normal, source = random_images(1, 7, 8), random_images(1, 8, 8)
    mask = torch.rand(1, 1, 8, 8, generator=generator(9)) > 0.5
    blended = blend(normal, source, mask, opacity)
    for c, y, x in np.ndindex(3, 8, 8):
        n, a, m = normal[0, c, y, x].item(), source[0, c, y, x].item(), mask[0, 0, y, x].item()
        expected = (1 - m) * n + (1 - opacity) * (m * a) + opacity * (m * n)
        assert blended[0, c, y, x].item() == pytest.approx(expected, abs=1e-6)
    if opacity == 1:
        assert torch.equal(blended, normal)


def test_every_anomaly_has_its_own_opacity():
    normals, sources = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4)
    mask = torch.ones(2, 1, 4, 4, dtype=torch.bool)
    blended = blend(normals, sources, mask, torch.tensor([0.25, 0.5]))
    assert blended[0].unique().tolist() == [0.75]
    assert blended[1].unique().tolist() == [0.5]


@pytest.mark.parametrize("kind", KINDS)
def test_anomalies_change_nothing_outside_their_mask(synthesizer, kind):
    made = synthesizer.make([kind] * 60, generator())
    stages = made.render()
    taken = synthesizer.normals[made.normal_indices] / 255
    assert torch.equal(stages.normals, taken)
    outside = ~made.masks.expand(-1, 3, -1, -1)
    assert torch.equal(stages.images[outside], taken[outside])  # bit for bit
    assert made.masks.flatten(1).any(1).all()
    assert (made.masks <= made.areas.masks).all()
    assert stages.images.min() >= 0
    assert stages.images.max() <= 1
    low, high = OPACITY
    assert low <= made.opacity.min() < 0.1
    assert high - 0.1 < made.opacity.max() < high
    inside = made.masks.expand(-1, 3, -1, -1)
    beta = made.opacity.view(-1, 1, 1, 1)
    expected = (1 - beta) * stages.pasted + beta * taken
    assert torch.allclose(stages.images[inside], expected[inside], atol=1e-6)


@pytest.mark.parametrize("kinds", [KINDS, ("EA",), ("HOA",), ("EA", "HOA")])
def test_anomalies_rendered_in_parts_are_the_same(synthesizer, kinds):
    made = synthesizer.make(list(kinds) * 4, generator(3))
    whole = made.render().images
    for size in (1, 3, 5):
        parts = [made.render(start, start + size).images for start in range(0, len(made), size)]
        assert torch.allclose(torch.cat(parts), whole, atol=1e-6)


def test_sources_are_what_the_record_says(synthesizer):
    """Without changes of colour the source is the very image that the indices name."""
    made = synthesizer.make(["EA", "HEA", "HEA", "HOA"], generator(2))
    for pair in made.operations:
        assert pair[0][0] != pair[1][0]
    made.operations[:] = [(("invert", None), ("invert", None))] * 4
    sources = made.render().sources
    for i, (kind, index) in enumerate(zip(made.kinds, made.source_indices, strict=True)):
        taken = synthesizer.banks[kind][index] / 255
        if kind == "HOA":
            taken = shuffle_grids(taken[None], made.tiles)[0]
        assert torch.allclose(sources[i], taken, atol=1e-6)


# EA


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


# HEA and HOA


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


# Textures


def test_generated_textures_differ_and_are_in_range():
    textures = generated_textures(23, 48, generator())
    assert textures.shape == (23, 3, 48, 48)
    assert textures.dtype == torch.uint8
    assert (textures.float().std((2, 3)).mean(1) > 2).all()
    assert len({tuple(t[:, 0, 0].tolist()) for t in textures}) > 20
    assert generated_textures(2, 16, generator()).shape == (2, 3, 16, 16)


def test_textures_of_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no image"):
        read_textures(tmp_path, 32)
    (tmp_path / "dots").mkdir()
    Image.new("L", (90, 40), 200).save(tmp_path / "dots/a.JPG")
    Image.new("RGB", (50, 50), (0, 100, 250)).save(tmp_path / "dots/b.png")
    textures = read_textures(tmp_path, 32)
    assert textures.shape == (2, 3, 32, 32)
    assert (textures[0] == 200).all()
    assert textures[1, :, 5, 5].tolist() == [0, 100, 250]  # RGB
    (tmp_path / "dots/a.JPG").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"cannot read image .*a\.JPG"):
        read_textures(tmp_path, 32)


REAL = Path(__file__).parents[2] / "shared" / "data" / "dtd_subset"


@pytest.mark.skipif(
    not REAL.is_dir(), reason=f"photographs of textures are not beside the project ({REAL})"
)
def test_real_textures_make_anomalies(synthesizer):
    textures = read_textures(REAL / "images", SIDE)
    assert len(textures) == 400
    grey = (textures == textures[:, :1]).flatten(1).all(1)
    assert 0 < grey.sum() < 40  # some are stored in grey, and read as RGB like the others
    normals, masks = synthesizer.normals, torch.ones(5, 1, SIDE, SIDE)
    images, made = Synthesizer(normals, normals, masks, textures, kinds=("HEA",)).batch(
        0, 0, torch.tensor([0]), 10, 10
    )
    assert made[1:].flatten(1).any(1).all()
    assert images[1:].std() > 0.05


# Batches


def test_batches_have_the_papers_make_up(synthesizer):
    images, masks = synthesizer.batch(0, 0, torch.tensor([0, 3, 1, 2]), 2, 2)
    assert images.shape == (8, 3, SIDE, SIDE)
    assert masks.shape == (8, 1, SIDE, SIDE)
    assert torch.equal(images[:4], synthesizer.normals[[0, 3, 1, 2]] / 255)
    assert masks.flatten(1).any(1).tolist() == [False] * 4 + [True] * 4
    assert set(masks.unique().tolist()) == {0.0, 1.0}


def test_composed_in_0_to_1_and_normalized_last(synthesizer):
    """The order is pinned: normals and pasted regions are normalized alike, by the encoder."""
    images, masks = synthesizer.batch(0, 1, torch.tensor([0]), 4, 4)
    assert images.min() >= 0
    assert images.max() <= 1
    encoder, seen = Encoder(load_weights("random", 0)), []
    encoder.stem.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    encoder(images)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
    assert torch.allclose(seen[0], (images - mean) / std, atol=1e-5)
    inside = masks.bool().expand_as(images)
    assert seen[0][inside].min() < -0.5  # pasted regions too are on the normalized scale
    assert (seen[0][inside] * std.expand_as(images)[inside]).min() >= -mean.max() - 1e-5


def test_batches_depend_on_seed_and_step_alone(synthesizer):
    indices = torch.tensor([0, 1])
    first = synthesizer.batch(3, 7, indices, 2, 2)
    torch.manual_seed(99)
    synthesizer.batch(1, 1, indices, 1, 1)
    again = a_synthesizer().batch(3, 7, indices, 2, 2)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], synthesizer.batch(3, 8, indices, 2, 2)[0])
    assert not torch.equal(first[0], synthesizer.batch(4, 7, indices, 2, 2)[0])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_makes_the_same_choices(synthesizer):
    indices = torch.tensor([0, 1])
    images, masks = synthesizer.batch(3, 7, indices, 8, 8)
    on_gpu = a_synthesizer(device="cuda").batch(3, 7, indices, 8, 8)
    assert (masks != on_gpu[1].cpu()).float().mean() < 1e-3
    assert (images - on_gpu[0].cpu()).abs().mean() < 1e-3


@pytest.mark.parametrize("kinds", [("EA",), ("HEA",), ("HEA", "HOA"), KINDS])
def test_left_out_kinds_give_their_places_to_the_others(kinds, monkeypatch):
    made = []
    real = Synthesizer.make
    monkeypatch.setattr(
        Synthesizer, "make", lambda self, k, g: made.append(list(k)) or real(self, k, g)
    )
    _, masks = a_synthesizer(kinds=kinds).batch(0, 0, torch.tensor([0]), 8, 8)
    assert masks.flatten(1).any(1).sum() == 16
    assert len(made[0]) == 16
    assert set(made[0]) == set(kinds)
    if kinds == KINDS:
        assert made[0].count("EA") == 8


def test_foregrounds_and_switched_off_areas():
    foregrounds = torch.zeros(5, 1, SIDE, SIDE, dtype=torch.bool)
    foregrounds[:, :, 16:48, 16:48] = True
    _, masks = a_synthesizer(foregrounds=foregrounds).batch(0, 0, torch.tensor([0]), 20, 20)
    assert (masks.bool() <= foregrounds[:1]).all()
    made = a_synthesizer(use_target_area=False).make(["HEA"] * 30, generator())
    assert set(made.areas.geometries) == {"whole"}
    assert made.masks[:, :, :10].any()


def test_descriptions_tell_how_an_anomaly_was_made(synthesizer):
    made = synthesizer.make(list(KINDS), generator(1))
    ea, hea, hoa = (made.describe(i) for i in range(3))
    assert ea.startswith(f"EA: seen anomaly {made.source_indices[0]}, {made.operations[0][0][0]}")
    assert f"draw {int(made.placements.tries[0])}" in ea
    assert f"beta {made.opacity[0]:.2f}" in ea
    rows, columns = made.noise.periods[0].tolist()
    assert f"{rows} x {columns} periods" in hea
    assert hoa.startswith("HOA: normal image")
    made.placements.tries[0] = made.noise.tries[0] = 0
    assert "no draw met the area" in made.describe(0)
    assert "threshold lowered" in made.describe(1)


def test_no_seen_anomaly_to_extend_is_refused():
    normals = torch.zeros(2, 3, SIDE, SIDE, dtype=torch.uint8)
    empty = torch.zeros(1, 1, SIDE, SIDE, dtype=torch.uint8)
    with pytest.raises(ValueError, match="extended anomalies need a training anomaly"):
        Synthesizer(normals, normals[:1], empty, normals)
    Synthesizer(normals, normals[:1], empty, None, kinds=("HOA",))


@pytest.mark.parametrize(("changed", "message"), [
    ({"kinds": ("EA", "X")}, r"kinds=.* must be some of EA, HEA, HOA"),
    ({"kinds": ()}, "must be some of"),
    ({"normals": torch.zeros(2, 1, 64, 64, dtype=torch.uint8)}, r"normals are .* \(2, 1, 64, 64\)"),
    ({"normals": torch.rand(2, 3, 64, 64)}, "normals are torch.float32"),
    ({"textures": torch.zeros(2, 3, 64, 32, dtype=torch.uint8)}, "textures are"),
    ({"textures": None}, "HEA needs textures"),
    ({"textures": torch.zeros(0, 3, 64, 64, dtype=torch.uint8)}, "HEA needs textures"),
    ({"seen_masks": torch.ones(2, 1, 64, 64)}, r"seen_masks are .* must be \(1, 1, 64, 64\)"),
    ({"foregrounds": torch.ones(3, 1, 64, 64, dtype=torch.bool)}, "foregrounds are"),
    ({"foregrounds": torch.zeros(2, 1, 64, 64, dtype=torch.bool)}, "a foreground has no pixel"),
])  # fmt: skip
def test_what_would_fail_at_some_step_is_refused_at_once(changed, message):
    images = torch.zeros(2, 3, 64, 64, dtype=torch.uint8)
    given = {
        "normals": images, "seen_images": images[:1], "textures": images,
        "seen_masks": torch.ones(1, 1, 64, 64, dtype=torch.uint8),
    }  # fmt: skip
    Synthesizer(**given)
    with pytest.raises(ValueError, match=message):
        Synthesizer(**{**given, **changed})


def test_sides_that_do_not_divide_by_8_have_no_shuffled_grid():
    images = torch.zeros(2, 3, 60, 64, dtype=torch.uint8)
    masks = torch.ones(2, 1, 60, 64)
    with pytest.raises(ValueError, match="multiples of 8"):
        Synthesizer(images, images, masks, images)
    made = Synthesizer(images, images, masks, images, kinds=("EA", "HEA")).make(
        ["EA", "HEA"], generator()
    )
    assert made.render().images.shape == (2, 3, 60, 64)


def test_images_need_not_be_square():
    images = (torch.rand(4, 3, 64, 96, generator=generator()) * 255).byte()
    masks = torch.zeros(4, 1, 64, 96)
    masks[:, :, 50:60, 80:94] = 1
    foregrounds = torch.zeros(4, 1, 64, 96, dtype=torch.bool)
    foregrounds[:, :, 8:30, 60:90] = True
    synthesizer = Synthesizer(images, images, masks, images, foregrounds=foregrounds)
    _, made = synthesizer.batch(0, 0, torch.tensor([0]), 30, 30)
    assert made[1:].flatten(1).any(1).all()
    assert (made.bool() <= foregrounds[:1]).all()


def test_a_batch_without_anomalies(synthesizer):
    images, masks = synthesizer.batch(0, 0, torch.tensor([2, 0]), 0, 0)
    assert torch.equal(images, synthesizer.normals[[2, 0]] / 255)
    assert not masks.any()


class OneDevice(TorchDispatchMode):
    """Fails where an operation mixes tensors of the device with others that it must fetch."""

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        tensors = [x for x in tree_leaves((arguments, options)) if isinstance(x, torch.Tensor)]
        devices = {x.device.type for x in tensors if x.ndim}
        moves = function in (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
        assert moves or len(devices) <= 1, f"{function} mixes devices"
        return function(*arguments, **(options or {}))


@pytest.mark.parametrize("options", [{}, {"use_target_area": False}, {"foregrounds": True}])
def test_no_step_asks_the_device_for_a_value(options):
    """What a batch draws is drawn on the processor; no result of the device decides what is next.

    On the "meta" device tensors have no values, so that asking for one is an error. As on a GPU,
    tensors of the processor must be moved there by name.
    """
    if "foregrounds" in options:
        options = {"foregrounds": torch.ones(5, 1, SIDE, SIDE, dtype=torch.bool)}
    synthesizer = a_synthesizer(**options)
    synthesizer.normals = synthesizer.normals.to("meta")
    synthesizer.seen_masks = synthesizer.seen_masks.to("meta")
    synthesizer.banks = {kind: bank.to("meta") for kind, bank in synthesizer.banks.items()}
    if synthesizer.foregrounds is not None:
        synthesizer.foregrounds = synthesizer.foregrounds.to("meta")
    with OneDevice():
        images, masks = synthesizer.batch(0, 0, torch.tensor([0, 1]), 8, 8)
    assert (images.shape, masks.shape) == ((18, 3, SIDE, SIDE), (18, 1, SIDE, SIDE))
    assert batch.PARTS.get("meta") is None  # all at once, as on a GPU
