"""How long planning takes: every table on a simulated inventory of the paper's 29 categories.

The inventory is one of folders: planning looks for categories and reads no image. Planned are the
paper's own tables, and all 17 variants on all categories, with three seeds; then with more seeds,
to see how the time grows. Snakemake plans the same tables again, in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from prn_lib.batch.estimates import ASSUMED_SPEED, Estimates
from prn_lib.batch.plan import Job, Request, plan
from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder
from prn_lib.common.provenance import provenance
from prn_lib.datasets import DATASETS

ABLATIONS = ("table4", "table5", "table6", "table7")  # together they need every variant
PAPER = ("mvtec", "dagm", "btad", "ksdd2")


def main() -> None:
    """Prints figures; ``--record`` keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder))
        record: dict[str, Any] = {
            "assumed_operations_a_second": ASSUMED_SPEED,
            "paper's tables": _measure(lambda: plan(Request(data_root=folder))),
            "all variants": [
                _measure(lambda n=n: _everything(folder, range(n))) for n in (3, 6, 12, 24)
            ],
            "snakemake": _snakemake(folder),
        }
    clock = {"start": start, "all": time.perf_counter()}
    record["provenance"] = provenance(torch.device("cpu"), clock)
    print(json.dumps(record, indent=1))
    if options.record:
        write_text(options.record, json.dumps(record, indent=1) + "\n")


def simulate(root: Path) -> None:
    """The folders by which the paper's 29 categories are known."""
    inside = {"mvtec": "train/good", "dagm": "Train", "btad": "train/ok"}
    for dataset, folder in inside.items():
        for category in DATASETS[dataset].published:
            (root / dataset / category / folder).mkdir(parents=True)
    (root / "ksdd2/train").mkdir(parents=True)
    (root / "ksdd2/train/10000.png").touch()
    (root / "ksdd2/train/10000_GT.png").touch()


def _measure(plan_jobs: Callable[[], list[Job]]) -> dict[str, Any]:
    start = time.perf_counter()
    jobs = plan_jobs()
    estimates = Estimates([], "a GPU", on_gpu=True)
    seconds = [estimates.seconds(job) or 0.0 for job in jobs]
    took = time.perf_counter() - start
    return {"runs": len(jobs), "gpu_hours": sum(seconds) / 3600, "planning_seconds": took}


def _everything(root: str, seeds: Sequence[int]) -> list[Job]:
    """All variants on all categories, not the paper's tables alone."""
    return [
        job
        for dataset in PAPER
        for job in plan(Request(ABLATIONS, dataset=dataset, data_root=root, seeds=seeds))
    ]


def _snakemake(root: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "snakemake", "all", "--dry-run", "--quiet", "--cores", "1"]
    start = time.perf_counter()
    subprocess.run(
        [*command, "--snakefile", "workflow/Snakefile", "--config", f"data_root={root}"],
        cwd=project_folder(), check=True, capture_output=True,
    )  # fmt: skip
    return {"targets": "all", "planning_seconds": time.perf_counter() - start}


if __name__ == "__main__":
    main()
