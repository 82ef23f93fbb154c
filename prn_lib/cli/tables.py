"""``prn tables``: the batch that makes every run which a table of the paper needs."""

from collections.abc import Callable
from typing import Any

import click

from prn_lib.cli.group import Group, preset, settings

_OPTIONS = [
    click.option("--dataset", metavar="NAME", help="In place of the paper's datasets."),
    click.option(
        "--root",
        "--data-root",
        "data_root",
        metavar="FOLDER",
        help="Of the images, or of folders named as the datasets.",
    ),
    click.option("--categories", metavar="A,B", help="[default: all]"),
    preset,
    click.option("--seeds", metavar="0,1,2", help="[default: 0,1,2]"),
    settings,
    click.option("--overrides", metavar="JSON", help="Many such options as one JSON object."),
    click.option("--tensorboard", metavar="FOLDER", help="Write curves of every training."),
]
_jobs = click.option(
    "--jobs",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Runs at once.  [default: one a GPU, or 1]",
)


def _request(command: Callable[..., Any]) -> Callable[..., Any]:
    """The targets and options that say what is wanted."""
    for option in reversed([click.argument("targets", nargs=-1, metavar="[TARGET]..."), *_OPTIONS]):
        command = option(command)
    return command


@click.group(cls=Group)
def tables() -> None:
    """The paper's tables: plan their runs, make them, watch them.

    A TARGET is table1 to table10, readings, figure6, figure8, reproduce or all (the default).
    """


@tables.command("plan")
@_request
@_jobs
def plan_runs(jobs: int, **asked: Any) -> None:
    """Say which runs are missing and how long they should take."""
    from prn_lib.batch.driver import describe

    click.echo(describe(_told(asked), _parallel(jobs), list_all=True))


@tables.command("run")
@_request
@_jobs
@click.option("--profile", metavar="FOLDER", help="Of Snakemake, such as workflow/profiles/slurm.")
def run_all(jobs: int, profile: str | None, **asked: Any) -> int:
    """Make the runs that are missing; finished ones are kept.

    A batch that was stopped goes on when the same command is given again. The exit status is 1 if
    a run failed; the others are made all the same.
    """
    from prn_lib.batch.driver import start

    return start(_told(asked), _parallel(jobs), jobs, profile)


@tables.command("status")
@_request
@_jobs
def status(jobs: int, **asked: Any) -> None:
    """How a batch stands: done, running, failed, time left.

    Without a TARGET it is the last one that was started here.
    """
    from prn_lib.batch.driver import describe, last_request

    told = _told(asked) if asked["targets"] else last_request()
    click.echo(describe(told, _parallel(jobs), list_all=False))


def _told(asked: dict[str, Any]) -> dict[str, Any]:
    """The request as JSON; paths are made absolute, since notebooks run elsewhere."""
    from prn_lib.batch.request import absolute, absolute_overrides
    from prn_lib.runs.option_words import read_options

    given, words = (
        absolute_overrides(asked.pop("overrides") or {}),
        read_options(asked.pop("words")),
    )
    twice = sorted(set(given) & set(words))
    if twice:
        raise ValueError(f"option {twice[0]} is given by --set and in --overrides; leave one out")
    overrides = absolute_overrides({**given, **words})
    paths = {name: absolute(asked.pop(name)) for name in ("data_root", "tensorboard")}
    asked["targets"] = list(asked["targets"])
    told = {**asked, **paths, "overrides": overrides}
    return {name: value for name, value in told.items() if value}


def _parallel(jobs: int) -> int:
    import torch

    return jobs or max(1, torch.cuda.device_count())
