"""A link from each translated page to the same page in the other language.

A page is translated if it has a catalogue in ``book/locale``; the Chinese edition is built into
``zh/`` of the English one (``workflow/chinese_edition.py``).
"""

from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import docname_join

CATALOGUES = Path("book/locale/zh_CN/LC_MESSAGES")
LINK = '<p class="languages"><a href="{href}" lang="{code}" hreflang="{code}">{name}</a></p>'


def _add_link(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    if "body" not in context or not (Path(app.srcdir) / CATALOGUES / f"{page}.po").is_file():
        return
    up = "../" * page.count("/")
    if app.config.language == "en":
        link = LINK.format(href=f"{up}zh/{page}.html", code="zh", name="中文")
    else:
        link = LINK.format(href=f"{up}../{page}.html", code="en", name="English")
    context["body"] = link + context["body"]


def _link_english(
    app: Sphinx, environment: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """In the Chinese edition, a link to a page that is not translated leads to the English one."""
    if app.config.language == "en" or node.get("reftype") != "doc":
        return None
    here, page = node["refdoc"], docname_join(node["refdoc"], node["reftarget"])
    source = Path(app.srcdir) / page
    if not any(source.with_suffix(kind).is_file() for kind in (".ipynb", ".md")):
        return None
    title = content.astext() if node["refexplicit"] else _title(source)
    target = "../" * (here.count("/") + 1) + f"{page}.html"
    return nodes.reference("", f"{title} (English)", refuri=target, internal=False)


def _title(source: Path) -> str:
    """The first heading of a page."""
    if source.with_suffix(".md").is_file():
        text = source.with_suffix(".md").read_text()
    else:
        text = nbformat.read(source.with_suffix(".ipynb"), as_version=4).cells[0].source
    return next(line for line in text.splitlines() if line.startswith("# ")).removeprefix("# ")


def setup(app: Sphinx) -> dict[str, bool]:
    """Adds the link when a page is written; links between pages are resolved before."""
    app.connect("html-page-context", _add_link)
    app.connect("missing-reference", _link_english)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
