"""What GitHub is asked to do exists: commands, files and settings."""

import json
import re
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
TARGETS = set(re.findall(r"(?m)^([a-z]+):", (PROJECT / "Makefile").read_text()))


def read(path):
    return yaml.safe_load(path.read_text())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_run_what_is_there(path):
    workflow = read(path)
    assert workflow["name"]
    assert workflow["permissions"]["contents"] == "read"
    assert workflow[True]  # YAML takes the word "on" for a truth value
    for job in workflow["jobs"].values():
        assert job["runs-on"].startswith("ubuntu-")
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])
            for target in re.findall(r"\bmake (\w+)", step.get("run", "")):
                assert target in TARGETS
            for key in ("path", "cache-dependency-path"):
                named = step.get("with", {}).get(key, "")
                if named and not named.startswith(("~", "book/_build")):
                    assert (PROJECT / named).exists()


def test_the_tests_look_for_the_browser_under_the_name_that_it_is_given():
    told = (PROJECT / ".github/workflows/ci.yml").read_text()
    asked = (PROJECT / "tests/pages/conftest.py").read_text()
    for name in ("chromium", "chromedriver"):
        assert f"/usr/local/bin/{name}" in told
        assert f'shutil.which("{name}")' in asked


def test_only_a_tag_publishes():
    jobs = read(PROJECT / ".github/workflows/pages.yml")["jobs"]
    assert jobs["publish"]["if"] == "startsWith(github.ref, 'refs/tags/')"
    assert jobs["publish"]["needs"] == "build"


def test_colab_gets_every_extra_that_a_chapter_imports():
    text = (PROJECT / ".github/workflows/colab.yml").read_text()
    extras = set(re.search(r'"\.\[(.+?)\]"', text)[1].split(","))
    known = (PROJECT / "pyproject.toml").read_text()
    assert all(re.search(rf"(?m)^{extra} = \[", known) for extra in extras)
    assert "elpv" in extras  # the photographs of two chapters


def test_colabs_list_is_read_as_constraints():
    """The workflow's own pattern, on lines as Colab's list has them."""
    text = (PROJECT / ".github/workflows/colab.yml").read_text()
    pattern = re.search(r"grep --extended-regexp '(.+?)'", text)[1]
    lines = {
        "torch==2.9.0+cu126": True,
        "numpy==2.0.2": True,
        "google-colab @ file:///colabtools/dist/google_colab-1.0.0.tar.gz": False,
        "en-core-web-sm @ https://github.com/x/y.whl": False,
        "": False,
    }
    assert {line: bool(re.match(pattern, line)) for line in lines} == lines


def test_dependencies_are_looked_after_where_they_are_named():
    updates = read(PROJECT / ".github/dependabot.yml")["updates"]
    places = {
        (each["package-ecosystem"], place)
        for each in updates
        for place in each.get("directories") or [each["directory"]]
    }
    assert places == {
        ("pip", "/"),
        ("npm", "/book/pages"),
        ("npm", "/prn_lib/web/page"),
        ("github-actions", "/"),
    }
    assert json.loads((PROJECT / "book/pages/package.json").read_text())["dependencies"]
    (pip,) = (each for each in updates if each["package-ecosystem"] == "pip")
    ignored = {each["dependency-name"] for each in pip["ignore"]}
    assert "jupyter-book" in ignored


def test_binder_installs_the_pinned_requirements_and_the_library():
    folder = PROJECT / "binder"
    named = (folder / "requirements.txt").read_text().split()[1]
    assert (folder / named).resolve() == PROJECT / "requirements.txt"
    assert (folder / "postBuild").stat().st_mode & 0o111
