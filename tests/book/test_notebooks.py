"""What every committed chapter must keep."""

import json
import re
from pathlib import Path

import pytest
import yaml

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
