"""Tell the book where its repository is::

    python workflow/set_address.py https://github.com/OWNER/NAME

Then every page has buttons for Colab, Binder, the source, a report and a change, and every chapter
a first cell that fetches the book in Colab. Commit what it changes. Without an address, as here,
there are neither. ``--none`` takes them out again.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat

from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder

CELL = "in-colab"
BEGIN, END = "# the repository (workflow/set_address.py)\n", "# end of the repository\n"
SETTINGS = """\
repository: {{url: "{address}", branch: "{branch}", path_to_book: ""}}
launch_buttons:
  colab_url: "https://colab.research.google.com"
  binderhub_url: "https://mybinder.org"
  notebook_interface: jupyterlab
"""
BUTTONS = tuple(f"use_{kind}_button" for kind in ("issues", "repository", "edit_page", "source"))
IN_COLAB = """\
import sys

if "google.colab" in sys.modules:  # elsewhere the book is here
    !git clone --quiet --depth 1 --branch {branch} {address} /content/prn-book
    %pip install --quiet "/content/prn-book[elpv,tensorboard]" papermill
    %cd -q /content/prn-book/book
    sys.path.insert(0, "/content/prn-book")"""


def main(words: list[str] | None = None, project: Path | None = None) -> int:
    """Returns 0; a wrong address ends it with one line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("address", nargs="?", help="https://github.com/OWNER/NAME")
    group.add_argument("--none", action="store_true", help="take the address out again")
    parser.add_argument("--branch", default="main", help="branch or tag that readers get")
    told = parser.parse_args(words)
    project = project or project_folder()
    if not told.none and not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", told.address):
        parser.error(f"{told.address!r} is not of the form https://github.com/OWNER/NAME")
    set_config(project / "_config.yml", told.address, told.branch)
    for path in sorted((project / "book").glob("*.ipynb")):
        set_cell(path, told.address, told.branch)
    return 0


def set_config(path: Path, address: str | None, branch: str) -> None:
    """Put the settings of the repository at the end of the file, and switch the buttons."""
    text = path.read_text()
    before, begin, _ = text.partition(BEGIN)
    if address:
        before = before if begin else before.rstrip("\n") + "\n\n"
        text = before + BEGIN + SETTINGS.format(address=address, branch=branch) + END
    elif begin:
        text = before.rstrip("\n") + "\n"
    for button in BUTTONS:
        text = re.sub(rf"{button}: \w+", f"{button}: {str(bool(address)).lower()}", text)
    write_text(path, text)


def set_cell(path: Path, address: str | None, branch: str) -> None:
    """Put the cell for Colab first, or take it out; nothing else of the notebook changes."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell["id"] != CELL]
    if address:
        source = IN_COLAB.format(address=address, branch=branch)
        cell = nbformat.v4.new_code_cell(source, id=CELL, metadata={"tags": ["remove-cell"]})
        cells = [cell, *cells]
    if cells != notebook.cells:
        notebook.cells = cells
        write_text(path, nbformat.writes(notebook) + "\n")


if __name__ == "__main__":
    sys.exit(main())
