"""A link from each translated page to the same page in the other language.

A page is translated if it has a catalogue in ``book/locale``; the Chinese edition is built into
``zh/`` of the English one (``workflow/chinese_edition.py``).
"""

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

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


def setup(app: Sphinx) -> dict[str, bool]:
    """Adds the link when a page is written."""
    app.connect("html-page-context", _add_link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
