"""Run an experiment once: one directory, one record, written whole or not at all.

Until then its state lies beside it in ``<directory>.unfinished``, and a run that was stopped or
killed goes on from there.
"""

import dataclasses
import json
import math
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from prn_lib.common.devices import pick_device
from prn_lib.common.files import whole_folder
from prn_lib.common.provenance import provenance
from prn_lib.common.workplace import place_of, workplace
from prn_lib.datasets import Category, Sample
from prn_lib.runs.building import made_from, prepare_training, read_category, set_up
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import MAPS, RECORD, WEIGHTS, Result, load_result
from prn_lib.runs.scoring import judge
from prn_lib.training.checkpoint import CHECKPOINT_SECONDS, Checkpoint, differences, other_contents
from prn_lib.training.events import Events, check_events
from prn_lib.training.loop import Diverged, Training


def run(
    experiment: Experiment,
    folder: Path | str,
    *,
    device: torch.device | str | None = None,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    tensorboard: Path | str | None = None,
) -> Result:
    """Train, score the test set with the last weights, and write the record to ``folder``.

    A finished folder is read, not computed again. An unfinished run goes on from its last
    checkpoint, written every ``checkpoint_seconds`` and after the last step; on a processor, with
    the same number of threads, it ends bit for bit as one that was never stopped. ``tensorboard``
    names a folder for events, outside of ``folder``.

    Raises FileExistsError if ``folder`` holds a run of another experiment or of other files (what
    differs is named) or files that are no run, if its checkpoint is of another, or if another
    process is computing it; OSError if the disk is full (what was saved is kept); and
    :class:`prn_lib.training.loop.Diverged`, with the batch saved, if a loss is not finite.
    """
    folder = Path(folder).resolve()  # one spelling, one lock
    if tensorboard is not None:
        tensorboard = Path(tensorboard).resolve()
        check_events(tensorboard)
        if tensorboard.is_relative_to(folder):
            raise ValueError(f"tensorboard={tensorboard} lies in the run's own folder {folder}")
    finished = (folder / RECORD).is_file()
    if finished and not place_of(folder).exists():
        return load_finished(folder, experiment)
    if not finished and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{folder} exists and holds no finished run; delete it or choose another folder (--out)"
        )
    device = pick_device(device)
    with workplace(folder, RECORD) as place, deterministic(device):
        if (folder / RECORD).is_file():  # by a process that was killed before it tidied up
            return load_finished(folder, experiment)
        return _compute(experiment, folder, place, device, checkpoint_seconds, tensorboard)


def _compute(
    experiment: Experiment,
    folder: Path,
    place: Path,
    device: torch.device,
    checkpoint_seconds: float,
    tensorboard: Path | None,
) -> Result:
    clock = {"start": time.perf_counter()}
    contents = made_from(experiment, read_category(experiment))  # before anything is read
    setup = set_up(experiment, device)
    category, synthesizer = setup.category, setup.synthesizer
    losses: list[float] = []
    history: dict[str, Any] = {}
    clock["prepare"] = time.perf_counter()
    if synthesizer is not None:
        training = prepare_training(setup)
        checkpoint = Checkpoint(
            place,
            dataclasses.asdict(experiment),
            contents,
            provenance(device, {}),
            checkpoint_seconds,
        )
        checkpoint.resume(training)
        clock["prepare"] = time.perf_counter()
        _train(training, checkpoint, place, tensorboard)
        clock = {mark: at - checkpoint.earlier for mark, at in clock.items()}
        losses, history = training.losses, checkpoint.history(len(training.losses))
    clock["train"] = time.perf_counter()
    judgement = judge(setup)
    clock["test"] = time.perf_counter()
    result = Result(
        experiment=experiment,
        metrics=judgement.metrics,
        scores=score_entries(category, judgement.image_scores),
        losses=losses,
        split=split_names(category),
        notes=[
            *category.notes,
            *_vanished("test", category.test, setup.test_masks.flatten(1).any(1)),
            *(
                _vanished("training", category.train_anomalies, synthesizer.visible)
                if synthesizer
                else ()
            ),
        ],
        provenance={**provenance(device, clock), **history},
        folder=folder,
        contents=contents,
        reading=dataclasses.asdict(category.reading),
    )
    return write_result(result, judgement.score_maps, setup.model.state_dict(), place)


def _train(
    training: Training, checkpoint: Checkpoint, place: Path, tensorboard: Path | None
) -> None:
    """Train to the end with checkpoints on the way; a batch that diverges is saved."""
    with ExitStack() as stack:
        events = stack.enter_context(Events(tensorboard, training)) if tensorboard else None

        def after_step(step: int) -> None:
            if events:
                events.write(step)
            if checkpoint.is_due() and training.has_finite_weights():
                if events:
                    events.flush()
                checkpoint.save(training)

        try:
            training.run(after_step)
        except Diverged as error:
            error.args = (f"{error}, which are {_save_batch(error, place)}",)
            raise
    checkpoint.save(training)


def _save_batch(error: Diverged, place: Path) -> str:
    """Keep what made a training diverge: images, masks, what they are. Returns where, in words."""
    folder = place / f"diverged-step{error.numbers['step']}"
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier try
    told = json.dumps({**error.numbers, "images": error.made_of}, indent=1)
    tensors = {"images": error.images.contiguous().cpu(), "masks": error.masks.cpu()}
    try:
        with whole_folder(folder) as draft:
            save_file(tensors, draft / "batch.safetensors")
            (draft / "batch.json").write_text(told + "\n")
    except (OSError, SafetensorError) as failure:
        return f"lost, for they could not be written ({failure})"
    return f"in {folder}"


def load_finished(folder: Path, experiment: Experiment) -> Result:
    """The record of a finished run, if it is of this experiment on the files that are there now.

    Raises FileExistsError, naming what differs, if it is not.
    """
    result = load_result(folder)
    ours, theirs = dataclasses.asdict(experiment), dataclasses.asdict(result.experiment)
    different = differences(theirs, ours)
    if different:
        raise FileExistsError(
            f"{folder} holds a run of another experiment, which differs in {different}; "
            "choose another folder (--out) or delete that folder"
        )
    if not result.contents:
        raise FileExistsError(
            f"{folder} holds a run of an earlier version, which did not record what its files "
            "held; choose another folder (--out) or delete that folder"
        )
    other = other_contents(result.contents, made_from(experiment, read_category(experiment)))
    if other:
        raise FileExistsError(
            f"{folder} holds a run on other files than {experiment.dataset} has now in "
            f"{experiment.data_root or 'its folder'}; these are not the same: {other}. Choose "
            "another folder (--out) or delete that one"
        )
    return result


def score_entries(category: Category, scores: np.ndarray) -> list[dict[str, Any]]:
    """Image scores ``(N,)`` of the test images, as records have them."""
    return [
        {"name": sample.name, "defect": sample.defect, "score": float(score)}
        for sample, score in zip(category.test, scores, strict=True)
    ]


def split_names(category: Category) -> dict[str, list[str]]:
    """The file names of each part of a split, as records have them."""
    parts = ("train_normals", "train_anomalies", "test", "left_out")
    return {part: [sample.name for sample in getattr(category, part)] for part in parts}


def _vanished(part: str, samples: Sequence[Sample], visible: torch.Tensor) -> list[str]:
    """Say which masks of a part have no pixel left at this image size."""
    names = [
        sample.name
        for sample, has_pixels in zip(samples, visible, strict=True)
        if sample.mask and not has_pixels
    ]
    if not names:
        return []
    return [
        f"{len(names)} {part} masks have no pixel left at this image_size, so their defects "
        f"cannot count: {', '.join(names)}."
    ]


def write_result(
    result: Result,
    score_maps: np.ndarray,
    state: Mapping[str, torch.Tensor],
    place: Path | None = None,
) -> Result:
    """Write a run's three files to ``result.folder``, drafted in ``place`` or beside it.

    ``score_maps`` ``(N, S, S)`` in [0, 1]; ``state`` are the network's tensors, whose size the
    record's provenance gets. Returns what was written. Raises OSError where it could not be.
    """
    state = {name: tensor.contiguous().cpu() for name, tensor in state.items()}
    size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    result = replace(result, provenance={**result.provenance, "model_bytes": size})
    record = {
        field.name: getattr(result, field.name)
        for field in dataclasses.fields(result)
        if field.name not in ("experiment", "folder")
    }
    record = {"experiment": dataclasses.asdict(result.experiment), **record}
    record["metrics"] = {k: None if math.isnan(v) else v for k, v in result.metrics.items()}
    try:
        with whole_folder(result.folder, drafts=place) as draft:
            np.savez_compressed(draft / MAPS, score_maps=score_maps)
            save_file(state, draft / WEIGHTS)
            (draft / RECORD).write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    except (OSError, SafetensorError) as error:
        kept = f": the trained network is kept in {place}" if place else ""
        raise OSError(
            f"{result.folder} could not be written ({error}); mend that, on a full disk by making "
            f"room, and start again{kept}"
        ) from error
    return result


@contextmanager
def deterministic(device: torch.device) -> Iterator[None]:
    """On a GPU, have the same seed give the same result; CPU kernels do so already."""
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    settings: Any = torch.utils.deterministic
    filled = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    settings.fill_uninitialized_memory = False  # nothing reads it
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
        settings.fill_uninitialized_memory = filled
