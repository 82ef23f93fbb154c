"""The page itself: what goes into its template, and the file."""

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from prn_lib.common.checks import one_line
from prn_lib.common.files import whole_file
from prn_lib.figures.report import tables
from prn_lib.figures.report.cases import groups_of
from prn_lib.figures.report.evidence import Photos, read_maps, read_photos
from prn_lib.figures.runs import show_histogram, show_loss
from prn_lib.paper.variants import setting_of
from prn_lib.runs.inspecting import read_threshold
from prn_lib.runs.results import Result, load_result

PAGE = "report.html"
LOSS_WIDTH = 4.6  # inches: as wide as the histogram, and read on a telephone


def write_report(folder: Path | str, out: Path | None = None) -> Path:
    """Write the page of a finished run, to ``report.html`` in its folder or to the file ``out``.

    Returns the file. Raises FileNotFoundError or ValueError, naming the file, for a folder without
    a finished run or without its score maps, and IsADirectoryError if ``out`` is a folder.
    """
    result = load_result(folder)
    out = out or result.folder / PAGE
    if out.is_dir():
        raise IsADirectoryError(f"{out} is a folder; name a file, such as {out / PAGE}")
    text = render(result)
    with whole_file(out) as draft:
        draft.write_bytes(text.encode("utf-8", "replace"))  # file names need not be UTF-8
    return out


def render(result: Result) -> str:
    """The page as text. Raises FileNotFoundError or ValueError as :func:`write_report` does."""
    maps, chosen = read_maps(result), read_threshold(result.folder)
    threshold = chosen.value if chosen else None
    photos, lost = _photos(result)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(files(__package__).joinpath("page.html").read_text("utf-8"))
    e = result.experiment
    return template.render(
        result=result,
        setting=setting_of(e),
        finished=tables.told_date(result.provenance["date"]),
        metrics=tables.metrics_of(result),
        split=tables.split_of(result),
        histogram=show_histogram(result, threshold),
        threshold=tables.told_threshold(result.scores, threshold),
        lost=lost,
        groups=groups_of(result, maps, photos),
        types=tables.types_of(result, maps, photos),
        loss=show_loss(result.losses, LOSS_WIDTH) if result.losses else None,
        changed=tables.changed_settings(e),
        settings=tables.all_settings(e),
        provenance=tables.provenance_of(result),
    )


def _photos(result: Result) -> tuple[Photos | None, str]:
    """The photographs, or None and why they cannot be read."""
    try:
        return read_photos(result), ""
    except (ValueError, OSError) as error:
        return None, one_line(error)
