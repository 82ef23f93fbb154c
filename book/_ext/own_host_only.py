"""Take Thebe's scripts off the pages: they name an outside host, and no page uses them.

Jupyter Book always loads ``sphinx_thebe``; there is no option that leaves it out.
"""

from typing import Any

from sphinx.application import Sphinx


def _drop_thebe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    def names_thebe(script: Any) -> bool:
        body = getattr(script, "attributes", {}).get("body") or ""
        return "thebe" in f"{script} {getattr(script, 'filename', '')} {body}".lower()

    context["script_files"] = [s for s in context["script_files"] if not names_thebe(s)]


def setup(app: Sphinx) -> dict[str, bool]:
    """Run after every other extension has added its scripts."""
    app.connect("html-page-context", _drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
