"""``prn report``: a finished run as one page."""

from pathlib import Path

import click

from prn_lib.cli.group import run_folder


@click.command(short_help="Write one page about a finished run, to send to a colleague.")
@run_folder
@click.option("--out", type=Path, metavar="FILE", help="[default: report.html in RUN]")
def report(run_folder: Path, out: Path | None) -> None:
    """Write one HTML page about a finished run, to send to a colleague.

    RUN is a run's folder. The page holds its pictures itself and needs neither a network nor a
    script. The photographs are read from the dataset again; where it is gone, score maps are shown
    alone.
    """
    from prn_lib.figures.report import write_report

    path = write_report(run_folder, out)
    click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB, opens in any browser")
