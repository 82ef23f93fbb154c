"""The command ``prn``: everything that a person does with this project in a terminal.

In come words; out come lines of text and an exit status: 0 if all is well, 1 if something failed or
a person must act, 2 if the request itself is wrong. Nothing heavy is imported before a command
runs, so that help and completion answer at once.
"""

from prn_lib.cli.app import main

__all__ = ["main"]
