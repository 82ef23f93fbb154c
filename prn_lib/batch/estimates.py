"""How long a run should take, from the runs that were made before on such hardware.

A run's work is counted in floating-point operations: three forward passes for each image of a
training step and one for each test image. Its time is that work divided by the speed of past runs,
their own work divided by their own time. Runs of the same preset are preferred, since small
networks do not reach the speed of large ones. A run that had a share of a processor's threads is
taken to have left the rest to other runs, as a batch does. ``survey.py`` adds up a whole batch.
"""

import os
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from statistics import median
from typing import Any

import torch

from prn_lib.batch.plan import Job
from prn_lib.datasets import find_dataset
from prn_lib.model import load_encoder
from prn_lib.model.costs import costs
from prn_lib.model.prototypes import SCALES
from prn_lib.runs.building import assemble_model, read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import Result
from prn_lib.training.loop import count_steps

ASSUMED_SPEED = 2e13  # operations a second of a GPU, where no run on one is on record
PASSES = 3  # of a training image: one forward, and a backward pass that counts as two

_OF_THE_NETWORK = (
    "encoder", "image_size", "use_prototypes", "use_attention", "use_fusion", "shared_fusion",
    "attention_blocks", "embedding", "head_width", "residual_block",
)  # fmt: skip


def work(experiment: Experiment, n_normals: int, n_test: int) -> float:
    """Floating-point operations of a run with so many training normals and test images."""
    e = experiment
    steps = count_steps(n_normals, e.normals_per_batch, e.epochs, e.max_steps)
    images = e.normals_per_batch + e.extended_per_batch + e.simulated_per_batch
    options = tuple(getattr(e, name) for name in _OF_THE_NETWORK)
    return _forward(options) * (PASSES * steps * images + n_test)


@lru_cache(maxsize=256)
def _forward(options: tuple[Any, ...]) -> int:
    """Operations of one image in one forward pass; prototypes' own are few and left out."""
    experiment = replace(Experiment(), **dict(zip(_OF_THE_NETWORK, options, strict=True)))
    size = experiment.image_size
    with torch.device("meta"):
        encoder = load_encoder(experiment.encoder, "random")
        widths = encoder.channels[:SCALES]
        maps = [torch.empty(1, c, *[size // 2 ** (j + 2)] * 2) for j, c in enumerate(widths)]
        prototypes = maps if experiment.use_prototypes else None
        model = assemble_model(experiment, encoder, prototypes)
    return costs(model, (1, 3, size, size)).flops


class Estimates:
    """Times of runs on ``hardware``, as records name it; ``past`` are finished runs.

    ``measured`` is False if no past run was made there: then a GPU is assumed to reach
    :data:`ASSUMED_SPEED`, and of a processor nothing is known.
    """

    def __init__(self, past: Iterable[Result], hardware: str, on_gpu: bool) -> None:
        speeds: dict[str, list[float]] = {}
        for result in past:
            if result.provenance["hardware"] == hardware and result.experiment.method == "prn":
                shared = 1.0 if on_gpu else os.cpu_count() / result.provenance["threads"]
                speeds.setdefault(result.experiment.preset, []).append(shared * _speed(result))
        self.speeds = {preset: median(values) for preset, values in speeds.items()}
        self.measured = bool(speeds)
        if not speeds and on_gpu:
            self.speeds = {"": ASSUMED_SPEED}
        self._counts: dict[tuple[str, str, str | None, int], tuple[int, int] | None] = {}

    def work(self, job: Job) -> float | None:
        """Operations of a job, or None if its category cannot be read."""
        counts = self._count(job.experiment)
        return None if counts is None else work(job.experiment, *counts)

    def seconds(self, job: Job) -> float | None:
        """How long a job should take alone on the hardware, or None if that cannot be told."""
        operations = self.work(job)
        if operations is None or not self.speeds:
            return None
        return operations / (self.speeds.get(job.experiment.preset) or median(self.speeds.values()))

    def _count(self, e: Experiment) -> tuple[int, int] | None:
        """Training normals and test images: as published, or counted; None if unreadable."""
        published = find_dataset(e.dataset).published.get(e.category)
        if published is not None:
            tested = published.test_normals + sum(published.anomalies.values()) - e.n_anomalies
            return published.normals, tested
        key = (e.dataset, e.category, e.data_root, e.n_anomalies)
        if key not in self._counts:
            try:
                category = read_category(e)
                self._counts[key] = (len(category.train_normals), len(category.test))
            except (OSError, ValueError):
                self._counts[key] = None
        return self._counts[key]


def _speed(result: Result) -> float:
    """Operations a second that a finished run has reached, reading and judging included."""
    n_normals, n_test = len(result.split["train_normals"]), len(result.split["test"])
    return work(result.experiment, n_normals, n_test) / sum(result.provenance["seconds"].values())
