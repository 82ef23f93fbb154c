"""The Chinese edition: catalogues of the translated pages, and the build that uses them.

``python workflow/chinese_edition.py build`` builds the book once more with the catalogues in
``book/locale``, after the English one, whose outputs it takes, and puts it into ``html/zh``.
``update`` extracts the English passages again: new ones and changed ones come to the catalogues
with no translation, or marked as fuzzy. A page is translated if it has a catalogue.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder

LANGUAGE = "zh_CN"
BUILD = Path("book/_build")
CAPTIONS = {
    "Start here": "从这里开始",
    "Data": "数据",
    "Making anomalies": "制造异常",
    "The network": "网络",
    "Training and judging": "训练与评估",
    "Results": "结果",
    "Manual": "手册",
    "To look things up": "查阅",
}
CATALOGUES = Path("book/locale") / LANGUAGE / "LC_MESSAGES" / "book"


def main() -> int:
    """Returns 0, or the status of the command that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("build", "update"))
    parser.add_argument("pages", nargs="*", help="to update: pages to translate that are new")
    told = parser.parse_args()
    project = project_folder()
    config = project / BUILD / "_config.zh.yml"
    write_text(config, yaml.safe_dump(chinese_config(project, told.what), allow_unicode=True))
    return build(project, config) if told.what == "build" else update(project, config, told.pages)


def chinese_config(project: Path, what: str) -> dict:
    """The book's configuration, in Chinese, with the chapters' outputs of the English build."""
    config = yaml.safe_load((project / "_config.yml").read_text())
    config["execute"] |= {"cache": str((project / BUILD / ".jupyter_cache").resolve())}
    places = config["sphinx"]["local_extensions"]  # seen from the configuration's own folder
    for name in ("chapters_at_once", "records_on_pages"):  # done by the English build
        del places[name]
    places |= {name: str((project / place).resolve()) for name, place in places.items()}
    options = config["sphinx"]["config"] | {"gettext_compact": False}
    options["html_extra_path"] = ["book/pages/site"]  # what is alive is on the English pages alone
    if what == "build":
        options |= {"language": LANGUAGE, "locale_dirs": ["book/locale"]}
        options |= {"translation_progress_classes": True}
    return config | {"sphinx": config["sphinx"] | {"config": options}}


def build(project: Path, config: Path) -> int:
    """Jupyter Book, into a folder of its own, and from there to ``html/zh``."""
    place = project / BUILD / "chinese"
    toc = project / BUILD / "_toc.zh.yml"
    write_text(toc, yaml.safe_dump(chinese_toc(project), allow_unicode=True))
    options = ("--toc", toc, "--warningiserror", "--nitpick")
    status = jupyter_book(project, config, place, *options)
    if status == 0:
        target = project / BUILD / "html" / "zh"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(place / "_build" / "html", target)
    return status


def chinese_toc(project: Path) -> dict:
    """The translated pages in their order, and the references that they cite.

    Links to all other pages lead to the English ones (``book/_ext/languages.py``).
    """
    toc = yaml.safe_load((project / "_toc.yml").read_text())
    kept = {path.stem for path in (project / CATALOGUES).glob("*.po")} | {"references"}
    parts = []
    for part in toc["parts"]:
        chapters = [c for c in part["chapters"] if Path(c["file"]).stem in kept]
        if chapters:
            parts.append({"caption": CAPTIONS[part["caption"]], "chapters": chapters})
    return toc | {"parts": parts}


def update(project: Path, config: Path, pages: list[str]) -> int:
    """Passages of all pages, then the catalogues of those that have one, and of ``pages``."""
    place = project / BUILD / "passages"
    builder = ("--builder", "custom", "--custom-builder", "gettext")
    if status := jupyter_book(project, config, place, *builder):
        return status
    wanted = {path.stem for path in (project / CATALOGUES).glob("*.po")} | set(pages)
    for path in (place / "_build" / "gettext").rglob("*.pot"):
        if path.stem not in wanted or path.parent.name != "book":
            path.unlink()
    words = ["update", "-p", place / "_build" / "gettext", "-l", LANGUAGE, "-d", "book/locale"]
    tool = Path(sys.executable).with_name("sphinx-intl")
    return subprocess.run([tool, *words, "--line-width", "100"], cwd=project).returncode


def jupyter_book(project: Path, config: Path, place: Path, *options: str | Path) -> int:
    """One build; its exit status."""
    words = ["build", ".", "--config", config, "--path-output", place, "--keep-going", "--quiet"]
    tool = Path(sys.executable).with_name("jupyter-book")
    return subprocess.run([tool, *words, *options], cwd=project).returncode


if __name__ == "__main__":
    sys.exit(main())
