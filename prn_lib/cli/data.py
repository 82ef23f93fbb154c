"""``prn data``: list, get, check and import datasets."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prn_lib.cli.annotations import import_annotations
from prn_lib.cli.group import Failed, Group, data_root, program

if TYPE_CHECKING:
    from prn_lib.datasets.dataset import Dataset

_dataset = click.option(
    "--dataset", required=True, metavar="NAME", help="Its name, as 'prn data list' has it."
)


@click.group(cls=Group)
def data() -> None:
    """List, get, check and import datasets."""


@data.command("list")
def list_all() -> None:
    """Every dataset: counts, licence, how to get it."""
    from prn_lib.datasets import overview

    told = overview()
    told["licence"] = told["licence"].str.partition(" (")[0]  # 'get' tells it whole
    columns = ["name", "categories", "normals", "anomalies", "licence"]
    click.echo(told[columns].to_string(index=False))
    click.echo("\n'prn data get --dataset NAME' gets one, or says what a person must do.")
    click.echo(
        "A folder of photographs of your own is the dataset 'folder'; 'prn data import' makes"
    )
    click.echo("one of annotations by LabelMe, CVAT and other tools.")


@data.command("check")
@_dataset
@data_root
def check_copy(dataset: str, data_root: str | None) -> int:
    """Read a copy whole and name what is wrong with it.

    The exit status is 1 if something must be mended.
    """
    from prn_lib.datasets import find_dataset, find_root
    from prn_lib.datasets.check import check

    known = find_dataset(dataset)
    place = find_root(known, data_root)
    click.echo(f"{known.title} in {place}")
    report = check(known, place)
    if not report.table.empty:
        click.echo(f"\n{report.table.to_string(index=False)}")
    for title, sentences in (("worth knowing", report.notes), ("TROUBLE", report.troubles)):
        if sentences:
            click.echo("\n".join([f"\n{title}:", *(f"  {sentence}" for sentence in sentences)]))
    count = len(report.troubles)
    if not count:
        click.echo("\nno trouble found")
        if not known.published:
            click.echo(f"next: {_run_words(dataset, place, report.table.iloc[0])}")
        return 0
    click.echo(f"\n{count} {'trouble' if count == 1 else 'troubles'} must be mended before a run")
    return 1


def _run_words(dataset: str, root: Path, product: Mapping[str, object]) -> str:
    """The command that trains on a product of one's own, a row of the check's table."""
    where, name = shlex.quote(str(root)), shlex.quote(str(product["category"]))
    without = "" if product["outlined"] else " --set n_anomalies=0 --set extended=false"
    return (
        f"{program()} run --dataset {dataset} --root {where} --category {name} --preset quick"
        f"{without}\n  (quick is for a processor, a minute; with a GPU paper, an hour)"
    )


@data.command("get")
@_dataset
@data_root
@click.option("--archive", type=Path, metavar="FILE", help="Unpack this file, which you have.")
@click.option("--accept-licence", is_flag=True, help="Do not ask; you have read and accept it.")
def get(dataset: str, data_root: str | None, archive: Path | None, accept_licence: bool) -> int:
    """Download a dataset and unpack it, or say what a person must do."""
    from prn_lib.datasets import find_dataset
    from prn_lib.datasets.archives.download import DownloadError

    known = find_dataset(dataset)
    place = Path(data_root or known.default_root).expanduser()
    try:
        return _get(known, place, archive, accept_licence)
    except DownloadError as error:
        raise Failed(str(error)) from None


def _get(dataset: Dataset, root: Path, given: Path | None, accepted: bool) -> int:
    from prn_lib.datasets.archives.download import DownloadError, download, verify
    from prn_lib.datasets.archives.unpack import unpack

    if root.is_dir() and dataset.categories(root):
        click.echo(f"{dataset.title} is already in {root}; 'prn data check' tells if it is whole")
        return 0
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise DownloadError(f"{root} exists and is not {dataset.title}; choose another --root")
    if given is not None and dataset.archive is None:
        raise ValueError(f"no checksum of an archive of {dataset.key} is known; unpack it by hand")
    _introduce(dataset, root)
    if dataset.generate is not None:
        dataset.generate(root)
    elif dataset.archive is not None and (given is not None or dataset.archive.url is not None):
        if given is None:
            if not (accepted or _accepts()):
                click.echo("nothing was downloaded")
                return 1
            archive = download(dataset.archive, root.parent)
        else:
            archive = given.expanduser()
            verify(dataset.archive, archive)
        unpack(archive, dataset, root)
        if given is None:
            archive.unlink()
    else:
        return _explain(dataset, root)
    click.echo(f"ready in {root}")
    return 0


def _introduce(dataset: Dataset, root: Path) -> None:
    click.echo(dataset.title)
    click.echo(f"  licence   {dataset.licence}")
    if dataset.page:
        click.echo(f"  page      {dataset.page}")
    if dataset.archive is not None:
        click.echo(f"  archive   {dataset.archive.name}, {dataset.archive.size / 1e6:,.0f} MB")
        click.echo(f"  from      {dataset.archive.url or 'that page, by a form'}")
        click.echo(f"  checksum  {dataset.archive.checksum}")
    click.echo(f"  goes to   {root}")


def _accepts() -> bool:
    try:
        return input("Type yes to accept the licence and start: ").strip().lower() == "yes"
    except EOFError:
        click.echo("\nno answer; --accept-licence accepts without being asked")
        return False


def _explain(dataset: Dataset, root: Path) -> int:
    where = shlex.quote(str(root))
    placed = "" if dataset.package else f" --root {where}"
    command = f"{program()} data {{}} --dataset {dataset.key}{placed}"
    steps = [step.format(root=where) for step in dataset.steps]
    if dataset.archive is not None:
        steps.append(f"Run: {command.format('get')} --archive <the downloaded file>")
    steps.append(f"Run: {command.format('check')}")
    click.echo("\nA person must do this:")
    click.echo("\n".join(f"  {number}. {step}" for number, step in enumerate(steps, start=1)))
    return 1


data.add_command(import_annotations)
