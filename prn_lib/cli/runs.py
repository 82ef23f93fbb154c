"""``prn run`` and ``prn export``: one experiment, and its network as a file."""

import shlex
from pathlib import Path

import click

from prn_lib.cli.group import Failed, data_root, device, preset, program, run_folder, settings


@click.command("run")
@click.option("--dataset", default="mini", show_default=True, metavar="NAME")
@click.option("--category", required=True, metavar="NAME", help="mini has button, grain, weave.")
@data_root
@preset
@click.option("--seed", default=0, show_default=True, help="Of split, weights and anomalies.")
@settings
@click.option("--out", type=Path, metavar="FOLDER", help="[default: runs/DATASET/CATEGORY/...]")
@device
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
    from prn_lib.runs.results import RECORD
    from prn_lib.training import Diverged

    told = {"dataset": dataset, "category": category, "data_root": data_root, "seed": seed}
    options = read_options(words)
    for name in told.keys() & options.keys():
        raise ValueError(f"{name} is no option of --set: say --{name.replace('_', '-')}")
    experiment = Experiment.from_preset(preset or usual_preset(dataset), **told, **options)
    folder = out or default_folder(experiment)
    finished = (folder / RECORD).is_file()
    click.echo(f"{experiment.dataset}/{experiment.category}, {experiment.run_name}")
    try:
        result = run(experiment, folder, device=device, tensorboard=tensorboard)
    except Diverged as error:
        raise Failed(str(error)) from None
    click.echo(compare_with_paper(result).to_string())
    for note in result.notes:
        click.echo(f"note: {note}")
    read = "; it had finished before and was read" if finished else ""
    click.echo(f"in percent; the record is {folder / RECORD}{read}")
    place = shlex.quote(str(folder))
    click.echo(f"next: {program()} report {place}      (one page: numbers, misses, what they mean)")
    click.echo(f"      {program()} threshold {place} FOLDER-OF-FURTHER-GOOD-PHOTOGRAPHS")


@click.command(short_help="Write the network of a finished run as an ONNX file.")
@run_folder
@click.option("--out", required=True, type=Path, metavar="FILE", help="The ONNX file to write.")
def export(run_folder: Path, out: Path) -> None:
    """Write the network of a finished run as one ONNX file, prototypes included.

    Its input are images (B, 3, S, S) in [0, 1]; its outputs score_map and image_score.
    """
    from prn_lib.runs.export import INPUT, OUTPUTS, export_onnx

    path = export_onnx(run_folder, out)
    size = f"{path.stat().st_size / 1e6:.0f} MB"
    click.echo(f"{path}: {size}, input {INPUT!r}, outputs {', '.join(map(repr, OUTPUTS))}")
