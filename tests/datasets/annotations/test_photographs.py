"""Sizes of photographs that EXIF data turn, and what names are told."""

from pathlib import Path

import pytest

from annotated import photo
from prn_lib.datasets.annotations.photographs import (
    Shown,
    check_size,
    doubts,
    look,
    shortened,
    without_annotation,
)


@pytest.mark.parametrize(("orientation", "size", "turned"), [
    (1, (24, 16), False), (2, (24, 16), True), (3, (24, 16), True), (4, (24, 16), True),
    (5, (16, 24), True), (6, (16, 24), True), (7, (16, 24), True), (8, (16, 24), True),
])  # fmt: skip
@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_photograph_is_looked_at_as_it_is_shown(tmp_path, ending, orientation, size, turned):
    path = photo(tmp_path / f"a.{ending}", 1, (24, 16), orientation)
    assert look(path) == Shown(path, size, (24, 16), turned)


def test_sizes_must_be_those_shown():
    shown = Shown(Path("a.jpg"), (16, 24), (24, 16), True)
    check_size(shown, (16, 24), Path("a.json"))
    with pytest.raises(ValueError, match=r"a\.json is drawn on a\.jpg as 24x16, before its EXIF"):
        check_size(shown, (24, 16), Path("a.json"))
    with pytest.raises(ValueError, match=r"drawn on 8x8 pixels but a\.jpg has 16x24; annotate"):
        check_size(shown, (8, 8), Path("a.json"))


def test_a_doubt_is_told_only_where_the_size_cannot_tell():
    assert doubts(Shown(Path("a"), (24, 16), (24, 16), False)) == []
    assert doubts(Shown(Path("a"), (16, 24), (24, 16), True)) == []
    assert len(doubts(Shown(Path("a"), (24, 16), (24, 16), True))) == 1


def test_many_names_are_cut():
    assert shortened(map(str, range(12))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    assert shortened(map(str, range(30))).endswith("10, 11 and 18 more")


def test_nothing_is_said_where_every_photograph_has_its_annotation():
    assert without_annotation([], "refuse") == ([], [])


def test_another_word_for_them_is_refused():
    with pytest.raises(ValueError, match="unknown unlabelled 'god'; known: refuse, good, skip"):
        without_annotation([], "god")
