"""Masks as people make them: what each is taken for, and what is refused."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from prn_lib.datasets.reading.masks import ANY_COLOUR, HALF_GREY, TWO_VALUES, Kind, read_mask

BOX = np.zeros((40, 60), bool)
BOX[10:22, 5:33] = True


def save(path, pixels, mode=None):
    Image.fromarray(np.asarray(pixels), mode).save(path)
    return path


def painted(value, dtype=np.uint8):
    return np.where(BOX, value, 0).astype(dtype)


def coloured(colour):
    return (BOX[..., None] * np.array(colour)).astype(np.uint8)


@pytest.mark.parametrize("value", [1, 2, 38, 127, 128, 254, 255])
def test_one_grey_value_is_the_defect_whatever_it_is(tmp_path, value):
    mask = read_mask(save(tmp_path / "m.png", painted(value)), TWO_VALUES)
    assert np.array_equal(mask.pixels, BOX)
    assert mask.kind == (Kind.WHITE if value == 255 else Kind.ONE_VALUE)


@pytest.mark.parametrize("value", [1, 255, 256, 65535])
def test_one_value_of_16_bits_is_the_defect(tmp_path, value):
    mask = read_mask(save(tmp_path / "m.png", painted(value, np.uint16)), TWO_VALUES)
    assert np.array_equal(mask.pixels, BOX)


@pytest.mark.parametrize("colour", [(128, 0, 0), (0, 0, 1), (255, 255, 255)])
def test_one_colour_is_the_defect_also_one_that_is_black_as_a_grey(tmp_path, colour):
    path = save(tmp_path / "m.png", coloured(colour))
    for rule in (TWO_VALUES, ANY_COLOUR):
        assert np.array_equal(read_mask(path, rule).pixels, BOX)


def test_a_bit_a_palette_and_transparency(tmp_path):
    Image.fromarray(BOX).save(tmp_path / "bit.png")
    indexed = Image.fromarray(painted(1))
    indexed.putpalette([0, 0, 0, 128, 0, 0])
    indexed.save(tmp_path / "palette.png")
    rgba = np.dstack([np.full((40, 60, 3), 255, np.uint8), painted(255)])
    save(tmp_path / "alpha.png", rgba)
    for name in ("bit", "palette", "alpha"):
        assert np.array_equal(read_mask(tmp_path / f"{name}.png", TWO_VALUES).pixels, BOX), name


def test_black_paint_on_a_transparent_ground_is_refused(tmp_path):
    rgba = np.dstack([np.zeros((40, 60, 3), np.uint8), painted(255)])
    with pytest.raises(ValueError, match=r"m\.png has black paint on a transparent ground"):
        read_mask(save(tmp_path / "m.png", rgba), TWO_VALUES)


@pytest.mark.parametrize("values", [(1, 2), (100, 200), (3, 255), (100, 255), (128, 255)])
def test_several_grey_areas_are_refused_with_their_counts(tmp_path, values):
    """Half of such a mask would vanish, or a class that is no defect would count."""
    pixels = painted(values[0])
    pixels[30:38, 40:52] = values[1]
    path = save(tmp_path / "m.png", pixels)
    counts = rf"{values[0]} \(336 px\)"
    with pytest.raises(ValueError, match=rf"m\.png is not plainly black and white: .*{counts}"):
        read_mask(path, TWO_VALUES)
    either = pixels > 0
    assert np.array_equal(read_mask(path, ANY_COLOUR).pixels, either)


def test_touching_grey_areas_are_refused_though_one_is_white(tmp_path):
    pixels = painted(255)
    pixels[10:22, 20:33] = 120
    with pytest.raises(ValueError, match="grey values in areas are 120"):
        read_mask(save(tmp_path / "m.png", pixels), TWO_VALUES)


def test_values_of_16_bits_are_never_merged(tmp_path):
    pixels = painted(1, np.uint16)
    pixels[30:38, 40:52] = 2
    path = save(tmp_path / "m.png", pixels)
    with pytest.raises(ValueError, match=r"grey values of 16 bits are 1 \(336 px\), 2 \(96 px\)"):
        read_mask(path, TWO_VALUES)
    assert read_mask(path, ANY_COLOUR).pixels.sum() == 336 + 96


def test_label_colours_are_refused_and_vocs_border_named(tmp_path):
    """A mask as PASCAL VOC has them: two classes of its palette, and its border."""
    pixels = painted(1)
    pixels[30:38, 40:52] = 2
    pixels[9, 5:33] = 255
    image = Image.fromarray(pixels)
    colours = np.zeros((256, 3), np.uint8)
    colours[[1, 2, 255]] = (128, 0, 0), (0, 128, 0), (224, 224, 192)
    image.putpalette(colours.tobytes())
    image.save(tmp_path / "m.png")
    with pytest.raises(ValueError, match=r"\(128, 0, 0\) \(336 px\).*VOC's border") as refused:
        read_mask(tmp_path / "m.png", TWO_VALUES)
    assert 'in product.json of the product\'s folder by {"masks": "any colour"}' in str(
        refused.value
    )


def test_palette_indices_of_one_colour_are_refused(tmp_path):
    image = Image.fromarray(painted(1))
    image.putpalette([0, 0, 0, 0, 0, 0])
    image.save(tmp_path / "m.png")
    for rule in (TWO_VALUES, ANY_COLOUR):
        with pytest.raises(ValueError, match="2 palette indices, some of one colour"):
            read_mask(tmp_path / "m.png", rule)


@pytest.mark.parametrize("width", [1, 3, 9, 30])
def test_soft_edges_are_cut_at_half_grey(tmp_path, width):
    """A line drawn four times as large and reduced, as drawing programs smooth theirs."""
    large = Image.new("L", (800, 480))
    ImageDraw.Draw(large).line((90, 60, 700, 400), 255, 4 * width + 4)
    small = large.resize((200, 120), Image.Resampling.BOX)
    small.save(tmp_path / "m.png")
    mask = read_mask(tmp_path / "m.png", TWO_VALUES)
    grey = np.asarray(small)
    assert mask.kind == Kind.SOFT
    assert np.array_equal(mask.pixels, grey > 127)
    assert mask.value == ((grey > 15) & (grey < 240)).sum()


@pytest.mark.parametrize("quality", [40, 75, 95])
def test_a_white_mask_stored_with_loss_is_read_nearly_as_it_was(tmp_path, quality):
    large = np.kron(BOX, np.ones((4, 4), bool))
    Image.fromarray((large * 255).astype(np.uint8)).save(tmp_path / "m.jpg", quality=quality)
    mask = read_mask(tmp_path / "m.jpg", TWO_VALUES)
    assert (mask.pixels != large).mean() < 0.005


def test_a_map_without_edges_is_refused(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 60).astype(np.uint8), (40, 1))
    blurred = Image.fromarray(painted(255)).filter(ImageFilter.GaussianBlur(9))
    for pixels in (ramp, np.asarray(blurred)):
        with pytest.raises(ValueError, match="not plainly black and white: grey values in areas"):
            read_mask(save(tmp_path / "m.png", pixels), TWO_VALUES)


def test_half_grey_is_the_border_where_that_is_the_rule(tmp_path):
    ramp = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    mask = read_mask(save(tmp_path / "m.png", ramp), HALF_GREY)
    assert np.array_equal(mask.pixels, ramp > 127)


def test_an_empty_mask_is_empty_by_every_rule(tmp_path):
    path = save(tmp_path / "m.png", painted(0))
    for rule in (TWO_VALUES, ANY_COLOUR, HALF_GREY):
        assert read_mask(path, rule).kind == Kind.EMPTY
