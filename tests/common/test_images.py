"""Photographs as cameras and phones make them: read, or refused with the remedy that helps."""

import numpy as np
import pytest
from PIL import Image

from prn_lib.common import images
from prn_lib.common.images import no_image, read_image

GREY = (np.arange(24 * 16).reshape(16, 24) * 170).astype(np.uint16)  # 0 to 65110


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_grey_is_spread_from_the_stated_range(tmp_path, ending):
    path = tmp_path / f"deep.{ending}"
    Image.fromarray(GREY).save(path)
    full = np.asarray(read_image(path, "RGB"))
    assert np.abs(full[..., 0] - GREY / 257).max() <= 0.5
    assert (full == full[..., :1]).all()
    narrow = np.asarray(read_image(path, "RGB", (1000, 4000)))[..., 0]
    expected = 255 * ((GREY.astype(float) - 1000) / 3000).clip(0, 1)
    assert np.abs(narrow - expected).max() <= 0.501


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_turn_of_exif_gives_the_picture_that_a_viewer_shows(tmp_path, turn):
    """Where EXIF's definition says that row 0 and column 0 of the file come to lie."""
    exif = Image.Exif()
    exif[0x0112] = turn
    pixels = np.zeros((4, 6), np.uint8)
    pixels[0, 0], pixels[0, -1] = 200, 100
    for depth, kind in ((1, np.uint8), (257, np.uint16)):
        Image.fromarray(pixels.astype(kind) * kind(depth)).save(tmp_path / "p.png", exif=exif)
        shown = np.asarray(read_image(tmp_path / "p.png", "RGB"))[..., 0]
        first, last = (tuple(np.argwhere(shown == v)[0].tolist()) for v in (200, 100))
        high, wide = shown.shape[0] - 1, shown.shape[1] - 1
        expected = {
            1: ((0, 0), (0, wide)), 2: ((0, wide), (0, 0)),
            3: ((high, wide), (high, 0)), 4: ((high, 0), (high, wide)),
            5: ((0, 0), (high, 0)), 6: ((0, wide), (high, wide)),
            7: ((high, wide), (0, wide)), 8: ((high, 0), (0, 0)),
        }  # fmt: skip
        assert (first, last) == expected[turn]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode):
    image = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    image.paste((0, 100, 0, 255), (2, 2, 6, 6))
    image.convert(mode).save(tmp_path / "cut.png")
    read = np.asarray(read_image(tmp_path / "cut.png", "RGB"))
    assert (read[0] == 255).all()
    assert read[3, 3].max() < 130


@pytest.mark.parametrize("ending", ["tif", "webp", "png"])
def test_several_pictures_in_one_file_are_refused(tmp_path, ending):
    pages = [Image.new("RGB", (8, 8), (40 * k, 0, 0)) for k in range(4)]
    path = tmp_path / f"stack.{ending}"
    pages[0].save(path, save_all=True, append_images=pages[1:])
    with pytest.raises(ValueError, match=r"stack\.\w+ holds 4 pictures; save each as a file"):
        read_image(path, "RGB")


def test_a_phones_jpeg_with_a_preview_behind_is_read(tmp_path):
    photo, preview = Image.new("RGB", (16, 8), (10, 90, 10)), Image.new("RGB", (4, 2))
    photo.save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=[preview])
    assert read_image(tmp_path / "p.jpg", "RGB").size == (16, 8)


@pytest.mark.parametrize("ending", ["jfif", "bmp", "webp", "avif", "tiff"])
def test_other_endings_are_read(tmp_path, ending):
    forms = {"jfif": "JPEG", "tiff": "TIFF"}
    path = tmp_path / f"p.{ending}"
    Image.new("RGB", (16, 8), (10, 200, 10)).save(path, forms.get(ending, ending.upper()))
    assert images.is_image(path)
    assert np.abs(np.asarray(read_image(path, "RGB")).astype(int) - (10, 200, 10)).max() < 8


def test_heic_is_read_where_its_package_is_there(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    photo = Image.new("RGB", (64, 32), (10, 200, 10))
    pillow_heif.from_pillow(photo).save(tmp_path / "p.heic")
    read = read_image(tmp_path / "p.heic", "RGB")
    assert read.size == (64, 32)
    assert np.abs(np.asarray(read).astype(int) - (10, 200, 10)).max() < 8


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_32_bits_are_refused(tmp_path, kind):
    Image.fromarray(np.ones((8, 8), kind)).save(tmp_path / "p.tif")
    with pytest.raises(ValueError, match=r"p\.tif has 32 bits a pixel .* or as 16-bit grey"):
        read_image(tmp_path / "p.tif", "RGB")


def test_a_picture_that_is_too_large_is_not_to_be_deleted(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    Image.new("L", (2000, 1001)).save(tmp_path / "large.png")
    with pytest.raises(ValueError, match=r"more than 2 megapixels; save it smaller") as refused:
        read_image(tmp_path / "large.png", "RGB")
    assert "delete" not in str(refused.value)
    Image.new("L", (1500, 1000)).save(tmp_path / "large.png")
    assert read_image(tmp_path / "large.png", "RGB").size == (1500, 1000)


def test_a_folder_without_images_says_what_is_there_instead(tmp_path):
    (tmp_path / "IMG_1.CR2").touch()
    (tmp_path / "clip.mov").touch()
    told = no_image(tmp_path)
    assert "holds no image but files ending in .CR2, .mov; endings that are read: .png" in told
