"""The batch: every run that the wanted tables need, through Snakemake and papermill.

Finished runs are kept; a stopped or killed batch goes on when the same command is given again.
A run that fails is tried once more, does not stop the others, and is named at the end with its
cause and a remedy. The exit status is 0 if all is done, 1 if something failed, 2 if the request
itself is wrong.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

if not sys.stderr.isatty():
    os.environ.setdefault("TQDM_MININTERVAL", "30")  # seconds between two lines of a log

import torch
from filelock import FileLock, Timeout
from tqdm import tqdm

from causes import unexplained
from prn_lib.files import write_text
from prn_lib.paths import project_folder
from prn_lib.plan import FIGURES, Job, Request, plan, wanted_tables
from prn_lib.results import load_result
from prn_lib.summaries import results_table
from prn_lib.tables import all_runs, compare, row_labels
from prn_lib.variants import TARGETS, variant_of
from processes import end_with_parent
from runfiles import absolute, beside, notebook_of, read_request, state_of
from survey import estimates_here, survey

PROJECT = project_folder()
BATCH = PROJECT / "runs" / ".batch"
REQUEST, LOG, LOCK = BATCH / "request.json", BATCH / "snakemake.log", BATCH / "lock"
POLL = 2.0  # seconds


def main() -> int:
    """Runs, plans (``--dry-run``) or surveys (``--status``) a batch; returns the exit status."""
    options = _options()
    try:
        told = _told(options)
        request = read_request(told)
        jobs = plan(request)
        if options.dry_run or options.status:
            print(survey(jobs, estimates_here(), options.parallel, list_all=options.dry_run))
            return 0
        BATCH.mkdir(parents=True, exist_ok=True)
        with FileLock(LOCK, timeout=0):
            return _run(jobs, request, told, options)
    except Timeout:
        print("error: another batch is running here; wait, or stop it", file=sys.stderr)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
    return 2


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", help=f"{', '.join((*TARGETS, *FIGURES))}, all")
    parser.add_argument("--dataset", help="in place of the paper's datasets")
    parser.add_argument("--data-root", help="folder of the images, or of folders named as datasets")
    parser.add_argument("--categories", help="comma-separated; default all")
    parser.add_argument("--preset", help="paper, quick or smoke; default paper, but mini: quick")
    parser.add_argument("--seeds", help="comma-separated; default 0,1,2")
    parser.add_argument("--overrides", help="JSON, such as '{\"max_steps\": 50}'")
    parser.add_argument("--tensorboard", help="folder for TensorBoard events")
    parser.add_argument("--jobs", type=int, default=0, help="runs at once; default one a GPU, or 1")
    parser.add_argument("--profile", help="a Snakemake profile, such as workflow/profiles/slurm")
    parser.add_argument("--dry-run", action="store_true", help="say what would run, and how long")
    parser.add_argument("--status", action="store_true", help="say how the last batch stands")
    options = parser.parse_args()
    options.parallel = options.jobs or max(1, torch.cuda.device_count())
    return options


def _told(options: argparse.Namespace) -> dict[str, Any]:
    """The request as JSON; ``--status`` without targets asks for the last one."""
    if options.status and not options.targets:
        if not REQUEST.is_file():
            raise ValueError("no batch has been started here; 'make reproduce' starts one")
        return json.loads(REQUEST.read_text())
    names = ("targets", "dataset", "categories", "preset", "seeds", "overrides")
    told = {name: getattr(options, name) for name in names if getattr(options, name)}
    paths = {name: absolute(getattr(options, name)) for name in ("data_root", "tensorboard")}
    return {**told, **{name: path for name, path in paths.items() if path}}


def _run(
    jobs: list[Job], request: Request, told: dict[str, Any], options: argparse.Namespace
) -> int:
    threads = max(1, (os.cpu_count() or 1) // options.parallel)
    write_text(REQUEST, json.dumps({**told, "threads": threads}, indent=1) + "\n")
    if options.profile:
        where = ["--profile", options.profile]
        where += ["--jobs", str(options.jobs)] if options.jobs else []
    else:
        where = ["--cores", str(options.parallel * threads)]
    start = time.time()
    status = _snakemake(list(request.targets), where, jobs, on_cluster=bool(options.profile))
    try:
        _report(request, jobs)
    except (ValueError, OSError) as error:
        print(f"error: no table could be made: {error}", file=sys.stderr)
        status = status or 1
    failures = [line for job in jobs if (line := _failure(job, start))]
    for line in failures:
        print(f"FAILED {line}", file=sys.stderr)
    if status != 0 and not failures:
        told = [line for line in LOG.read_text().splitlines() if "rror" in line][-1:]
        print(f"error: something else failed: {' '.join(told)}; read {LOG}", file=sys.stderr)
    return 1 if status != 0 or failures else 0


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
            raise SystemExit("\nstopped; start again with the same command to go on") from None


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
    settings = dict.fromkeys((job.experiment.dataset, job.experiment.preset) for job in jobs)
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


if __name__ == "__main__":
    sys.exit(main())
