"""What a batch has to run: every (dataset, category, variant, seed) of the wanted tables, once."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from prn_lib.batch.request import ALL, FIGURES, Request
from prn_lib.common.checks import check_choice
from prn_lib.datasets import categories, find_dataset, find_root
from prn_lib.paper.variants import TARGETS, VARIANTS, goes_with, make_experiment
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.option_words import usual_preset
from prn_lib.runs.results import category_name, default_folder


@dataclass(frozen=True)
class Job:
    """One run of the batch: an experiment and the name of the variant that it is."""

    experiment: Experiment
    variant: str

    @cached_property
    def folder(self) -> Path:
        """Where the run's record goes."""
        return default_folder(self.experiment)

    @property
    def name(self) -> str:
        """``<dataset>/<category>/<run>``, as below ``runs/``."""
        return "/".join(self.folder.parts[-3:])

    def parameters(self, tensorboard: str | None = None) -> dict[str, Any]:
        """What ``book/reproduce.ipynb`` is given; ``tensorboard`` is a folder for all runs."""
        e = self.experiment
        named = ("dataset", "category", "data_root", "preset", "seed")
        return {
            **{name: getattr(e, name) for name in named},
            "overrides": e.changed,
            "tensorboard": tensorboard and f"{tensorboard}/{self.name}",
        }


def plan(request: Request) -> list[Job]:
    """The jobs of a request, each run once, in the order of the targets.

    Seeds come before variants, so that a batch that is stopped early has whole tables of fewer
    seeds. A variant that does not go with the preset, as layer 4 of another encoder than the
    paper's, has no job. Raises ValueError or FileNotFoundError, in one line, for what is not there.
    """
    wanted = [TARGETS[name] for name in wanted_tables(request)]
    jobs: dict[Path, Job] = {}
    places: dict[str, tuple[str | None, list[str]]] = {}
    if "figure8" in request.targets:  # needs images and no run
        for dataset in _datasets(request, TARGETS["table1"].datasets):
            places[dataset] = _place(request, dataset)
    for seed in request.seeds:
        for target in wanted:
            for dataset in _datasets(request, target.datasets):
                if dataset not in places:
                    places[dataset] = _place(request, dataset)
                for variant in target.variants:
                    for job in _jobs(request, dataset, *places[dataset], variant, seed):
                        jobs.setdefault(job.folder, job)
    return list(jobs.values())


def left_out(request: Request) -> list[str]:
    """What of the request has no job since options do not go together, a line each."""
    return [
        f"left out: {VARIANTS[variant].title} on {dataset}, which preset {preset} does not allow"
        for target in (TARGETS[name] for name in wanted_tables(request))
        for dataset in _datasets(request, target.datasets)
        for variant in target.variants
        for preset in [request.preset or usual_preset(dataset)]
        if _template(request, variant, preset) is None
    ]


def wanted_tables(request: Request) -> list[str]:
    """The wanted names in ``TARGETS``: ``all`` is every table, ``figure6`` needs Table 1's runs."""
    for name in request.targets:
        check_choice("target", name, (*TARGETS, *FIGURES, ALL))
    tables = [name for name in TARGETS if name.startswith("table")]
    names = tables if ALL in request.targets else list(request.targets)
    names = ["table1" if name == "figure6" else name for name in names]
    return [name for name in names if name in TARGETS]


def _datasets(request: Request, usual: Sequence[str]) -> Sequence[str]:
    return [request.dataset] if request.dataset else usual


def _place(request: Request, dataset: str) -> tuple[str | None, list[str]]:
    """The folder of a dataset and the categories wanted of it."""
    known = find_dataset(dataset)
    root = request.data_root
    if root is not None and (Path(root) / dataset).is_dir():
        root = str(Path(root) / dataset)
    there = categories(dataset, root)
    if request.categories:
        unknown = set(request.categories) - {*there, *known.by_name_only}
        if unknown:
            raise ValueError(
                f"unknown category of {dataset} {min(unknown)!r}; known: {', '.join(there)}. "
                "Where a table has several datasets, name one with its categories (--dataset)"
            )
        there = list(request.categories)
    return root if root is None else str(find_root(known, root)), there


def _jobs(
    request: Request, dataset: str, root: str | None, names: list[str], variant: str, seed: int
) -> list[Job]:
    preset = request.preset or usual_preset(dataset)
    template = _template(request, variant, preset)
    if template is None:
        return []
    return [
        Job(replace(template, dataset=dataset, category=name, data_root=root, seed=seed), variant)
        for name in names
    ]


def _template(request: Request, variant: str, preset: str) -> Experiment | None:
    """The variant's options in the preset, or None if they do not go together."""
    try:
        return make_experiment(variant, preset, request.overrides)
    except ValueError:
        if goes_with(variant, preset):
            raise  # the request's own fault
        return None


class Finder:
    """Finds the job behind a folder ``runs/<dataset>/<category>/<run>`` of a request."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._variants: dict[str, dict[str, Job]] = {}  # dataset -> run -> any such job

    def find(self, dataset: str, category: str, run: str) -> Job:
        """Raises ValueError if no variant and seed of the request has a run of that name."""
        if dataset not in self._variants:
            self._variants[dataset] = self._every_variant(dataset)
        if run not in self._variants[dataset]:
            seeds = list(self.request.seeds)
            raise ValueError(f"no variant with the seeds {seeds} makes a run named {run!r}")
        job = self._variants[dataset][run]
        experiment = replace(job.experiment, category=category_name(category))
        return replace(job, experiment=experiment)

    def _every_variant(self, dataset: str) -> dict[str, Job]:
        """By the run's name; variants that the overrides do not go with are passed over."""
        root, names = _place(self.request, dataset)
        found = {}
        for variant in VARIANTS:
            for seed in self.request.seeds:
                with suppress(ValueError):
                    for job in _jobs(self.request, dataset, root, names[:1], variant, seed):
                        found[job.experiment.run_name] = job
        return found
