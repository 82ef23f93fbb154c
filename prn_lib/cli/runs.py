"""``prn run`` and ``prn export``: one experiment, and its network as a file or a page."""

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


@click.command(short_help="Write the network of a finished run: an ONNX file, or a web page.")
@run_folder
@click.option(
    "--out", required=True, type=Path, metavar="PLACE", help="The ONNX file, or the page's folder."
)
@click.option("--web", is_flag=True, help="Write a page on which defects can be painted.")
@click.option(
    "--without", type=Path, metavar="RUN", help="For the page: a run without prototypes, beside."
)
@click.option(
    "--bits", type=click.Choice(["8", "16"]), help="For the page: of each weight.  [default: 8]"
)
def export(run_folder: Path, out: Path, web: bool, without: Path | None, bits: str | None) -> None:
    """Write the network of a finished run as one ONNX file, prototypes included.

    Its input are images (B, 3, S, S) in [0, 1]; its outputs score_map and image_score.

    With --web, write a folder instead that any web server hands out: whoever opens the page paints
    a defect and sees what the network says. The visitor's browser computes.
    """
    if web:
        return _export_page(run_folder, out, without, int(bits or 8))
    if without or bits:
        raise ValueError("--without and --bits belong to a page: add --web")
    from prn_lib.runs.export import INPUT, OUTPUTS, export_onnx

    path = export_onnx(run_folder, out)
    size = f"{path.stat().st_size / 1e6:.0f} MB"
    click.echo(f"{path}: {size}, input {INPUT!r}, outputs {', '.join(map(repr, OUTPUTS))}")


def _export_page(run_folder: Path, out: Path, without: Path | None, bits: int) -> None:
    from prn_lib.runs import TITLES
    from prn_lib.web import Product, write_page

    (told,) = write_page(out, [Product(run_folder, without)], bits=bits)
    for network in told["networks"].values():
        size = f"{network['bytes'] / 1e6:.1f} MB"
        click.echo(f"{out}: {network['run']}, {size} in {bits} bits a weight")
        for key, (before, after) in network["metrics"].items():
            if before is not None and after is not None:
                click.echo(f"  {TITLES[key]:<12} {before:6.1%} in the record, {after:6.1%} here")
    if told["networks"]["prn"]["threshold"] is None:
        place = shlex.quote(str(run_folder))
        click.echo(f"note: no threshold is stored: {program()} threshold {place} GOOD-PHOTOS")
    images = len(told["pictures"]) + len({name for scale in told["normals"] for name in scale})
    click.echo(f"note: the folder holds {images} pictures of the product; mind who may see them")
    command = f"python -m http.server 8000 --directory {shlex.quote(str(out))}"
    click.echo(f"next: {command}      (then open http://localhost:8000)")
