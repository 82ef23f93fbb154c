"""One run of the batch: ``book/reproduce.ipynb`` with one experiment's parameters.

The executed notebook comes to lie in the run's folder when all of it has worked. If a cell fails,
the notebook up to there, the cause and a remedy are kept beside that folder, and the exit status
is 1. What the run prints goes to ``<run>.log``.
"""

import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prn_lib.common.processes import end_with_parent

end_with_parent()  # before the imports, which take seconds

os.environ["PRN_PROGRESS"] = "text"  # bars go to the log, a line every few seconds
os.environ.setdefault("TQDM_MININTERVAL", "5")

import papermill
from filelock import FileLock, Timeout
from nbclient.exceptions import DeadKernelError

from prn_lib.batch.causes import remedy
from prn_lib.batch.state import NOTEBOOK, beside, is_held
from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder

SOURCE = project_folder() / "book" / NOTEBOOK
POLL = 1.0  # seconds
PATIENCE = 20  # seconds for a process that was killed with its batch to let go of its run


def main() -> int:
    """Takes the executed notebook's path and its parameters as one JSON object.

    Returns 0, or 1 if the run failed.
    """
    folder, parameters = Path(sys.argv[1]).resolve().parent, json.loads(sys.argv[2])
    folder.parent.mkdir(parents=True, exist_ok=True)
    _wait(folder)
    beside(folder, ".failed.json").unlink(missing_ok=True)
    try:
        with beside(folder, ".log").open("w") as log, own_gpu():
            _execute({**parameters, "out_dir": str(folder)}, beside(folder, ".failed.ipynb"), log)
    except papermill.PapermillExecutionError as error:
        return _fail(folder, error.ename, error.evalue)
    except (OSError, ValueError, RuntimeError) as error:
        if isinstance(error, DeadKernelError) or "Kernel died" in str(error):
            return _fail(folder, "Killed", "the process that trained was killed")
        return _fail(folder, type(error).__name__, str(error))
    shutil.move(beside(folder, ".failed.ipynb"), folder / NOTEBOOK)
    return 0


def _execute(parameters: dict[str, Any], notebook: Path, log: Any) -> None:
    papermill.execute_notebook(
        SOURCE,
        notebook,  # stays under this name only if a cell fails
        parameters=parameters,
        progress_bar=False,
        stdout_file=log,
        stderr_file=log,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        cwd=str(SOURCE.parent),
    )


def _fail(folder: Path, name: str, message: str) -> int:
    """Keep the cause where the batch's summary looks for it."""
    cause = " ".join(f"{name}: {message}".split())
    told = {
        "cause": cause,
        "remedy": remedy(name, message, beside(folder, ".failed.ipynb")),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    print(f"failed {'/'.join(folder.parts[-3:])}: {cause}", file=sys.stderr)
    write_text(beside(folder, ".failed.json"), json.dumps(told, indent=1) + "\n")
    return 1


def _wait(folder: Path) -> None:
    """Let an earlier process of this run end; on a cluster it may be a job that goes on."""
    end = time.monotonic() + PATIENCE
    while is_held(folder) and ("SLURM_JOB_ID" in os.environ or time.monotonic() < end):
        time.sleep(0.5)


@contextmanager
def own_gpu() -> Iterator[None]:
    """Show the kernel one of the visible GPUs, which no other run of this project uses meanwhile.

    Waits for one if all are taken. A cluster's choice, and a machine without a GPU, stay as is.
    """
    import torch  # not above: what is wrong with a request should be told at once

    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = shown.split(",") if shown else [str(i) for i in range(torch.cuda.device_count())]
    if not names or "SLURM_JOB_ID" in os.environ:
        yield
        return
    locks = project_folder() / "runs" / ".gpus"
    locks.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        os.environ["CUDA_VISIBLE_DEVICES"] = _take_one(names, locks, stack)
        yield


def _take_one(names: list[str], locks: Path, stack: ExitStack) -> str:
    while True:
        for name in names:
            with suppress(Timeout):
                stack.enter_context(FileLock(locks / f"{socket.gethostname()}-{name}", timeout=0))
                return name
        time.sleep(POLL)


if __name__ == "__main__":
    sys.exit(main())
