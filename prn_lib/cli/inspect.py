"""``prn predict`` and ``prn threshold``: new photographs scored, and when a score is a defect."""

from __future__ import annotations

import shlex
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prn_lib.cli.group import device, program, run_folder

if TYPE_CHECKING:
    from prn_lib.inspection.detector import Detector
    from prn_lib.inspection.thresholds import Threshold


@click.command(short_help="Score new photographs with a trained network.")
@click.argument("network", metavar="RUN", type=Path)
@click.argument("photos", nargs=-1, required=True, type=Path, metavar="PHOTO...")
@click.option("--out", type=Path, metavar="FOLDER", help="For tables, score maps and overlays.")
@click.option("--watch", is_flag=True, help="Go on, as photographs come, until Ctrl-C.")
@device
def predict(
    network: Path, photos: tuple[Path, ...], out: Path | None, watch: bool, device: str | None
) -> int:
    """Score new photographs with the network of a finished run.

    RUN is a run's folder, or an ONNX file of 'prn export'. PHOTO is a file, or a folder of them. A
    score lies between 0 and 1; higher is more anomalous. With a threshold ('prn threshold') each
    photograph is called good or a defect.

    FOLDER gets scores.csv, regions.csv (boxes and areas, in the photograph's pixels, of what is
    called a defect), score maps as PNG files of 16 bits (65535 is a score of 1) and the photographs
    with the maps over them. What is there already is not scored again. The exit status is 1 if a
    photograph could not be read.
    """
    from prn_lib.inspection.folder import find_photos, inspect, new_photos
    from prn_lib.inspection.ledger import Row

    detector = _detector(network, device)

    def told(row: Row) -> None:
        if row.trouble:
            click.echo(f"not read: {row.trouble}", err=True)
        else:
            click.echo(f"{row.score}  {row.decision + '  ' if row.decision else ''}{row.photo}")

    counts: Counter[str] = Counter()
    for files in new_photos(photos) if watch else [find_photos(photos)]:
        rows = inspect(detector, files, out, told)
        counts.update("unreadable" if row.trouble else row.decision or "scored" for row in rows)
    if detector.threshold is None:
        click.echo("no threshold is stored, so nothing is decided: see 'prn threshold'", err=True)
    if out is not None:
        click.echo(f"scores.csv, regions.csv, maps/ and overlays/ are in {out}", err=True)
    click.echo(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())), err=True)
    return 1 if counts["unreadable"] else 0


def _detector(network: Path, device: str | None) -> Detector:
    from prn_lib.inspection.detector import load_onnx

    if network.suffix == ".onnx":
        if device not in (None, "cpu"):
            raise ValueError(f"--device {device} is for a run's folder; ONNX files run on the cpu")
        return load_onnx(network)
    from prn_lib.common.devices import pick_device
    from prn_lib.runs.inspecting import load_detector

    return load_detector(network, pick_device(device))


@click.command(short_help="Choose the score from which a photograph is a defect.")
@run_folder
@click.argument("normals", nargs=-1, required=True, type=Path, metavar="PHOTO...")
@click.option(
    "--false-alarms",
    default=0.05,
    show_default=True,
    metavar="RATE",
    help="Of good products, the share that may be called defects.",
)
@device
def threshold(
    run_folder: Path, normals: tuple[Path, ...], false_alarms: float, device: str | None
) -> None:
    """Choose a threshold on photographs of good products, and store it with the run.

    PHOTO is a file, or a folder of them. They must be kept apart: the run may neither have been
    trained nor tested on them. A rate of 1% needs at least 99.
    """
    from prn_lib.common.devices import pick_device
    from prn_lib.inspection.folder import find_photos
    from prn_lib.runs.inspecting import caught, set_threshold
    from prn_lib.runs.results import load_result

    files = find_photos(normals)
    chosen = set_threshold(run_folder, files, false_alarms, pick_device(device))
    click.echo(
        f"threshold {chosen.value:.4f}, of {chosen.normals} good products; of further ones like "
        f"them, {chosen.low:.1%} to {chosen.high:.1%} will be false alarms (95% confidence)"
    )
    click.echo("in the run's test set, above the threshold:")
    for kind, (above, count) in caught(load_result(run_folder), chosen.value).items():
        click.echo(f"  {kind}: {above} of {count}{_surprise(kind, above, count, chosen)}")
    click.echo(f"next: {program()} predict {shlex.quote(str(run_folder))} FOLDER --out judged")


def _surprise(kind: str, above: int, count: int, chosen: Threshold) -> str:
    """What to think of more false alarms in the test than the threshold promises."""
    if kind != "good" or above <= chosen.high * count:
        return ""
    return (
        f", more than promised: {count} are few, or they differ from the {chosen.normals} in light "
        "or camera"
    )
