"""The house: rooms in their order, faces that say what they hold, tests beside what they test."""

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rooms_figure
from prn_lib.figures import read_picture

PROJECT = Path(__file__).parents[1]
LIBRARY = PROJECT / "prn_lib"
ROOMS = sorted(path.parent.name for path in LIBRARY.glob("*/__init__.py"))
NOT_OF_THE_LIBRARY = {"benchmarks", "book", "pages", "cluster", "workflow"}
TESTS = sorted(p.relative_to(PROJECT / "tests") for p in (PROJECT / "tests").rglob("test_*.py"))
TITLES = {
    line[2:].strip()
    for page in (PROJECT / "book").glob("*.ipynb")
    for cell in json.loads(page.read_text())["cells"]
    for line in cell["source"]
    if line.startswith("# ") and cell["cell_type"] == "markdown"
} | {page.read_text().partition("\n")[0][2:] for page in (PROJECT / "book").glob("*.md")}


def test_no_import_runs_from_a_lower_room_to_a_higher_one():
    """The order stands in pyproject.toml; imports inside of functions count too."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "2 kept, 0 broken" in done.stdout


def test_nothing_lies_loose_at_the_top():
    loose = {path.name for path in LIBRARY.iterdir() if path.is_file()}
    assert loose == {"__init__.py", "__main__.py", "_version.py"}
    assert all(f"``{room}``" in (LIBRARY / "__init__.py").read_text() for room in ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_face_says_what_comes_in_and_goes_out_and_offers_what_is_there(room):
    face = importlib.import_module(f"prn_lib.{room}")
    if room != "common":
        assert re.search(r"\bIn comes?\b", face.__doc__)
        assert re.search(r"\bout comes?\b", face.__doc__)
    for name in getattr(face, "__all__", []):
        assert getattr(face, name) is not None
    named = re.findall(r'"([A-Z][^"]+)"', " ".join(face.__doc__.split()))
    parts = {"The network", "Making anomalies"}
    assert {name.rstrip(".,") for name in named} <= TITLES | parts


@pytest.mark.parametrize("path", TESTS, ids=str)
def test_tests_lie_beside_what_they_test(path):
    if len(path.parts) == 1 or path.parts[0] in NOT_OF_THE_LIBRARY:
        return
    room = LIBRARY.joinpath(*path.parts[:-1])
    name = path.stem.removeprefix("test_")
    assert (room / f"{name}.py").is_file() or (room / name).is_dir() or room.name == name


def test_nothing_imports_from_outside_of_the_library():
    for path in LIBRARY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {n.split(".")[0] for n in names} & {"book", "workflow", "tests"}, path


def test_the_old_words_are_gone():
    """``python -m prn_lib.x`` was six commands; there is one now."""
    pages = [p for p in (PROJECT / "book").iterdir() if p.suffix in (".ipynb", ".md")]
    told = [p for p in PROJECT.glob("*.md") if p.stem != "CHANGELOG"]  # which names them as gone
    for path in (*LIBRARY.rglob("*.py"), *pages, *told, *PROJECT.glob("*/README.md")):
        assert "python -m prn_lib." not in path.read_text(), path


def test_the_picture_of_the_rooms_is_of_today():
    floors = rooms_figure.read_floors(PROJECT)
    drawn = read_picture(PROJECT / "book" / "images" / "rooms.png")
    assert drawn.alt == rooms_figure.describe(PROJECT, floors), "run workflow/rooms_figure.py"
    assert sorted(room for rooms in floors for room in rooms) == ROOMS
