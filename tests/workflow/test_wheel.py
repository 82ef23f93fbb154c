"""The library as a wheel: whole, and of use without the checkout."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder, source = (tmp_path_factory.mktemp(name) for name in ("wheel", "source"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, source)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "prn_lib", source / "prn_lib", ignore=ignore)
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(source)], check=True)
    (made,) = folder.glob("prn_lib-*.whl")
    return made


def test_it_holds_the_library_and_nothing_else(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    sources = {str(path.relative_to(PROJECT)) for path in (PROJECT / "prn_lib").rglob("*.py")}
    data = {"prn_lib/paper/variants.json", "prn_lib/figures/report/page.html"}
    data |= {str(path.relative_to(PROJECT)) for path in (PROJECT / "prn_lib/web/page").iterdir()}
    assert held == sources | data


def test_unpacked_elsewhere_the_command_works(wheel, tmp_path):
    """With the dependencies of this environment; the checkout is not on the path."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = "import sys; sys.path.insert(0, 'site'); from prn_lib.cli import main; "
    code += "sys.exit(main(['data', 'list']))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "CC BY-NC-SA 4.0" in done.stdout  # MVTec AD's
