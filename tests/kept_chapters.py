"""A plugin of pytest: what nbval's run of a chapter showed is kept, for the book to take over.

``PRN_CHAPTERS=<folder> python -m pytest -p tests.kept_chapters --nbval-lax book/*.ipynb``

Kept is a notebook with its outputs, if all its cells passed and a second run must show the same.
So none with a slider, which the book shows in another way (``book/_ext/static_widgets.py``), and
none that lists the runs found, for the chapters themselves make some.
"""

import os
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import IPyNbCell

SLIDER = "application/vnd.jupyter.widget-view+json"
LISTS_RUNS = ("all_runs(", "find_results(dataset_runs)")
WHOLE = pytest.StashKey[bool]()  # the cell passed, and nbval understood all that it sent


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> pytest.TestReport:
    """nbval prints what it leaves out."""
    report = yield
    if call.when == "call":
        item.stash[WHOLE] = report.passed and not report.capstdout
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After a chapter's last cell."""
    if isinstance(item, IPyNbCell) and (nextitem is None or nextitem.parent is not item.parent):
        keep([cell for cell in item.session.items if cell.parent is item.parent])
    return (yield)


def keep(cells: Sequence[IPyNbCell]) -> None:
    """Write the chapter of these cells that were run, or nothing."""
    notebook = deepcopy(cells[0].parent.nb)
    to_fill = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if len(cells) != len(to_fill) or not all(cell.stash.get(WHOLE, False) for cell in cells):
        return
    for count, (cell, run) in enumerate(zip(to_fill, cells, strict=True), start=1):
        shown = [output for output in run.test_outputs if SLIDER in output.get("data", {})]
        if shown or any(words in cell.source for words in LISTS_RUNS):
            return
        cell.outputs, cell.execution_count = run.test_outputs, count
    folder = Path(os.environ["PRN_CHAPTERS"])
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / cells[0].path.name)
