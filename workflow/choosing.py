"""What the scripts that choose settings share: a candidate trained and scored, as a row of JSON."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder
from prn_lib.runs.results import load_result

CHOICES = project_folder() / "results" / "choices"


def train(
    folder: Path, seed: int, options: Mapping[str, Any], where: Sequence[str]
) -> dict[str, Any]:
    """Train ``quick`` with ``options`` in ``folder``, with one thread; a finished run is read.

    ``where`` are the words that say which images. Ends the program with the error of a run.
    """
    command = [sys.executable, "-m", "prn_lib", "run", "--preset", "quick", "--seed", str(seed)]
    command += [*where, "--out", str(folder)]
    command += [f"--set={key}={value}" for key, value in options.items()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    result = load_result(folder)
    return {
        "seed": seed,
        "options": dict(options),
        "metrics": result.metrics,
        "seconds": result.provenance["seconds"],
        "date": result.provenance["date"],
        "commit": result.provenance["commit"],
    }


def keep(name: str, rows: Sequence[Mapping[str, Any]], candidates: Sequence[str]) -> None:
    """Write ``rows`` into the choice's file, in the place of what it has of ``candidates``."""
    path = CHOICES / name
    known = json.loads(path.read_text()) if path.is_file() else []
    kept = [row for row in known if row["candidate"] not in candidates]
    write_text(path, json.dumps([*kept, *rows], indent=1) + "\n")
