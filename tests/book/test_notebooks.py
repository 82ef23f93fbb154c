"""What every committed chapter must keep."""

import importlib
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml

from prn_lib.paper.variants import TARGETS

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = sorted((PROJECT / "book").glob("*.ipynb"))
CHAPTERS = sorted(p for p in (PROJECT / "book").iterdir() if p.suffix in (".ipynb", ".md"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_committed_without_outputs(path):
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [], "strip outputs: jupyter nbconvert --clear-output"
            assert cell["execution_count"] is None
    assert "widgets" not in notebook["metadata"]
    assert "papermill" not in notebook["metadata"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_cells_have_speaking_and_unique_ids(path):
    ids = [cell["id"] for cell in json.loads(path.read_text())["cells"]]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", name) for name in ids)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_cells_are_short(path):
    for cell in json.loads(path.read_text())["cells"]:
        if cell["cell_type"] == "code":
            assert len(cell["source"]) <= 25, cell["id"]
            assert "def " not in "".join(cell["source"]), "chapters import, they do not implement"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.name)
def test_images_in_pages_have_alt_text(path):
    text = path.read_text()
    for directive in re.findall(r"(?s)```\{(?:figure|image)\}.*?```", text):
        assert re.search(r":alt: \S+", directive)
    assert "![](" not in text


def test_every_chapter_is_in_the_table_of_contents():
    toc = yaml.safe_load((PROJECT / "_toc.yml").read_text())
    listed = {toc["root"]} | {c["file"] for part in toc["parts"] for c in part["chapters"]}
    assert listed == {f"book/{path.stem}" for path in CHAPTERS}


TOC = yaml.safe_load((PROJECT / "_toc.yml").read_text())
ORDER = [Path(c["file"]).stem for part in TOC["parts"] for c in part["chapters"]]
ABOUT = re.compile(
    r"\*About (\d+) minutes\. Before: (.+?)\. Afterwards you can (.+)\.\*$", re.DOTALL
)
SOLUTION = re.compile(r"(?s)```\{admonition\} Solution\n:class: dropdown\n(.*?)\n```")
FOLDED = {"code_prompt_show": "Show the solution", "code_prompt_hide": "Hide the solution"}
WITHOUT_EXERCISES = {"verdict.ipynb"}  # one page


def cells_of(path):
    return nbformat.read(path, as_version=4).cells


def tags_of(cell):
    return set(cell.metadata.get("tags", []))


def prose_of(path):
    return "\n".join(c.source for c in cells_of(path) if c.cell_type == "markdown")


def minutes_to_read(path):
    """200 words a minute and 24 seconds for each cell that is shown; solutions are not counted."""
    words = len(SOLUTION.sub("", prose_of(path)).split())
    shown = [c for c in cells_of(path) if c.cell_type == "code"]
    shown = [c for c in shown if not tags_of(c) & {"hide-cell", "remove-cell"}]
    return words / 200 + 0.4 * len(shown)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_chapter_says_how_long_it_takes_what_it_needs_and_what_for(path):
    minutes, before, goals = ABOUT.search(cells_of(path)[0].source.strip()).groups()
    assert abs(int(minutes) - minutes_to_read(path)) <= 2
    needed = re.findall(r"\{doc\}`([\w-]+)`", before)
    assert needed or before == "nothing"
    assert set(needed) <= set(ORDER)
    assert len(goals.split()) <= 36


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_chapter_ends_with_what_it_leaves_out_exercises_and_the_next_one(path):
    last = cells_of(path)[-1]
    text = prose_of(path)
    if path.name not in WITHOUT_EXERCISES:
        places = [text.index(f"## {n}") for n in ("Summary", "What we left out", "Exercises")]
        assert places == sorted(places)
        exercises = text[places[-1] :]
        assert all(f"**{number}.**" in exercises for number in (1, 2, 3))
    assert last["id"] == "next"
    (following,) = re.findall(r"^\*\*Next:\*\* \{doc\}`([\w-]+)`", last.source)
    assert following == ORDER[ORDER.index(path.stem) + 1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_solutions_are_cells_that_run(path):
    """Prose may explain them; code in it would be run by nobody."""
    cells = cells_of(path)
    for told in SOLUTION.findall(prose_of(path)):
        assert not re.search(r"(?m)^( {4}|\t)\S|^ *(`{3}|~{3}|:{3})", told), told
    for cell in cells:
        if "hide-cell" in tags_of(cell):
            assert cell["id"].startswith("solution-")
            assert cell.metadata["mystnb"] == FOLDED


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_what_a_reader_is_to_write_is_checked_and_solved(path):
    cells = cells_of(path)
    ids = [cell["id"] for cell in cells]
    starters = [i for i, cell in enumerate(cells) if "starter" in tags_of(cell)]
    if path.name not in {*WITHOUT_EXERCISES, "reproduce.ipynb"}:
        assert starters
    for i in starters:
        assert "answer = ..." in cells[i].source
        assert ids[i].endswith("-start")
        assert ids[i + 1] == ids[i].replace("-start", "-check")
        assert re.search(r"\bcheck\w*\(", cells[i + 1].source)
        assert re.search(r"\banswer\b", cells[i + 1].source)
        solutions = [c for c in cells[i + 2 :] if "hide-cell" in tags_of(c)]
        assert re.search(r"\bcheck\w*\(", solutions[0].source)


def test_the_map_from_the_paper_to_the_code_is_whole_and_leads_somewhere():
    text = (PROJECT / "book" / "paper-to-code.md").read_text()
    for name in set(re.findall(r"`(prn_lib[\w.]+)`", text)):
        module, _, attribute = name.rpartition(".")
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            assert hasattr(importlib.import_module(module), attribute), name
    rows = " ".join(line.split("|")[1] for line in text.splitlines() if line.startswith("| "))
    for kind, count in (("Eq.", 6), ("Table", 10)):
        assert {int(n) for n in re.findall(rf"{kind} (\d+)", rows)} | spans(rows, kind) >= set(
            range(1, count + 1)
        )
    assert {int(n) for n in re.findall(r"Fig\. (\d+)", rows)} | spans(rows, "Fig.") >= set(
        range(1, 12)
    )
    assert set(re.findall(r"prn tables run (\w+)", text)) <= set(TARGETS)


def spans(rows, kind):
    """What "Fig. 9 to 11" and "Fig. 1, 2" name beside their first."""
    found = set()
    for first, last in re.findall(rf"{re.escape(kind)} (\d+)(?: to |, )(\d+)", rows):
        found |= set(range(int(first), int(last) + 1))
    return found


def test_the_reference_has_every_public_module_of_the_rooms_that_it_shows():
    text = (PROJECT / "book" / "api.md").read_text()
    listed = set(re.findall(r"automodule:: (prn_lib\.\S+)", text))
    rooms = {name.split(".")[1] for name in listed}
    assert rooms >= {"runs", "model", "synthesis", "training", "evaluation", "datasets"}
    for room in rooms:
        for path in (PROJECT / "prn_lib" / room).glob("*.py"):
            public = re.search(r"(?m)^(def|class) [a-zA-Z]", path.read_text())
            if public and path.stem != "__init__":
                assert f"prn_lib.{room}.{path.stem}" in listed


def test_every_word_of_the_glossary_is_there_in_chinese():
    text = (PROJECT / "book" / "glossary.md").read_text()
    terms = re.findall(r"(?m)^(\w.*)\n  ", text.split("```{glossary}")[1])
    assert len(terms) > 25
    for term in terms:
        english, chinese = term.split(", ")
        assert english.isascii()
        assert re.search(r"[\u4e00-\u9fff]", chinese)
    names = [term.split(", ")[0].lower() for term in terms]
    assert names == sorted(names)


def test_every_work_that_is_cited_has_a_doi():
    works = (PROJECT / "book" / "references.bib").read_text()
    entries = re.split(r"(?m)^@", works)[1:]
    assert all(re.search(r"doi = \{10\.\d{4,}/\S+\}", entry) for entry in entries)
    keys = {re.match(r"\w+\{(\w+),", entry)[1] for entry in entries}
    cited = {
        key
        for path in CHAPTERS
        for group in re.findall(r"\{cite:[pt]\}`([\w, ]+)`", path.read_text())
        for key in group.split(", ")
    }
    assert cited <= keys
