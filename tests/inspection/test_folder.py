"""A folder of photographs: each scored once, as the network says, whatever lies among them."""

import csv
import itertools
import os
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from conftest import save_image
from prn_lib.inspection import folder as inspection
from prn_lib.inspection.detector import Detector
from prn_lib.inspection.folder import find_photos, inspect, new_photos

SIDE = 32


def redness(images):
    """A stand-in for a network: the map is the red channel, the score its highest value."""
    return images[:, 0], images[:, 0].max((1, 2))


def detector(**others):
    return Detector(redness, others.pop("name", "redness"), SIDE, **others)


def photo_with_spot(path, box, size=(96, 64), red=230):
    pixels = np.full((size[1], size[0], 3), 25, np.uint8)
    left, top, right, bottom = box
    pixels[top:bottom, left:right, 0] = red
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def photos(tmp_path):
    for i in range(20):
        box = (30, 20, 60, 40) if i % 5 == 3 else (0, 0, 0, 0)
        photo_with_spot(tmp_path / f"photos/{i:02d}.png", box)
    return find_photos([tmp_path / "photos"])


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_photographs_are_found_in_files_and_folders(tmp_path):
    for name in ("b.JPG", "a.png", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    assert find_photos([tmp_path]) == [tmp_path / "a.png", tmp_path / "b.JPG"]
    assert find_photos([tmp_path / "b.JPG", tmp_path]) == [
        tmp_path / "b.JPG", tmp_path / "a.png", tmp_path / "b.JPG",
    ]  # fmt: skip
    with pytest.raises(FileNotFoundError, match=r"c\.png is missing"):
        find_photos([tmp_path / "c.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"empty holds no image; endings that are read: \.png"):
        find_photos([tmp_path / "empty"])


def test_each_photograph_gets_its_score_decision_and_regions(photos, tmp_path):
    told = []
    rows = inspect(detector(threshold=0.5), photos, tmp_path / "out", told.append)
    assert rows == told
    assert [row.photo for row in rows] == [str(path) for path in photos]
    assert [row.decision == "defect" for row in rows] == [i % 5 == 3 for i in range(20)]
    assert [row.score for row in rows[2:4]] == ["0.0980", "0.9020"]
    assert table(tmp_path / "out/scores.csv") == [vars(row) for row in rows]
    regions = table(tmp_path / "out/regions.csv")
    assert [region["photo"] for region in regions] == [str(photos[i]) for i in (3, 8, 13, 18)]
    box = [int(regions[0][side]) for side in ("left", "top", "right", "bottom")]
    assert np.abs(np.array(box) - (30, 20, 60, 40)).max() <= 3  # a pixel of the map
    assert abs(int(regions[0]["area"]) - 600) < 150


def test_maps_are_16_bit_and_overlays_have_the_photographs_size(photos, tmp_path):
    inspect(detector(threshold=0.5), photos[:4], tmp_path / "out")
    for photo in photos[:4]:
        with Image.open(photo) as image:
            small = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        with Image.open(tmp_path / f"out/maps/{photo.name}.png") as written:
            grey = np.asarray(written) / 65535
        assert np.abs(grey - np.asarray(small)[..., 0] / 255).max() < 1e-4
        with Image.open(tmp_path / f"out/overlays/{photo.name}.jpg") as overlaid:
            assert overlaid.size == (96, 64)
    assert len(list((tmp_path / "out/maps").iterdir())) == 4


def test_without_a_threshold_nothing_is_decided(photos, tmp_path):
    rows = inspect(detector(), photos[:4], tmp_path / "out")
    assert {row.decision for row in rows} == {row.regions for row in rows} == {""}
    assert table(tmp_path / "out/regions.csv") == []


def test_unreadable_photographs_are_named_and_passed_over_then_tried_again(photos, tmp_path):
    good = photos[5].read_bytes()
    photos[5].write_bytes(b"no image")
    photos[6].write_bytes(good[: len(good) // 2])
    rows = inspect(detector(threshold=0.5), photos, tmp_path / "out")
    assert [i for i, row in enumerate(rows) if row.trouble] == [5, 6]
    assert "05.png" in rows[5].trouble
    assert sum(bool(row.score) for row in rows) == 18
    photos[5].write_bytes(good)
    told = []
    rows = inspect(detector(threshold=0.5), photos, tmp_path / "out", told.append)
    assert [row.photo for row in told] == [str(photos[5]), str(photos[6])]
    assert rows[5].score
    assert len(table(tmp_path / "out/scores.csv")) == 20


def test_a_stopped_call_goes_on_and_loses_nothing(photos, tmp_path):
    """Stopped in the middle, and with a row cut off as by a crash: the result is the same."""
    whole = inspect(detector(threshold=0.5), photos, tmp_path / "whole")
    told = []

    def stop(row):
        told.append(row)
        if len(told) == 13:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inspect(detector(threshold=0.5), photos, tmp_path / "out", stop)
    kept = len(table(tmp_path / "out/scores.csv"))
    assert 0 < kept < 20
    with (tmp_path / "out/scores.csv").open("a") as file:
        file.write(f"{photos[-1]},0.1")
    again = []
    assert inspect(detector(threshold=0.5), photos, tmp_path / "out", again.append) == whole
    assert len(again) == 20 - kept
    for name in ("scores.csv", "regions.csv"):
        ours, theirs = (table(tmp_path / place / name) for place in ("out", "whole"))
        assert sorted(map(str, ours)) == sorted(map(str, theirs))


def test_a_photograph_that_changed_is_scored_again(photos, tmp_path):
    inspect(detector(threshold=0.5), photos, tmp_path / "out")
    photo_with_spot(photos[0], (10, 10, 80, 50))
    later = (tmp_path / f"out/maps/{photos[0].name}.png").stat().st_mtime + 5
    os.utime(photos[0], (later, later))
    told = []
    rows = inspect(detector(threshold=0.5), photos, tmp_path / "out", told.append)
    assert [row.photo for row in told] == [str(photos[0])]
    assert rows[0].decision == "defect"
    assert len(table(tmp_path / "out/scores.csv")) == 20


def test_two_networks_or_thresholds_never_share_a_folder(photos, tmp_path):
    inspect(detector(threshold=0.5), photos[:2], tmp_path / "out")
    for other in (detector(threshold=0.6), detector(), detector(name="blue", threshold=0.5)):
        with pytest.raises(FileExistsError, match="scores of another network, or by another thr"):
            inspect(other, photos[:2], tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("keep me")
    with pytest.raises(FileExistsError, match="mine holds other files; choose another folder"):
        inspect(detector(), photos[:2], tmp_path / "mine")


def test_photographs_of_one_name_are_refused_before_anything_is_written(tmp_path):
    for part in ("a", "b"):
        save_image(tmp_path / part / "0.png", 0)
    with pytest.raises(ValueError, match=r"several photographs are called 0\.png"):
        inspect(detector(), find_photos([tmp_path / "a", tmp_path / "b"]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_photograph_of_the_same_name_from_another_folder_is_refused(tmp_path):
    """Its pictures would replace those of the first."""
    for folder in ("monday", "tuesday"):
        photo_with_spot(tmp_path / folder / "0.png", (0, 0, 0, 0), (50, 50))
    inspect(detector(), find_photos([tmp_path / "monday"]), tmp_path / "out")
    kept = (tmp_path / "out/overlays/0.png.jpg").stat().st_mtime_ns
    with pytest.raises(ValueError, match=r"holds what was said of .*monday/0.png, .*tuesday/0.png"):
        inspect(detector(), find_photos([tmp_path / "tuesday"]), tmp_path / "out")
    assert (tmp_path / "out/overlays/0.png.jpg").stat().st_mtime_ns == kept
    again = inspect(detector(), find_photos([tmp_path / "tuesday/../monday"]), tmp_path / "out")
    assert len(again) == 1  # the same file, named in another way


def test_what_is_called_good_has_no_region(photos, tmp_path):
    """A few pixels above the threshold do not make the image's score."""
    by_mean = Detector(lambda x: (x[:, 0], x[:, 0].mean((1, 2))), "mean", SIDE, threshold=0.5)
    rows = inspect(by_mean, photos, tmp_path / "out")
    assert {(row.decision, row.regions) for row in rows} == {("good", "0")}
    assert table(tmp_path / "out/regions.csv") == []
    inspect(detector(threshold=0.5), photos[3:4], tmp_path / "other")
    spot = np.asarray(Image.open(tmp_path / "other/overlays/03.png.jpg")).astype(int)
    same = np.asarray(Image.open(tmp_path / "out/overlays/03.png.jpg")).astype(int)
    assert np.abs(spot - same).max() > 50  # outlined in the one alone
    assert table(tmp_path / "other/regions.csv")[0]["score"] == "0.902"


def test_decisions_follow_the_scores_that_are_told(tmp_path):
    """Or the photograph whose score became the threshold would lie above it by what was cut off."""
    for i in range(5):
        photo_with_spot(tmp_path / f"photos/{i}.png", (0, 0, 0, 0), (50, 50))
    exact = Detector(
        lambda x: (x[:, 0], np.full(len(x), 0.123449)), "fixed", SIDE, threshold=0.1234
    )
    rows = inspect(exact, find_photos([tmp_path / "photos"]))
    assert {(row.score, row.decision) for row in rows} == {("0.1234", "good")}


def test_memory_does_not_grow_with_the_number_of_photographs(tmp_path):
    """Twice as many photographs may not need more at once; all of them would be 60 MB."""
    for i in range(80):
        photo_with_spot(tmp_path / f"photos/{i:02d}.png", (0, 0, 0, 0), (500, 500))
    photos = find_photos([tmp_path / "photos"])
    peaks = []
    for count in (40, 80):
        tracemalloc.start()
        inspect(detector(threshold=0.5), photos[:count], tmp_path / f"out{count}")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_photographs_that_come_are_told_once_they_are_whole(tmp_path, monkeypatch):
    """A camera writes in two goes; what is still growing is not told."""
    monkeypatch.setattr(inspection, "SETTLED", 0)
    folder = tmp_path / "camera"
    folder.mkdir()
    save_image(folder / "0.png", 0)
    whole = (folder / "0.png").read_bytes()
    steps = iter([
        lambda: (folder / "1.png").write_bytes(whole[:100]),
        lambda: (folder / "1.png").write_bytes(whole),
        lambda: None,
        lambda: None,
    ])  # fmt: skip
    monkeypatch.setattr(inspection.time, "sleep", lambda _: next(steps)())
    told = [[p.name for p in paths] for paths in itertools.islice(new_photos([folder]), 2)]
    assert told == [["0.png"], ["1.png"]]
