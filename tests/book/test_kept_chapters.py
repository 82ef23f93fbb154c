"""Chapters that the tests have run are not run again by the book, if they must show the same."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from tests.kept_chapters import LISTS_RUNS, SLIDER

PROJECT = Path(__file__).parents[2]
CHAPTERS = {
    "plain": ["print('one')\nprint('two')", "6 * 7"],
    "slider": [f"display({{{SLIDER!r}: {{}}}}, raw=True)"],
    "lists": [f"# {LISTS_RUNS[0]})"],
    "fails": ["1", "1 / 0"],
    "changes": ["d = display('before', display_id=True)\nd.update('after')"],
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> dict[str, nbformat.NotebookNode]:
    folder = tmp_path_factory.mktemp("chapters")
    for name, sources in CHAPTERS.items():
        cells = [v4.new_markdown_cell("text"), *map(v4.new_code_cell, sources)]
        nbformat.write(v4.new_notebook(cells=cells), folder / f"{name}.ipynb")
    words = ["-q", "-n", "0", "-p", "no:cacheprovider", "-p", "tests.kept_chapters", "--nbval-lax"]
    told = os.environ | {"PRN_CHAPTERS": str(folder / "kept")}
    paths = sorted(folder.glob("*.ipynb"))
    command = [sys.executable, "-m", "pytest", *words, "--rootdir", folder, *paths]
    done = subprocess.run(command, cwd=PROJECT, env=told, capture_output=True, text=True)
    assert "1 failed, 6 passed" in done.stdout, done.stdout + done.stderr
    return {p.stem: nbformat.read(p, as_version=4) for p in (folder / "kept").iterdir()}


def test_only_chapters_that_show_the_same_again_are_kept(kept):
    assert set(kept) == {"plain"}


def test_what_a_chapter_showed_is_kept(kept):
    notebook = kept["plain"]
    nbformat.validate(notebook)
    text, printed, value = notebook.cells
    assert text.source == "text"
    assert [output.text for output in printed.outputs] == ["one\ntwo\n"]
    assert [output.data["text/plain"] for output in value.outputs] == ["42"]
    assert [printed.execution_count, value.execution_count] == [1, 2]


@pytest.fixture
def extension(monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "book" / "_ext")
    import chapters_at_once

    return chapters_at_once


def test_the_book_takes_over_a_chapter_only_while_it_is_the_same(
    kept, extension, tmp_path, monkeypatch
):
    (tmp_path / "kept").mkdir()
    nbformat.write(kept["plain"], tmp_path / "kept" / "plain.ipynb")
    chapter = tmp_path / "plain.ipynb"
    nbformat.write(kept["plain"], chapter)
    assert extension._kept(chapter) is None  # no folder is named
    monkeypatch.setenv("PRN_CHAPTERS", str(tmp_path / "kept"))
    assert extension._kept(chapter) == kept["plain"]
    changed = nbformat.read(chapter, as_version=4)
    changed.cells[2].source = "6 * 8"
    nbformat.write(changed, chapter)
    assert extension._kept(chapter) is None
    assert extension._kept(tmp_path / "other.ipynb") is None


def test_of_progress_bars_the_book_shows_what_a_terminal_would(extension):
    def printed(text):
        return v4.new_output("stream", name="stderr", text=text)

    pieces = ["\r 10%\r 20%", "\r    ", "\r"]
    value = v4.new_output("display_data", {"text/plain": "a\rb"})
    cell = v4.new_code_cell("run()", outputs=[*map(printed, pieces), value])
    other = v4.new_code_cell("run()", outputs=[printed("begun\n\r 10%\r100%\nend\r\n\r 5%\r   \r")])
    notebook = v4.new_notebook(cells=[cell, v4.new_markdown_cell("text"), other])
    extension._wipe_bars(notebook)
    assert cell.outputs == [value]
    assert [output.text for output in other.outputs] == ["begun\n100%\nend\r\n"]
