"""Photographs of one part stay together, whether a pattern or a table names the parts."""

import json
import unicodedata

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from prn_lib.datasets import DATASETS, load_category
from prn_lib.datasets.check import check

PATTERN = {"group_pattern": r"part(\d+)"}
TABLE = {"group_table": "parts.csv"}


def photograph(path, part, shot):
    """A part's own texture, with the noise of the shot; a mask beside it if it has a defect."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texture = gaussian_filter(np.random.default_rng(part).normal(size=(48, 48)), 3, mode="wrap")
    noise = np.random.default_rng(1000 * part + shot).normal(0, 4, (48, 48))
    seen = 128 + 30 * texture / texture.std() + noise
    Image.fromarray(seen.clip(0, 255).astype(np.uint8)).save(path)
    if path.parent.name != "good":
        mask = np.zeros((48, 48), np.uint8)
        mask[5:20, 5:20] = 255
        Image.fromarray(mask).save(path.with_name(f"{path.stem}_mask.png"))


@pytest.fixture
def mug(tmp_path):
    """12 sound parts of 3 shots; 6 parts with a dent, seen in 2 shots and not in the third."""
    for part in range(18):
        for shot in range(3):
            kind = "dent" if part >= 12 and shot else "good"
            photograph(tmp_path / f"mug/{kind}/part{part:02d}_{shot}.png", part, shot)
    return tmp_path / "mug"


def describe(mug, told, rows=None):
    (mug / "product.json").write_text(json.dumps(told))
    if rows is not None:
        lines = [f"{file},{group}\n" for file, group in rows]
        (mug / "parts.csv").write_text("file,group\n" + "".join(lines), encoding="utf-8")


def rows_of(mug):
    photos = sorted(p for p in mug.glob("*/*.png") if not p.stem.endswith("_mask"))
    return [(p.relative_to(mug).as_posix(), p.stem[:6]) for p in photos]


def parts_in(samples):
    return {sample.image.stem[:6] for sample in samples}


@pytest.mark.parametrize("told", [PATTERN, {"group_pattern": r"part\d+"}, TABLE])
@pytest.mark.parametrize("seed", range(3))
def test_no_part_is_trained_and_tested_on(mug, told, seed):
    describe(mug, told, rows_of(mug) if told is TABLE else None)
    category = load_category("folder", "mug", mug, seed=seed, n_anomalies=2)
    train = parts_in(category.train_normals + category.train_anomalies)
    assert not train & parts_in(category.test)
    assert len(category.train_anomalies) == 2
    drawn = parts_in(category.train_anomalies)
    assert len(category.left_out) == 3 * len(drawn) - 2
    assert parts_in(category.left_out) == drawn  # in good/ and in dent/ alike
    assert (
        f"By {next(iter(told))} in product.json, 54 photographs show 18 parts, at most 3 "
        in (category.notes[0])
    )
    assert not any("passed over" in note for note in category.notes)
    assert check(DATASETS["folder"], mug).troubles == []


def test_pattern_and_table_make_the_same_split(mug):
    describe(mug, {"group_pattern": r"part\d+"})
    by_pattern = load_category("folder", "mug", mug, n_anomalies=2)
    describe(mug, TABLE, rows_of(mug))
    by_table = load_category("folder", "mug", mug, n_anomalies=2)
    assert (by_pattern.train_normals, by_pattern.test) == (by_table.train_normals, by_table.test)


def test_without_groups_the_check_says_that_neighbours_look_alike(mug):
    (note,) = (n for n in check(DATASETS["folder"], mug).notes if "look most like" in n)
    assert note.startswith("mug: ")
    assert "of 42 normal images look most like the one before or after them by name" in note
    assert "group_pattern or group_table in product.json" in note
    describe(mug, PATTERN)
    assert not any("look most like" in note for note in check(DATASETS["folder"], mug).notes)


def test_a_table_as_spreadsheets_write_it(mug):
    """With a byte order mark, CRLF, blank lines and accents in either form."""
    lines = [f"{file}, {group}\r\n" for file, group in rows_of(mug)]
    photograph(mug / f"good/{unicodedata.normalize('NFD', 'é')}.png", 99, 0)
    lines.append(f"good/{unicodedata.normalize('NFC', 'é')}.png, other\r\n")
    text = "file, group\r\n" + "".join(lines) + "\r\n,\r\n"
    describe(mug, TABLE)
    (mug / "parts.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    category = load_category("folder", "mug", mug, n_anomalies=2)
    assert "55 photographs show 19 parts" in category.notes[0]


def one_trouble(mug):
    """What a run refuses, which the check says too, in the same words."""
    with pytest.raises(ValueError, match=r"\w") as refused:
        load_category("folder", "mug", mug, n_anomalies=2)
    assert check(DATASETS["folder"], mug).troubles == [f"mug: {refused.value}"]
    return str(refused.value)


@pytest.mark.parametrize(("told", "message"), [
    (PATTERN | TABLE, "product.json has both group_pattern and group_table; delete one of them"),
    ({"group_pattern": "part("}, "group_pattern is 'part(', which is no regular expression (m"),
    ({"group_pattern": 5}, "group_pattern is 5, which is no regular expression"),
    ({"group_pattern": None}, "group_pattern is None, which is no regular expression"),
    ({"group_table": "lost.csv"}, "group_table is 'lost.csv', which is no file in"),
    ({"group_table": 5}, "group_table is 5, which is no file in"),
    ({"group_table": ""}, "group_table is '', which is no file in"),
])  # fmt: skip
def test_keys_that_are_wrong_are_named(mug, told, message):
    describe(mug, told)
    assert message in one_trouble(mug)


@pytest.mark.parametrize(("pattern", "count"), [(r"part(1\d)", 30), (r"part(x?)", 54)])
def test_a_pattern_that_finds_no_part_is_named(mug, pattern, count):
    describe(mug, {"group_pattern": pattern})
    trouble = one_trouble(mug)
    expected = (
        f"finds no part in the names of {count} photographs; mend it or rename them: good/part00"
    )
    assert expected in trouble
    assert repr(pattern) in trouble


@pytest.mark.parametrize(("change", "message"), [
    (lambda rows: rows[:-1], "parts.csv has no group for good/part17_0.png; add it"),
    (lambda rows: [*rows[:-1], (rows[-1][0], " ")], "has no group for good/part17_0.png; add it"),
    (lambda rows: [*rows, rows[-1]], "has good/part17_0.png twice; delete one line of each"),
    (
        lambda rows: [*rows, (r"good\part00_0.png", "part00")],
        r"names files that are not there, good\part00_0.png; write them like good/x.jpg or delete",
    ),
])  # fmt: skip
def test_lines_of_the_table_that_are_wrong_are_named(mug, change, message):
    describe(mug, TABLE, change(rows_of(mug)))
    assert message in one_trouble(mug)


@pytest.mark.parametrize(("data", "message"), [
    (b"file;group\n", "parts.csv must have the columns file and group, with a comma between them"),
    (b"", "with a comma between them; it has: none"),
    (b"file,part\n", "it has: file, part"),
    ("file,group\nä,1\n".encode("cp1252"), "save it as CSV in UTF-8"),
])  # fmt: skip
def test_a_table_that_cannot_be_read_is_named(mug, data, message):
    describe(mug, TABLE)
    (mug / "parts.csv").write_bytes(data)
    assert message in one_trouble(mug)


def test_all_photographs_of_one_part_cannot_be_split(mug):
    describe(mug, {"group_pattern": "part"})
    assert "folder/mug has too few parts to split" in one_trouble(mug)
