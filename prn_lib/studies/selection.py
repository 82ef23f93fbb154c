"""What it does to a result to choose the checkpoint on the test set.

PRN is trained for a fixed number of steps and its last weights are reported. :func:`watch` does
what an honest run never does: it looks at the test set on the way, so that the difference shows.
"""

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from prn_lib.common.files import write_text
from prn_lib.common.provenance import provenance
from prn_lib.evaluation.metrics import METRICS, auroc
from prn_lib.runs.building import prepare_training, set_up
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.scoring import judge


@dataclass(frozen=True)
class Watch:
    """The test metrics of one training, looked at again and again.

    ``metrics[name][i]`` (fractions) and ``image_scores[i]`` (one a test image) belong to the
    network after ``steps[i]`` steps; ``anomalous`` says which test images show a defect.
    """

    experiment: Experiment
    steps: list[int]
    metrics: dict[str, list[float]]
    image_scores: list[list[float]]
    anomalous: list[bool]
    provenance: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write the record as JSON, whole or not at all."""
        write_text(path, json.dumps(dataclasses.asdict(self)) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Watch":
        """Read a saved record. Raises ValueError, naming the file, if it is not one."""
        try:
            record = json.loads(path.read_text())
            return cls(**{**record, "experiment": Experiment(**record["experiment"])})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path} is not a record of a watched training ({error})") from None


def read_watches(folder: Path) -> list[Watch]:
    """The records in ``folder``, by name. Raises FileNotFoundError if there is none."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no record; work in a checkout of the project, or make records with "
            "workflow/watch_test_set.py"
        )
    return [Watch.read(path) for path in paths]


def watch(experiment: Experiment, every: int, device: torch.device | str = "cpu") -> Watch:
    """Train ``experiment`` and judge the test set after each ``every`` steps and at the end.

    The training itself is the one of :func:`~prn_lib.runs.running.run`, to the last bit on a CPU.
    Raises ValueError if ``every`` is less than 1.
    """
    if every < 1:
        raise ValueError(f"every={every} must be 1 or more steps")
    device = torch.device(device)
    clock = {"start": time.perf_counter()}
    setup = set_up(experiment, device)
    looks: list[tuple[int, dict[str, float], list[float]]] = []

    def look(step: int) -> None:
        judgement = judge(setup)
        looks.append((step, judgement.metrics, judgement.image_scores.tolist()))

    training = prepare_training(setup)
    training.run(after_step=look, read_every=every)
    if not looks:
        look(0)
    clock["train and test"] = time.perf_counter()
    return Watch(
        experiment=experiment,
        steps=[step for step, _, _ in looks],
        metrics={name: [metrics[name] for _, metrics, _ in looks] for name in METRICS},
        image_scores=[scores for _, _, scores in looks],
        anomalous=[sample.is_anomaly for sample in setup.category.test],
        provenance=provenance(device, clock),
    )


def last_and_best(watches: Sequence[Watch]) -> pd.DataFrame:
    """One row a category, in percent: each metric of the last weights, and its gain by choosing.

    The gain is the best over all looks minus the last, for each metric by itself, as is done where
    the checkpoint is chosen on the test set. Means over the seeds; the last row is the mean.
    """
    rows = []
    for watched in watches:
        row: dict[str, Any] = {"category": watched.experiment.category}
        for name in METRICS:
            values = 100 * np.array(watched.metrics[name])
            row |= {(name, "last"): values[-1], (name, "gain"): values.max() - values[-1]}
        rows.append(row)
    table = pd.DataFrame(rows).groupby("category").mean()
    table.loc["mean"] = table.mean()
    table.columns = pd.MultiIndex.from_tuples(table.columns)
    return table


def split_choice(watches: Sequence[Watch], rng: np.random.Generator, repeats: int) -> pd.DataFrame:
    """Choose the checkpoint by image AUROC on one half of the test set; what do both halves say?

    The halves are drawn at random ``repeats`` times, normals and anomalies each in two. Returns in
    percent, one row a category: ``claimed`` is the best checkpoint's AUROC on the half that chose
    it, ``true`` that checkpoint's on the other half, ``last`` the last weights' on that other half.
    """
    rows = []
    for watched in watches:
        scores, labels = np.array(watched.image_scores), np.array(watched.anomalous)
        for _ in range(repeats):
            chosen_on = _random_half(labels, rng)
            other = ~chosen_on
            seen = [auroc(labels[chosen_on], look[chosen_on]) for look in scores]
            best = int(np.argmax(seen))
            rows.append(
                {
                    "category": watched.experiment.category,
                    "claimed": 100 * seen[best],
                    "true": 100 * auroc(labels[other], scores[best, other]),
                    "last": 100 * auroc(labels[other], scores[-1, other]),
                }
            )
    table = pd.DataFrame(rows).groupby("category").mean()
    table.loc["mean"] = table.mean()
    return table


def coin_tossers(
    n_normals: int, n_anomalies: int, looks: int, rng: np.random.Generator, repeats: int
) -> np.ndarray:
    """Image AUROC of the best of ``looks`` detectors that toss coins, ``repeats`` times over.

    Every detector gives random scores to ``n_normals`` normal and ``n_anomalies`` anomalous images,
    so what it really knows is worth 0.5. Returns ``(repeats,)`` fractions.
    """
    labels = np.repeat([0, 1], [n_normals, n_anomalies])
    scores = rng.random((repeats, looks, len(labels)))
    return np.array([max(auroc(labels, look) for look in repeat) for repeat in scores])


def _random_half(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask ``(N,)`` over half of the anomalies and half of the normals."""
    half = np.zeros(len(labels), bool)
    for kind in (False, True):
        members = np.flatnonzero(labels == kind)
        half[rng.permutation(members)[: len(members) // 2]] = True
    return half
