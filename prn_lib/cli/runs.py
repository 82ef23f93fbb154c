"""``prn run`` and what its network is for: ``predict``, ``threshold`` and ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from prn_lib.cli.group import Failed, data_root, preset, settings

if TYPE_CHECKING:
    from prn_lib.inspection.detector import Detector

_run_folder = click.argument("run_folder", metavar="RUN", type=Path)
_device = click.option(
    "--device", metavar="NAME", help="cpu, cuda or cuda:1.  [default: a GPU if there is one]"
)


@click.command("run")
@click.option("--dataset", default="mini", show_default=True, metavar="NAME")
@click.option("--category", required=True, metavar="NAME", help="mini has button, grain, weave.")
@data_root
@preset
@click.option("--seed", default=0, show_default=True, help="Of split, weights and anomalies.")
@settings
@click.option("--out", type=Path, metavar="FOLDER", help="[default: runs/DATASET/CATEGORY/...]")
@_device
@click.option("--tensorboard", type=Path, metavar="FOLDER", help="Write curves of the training.")
def run_one(
    dataset: str,
    category: str,
    data_root: str | None,
    preset: str | None,
    seed: int,
    words: tuple[str, ...],
    out: Path | None,
    device: str | None,
    tensorboard: Path | None,
) -> None:
    """Train on one category and judge its test images.

    A finished run is read, not computed again; one that was stopped goes on from its last
    checkpoint.
    """
    from prn_lib.paper import compare_with_paper
    from prn_lib.runs import Experiment, default_folder, run
    from prn_lib.runs.option_words import read_options, usual_preset
    from prn_lib.training import Diverged

    told = {"dataset": dataset, "category": category, "data_root": data_root, "seed": seed}
    options = read_options(words)
    for name in told.keys() & options.keys():
        raise ValueError(f"{name} is no option of --set: say --{name.replace('_', '-')}")
    experiment = Experiment.from_preset(preset or usual_preset(dataset), **told, **options)
    folder = out or default_folder(experiment)
    click.echo(f"{experiment.dataset}/{experiment.category}, {experiment.run_name}")
    try:
        result = run(experiment, folder, device=device, tensorboard=tensorboard)
    except Diverged as error:
        raise Failed(str(error)) from None
    click.echo(compare_with_paper(result).to_string())
    for note in result.notes:
        click.echo(f"note: {note}")
    click.echo(f"in percent; the record is {folder / 'result.json'}")


@click.command(short_help="Score new photographs with a trained network.")
@click.argument("network", metavar="RUN", type=Path)
@click.argument("photos", nargs=-1, required=True, type=Path, metavar="PHOTO...")
@click.option("--out", type=Path, metavar="FOLDER", help="For tables, score maps and overlays.")
@click.option("--watch", is_flag=True, help="Go on, as photographs come, until Ctrl-C.")
@_device
def predict(
    network: Path, photos: tuple[Path, ...], out: Path | None, watch: bool, device: str | None
) -> int:
    """Score new photographs with the network of a finished run.

    RUN is a run's folder, or an ONNX file of 'prn export'. PHOTO is a file, or a folder of them. A
    score lies between 0 and 1; higher is more anomalous. With a threshold ('prn threshold') each
    photograph is called good or a defect.

    FOLDER gets scores.csv, regions.csv (boxes and areas in the photograph's pixels), score maps as
    PNG files of 16 bits (65535 is a score of 1) and the photographs with the maps over them. What
    is there already is not scored again. The exit status is 1 if a photograph could not be read.
    """
    from prn_lib.inspection.folder import find_photos, inspect, new_photos
    from prn_lib.inspection.ledger import Row

    detector = _detector(network, device)

    def told(row: Row) -> None:
        if row.trouble:
            click.echo(f"not read: {row.trouble}", err=True)
        else:
            click.echo(f"{row.score}  {row.decision + '  ' if row.decision else ''}{row.photo}")

    unreadable = 0
    for files in new_photos(photos) if watch else [find_photos(photos)]:
        rows = inspect(detector, files, out, told)
        unreadable += sum(bool(row.trouble) for row in rows)
    if detector.threshold is None:
        click.echo("no threshold is stored, so nothing is decided: see 'prn threshold'", err=True)
    if out is not None:
        click.echo(f"scores.csv, regions.csv, maps/ and overlays/ are in {out}", err=True)
    return 1 if unreadable else 0


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
@_run_folder
@click.argument("normals", nargs=-1, required=True, type=Path, metavar="PHOTO...")
@click.option(
    "--false-alarms",
    default=0.05,
    show_default=True,
    metavar="RATE",
    help="Of good products, the share that may be called defects.",
)
@_device
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
        click.echo(f"  {kind}: {above} of {count}")


@click.command(short_help="Write the network of a finished run as an ONNX file.")
@_run_folder
@click.option("--out", required=True, type=Path, metavar="FILE", help="The ONNX file to write.")
def export(run_folder: Path, out: Path) -> None:
    """Write the network of a finished run as one ONNX file, prototypes included.

    Its input are images (B, 3, S, S) in [0, 1]; its outputs score_map and image_score.
    """
    from prn_lib.runs.export import INPUT, OUTPUTS, export_onnx

    path = export_onnx(run_folder, out)
    size = f"{path.stat().st_size / 1e6:.0f} MB"
    click.echo(f"{path}: {size}, input {INPUT!r}, outputs {', '.join(map(repr, OUTPUTS))}")
