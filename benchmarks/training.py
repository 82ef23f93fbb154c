"""A training step's speed, and where its time goes: synthesis, encoder, forward, backward, Adam.

The step is the library's own, with a stopwatch around its parts; on a GPU each part is waited for,
so that the whole is also timed without. A processor trains the presets ``quick`` and ``narrow``,
and the paper's network at 256 x 256 with batches of 8; a GPU the paper's batch of 64, in both
precisions, and with ``--full`` all 700 epochs of 209 normals, as many as MVTec's bottle has. Images
are the embedded ones and their mirror images: what they show does not change the time.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from prn_lib.common.devices import pick_device
from prn_lib.common.files import write_text
from prn_lib.common.provenance import provenance
from prn_lib.runs.building import Setup, build_model, prepare_training, read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.synthesis import Synthesizer, generated_textures
from prn_lib.training.loop import Training, count_steps

NORMALS = 209
PAPER = {"weights": "random"}
SMALL = {**PAPER, "normals_per_batch": 4, "extended_per_batch": 2, "simulated_per_batch": 2}
SETTINGS: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "cpu": [
        ("quick", "quick", {}),
        ("narrow", "narrow", {"weights": "random"}),
        ("narrow, bfloat16", "narrow", {"weights": "random", "precision": "bfloat16"}),
        ("paper, batches of 8", "paper", SMALL),
        ("paper, batches of 8, bfloat16", "paper", {**SMALL, "precision": "bfloat16"}),
    ],
    "cuda": [
        ("paper", "paper", PAPER),
        ("paper, bfloat16", "paper", {**PAPER, "precision": "bfloat16"}),
    ],
}
STEPS = {"cpu": 8, "cuda": 60}  # timed; as many again with the stopwatch


def main() -> None:
    """Prints figures; ``--record`` keeps them, ``--full`` trains the paper's preset to its end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all 700 epochs, on a GPU")
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    device = pick_device()
    start = time.perf_counter()
    record: dict[str, Any] = {}
    for name, preset, changes in SETTINGS[device.type]:
        experiment = Experiment.from_preset(preset, **changes)
        record[name] = _measure(experiment, device, options.full)
        print(name, json.dumps(record[name], indent=1))
    clock = {"start": start, "all": time.perf_counter()}
    record["provenance"] = provenance(device, clock)
    if options.record:
        write_text(options.record, json.dumps(record, indent=1) + "\n")


def _measure(experiment: Experiment, device: torch.device, full: bool) -> dict[str, Any]:
    setup = _setup(experiment, device)
    steps = STEPS[device.type]
    training = prepare_training(setup)
    training.steps = 2  # not counted
    training.run()
    seconds = _timed(training, steps, device)
    parts = _watch(training, device)
    _timed(training, steps, device)
    total = sum(parts.values())
    all_steps = count_steps(NORMALS, experiment.normals_per_batch, 700, None)
    measured = {
        "images_a_step": training.images_per_batch,
        "step_seconds": seconds / steps,
        "steps_a_second": steps / seconds,
        "images_a_second": steps * training.images_per_batch / seconds,
        "shares": {name: part / total for name, part in parts.items()},
    }
    if experiment.normals_per_batch == Experiment.normals_per_batch:  # the paper's batch
        measured["minutes_for_700_epochs"] = all_steps * seconds / steps / 60
    if full and device.type == "cuda":
        training = prepare_training(_setup(experiment, device))
        measured["minutes_measured"] = _timed(training, all_steps, device) / 60
    if device.type == "cuda":
        measured["memory_gb"] = torch.cuda.max_memory_allocated() / 1e9
    return measured


def _setup(experiment: Experiment, device: torch.device) -> Setup:
    category = read_category(experiment)
    side = experiment.image_size
    images, _ = category.load(category.train_normals, side)
    normals = torch.cat([images.flip(axes) for axes in ((), (3,), (2,), (2, 3))])[:NORMALS]
    seen, masks = category.load(category.train_anomalies, side)
    textures = generated_textures(50, side, torch.Generator().manual_seed(0))
    synthesizer = Synthesizer(normals, seen, masks, textures, device=device)
    model = build_model(experiment, normals, device)
    return Setup(experiment, category, synthesizer, seen, masks, model)


def _timed(training: Training, steps: int, device: torch.device) -> float:
    training.steps = len(training.losses) + steps
    start = _now(device)
    training.run()
    return _now(device) - start


def _watch(training: Training, device: torch.device) -> dict[str, float]:
    """Put a stopwatch around the parts of a step; returns their seconds, which go on counting."""
    seconds: dict[str, float] = defaultdict(float)
    step = training.step

    def around(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **options: Any) -> Any:
            start = _now(device)
            made = work(*given, **options)
            seconds[name] += _now(device) - start
            return made

        return timed

    def whole(images: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        before = sum(seconds.values())
        start = _now(device)
        told = step(images, masks)
        rest = _now(device) - start - (sum(seconds.values()) - before)
        seconds["loss and backward"] += rest
        return told

    model = training.model
    training.synthesizer.batch = around("synthesis", training.synthesizer.batch)
    model.encoder.forward = around("encoder", model.encoder.forward)
    model.skips = around("residuals, fusion, attention", model.skips)
    model.decoder.forward = around("decoder", model.decoder.forward)
    training.optimizer.step = around("optimizer", training.optimizer.step)
    training.step = whole
    return seconds


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
