"""What the commands share: their order, failures of one line, an argument and some options."""

import shlex
import shutil
import sys
from pathlib import Path

import click


class Group(click.Group):
    """Commands in the order in which they were added, which is that of the work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Not by the alphabet."""
        return list(self.commands)


class Failed(click.ClickException):
    """The request was right, and yet it could not be done: exit status 1."""

    exit_code = 1


def program() -> str:
    """The command as it can be pasted: ``prn``, or its path where the shell does not know it."""
    return "prn" if shutil.which("prn") else shlex.quote(str(Path(sys.executable).with_name("prn")))


run_folder = click.argument("run_folder", metavar="RUN", type=Path)
data_root = click.option(
    "--root",
    "--data-root",
    "data_root",
    metavar="FOLDER",
    help="Folder of its images.  [default: data/ and the dataset's name]",
)
preset = click.option(
    "--preset",
    metavar="NAME",
    help="paper, narrow, quick (minutes) or smoke (seconds).  [default: paper, but for mini quick]",
)
settings = click.option(
    "--set",
    "words",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change an option of the preset, such as --set max_steps=50; repeatable.",
)
device = click.option(
    "--device", metavar="NAME", help="cpu, cuda or cuda:1.  [default: a GPU if there is one]"
)
