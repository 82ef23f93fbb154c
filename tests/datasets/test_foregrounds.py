import numpy as np
import pytest
import torch
from PIL import Image

from prn_lib.cli import main
from prn_lib.cli.foregrounds import OVERVIEW
from prn_lib.datasets import DATASETS, Background, load_category
from prn_lib.datasets.foregrounds import (
    ForegroundError,
    check_foregrounds,
    estimate_foreground,
    estimate_foregrounds,
    mask_path,
)
from prn_lib.runs.building import build_synthesizer, read_category
from prn_lib.runs.experiment import Experiment

SIDE = 96
Y, X = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
DISTANCE = ((Y - 48) ** 2 + (X - 48) ** 2).sqrt()
DISC = DISTANCE < 30


def disc_image(object_grey, ground_grey, seed=0):
    shown = DISC & (DISTANCE > 8)  # a hole shows the background, and belongs to the object
    noise = 5 * torch.randn(3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))
    image = ground_grey + (object_grey - ground_grey) * shown + noise
    return image.clamp(0, 255).byte()


def overlap(mask):
    return ((mask & DISC).sum() / (mask | DISC).sum()).item()


@pytest.mark.parametrize(("object_grey", "ground_grey"), [(50, 230), (200, 25)])
def test_a_disc_is_found_without_settings(object_grey, ground_grey):
    mask = estimate_foreground(disc_image(object_grey, ground_grey))
    assert mask.shape == (1, SIDE, SIDE)
    assert mask.dtype == torch.bool
    assert overlap(mask) > 0.95


@pytest.mark.parametrize(("category", "object_grey", "ground_grey"), [
    ("bottle", 60, 240), ("screw", 90, 200), ("hazelnut", 120, 15), ("pill", 200, 30),
])  # fmt: skip
def test_mvtecs_settings_tell_dark_objects_from_bright_grounds_and_the_reverse(
    category, object_grey, ground_grey
):
    background = DATASETS["mvtec"].backgrounds[category]
    image = disc_image(object_grey, ground_grey)
    assert overlap(estimate_foreground(image, background.grey, background.tolerance)) > 0.95
    # A speck on the ground is not part of the object.
    image[:, 5:7, 5:7] = object_grey
    assert not estimate_foreground(image, background.grey, background.tolerance)[0, :20, :20].any()


def test_the_tolerance_is_a_difference_in_grey():
    image = torch.full((3, SIDE, SIDE), 100, dtype=torch.uint8)
    image[0, 20:70, 20:70] = 141  # one channel is enough
    assert estimate_foreground(image, 100, 40).sum() > 2000
    assert not estimate_foreground(image, 100, 41).any()


@pytest.mark.parametrize("setting", [{"background": 300}, {"background": -1}, {"tolerance": 256}])
def test_settings_that_are_no_grey_values_are_refused(setting):
    with pytest.raises(ValueError, match="must be a grey value, 0 to 255"):
        estimate_foreground(disc_image(50, 230), **setting)


def test_specks_up_to_the_median_filter_of_7_pixels_vanish():
    """At 256 pixels: of 7 x 7 neighbours, a square of 5 x 5 is a majority, one of 4 x 4 is not."""
    for side, kept in ((4, False), (5, True)):
        image = torch.zeros(3, 256, 256, dtype=torch.uint8)
        image[:, 100 : 100 + side, 100 : 100 + side] = 200
        assert estimate_foreground(image, 0, 20).any().item() == kept


def test_nothing_and_everything_are_named():
    masks = torch.zeros(4, 1, SIDE, SIDE, dtype=torch.bool)
    masks[1] = True
    masks[2:, :, 10:50, 10:50] = True
    with pytest.raises(
        ForegroundError, match=r"of 2 of 4 normal .* a \(0\.0%\), b \(100\.0%\)"
    ) as e:
        check_foregrounds(masks, ["a", "b", "c", "d"])
    assert "prn foregrounds" in str(e.value)
    assert "use_foreground=False" in str(e.value)
    check_foregrounds(masks[2:], ["c", "d"])


@pytest.fixture
def cloth_as_object(monkeypatch):
    """A category without anything before its background, declared to be an object."""
    monkeypatch.setitem(DATASETS["mini"].backgrounds, "weave", Background(0, 1))


def test_a_run_on_what_cannot_be_segmented_stops_before_training(cloth_as_object):
    experiment = Experiment.from_preset("smoke", category="weave")
    category = read_category(experiment)
    with pytest.raises(ForegroundError, match="train/good/000"):
        build_synthesizer(experiment, category)
    off = Experiment.from_preset("smoke", category="weave", use_foreground=False)
    assert build_synthesizer(off, category).foregrounds is None


def command(out, *more):
    return main(
        [
            "foregrounds",
            "--dataset",
            "mini",
            "--category",
            "button",
            "--out",
            str(out),
            "--size",
            "64",
            *more,
        ]
    )


def test_masks_are_written_shown_corrected_and_used(tmp_path, capsys):
    assert command(tmp_path) == 0
    said = capsys.readouterr().out
    category = load_category("mini", "button")
    normals = [s for s in (*category.train_normals, *category.test) if not s.is_anomaly]
    assert f"{len(normals)} of {len(normals)} masks written" in said
    with Image.open(tmp_path / OVERVIEW) as picture:
        assert min(picture.size) > 300
    # Correct one: the left half is the object.
    name = category.train_normals[3].name
    corrected = np.zeros((64, 64), np.uint8)
    corrected[:, :32] = 255
    Image.fromarray(corrected).save(mask_path(tmp_path, name))
    experiment = Experiment.from_preset("smoke", category="button", foreground_masks=str(tmp_path))
    used = build_synthesizer(experiment, category).foregrounds
    assert torch.equal(used[3, 0], torch.from_numpy(corrected > 0))
    images, _ = category.load(category.train_normals, 64)
    assert torch.equal(used[4:], estimate_foregrounds(images, Background())[4:])
    # A second call keeps the correction unless it is told not to.
    assert command(tmp_path) == 0
    assert f"0 of {len(normals)} masks written" in capsys.readouterr().out
    assert np.asarray(Image.open(mask_path(tmp_path, name)))[:, 32:].max() == 0
    assert command(tmp_path, "--again") == 0
    assert np.asarray(Image.open(mask_path(tmp_path, name)))[:, 32:].max() == 255


def test_masks_that_must_be_corrected_are_listed(tmp_path, capsys):
    assert command(tmp_path, "--background", "0", "--tolerance", "0") == 1
    assert "CORRECT" in capsys.readouterr().out


def test_a_missing_or_empty_corrected_mask_is_named(tmp_path):
    command(tmp_path)
    category = load_category("mini", "button")
    experiment = Experiment.from_preset("smoke", category="button", foreground_masks=str(tmp_path))
    path = mask_path(tmp_path, category.train_normals[0].name)
    Image.new("L", (64, 64)).save(path)
    with pytest.raises(ForegroundError, match=r"train/good/000 \(0\.0%\)"):
        build_synthesizer(experiment, category)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"train/good/000\.png is missing"):
        build_synthesizer(experiment, category)


@pytest.mark.parametrize(("more", "message"), [
    (["--category", "x"], "unknown category 'x'"),
    (["--background", "300"], "background=300 must be a grey value"),
    (["--size", "8"], "Invalid value for '--size': 8 is not in the range"),
])  # fmt: skip
def test_a_wrong_request_is_one_line(tmp_path, capsys, more, message):
    assert command(tmp_path, *more) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


def test_options_that_would_not_be_used_are_refused(tmp_path):
    with pytest.raises(ValueError, match="foreground_masks is given, but"):
        Experiment(foreground_masks="masks", use_foreground=False)
    with pytest.raises(ValueError, match="option textures is empty"):
        Experiment(textures="")
    experiment = Experiment.from_preset(
        "smoke", category="button", foreground_masks=str(tmp_path / "none")
    )
    with pytest.raises(FileNotFoundError, match="is no folder"):
        build_synthesizer(experiment, read_category(experiment))
