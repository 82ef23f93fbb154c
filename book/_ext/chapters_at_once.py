"""Run the chapters that a build reads several at a time, before it reads them one after the other.

Each is run anew, for a change of the library is not seen in a chapter's own file. The outputs go to
the notebook cache of the build, from which myst-nb takes them. Where the tests have just run the
chapters (``tests/kept_chapters.py``), the folder in ``PRN_CHAPTERS`` has the outputs of most.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.main import JupyterCacheBase
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from nbval.plugin import coalesce_streams
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from tqdm import tqdm

_MOST = 4  # a chapter's kernel takes about one gigabyte


def _run_chapters(app: Sphinx, environment: BuildEnvironment, names: list[str]) -> None:
    paths = [Path(environment.doc2path(name)) for name in names]
    chapters = [path for path in paths if path.suffix == ".ipynb"]
    if not chapters:
        return
    cache = get_cache(environment.mystnb_config.execution_cache_path)
    kept = {path: notebook for path in chapters if (notebook := _kept(path))}
    for path, notebook in kept.items():
        _store(cache, path, notebook, {})
    chapters = [path for path in chapters if path not in kept]
    if not chapters:
        return
    # One more than processors: a kernel that starts mostly waits.
    at_once = min(len(chapters), (os.cpu_count() or 1) + 1, _MOST)
    bar = tqdm(total=len(chapters), desc="chapters", unit="chapter", mininterval=0)
    with bar, _threads_of_a_kernel(at_once), ThreadPoolExecutor(at_once) as pool:
        timeout = app.config.nb_execution_timeout
        running = {pool.submit(_run, path, timeout): path for path in chapters}
        try:
            for done in as_completed(running):
                result = done.result()
                _store(cache, running[done], result.nb, {"execution_seconds": result.time})
                bar.set_postfix_str(running[done].stem, refresh=False)
                bar.update()
        finally:
            pool.shutdown(cancel_futures=True)  # after an error or Ctrl-C no further one is begun


def _kept(path: Path) -> nbformat.NotebookNode | None:
    """The chapter with the outputs that the tests kept, if it is the same chapter."""
    folder = os.environ.get("PRN_CHAPTERS")
    if not folder or not (Path(folder) / path.name).is_file():
        return None
    kept = nbformat.read(Path(folder) / path.name, as_version=4)
    chapter = nbformat.read(path, as_version=4)
    same = [cell.source for cell in kept.cells] == [cell.source for cell in chapter.cells]
    return kept if same else None


def _store(
    cache: JupyterCacheBase, path: Path, notebook: nbformat.NotebookNode, made: dict
) -> None:
    _wipe_bars(notebook)
    bundle = CacheBundleIn(notebook, str(path), data=made)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def _wipe_bars(notebook: nbformat.NotebookNode) -> None:
    """Leave of a printed line what a terminal shows, and nothing of a bar that was wiped away."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = coalesce_streams(cell.outputs)  # a bar comes in pieces
            for output in cell.outputs:
                if output.output_type == "stream":
                    output.text = re.sub(r"^.*\r(?!\n)", "", output.text, flags=re.MULTILINE)
            cell.outputs = [output for output in cell.outputs if output.get("text") != ""]


def _run(path: Path, timeout: int) -> ExecutionResult:
    try:
        notebook = nbformat.read(path, as_version=4)
        result = single_nb_execution(notebook, str(path.parent), timeout, allow_errors=False)
    except RuntimeError as error:  # the kernel died
        raise ExtensionError(f"{path}: {error}") from error
    if result.err:
        raise ExtensionError(f"{path}: {result.err}") from result.err
    return result


@contextmanager
def _threads_of_a_kernel(at_once: int) -> Iterator[None]:
    """The processors shared out among the kernels that are started meanwhile."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = before or str(max(1, (os.cpu_count() or 1) // at_once))
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Before the bar of the pages opens."""
    app.connect("env-before-read-docs", _run_chapters, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
