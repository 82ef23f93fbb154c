"""How the runs of a batch stand, and how long the rest should take, in words."""

from collections import Counter
from contextlib import suppress

import torch

from prn_lib.batch.estimates import ASSUMED_SPEED, Estimates
from prn_lib.batch.plan import Job
from prn_lib.batch.state import State, state_of
from prn_lib.common.devices import pick_device
from prn_lib.common.paths import project_folder
from prn_lib.common.provenance import hardware_of
from prn_lib.paper.variants import VARIANTS
from prn_lib.runs.results import OWN_FIRST, find_results


def estimates_here() -> Estimates:
    """From all runs on record: those of ``results/`` and this machine's own, if they are read."""
    past = []
    for name in OWN_FIRST:
        with suppress(ValueError):  # a record of another version: the reports name it
            past += find_results(project_folder() / name)
    device = pick_device()
    return Estimates(past, hardware_of(device), device.type == "cuda")


def survey(jobs: list[Job], estimates: Estimates, parallel: int, *, list_all: bool) -> str:
    """How many runs are done, running, failed and waiting, and the time left, in words."""
    states = [state_of(job) for job in jobs]
    left = [(j, s) for j, s in zip(jobs, states, strict=True) if s.kind != "done"]
    lines = [
        _line(job, state, estimates.seconds(job))
        for job, state in left
        if list_all or state.kind in ("running", "failed")
    ]
    counts = Counter(state.kind for state in states)
    kinds = ("done", "running", "failed", "waiting")
    lines.append(f"{len(jobs)} runs: " + ", ".join(f"{counts[kind]} {kind}" for kind in kinds))
    return "\n".join([*lines, *_time_left(left, estimates, parallel)])


def _line(job: Job, state: State, seconds: float | None) -> str:
    minutes = "" if seconds is None else f", {seconds / 60:.1f} min"
    share = f" {state.share:.0%}" if state.kind == "running" else ""
    told = f": {state.told}" if state.told else ""
    return f"{state.kind}{share}  {job.name}  ({VARIANTS[job.variant].title}{minutes}){told}"


def _time_left(left: list[tuple[Job, State]], estimates: Estimates, parallel: int) -> list[str]:
    """Hours on this machine as past runs tell, and on a GPU as its speed is assumed."""
    if not left:
        return []
    seconds = [(estimates.seconds(job), 1 - state.share) for job, state in left]
    known = [told * rest for told, rest in seconds if told is not None]
    lines = []
    if estimates.measured:
        at_once = parallel if torch.cuda.is_available() else 1  # a processor's threads are divided
        computing, wait = _duration(sum(known)), _duration(sum(known) / at_once)
        lines.append(f"left: about {computing} of computing, {wait} from now")
    if not (estimates.measured and torch.cuda.is_available()):
        seconds_there = sum(estimates.work(job) or 0.0 for job, _ in left) / ASSUMED_SPEED
        lines.append(
            f"on a GPU at {ASSUMED_SPEED / 1e12:.0f} TFLOP/s (assumed; no run on this "
            f"machine's GPU is on record): {_duration(seconds_there)}"
        )
    lost = sum(estimates.work(job) is None for job, _ in left)
    return lines + ([f"not counted: {lost} runs of categories that cannot be read"] if lost else [])


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
