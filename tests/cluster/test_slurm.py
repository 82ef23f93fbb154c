"""The batch on a real SLURM, one of whose jobs is cancelled while it trains.

Only with PRN_SLURM=1 and as root: it installs Debian's SLURM and starts its daemons (slurm.sh).
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
SLURM = Path(__file__).with_name("slurm.sh")
CATEGORIES = ("button", "grain", "weave")  # of the embedded images
MINUTES = 60

pytestmark = pytest.mark.skipif(
    os.environ.get("PRN_SLURM") != "1",
    reason="installs and starts SLURM on this machine; set PRN_SLURM=1 to allow it",
)


@pytest.fixture
def slurm():
    pytest.importorskip("snakemake_executor_plugin_slurm")
    subprocess.run([SLURM, "start"], check=True, timeout=10 * MINUTES)
    yield
    subprocess.run([SLURM, "stop"], check=True, timeout=2 * MINUTES)


@pytest.fixture
def checkout(tmp_path):
    """A project folder of its own, with the profile's numbers fitted to a node of two CPUs."""
    folder = tmp_path / "checkout"
    for name in ("prn_lib", "workflow", "book"):
        ignore = shutil.ignore_patterns("_build", "node_modules", "__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignore)
    shutil.copy(PROJECT / "_toc.yml", folder)
    path = folder / "workflow/profiles/slurm/config.yaml"
    profile = yaml.safe_load(path.read_text())
    profile["set-threads"]["run"] = 1
    profile["default-resources"] |= {"runtime": 10, "mem_mb": 2000}
    profile["slurm-init-seconds-before-status-checks"] = 1
    path.write_text(yaml.safe_dump(profile))
    return folder


@pytest.fixture
def batch(slurm, checkout):
    process = start_batch(checkout)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def start_batch(checkout):
    paths = [str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "prn_lib", "tables", "run", "table1", "--dataset", "mini"),
            *("--preset", "smoke", "--seeds", "0", "--overrides", '{"max_steps": 20}'),
            *("--profile", "workflow/profiles/slurm"),
        ],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def jobs_of(checkout):
    """``{job id: (state, category)}`` of all jobs that were submitted from this folder."""
    command = ["squeue", "--noheader", "--states=all", "--format=%i|%T|%k|%Z"]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [line.split("|") for line in told.splitlines()]
    return {
        number: (state, next(name for name in CATEGORIES if f"_{name}_" in comment))
        for number, state, comment, folder in rows
        if folder == str(checkout)
    }


def wait_for_training(checkout, batch):
    """The category of a run that has begun and is not finished."""
    end = time.monotonic() + 5 * MINUTES
    while time.monotonic() < end and batch.poll() is None:
        for place in checkout.glob("runs/mini/*/*.unfinished"):
            return place.parent.name
        time.sleep(0.1)
    batch.kill()
    pytest.fail(f"no run began to train; the batch printed: {batch.communicate()[0]}")


def test_a_cancelled_job_runs_again_and_the_batch_completes(checkout, batch):
    category = wait_for_training(checkout, batch)
    (job,) = [number for number, (_, name) in jobs_of(checkout).items() if name == category]
    subprocess.run(["scancel", job], check=True)
    printed, _ = batch.communicate(timeout=10 * MINUTES)
    assert batch.returncode == 0, printed
    jobs = jobs_of(checkout)
    assert jobs.pop(job) == ("CANCELLED", category)
    assert sorted(jobs.values()) == [("COMPLETED", name) for name in CATEGORIES]
    runs = checkout / "runs/mini"
    for name in ("result.json", "reproduce.ipynb"):
        assert sorted(path.parts[-3] for path in runs.glob(f"*/*/{name}")) == list(CATEGORIES)
    assert not list(runs.glob("*/*.unfinished"))
    assert not list(runs.glob("*/*.failed.*"))
