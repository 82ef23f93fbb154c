"""Reading: exact, once, by all cores, in bounded memory."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from conftest import save_image, save_mask
from prn_lib.common import images
from prn_lib.datasets.reading import samples as reading
from prn_lib.datasets.reading.cache import cache_folder
from prn_lib.datasets.reading.masks import ANY_COLOUR, HALF_GREY, TWO_VALUES, Kind
from prn_lib.datasets.reading.samples import Reading, mask_facts, read_pair, read_samples
from prn_lib.datasets.sample import Sample


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PRN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def samples(tmp_path):
    made = []
    for i in range(4):
        image, mask = tmp_path / f"{i}.png", tmp_path / f"{i}_mask.png"
        save_image(image, i)
        save_mask(mask, (10, 20, 30 + i, 60))
        made.append(Sample(f"{i}", image, mask, "hole") if i % 2 else Sample(f"{i}", image))
    return made


@pytest.fixture
def decoded(monkeypatch):
    """Names of the files that are really decoded from now on."""
    names = []

    def spied(real):
        def spy(path, *more):
            names.append(path.name)
            return real(path, *more)

        return spy

    for name in ("read_image", "read_mask"):
        monkeypatch.setattr(reading, name, spied(getattr(reading, name)))
    return names


def entries():
    return sorted(path for path in cache_folder().rglob("*") if path.is_file())


def test_values_equal_pillows_own(samples):
    pixels, masks = read_samples(samples, 40)
    for i, sample in enumerate(samples):
        small = Image.open(sample.image).resize((40, 40), Image.Resampling.BILINEAR)
        assert np.array_equal(pixels[i].permute(1, 2, 0), np.asarray(small))
        if sample.mask is None:
            assert not masks[i].any()
        else:
            nearest = Image.open(sample.mask).resize((40, 40), Image.Resampling.NEAREST)
            assert np.array_equal(masks[i, 0], np.asarray(nearest) // 255)
    assert pixels.is_contiguous()
    assert pixels.dtype == masks.dtype == torch.uint8


def test_a_second_reading_decodes_nothing(samples, decoded):
    first = read_samples(samples, 40)
    assert sorted(decoded) == sorted(
        p.name for s in samples for p in (s.image, s.mask) if p is not None
    )
    decoded.clear()
    second = read_samples(samples, 40)
    assert decoded == []
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert len(entries()) == 4


@pytest.mark.parametrize(
    ("size", "others"),
    [(48, {}), (40, {"masks": HALF_GREY}), (40, {"grey_range": (0, 4095)})],
)
def test_other_options_are_other_entries(samples, decoded, size, others):
    read_samples(samples, 40)
    decoded.clear()
    read_samples(samples, size, Reading(**others))
    assert len(decoded) == 6
    assert len(entries()) == 8


def test_a_changed_file_is_read_again(samples, decoded):
    before, _ = read_samples(samples, 40)
    decoded.clear()
    save_image(samples[0].image, 99)
    after, _ = read_samples(samples, 40)
    assert decoded == ["0.png"]
    assert not torch.equal(before[0], after[0])
    assert torch.equal(before[1:], after[1:])
    state = samples[1].mask.stat()
    os.utime(samples[1].mask, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    decoded.clear()
    read_samples(samples, 40)
    assert sorted(decoded) == ["1.png", "1_mask.png"]
    assert len(entries()) == 4  # rebuilt in place


def test_files_that_swap_names_keep_their_pixels(tmp_path):
    """Images of one size and time, as an unpacked archive has them, are told apart."""
    a, b = tmp_path / "a.bmp", tmp_path / "b.bmp"
    for path, grey in ((a, 10), (b, 200)):
        Image.new("RGB", (20, 20), (grey,) * 3).save(path)
        os.utime(path, ns=(10**18, 10**18))
    both = [Sample("a", a), Sample("b", b)]
    assert read_samples(both, 32)[0].flatten(1)[:, 0].tolist() == [10, 200]
    assert [fact.value & 255 for fact in mask_facts([a, b], TWO_VALUES)] == [10, 200]
    a.rename(tmp_path / "c.bmp")
    b.rename(a)
    (tmp_path / "c.bmp").rename(b)
    assert read_samples(both, 32)[0].flatten(1)[:, 0].tolist() == [200, 10]
    assert [fact.value & 255 for fact in mask_facts([a, b], TWO_VALUES)] == [200, 10]


def test_a_mask_that_changes_while_it_is_read_is_not_kept(samples, monkeypatch):
    real = reading.read_mask

    def meddle(path, rule):
        mask = real(path, rule)
        save_mask(path, (0, 0, 5, 5))
        return mask

    with monkeypatch.context() as patch:
        patch.setattr(reading, "read_mask", meddle)
        assert mask_facts([samples[1].mask], ANY_COLOUR)[0].area == 21 * 40
    assert mask_facts([samples[1].mask], ANY_COLOUR)[0].area == 25


def damage_byte(data):
    return data[:-7] + bytes([data[-7] ^ 1]) + data[-6:]


@pytest.mark.parametrize(
    "damage",
    [
        damage_byte,
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"\x80\x04junk" * 100,
        lambda data: data[:8] + b"\xff" * 40 + data[48:],
    ],
)
def test_a_damaged_entry_is_made_again(samples, decoded, damage):
    intact = read_samples(samples, 40)
    for path in entries():
        path.write_bytes(damage(path.read_bytes()))
    decoded.clear()
    again = read_samples(samples, 40)
    assert len(decoded) == 6
    assert all(torch.equal(a, b) for a, b in zip(intact, again, strict=True))
    decoded.clear()
    read_samples(samples, 40)
    assert decoded == []


def test_a_cache_that_cannot_be_written_costs_a_warning_only(samples, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("PRN_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"are not kept in .*file \(.*\); name a folder"):
        images, _ = read_samples(samples, 40)
    assert len(images) == 4


def test_the_first_unreadable_file_is_named_and_ends_the_reading(samples):
    samples[2].image.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"cannot read image .*2\.png"):
        read_samples(samples, 40)
    samples[2].image.unlink()
    with pytest.raises(FileNotFoundError, match=r"image .*2\.png is missing; restore it"):
        read_samples(samples, 40)


def test_no_sample_gives_empty_tensors():
    images, masks = read_samples([], 32)
    assert images.shape == (0, 3, 32, 32)
    assert masks.shape == (0, 1, 32, 32)


def test_a_photograph_is_turned_as_its_camera_says(tmp_path):
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20, 0] = 255  # red on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(pixels).save(tmp_path / "photo.png", exif=exif)
    images, _ = read_samples([Sample("photo", tmp_path / "photo.png")], 32)
    assert images[0, 0, 2].tolist() == [255] * 32  # red on top
    assert images[0, 0, -3].tolist() == [0] * 32


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_in_a_mask_is_black(tmp_path, mode):
    white = (255,) * (len(mode) - 1)
    mask = Image.new(mode, (30, 20), (*white, 0))
    mask.paste((*white, 255), (5, 5, 15, 10))
    mask.save(tmp_path / "mask.png")
    assert mask_facts([tmp_path / "mask.png"], TWO_VALUES) == [(50, 600, Kind.WHITE, 0xFFFFFF)]


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_colours_of_16_bits_are_refused(tmp_path, ending):
    path = tmp_path / f"deep.{ending}"
    cv2.imwrite(str(path), np.full((8, 8, 3), 300, np.uint16))
    with pytest.raises(ValueError, match=r"deep\.\w+ (has more than 8 bits a channel|\(cannot)"):
        read_samples([Sample("deep", path)], 32)


def test_damaged_exif_data_are_one_error_that_names_the_file(tmp_path, monkeypatch):
    def fail(_):
        raise TypeError("The fill character must be a unicode character")

    monkeypatch.setattr(images.ImageOps, "exif_transpose", fail)
    save_image(tmp_path / "photo.png", 0)
    with pytest.raises(ValueError, match=r"cannot read image .*photo\.png \(The fill character"):
        read_samples([Sample("photo", tmp_path / "photo.png")], 32)


def test_a_mask_that_fits_only_the_unturned_photograph_is_turned_with_it(tmp_path):
    """Every turn of EXIF, against the same turn of a picture of the mask."""
    mask = np.zeros((20, 40), np.uint8)
    mask[2:6, 3:20] = 255
    Image.fromarray(mask).save(tmp_path / "p_mask.png")
    sample = Sample("p", tmp_path / "p.tif", tmp_path / "p_mask.png", "hole")
    for turn in (5, 6, 7, 8):
        exif = Image.Exif()
        exif[0x0112] = turn
        Image.fromarray(mask).save(tmp_path / "p.tif", exif=exif, compression="tiff_lzw")
        photo, found = read_pair(sample, Reading())
        assert photo.size == (20, 40)
        assert np.array_equal(found.pixels, np.asarray(photo)[..., 0] > 0)
    Image.new("RGB", (40, 20)).save(tmp_path / "p.tif", exif=exif)
    with pytest.raises(ValueError, match=r"uncompressed TIFF that its EXIF data turn; save it up"):
        read_pair(sample, Reading())
    Image.new("RGB", (20, 40)).save(tmp_path / "p.tif")
    with pytest.raises(ValueError, match=r"p_mask\.png is 40x20 but its image .*p\.tif is 20x40"):
        read_pair(sample, Reading())


def test_mask_facts_are_exact_and_kept(samples, tmp_path, decoded):
    soft = np.zeros((10, 30), np.uint8)
    soft[2, :5] = (1, 126, 127, 128, 250)
    Image.fromarray(soft).save(tmp_path / "soft.png")
    masks = [samples[1].mask, tmp_path / "soft.png", samples[3].mask]
    facts = mask_facts(masks, TWO_VALUES)
    assert facts == [
        (21 * 40, 96 * 96, Kind.WHITE, 0xFFFFFF),
        (2, 300, Kind.SOFT, 3),
        (23 * 40, 96 * 96, Kind.WHITE, 0xFFFFFF),
    ]
    decoded.clear()
    assert mask_facts(masks, TWO_VALUES) == facts
    assert decoded == []
    assert mask_facts(masks[1:2], ANY_COLOUR)[0].area == 5
    save_mask(masks[0], (0, 0, 2, 2))
    assert mask_facts(masks, TWO_VALUES)[0].area == 4
    (table, _) = (p for p in entries() if "facts" in p.parts)
    table.write_text(table.read_text().replace("9216", "9215"))
    assert mask_facts(masks, TWO_VALUES)[0].pixels == 96 * 96


def test_an_unreadable_mask_does_not_hide_the_others(samples):
    samples[1].mask.write_bytes(b"junk")
    facts = mask_facts([samples[1].mask, samples[3].mask], ANY_COLOUR)
    assert "1_mask.png" in str(facts[0])
    assert facts[1].area == 23 * 40


MEASURE = """
import sys
from pathlib import Path
from prn_lib.datasets.reading.samples import read_samples
from prn_lib.datasets.sample import Sample
samples = [Sample("x", Path(sys.argv[1]))] * int(sys.argv[2])
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(x for x in lines if x.startswith(name)).split()[1])
read_samples(samples[:10], 256)
before = status("VmRSS")
images, masks = read_samples(samples, 256)
print(status("VmRSS") - before, status("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_ten_thousand_images_would_fit_into_two_and_a_half_gigabytes(samples):
    """Peak memory of 2 000 images of 256 x 256, scaled."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(samples[0].image), "2000"],
        capture_output=True,
        text=True,
        check=True,
    )
    grown, peak = map(int, done.stdout.split())
    assert grown > 2000 * 3 * 256**2 * 0.95  # the images are really there
    assert 5 * peak < 2.5e9
