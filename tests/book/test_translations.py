"""The catalogues of the Chinese edition: whole, with every formula, name and link in its place."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

CATALOGUES = sorted((Path(__file__).parents[2] / "book/locale/zh_CN").rglob("*.po"))
KEPT = re.compile(r"\{\w+(?::\w+)?\}`[^`]+`|`[^`]+`|\$[^$]+\$|https?://[^\s)]+")
FORMULA = re.compile(r"\\[a-z]+")  # a formula on lines of its own


def messages_of(path):
    with path.open("rb") as file:
        return [message for message in read_po(file) if message.id]


def kept_of(text):
    """Roles, code, formulas and addresses: the same in every language."""
    return Counter(" ".join(found.split()) for found in KEPT.findall(text))


def test_there_are_catalogues_of_the_first_pages_and_of_the_network():
    assert {path.stem for path in CATALOGUES} >= {
        "index", "fifteen-minutes", "families",
        "features", "prototypes", "fusion", "attention", "decoder", "network",
    }  # fmt: skip


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_every_passage_is_translated(path):
    messages = messages_of(path)
    assert messages
    open_ones = [m.id for m in messages if not m.string or m.fuzzy]
    assert open_ones == [], "translate these, and remove the mark 'fuzzy'"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_formulas_names_and_links_are_kept(path):
    wrong = [m.id for m in messages_of(path) if kept_of(m.id) != kept_of(m.string)]
    assert wrong == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_prose_is_in_chinese(path):
    """At least wherever a passage has four words that are no code and no formula."""
    for message in messages_of(path):
        if FORMULA.search(KEPT.sub("", message.id)):
            assert message.string.split() == message.id.split()
        elif len(re.findall(r"[A-Za-z]{3,}", KEPT.sub("", message.id))) >= 4:
            assert re.search(r"[\u4e00-\u9fff]", message.string), message.id
