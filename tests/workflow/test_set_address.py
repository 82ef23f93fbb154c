"""The repository's address is one setting, and every button follows it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from packaging.requirements import Requirement

import set_address

PROJECT = Path(__file__).parents[2]
ADDRESS = "https://github.com/example/prn-book"


@pytest.fixture
def checkout(tmp_path):
    """The configuration, a page and two chapters."""
    (tmp_path / "book").mkdir()
    for name in ("_config.yml", "book/verdict.ipynb", "book/metrics.ipynb"):
        shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def files_of(checkout):
    return {path.name: path.read_bytes() for path in checkout.rglob("*.*") if path.is_file()}


def test_an_address_can_be_set_changed_and_taken_out(checkout):
    before = files_of(checkout)
    assert set_address.main([ADDRESS], checkout) == 0
    once = files_of(checkout)
    assert all(ADDRESS.encode() in text for text in once.values())
    assert set_address.main([ADDRESS], checkout) == 0
    assert files_of(checkout) == once
    assert set_address.main(["https://github.com/other/name", "--branch", "v1"], checkout) == 0
    assert not any(ADDRESS.encode() in text for text in files_of(checkout).values())
    assert set_address.main(["--none"], checkout) == 0
    assert files_of(checkout) == before


@pytest.mark.parametrize("wrong", ["github.com/a/b", "https://github.com/a", "http://x/a/b", ""])
def test_what_is_no_address_changes_nothing(checkout, wrong, capsys):
    before = files_of(checkout)
    with pytest.raises(SystemExit) as ended:
        set_address.main([wrong], checkout)
    assert ended.value.code == 2
    assert "https://github.com/OWNER/NAME" in capsys.readouterr().err
    assert files_of(checkout) == before


def test_every_button_leads_to_the_chapter(checkout, tmp_path):
    """Links as GitHub, Colab and Binder document them, on a page that the theme made."""
    set_address.main([ADDRESS], checkout)
    (checkout / "_toc.yml").write_text("format: jb-book\nroot: book/metrics\n")
    config = yaml.safe_load((checkout / "_config.yml").read_text())
    theme = config["sphinx"]["config"]["html_theme_options"]
    merged = {"recursive_update": config["sphinx"]["recursive_update"]}
    config = {name: config[name] for name in ("repository", "launch_buttons", "html")}
    config["sphinx"] = merged | {"config": {"html_theme_options": theme}}
    config["execute"] = {"execute_notebooks": "off"}
    (checkout / "_config.yml").write_text(yaml.safe_dump(config))
    words = ["build", str(checkout), "--path-output", str(tmp_path / "out"), "--quiet"]
    subprocess.run([Path(sys.executable).with_name("jupyter-book"), *words], check=True)
    page = BeautifulSoup(
        (tmp_path / "out/_build/html/book/metrics.html").read_text(), "html.parser"
    )
    found = {tag.get("href", "") for tag in page.find_all("a")}
    assert found >= {
        "https://colab.research.google.com/github/example/prn-book/blob/main/book/metrics.ipynb",
        "https://mybinder.org/v2/gh/example/prn-book/main?urlpath=lab/tree/book/metrics.ipynb",
        f"{ADDRESS}/blob/main/book/metrics.ipynb?plain=1",
        f"{ADDRESS}/edit/main/book/metrics.ipynb",
        ADDRESS,
    }
    assert any(link.startswith(f"{ADDRESS}/issues/new?title=") for link in found)
    assert "/content/prn-book" not in page.find("article").get_text()


def test_without_an_address_there_is_no_button():
    config = (PROJECT / "_config.yml").read_text()
    for path in (PROJECT / "book").glob("*.ipynb"):
        assert nbformat.read(path, 4).cells[0]["id"] == "title"
    assert "repository:" not in config


def test_the_cell_for_colab_keeps_the_torch_that_is_there(checkout):
    """It installs the library's ranges; pip, asked what it would do here, leaves torch alone."""
    set_address.main([ADDRESS], checkout)
    cell = nbformat.read(checkout / "book/metrics.ipynb", 4).cells[0]
    assert '"google.colab" in sys.modules' in cell.source
    assert "requirements.txt" not in cell.source
    assert '"/content/prn-book[elpv,tensorboard]"' in cell.source
    words = ["install", "--dry-run", "--quiet", "--no-build-isolation", "--report", "-"]
    made = subprocess.run(
        [sys.executable, "-m", "pip", *words, f"{PROJECT}[elpv,tensorboard]"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    installed = {entry["metadata"]["name"].lower() for entry in json.loads(made.stdout)["install"]}
    assert not installed & {"torch", "torchvision", "numpy"}


def test_the_library_sets_no_upper_bound_that_would_replace_another_torch():
    import tomllib

    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    wanted = {r.name: r.specifier for r in map(Requirement, project["dependencies"])}
    for name in ("torch", "torchvision", "numpy"):
        assert {each.operator for each in wanted[name]} == {">="}
