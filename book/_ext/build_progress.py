"""A bar that tells which page is being read."""

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from tqdm import tqdm

_bars: list[tqdm] = []


def _open(app: Sphinx, environment: BuildEnvironment, names: list[str]) -> None:
    if names:
        _bars.append(tqdm(total=len(names), desc="pages", unit="page", mininterval=0))


def _start(app: Sphinx, name: str, content: list[str]) -> None:
    if _bars:
        _bars[-1].set_postfix_str(name.removeprefix("book/"))


def _end(app: Sphinx, doctree: object) -> None:
    if _bars:
        _bars[-1].update()


def _close(app: Sphinx, error: Exception | None) -> None:
    while _bars:
        _bars.pop().close()


def setup(app: Sphinx) -> dict[str, bool]:
    """Pages are read one after the other: a bar in several processes would tell nothing."""
    app.connect("env-before-read-docs", _open)
    app.connect("source-read", _start)
    app.connect("doctree-read", _end)
    app.connect("build-finished", _close)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
