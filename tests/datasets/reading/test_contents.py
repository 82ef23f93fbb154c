"""Digests of contents: the same wherever files lie, another after any change, cheap again."""

import hashlib
import shutil

import pytest

from conftest import save_image, save_mask
from prn_lib.datasets.reading import contents
from prn_lib.datasets.reading.contents import contents_of, copies, file_digests
from prn_lib.datasets.sample import Sample


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PRN_CACHE", str(tmp_path / "cache"))


def made_in(folder):
    for i in range(3):
        save_image(folder / f"{i}.png", i)
    save_mask(folder / "2_mask.png", (1, 2, 30, 40))
    plain = [Sample(f"good/{i}", folder / f"{i}.png") for i in range(2)]
    return [*plain, Sample("hole/2", folder / "2.png", folder / "2_mask.png", "hole")]


def test_digests_are_those_of_hashlib_and_kept_until_a_file_changes(tmp_path, monkeypatch):
    paths = [sample.image for sample in made_in(tmp_path / "a")]
    expected = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    assert file_digests(paths) == expected
    hashed = []
    real = hashlib.file_digest

    def spy(file, kind):
        hashed.append(file.name)
        return real(file, kind)

    monkeypatch.setattr(contents.hashlib, "file_digest", spy)
    assert file_digests(paths) == expected
    assert hashed == []
    save_image(paths[0], 9)
    assert file_digests(paths)[paths[0]] == hashlib.sha256(paths[0].read_bytes()).hexdigest()
    assert hashed == [str(paths[0])]


def test_contents_are_the_same_in_another_place_and_others_after_any_change(tmp_path):
    here = made_in(tmp_path / "a")
    first = contents_of(here)
    assert contents_of(made_in(tmp_path / "b")) == first
    seen = {first}
    save_mask(tmp_path / "a/2_mask.png", (1, 2, 30, 41))
    seen.add(contents_of(here))
    save_image(tmp_path / "a/0.png", 77)
    seen.add(contents_of(here))
    seen.add(contents_of(here[:2]))
    seen.add(contents_of([*here[:2], Sample("hole/2", here[2].image, here[2].mask, "cut")]))
    seen.add(contents_of([Sample("good/9", here[0].image), *here[1:]]))
    assert len(seen) == 6


def test_copies_are_named_once_each(tmp_path):
    samples = made_in(tmp_path / "a")
    assert copies(samples) == []
    shutil.copy(samples[0].image, tmp_path / "a" / "again.png")
    (told,) = copies([*samples, Sample("again", tmp_path / "a" / "again.png")])
    assert told.endswith("again.png is a copy of " + f"{samples[0].image}; delete one of them")
