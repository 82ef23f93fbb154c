"""The batch: every run that the wanted tables need, through Snakemake and papermill.

Finished runs are kept; a stopped or killed batch goes on when it is started again. A run that fails
is tried once more, does not stop the others, and is named at the end with its cause and a remedy.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from filelock import FileLock, Timeout

from prn_lib.batch.causes import unexplained
from prn_lib.batch.plan import Job, left_out, plan, wanted_tables
from prn_lib.batch.request import Request, read_request
from prn_lib.batch.state import beside, notebook_of, state_of
from prn_lib.batch.survey import estimates_here, survey
from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder
from prn_lib.common.processes import end_with_parent
from prn_lib.common.progress import tqdm
from prn_lib.paper.comparison import compare, row_labels
from prn_lib.paper.records import all_runs
from prn_lib.paper.variants import setting_of, variant_of
from prn_lib.runs.results import load_result
from prn_lib.runs.running import load_finished
from prn_lib.runs.summaries import results_table

PROJECT = project_folder()
BATCH = PROJECT / "runs" / ".batch"
REQUEST, LOG, LOCK = BATCH / "request.json", BATCH / "snakemake.log", BATCH / "lock"
POLL = 2.0  # seconds


def last_request() -> dict[str, Any]:
    """What the last batch was asked for. ValueError if none has been started here."""
    if not REQUEST.is_file():
        raise ValueError("no batch has been started here; 'prn tables run' starts one")
    return json.loads(REQUEST.read_text())


def describe(told: Mapping[str, Any], parallel: int, *, list_all: bool) -> str:
    """How the runs of a request stand and how long the rest should take, in words.

    Raises ValueError or OSError, in one line, for a request that cannot be met.
    """
    request = read_request(told)
    standing = survey(plan(request), estimates_here(), parallel, list_all=list_all)
    return "\n".join([*left_out(request), standing])


def start(told: Mapping[str, Any], parallel: int, jobs: int, profile: str | None) -> int:
    """Make the runs of a request, ``parallel`` at once; on a cluster ``jobs``, by its ``profile``.

    Prints the tables and the failures. Returns 0, or 1 if something failed. Raises ValueError or
    OSError, in one line, for a request that cannot be met, or if another batch is running.
    """
    _check_project()
    request = read_request(told)
    wanted = plan(request)
    BATCH.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(LOCK, timeout=0):
            return _run(wanted, request, told, parallel, jobs, profile)
    except Timeout:
        raise FileExistsError("another batch is running here; wait, or stop it") from None


def _check_project() -> None:
    if not (PROJECT / "workflow" / "Snakefile").is_file():
        raise FileNotFoundError(
            f"{PROJECT} has no workflow/Snakefile: work in a checkout of the project"
        )


def _run(
    wanted: list[Job],
    request: Request,
    told: Mapping[str, Any],
    parallel: int,
    jobs: int,
    profile: str | None,
) -> int:
    threads = max(1, (os.cpu_count() or 1) // parallel)
    write_text(REQUEST, json.dumps({**told, "threads": threads}, indent=1) + "\n")
    if profile:
        where = ["--profile", profile, *(["--jobs", str(jobs)] if jobs else [])]
    else:
        where = ["--cores", str(parallel * threads)]
    start = time.time()
    stale = of_other_files(wanted)
    status = _snakemake(list(request.targets), where, wanted, on_cluster=bool(profile))
    try:
        _report(request, [job for job in wanted if job.name not in stale])
    except (ValueError, OSError) as error:
        print(f"error: no table could be made: {error}", file=sys.stderr)
        status = status or 1
    failures = [line for job in wanted if (line := stale.get(job.name) or _failure(job, start))]
    for line in failures:
        print(f"FAILED {line}", file=sys.stderr)
    if status != 0 and not failures:
        last = [line for line in LOG.read_text().splitlines() if "rror" in line][-1:]
        print(f"error: something else failed: {' '.join(last)}; read {LOG}", file=sys.stderr)
    return 1 if status != 0 or failures else 0


def of_other_files(jobs: list[Job]) -> dict[str, str]:
    """Finished runs, by name, on other files than there are now, or of other options; and why."""
    told = {}
    for job in jobs:
        if notebook_of(job).is_file():
            try:
                load_finished(job.folder, job.experiment)
            except (OSError, ValueError) as error:
                told[job.name] = f"{job.name}: {error}"
    return told


def _snakemake(targets: list[str], where: list[str], jobs: list[Job], *, on_cluster: bool) -> int:
    """Run the targets, a bar counting the finished runs; returns Snakemake's exit status.

    If the batch ends, so does Snakemake: at once, and its runs with it; on a cluster it is
    interrupted, so that it cancels what it has submitted.
    """
    ending = signal.SIGINT if on_cluster else signal.SIGKILL
    command = [
        sys.executable, "-m", "snakemake", *targets, *where,
        "--snakefile", str(PROJECT / "workflow" / "Snakefile"), "--configfile", str(REQUEST),
        "--nolock",  # the batch has its own lock, which goes with its process
    ]  # fmt: skip
    done = sum(notebook_of(job).is_file() for job in jobs)
    bar = tqdm(total=len(jobs), initial=done, desc="batch", unit="run")
    with LOG.open("w") as log, bar:
        child = subprocess.Popen(
            command,
            cwd=PROJECT,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C reaches it once, from here
            preexec_fn=lambda: end_with_parent(ending),
        )
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while (status := child.poll()) is None:
                _show(bar, jobs)
                time.sleep(POLL)
            _show(bar, jobs)
            return status
        except KeyboardInterrupt:
            child.send_signal(ending)
            child.wait()
            raise


def _show(bar: tqdm, jobs: list[Job]) -> None:
    states = [state_of(job) for job in jobs]
    running = [
        f"{job.name} {state.share:.0%}"
        for job, state in zip(jobs, states, strict=True)
        if state.kind == "running"
    ]
    failed = sum(state.kind == "failed" for state in states)
    done = sum(state.kind == "done" for state in states)
    bar.set_postfix_str(
        "; ".join([*([f"{failed} failed"] if failed else []), *running[:4]]), refresh=False
    )
    bar.update(done - bar.n)


def _failure(job: Job, start: float) -> str | None:
    """Cause and remedy of a job that this batch has not finished, in one line."""
    state = state_of(job)
    if state.kind == "done":
        return None
    log = beside(job.folder, ".log")
    if not log.is_file() or log.stat().st_mtime < start:
        return f"{job.name}: it was not started; read {LOG}"
    if state.kind == "failed":
        return f"{job.name}: {state.told}"
    cause, remedy = unexplained(shutil.disk_usage(PROJECT).free)
    return f"{job.name}: {cause}; {remedy}"


def _report(request: Request, jobs: list[Job]) -> None:
    """Print what was wanted as tables: single runs, or means over seeds as in the book."""
    results = [load_result(job.folder) for job in jobs if notebook_of(job).is_file()]
    if not results:
        return
    if list(request.targets) == ["reproduce"]:
        table = results_table(results).to_markdown(index=False, floatfmt=".1f")
        first = results[0].experiment
        path = PROJECT / "runs" / first.dataset / f"{first.preset}.md"
        write_text(path, table + "\n")
        print(f"\n{table}\n\n{results[0].provenance['hardware']}; table also in {path}")
        return
    runs = all_runs(folders=("runs",))
    settings = dict.fromkeys((job.experiment.dataset, setting_of(job.experiment)) for job in jobs)
    for target in wanted_tables(request):
        for dataset, preset in settings:
            compared = compare(target, runs, dataset, preset)
            if compared["seeds"].any():
                labelled = compared.assign(**{target: row_labels(compared)})
                means = labelled.pivot_table("ours", [target, "seeds"], "metric", sort=False)
                table = means.reset_index().to_markdown(index=False, floatfmt=".1f")
                print(f"\n{dataset}, preset {preset}, means over seeds in percent\n{table}")
    own = sum(variant_of(job.experiment) is None for job in jobs)
    if own:
        print(f"\n{own} runs have options of their own, so no table shows them; read their records")
    print("\nthe paper's numbers and the deviations stand in the book: make book")
