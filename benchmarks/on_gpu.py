"""Every figure that needs a GPU, in one run of under nine minutes, the most valuable first.

In this order: ten steps against the processor's; the rate of training; the paper's preset on MVTec
AD's bottle, as many of its 700 epochs as time allows; what makes a step fast; the speed of
synthesis and of inference; and with the time that is left, pill. The record is written after each
part. torch and the library are enough: no papermill, no book, no network (see ``pack.py``).
"""

import argparse
import copy
import dataclasses
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from pack import ABOUT, CATEGORIES

from model import matrix_rate, step_flops
from prn_lib.common.devices import pick_device
from prn_lib.common.files import write_text
from prn_lib.common.provenance import commit, hardware_of, provenance
from prn_lib.runs.building import (
    Setup,
    build_synthesizer,
    prepare_training,
    read_category,
    set_up,
)
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.export import export_onnx
from prn_lib.runs.results import RECORD, load_model
from prn_lib.runs.running import deterministic, run
from prn_lib.training.loop import Training, count_steps

SMOKE = {
    "image_size": 128,
    "normals_per_batch": 4,
    "extended_per_batch": 2,
    "simulated_per_batch": 2,
    "max_steps": 10,
}
RESERVE = 40  # seconds of a run that are not training: prototypes, scoring, metrics


def main() -> int:
    """Returns 0, 2 for a wrong request, or 1 if a part failed; the others are on record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, help="a folder made by pack.py; or else:")
    parser.add_argument("--mvtec", type=Path, help="folder that holds bottle/ and pill/")
    parser.add_argument("--textures", type=Path, help="folder of textures (default: generated)")
    parser.add_argument("--weights", default="imagenet", help="ResNet-18's (default 'imagenet')")
    parser.add_argument("--minutes", type=float, default=9, help="for all (default 9)")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--out", type=Path, default=Path("runs/gpu"), help="folder of the records")
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes, generated images")
    options = parser.parse_args()
    try:
        names = options.parts.split(",")
        unknown = sorted(set(names) - set(PARTS))
        if unknown:
            raise ValueError(f"--parts: unknown {unknown[0]!r}; known: {', '.join(PARTS)}")
        bench = Bench(options)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return bench.measure(names)


class Bench:
    """What the parts share: experiments, device, clock, and the record so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Raises ValueError or OSError for what the machine or the request lacks."""
        self.start = time.perf_counter()
        self.deadline = self.start + 60 * options.minutes
        self.device = pick_device()
        self.dry, self.out = options.dry_run, options.out
        if self.device.type != "cuda" and not self.dry:
            raise ValueError("torch sees no GPU: 'prn doctor' tells why; --dry-run tries all parts")
        self.commit, self.experiments = _experiments(options)
        self.side = self.experiments[0].image_size
        self.record: dict[str, Any] = {}
        self.rate: float | None = None  # training steps a second, once it is known
        self.losses: list[float] = []  # of the training that gave it

    def measure(self, names: list[str]) -> int:
        """Do the parts; each goes on record, also if it fails. Returns 1 if one did."""
        clock = {"start": self.start}
        for name in (name for name in PARTS if name in names):
            print(f"== {name}, {self.left:.0f} s left", flush=True)
            if self.device.type == "cuda":
                torch.cuda.reset_peak_memory_stats()
            try:
                made = PARTS[name](self)
            except Exception as error:  # the parts that follow may well work
                made = {"failed": f"{type(error).__name__}: {error}"[:500]}
            if self.device.type == "cuda":
                made["peak_memory_gb"] = torch.cuda.max_memory_allocated() / 1e9
            print(json.dumps(made, indent=1), flush=True)
            self.record[name] = made
            clock[name] = time.perf_counter()
            self.write(clock)
        return int(any("failed" in made for made in self.record.values()))

    def write(self, clock: dict[str, float]) -> None:
        """Write the record so far, named after the card."""
        card = re.sub(r"[^a-z0-9]+", "-", hardware_of(self.device).lower()).strip("-")
        path = self.out / "benchmarks" / f"gpu-{'dry-run' if self.dry else card}.json"
        made = {**provenance(self.device, clock), "commit": self.commit}
        write_text(path, json.dumps({**self.record, "provenance": made}, indent=1) + "\n")

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.perf_counter()

    def now(self) -> float:
        """The time, once the GPU has done what it was asked to do."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    @cached_property
    def setup(self) -> Setup:
        """Images and untrained network of the first experiment."""
        return set_up(self.experiments[0], self.device)

    def training(self, precision: str = "bfloat16") -> Training:
        """A new training of a copy of that network."""
        experiment = dataclasses.replace(self.setup.experiment, precision=precision)
        model = copy.deepcopy(self.setup.model)
        return prepare_training(dataclasses.replace(self.setup, experiment=experiment, model=model))


def _experiments(options: argparse.Namespace) -> tuple[str | None, list[Experiment]]:
    """The commit, and the paper's preset on two categories in bfloat16; what else it takes."""
    if options.dry_run:
        tiny = {"precision": "bfloat16", "max_steps": 5}
        pair = [Experiment.from_preset("smoke", category=c, **tiny) for c in ("button", "grain")]
        return commit(), pair
    root, textures, weights = options.mvtec, options.textures, options.weights
    made_at = commit()
    if options.pack:
        about = json.loads((options.pack / ABOUT).read_text())
        made_at = about["commit"]  # the code was sent with it
        root, textures = options.pack / "mvtec", options.pack / "textures"
        weights = _completed(options.pack / about["weights"])
    if root is None or not root.is_dir():
        raise ValueError(f"--mvtec {root} is no folder: name the one that holds bottle/ and pill/")
    shared = {
        "dataset": "mvtec",
        "data_root": str(root),
        "textures": None if textures is None else str(textures),
        "weights": str(weights),
        "precision": "bfloat16",
    }
    return made_at, [Experiment.from_preset("paper", category=c, **shared) for c in CATEGORIES]


def _completed(path: Path) -> Path:
    """A whole state dict; layers that the file lacks are torchvision's initialization, seed 0."""
    from safetensors.torch import load_file, save_file
    from torchvision.models import resnet18

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = {**resnet18(weights=None).state_dict(), **load_file(path)}
    whole = path.with_name(f"{path.stem}_completed.safetensors")
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, whole)
    return whole


def smoke(bench: Bench) -> dict[str, Any]:
    """The losses of ten steps from the same weights: does the GPU compute what a processor does?"""
    sizes = {"max_steps": 2} if bench.dry else SMOKE
    experiment = dataclasses.replace(bench.experiments[0], precision="float32", **sizes)
    setup = set_up(experiment, "cpu")
    losses: dict[str, list[float]] = {}
    for place, precision in (
        (torch.device("cpu"), "float32"),
        (bench.device, "float32"),
        (bench.device, "bfloat16"),
    ):
        theirs = dataclasses.replace(
            setup,
            experiment=dataclasses.replace(experiment, precision=precision),
            model=copy.deepcopy(setup.model).to(place),
            synthesizer=build_synthesizer(experiment, setup.category, place),
        )
        with deterministic(place):
            losses[f"{place.type} {precision}"] = prepare_training(theirs).run()
    expected = torch.tensor(losses["cpu float32"])
    return {
        "losses": losses,
        "largest_relative_difference": {
            name: ((torch.tensor(each) - expected).abs() / expected).max().item()
            for name, each in losses.items()
        },
    }


def rate(bench: Bench) -> dict[str, Any]:
    """Steps a second as a run trains, beside the card's own rate of matrix products."""
    training = bench.training()
    steps, kind = training.steps, bench.device.type
    measured = timed(bench, training)
    bench.rate, bench.losses = 1 / measured["seconds_a_step"], training.losses
    counted = step_flops(copy.deepcopy(training.model).cpu(), "cpu", bench.side)  # of 4 images
    flops = counted / 4 * training.images_per_batch
    peak = 1e9 * matrix_rate(kind, side=256 if bench.dry else 8192)
    return {
        **measured,
        "steps_of_700_epochs": steps,
        "images_a_step": training.images_per_batch,
        "images_a_second": training.images_per_batch * bench.rate,
        "tflop_a_step": flops / 1e12,
        "matrix_products_tflop_a_second": peak / 1e12,
        "share_of_matrix_products": flops * bench.rate / peak,
        "bound_seconds": steps * flops / peak,
    }


def timed(bench: Bench, training: Training, *, determined: bool = True) -> dict[str, Any]:
    """Seconds a step with its batch and the reading of losses; the first third is not counted.

    ``training`` has had its steps then.
    """
    every, marks = 1 if bench.dry else 10, []
    with deterministic(bench.device) if determined else nullcontext():
        training.steps = 3 * every
        training.run(after_step=lambda _: marks.append(bench.now()), read_every=every)
    return {"seconds_a_step": (marks[-1] - marks[0]) / (2 * every)}


def first(bench: Bench) -> dict[str, Any]:
    """The paper's preset on bottle, whole if there is time."""
    return _train(bench, bench.experiments[0])


def second(bench: Bench) -> dict[str, Any]:
    """And on pill, as long as there is time."""
    return _train(bench, bench.experiments[1])


def _train(bench: Bench, experiment: Experiment) -> dict[str, Any]:
    """A run like all others; one that time cuts is a run with fewer steps (``max_steps``)."""
    normals = len(read_category(experiment).train_normals)
    whole = count_steps(normals, experiment.normals_per_batch, experiment.epochs, None)
    if not bench.dry:
        if bench.rate is None:
            raise ValueError("how many steps fit is not known: do the part 'rate' before")
        steps = int((bench.left - RESERVE) * bench.rate)
        if steps < 100:
            return {"left_out": f"{bench.left:.0f} s are too few"}
        if steps < whole:
            experiment = dataclasses.replace(experiment, max_steps=steps)
    folder = bench.out / experiment.dataset / experiment.category / experiment.run_name
    made = run(experiment, folder, device=bench.device)
    record = json.loads((folder / RECORD).read_text())
    record["provenance"]["commit"] = bench.commit  # a machine may have the files alone
    write_text(folder / RECORD, json.dumps(record, indent=1) + "\n")
    return {
        "run": str(folder.relative_to(bench.out)),
        "steps": len(made.losses),
        "steps_of_700_epochs": whole,
        "seconds": made.provenance["seconds"],
        "metrics": made.metrics,
    }


def step(bench: Bench) -> dict[str, Any]:
    """What makes a step fast or slow: each row changes one thing of what a run does."""
    made: dict[str, Any] = {"float32": timed(bench, bench.training("float32"))}
    made["not deterministic"] = timed(bench, bench.training(), determined=False)
    if bench.device.type == "cuda":
        with patch("prn_lib.training.loop.RecordedStep", lambda step: step):
            training = bench.training()
            made["launched one by one"] = timed(bench, training)
            made["same losses when recorded"] = training.losses == bench.losses
            made["synchronizations"] = _synchronizations(bench.training())
            made["kernels"] = _kernels(bench.training())
    if bench.device.type == "cuda" and bench.left > 180:
        training = bench.training()
        training.model.forward = torch.compile(training.model.forward)
        start = time.perf_counter()
        made["compiled"] = timed(bench, training)
        made["compiled"]["seconds_to_compile"] = time.perf_counter() - start
    return made


def _synchronizations(training: Training) -> str:
    """Where steps and their batches wait for the GPU: nowhere, or the first place."""
    with deterministic(training.device):
        _steps(training, 3)
        torch.cuda.set_sync_debug_mode("error")
        try:
            _steps(training, 3)
        except RuntimeError as error:
            return str(error)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return "none"


def _steps(training: Training, count: int) -> None:
    normals = torch.arange(training.normals_per_batch)
    for number in range(count):
        batch = training.synthesizer.batch(0, number, normals, *training.anomalies_per_batch)
        images, masks = batch
        training.step(images.to(memory_format=torch.channels_last), masks)


def _kernels(training: Training, shown: int = 25) -> list[dict[str, Any]]:
    """The operations that take most of the GPU's time, and their milliseconds a step."""
    steps = 3
    with deterministic(training.device):
        _steps(training, 3)
        with torch.profiler.profile() as profile:
            _steps(training, steps)
            torch.cuda.synchronize()
    rows = [event for event in profile.key_averages() if event.self_device_time_total > 0]
    rows.sort(key=lambda event: -event.self_device_time_total)
    return [
        {
            "operation": event.key[:120],
            "calls": event.count / steps,
            "milliseconds": event.self_device_time_total / 1e3 / steps,
        }
        for event in rows[:shown]
    ]


def synthesis(bench: Bench) -> dict[str, Any]:
    """Anomalies a second: batches of a training step, made alone."""
    setup, made = bench.setup, {}
    for place in dict.fromkeys([bench.device.type, "cpu"]):
        synthesizer = build_synthesizer(setup.experiment, setup.category, place)
        nothing = torch.empty(0, dtype=torch.int64)
        batches = 2 if bench.dry else {"cuda": 40, "cpu": 4}[place]
        with deterministic(torch.device(place)):
            synthesizer.batch(0, 0, nothing, 16, 16)
            start = bench.now()
            for number in range(batches):
                synthesizer.batch(1, number, nothing, 16, 16)
            made[f"{place}_anomalies_a_second"] = 32 * batches / (bench.now() - start)
    return made


def inference(bench: Bench) -> dict[str, Any]:
    """Seconds an image of the network, one at a time and 32; ONNX on the processor."""
    setup = bench.setup
    folder = bench.out / bench.record.get("first", {}).get("run", "")
    trained = (folder / RECORD).is_file()
    model = load_model(folder, bench.device) if trained else setup.model.eval()
    made: dict[str, Any] = {}
    for count in (1, 32):
        images = setup.synthesizer.normals[:count].float() / 255
        for precision in ("float32", "bfloat16"):
            mixed = torch.autocast(
                bench.device.type, torch.bfloat16, enabled=precision == "bfloat16"
            )

            def work(images: torch.Tensor = images, mixed: Any = mixed) -> None:
                with torch.inference_mode(), mixed:
                    model(images).sigmoid()

            made[f"{precision}, batch {count}"] = _median(bench, work) / len(images)
    if trained and bench.left > 90:
        made |= _onnx(bench, folder, setup.synthesizer.normals)
    return made


def _onnx(bench: Bench, folder: Path, normals: torch.Tensor) -> dict[str, float]:
    import onnxruntime

    with tempfile.TemporaryDirectory() as place:
        file = export_onnx(folder, Path(place, "prn.onnx"))
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    made = {}
    for count in (1, 32):
        images = (normals[:count].float() / 255).cpu().numpy()
        name = f"ONNX on the processor, batch {count}"
        made[name] = _median(bench, lambda x=images: session.run(None, {"images": x}), 3) / count
    return made


def _median(bench: Bench, work: Callable[[], Any], rounds: int = 20) -> float:
    seconds = []
    for _ in range(3 if bench.dry else rounds + 3):
        start = bench.now()
        work()
        seconds.append(bench.now() - start)
    return sorted(seconds[-rounds:])[len(seconds[-rounds:]) // 2]


PARTS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "smoke": smoke,
    "rate": rate,
    "first": first,
    "step": step,
    "synthesis": synthesis,
    "inference": inference,
    "second": second,
}


if __name__ == "__main__":
    sys.exit(main())
