"""The command itself: its groups, and how errors are told."""

import io
import os
import sys
from collections.abc import Sequence

import click

from prn_lib._version import __version__
from prn_lib.cli.data import data
from prn_lib.cli.doctor import doctor
from prn_lib.cli.foregrounds import foregrounds
from prn_lib.cli.group import Group
from prn_lib.cli.inspect import predict, threshold
from prn_lib.cli.report import report
from prn_lib.cli.runs import export, run_one
from prn_lib.cli.tables import tables

SHELLS = {
    "bash": 'eval "$(_PRN_COMPLETE=bash_source prn)"',
    "zsh": 'eval "$(_PRN_COMPLETE=zsh_source prn)"',
    "fish": "_PRN_COMPLETE=fish_source prn | source",
}


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="prn")
@click.option("--traceback", is_flag=True, help="Show where an error came from, for a bug report.")
def prn(traceback: bool) -> None:
    """Prototypical Residual Networks (CVPR 2023): train, judge and use them.

    Start with 'prn run --category button': it trains on the embedded images in a minute or two.
    """


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
def completion(shell: str) -> None:
    """Print the line that completes words of 'prn' in your shell.

    Add it to ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.
    """
    click.echo(SHELLS[shell])


_IN_ORDER = (
    data,
    foregrounds,
    run_one,
    threshold,
    predict,
    export,
    report,
    tables,
    doctor,
    completion,
)
for command in _IN_ORDER:
    prn.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status. Errors are one line on the standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):  # names of files may hold bytes that are no text
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_MININTERVAL", "30")  # seconds between two lines of a log
    try:
        return prn.main(words, prog_name="prn", standalone_mode=False) or 0
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "prn"
        return _told(f"{error.format_message().rstrip('.')}; see '{where} --help'", 2)
    except click.ClickException as error:
        return _told(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nstopped; give the same command again to go on", err=True)
        return 130
    except (ValueError, OSError, ImportError) as error:
        if "--traceback" in words:
            raise
        return _told(str(error), 2)


def _told(message: str, status: int) -> int:
    click.echo(f"{click.style('error:', fg='red')} {' '.join(message.split())}", err=True)
    return status
