"""Anomalies a second: the batches of ``prn_lib.synthesis`` against one-at-a-time NumPy and OpenCV.

Both make the paper's mixture at 256 x 256 from the same images: half extended, a quarter each
heterologous and homologous. Rounds alternate, so that a busy machine slows both; the median of
each and their ratio are printed, with all cores and with one, since most of NumPy uses one only.
The yardstick's noise is float64, as is usual. A GPU is measured too where there is one, with
deterministic algorithms, as in training.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import plain_synthesis as plain
import torch

from prn_lib.common.files import write_text
from prn_lib.common.provenance import provenance
from prn_lib.datasets import load_category
from prn_lib.synthesis import Synthesizer, generated_textures
from prn_lib.synthesis.perlin import perlin_noise
from prn_lib.synthesis.simulated import MAX_LOG_PERIODS

SIDE = 256
EXTENDED = SIMULATED = 16  # a step of the paper
REPEATS = {"cpu": 4, "cuda": 40}  # batches a round, so that all rounds take a while


def main() -> None:
    """Prints rates and ratios; ``--record`` keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    options = parser.parse_args()
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    start = time.perf_counter()
    if "cuda" in devices:
        torch.use_deterministic_algorithms(True, warn_only=True)
    images, record = _images(), {"side": SIDE}
    for threads in sorted({torch.get_num_threads(), 1}, reverse=True):
        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
        print(f"{threads} threads a process")
        record[f"threads_{threads}"] = {
            "anomalies_a_second": _compare(
                "whole anomalies",
                _anomalies_plain(images),
                {device: _anomalies(images, device) for device in devices},
                options.rounds,
            ),
            "perlin_maps_a_second": _compare(
                "Perlin maps", _noise_plain(), {d: _noise(d) for d in devices}, options.rounds
            ),
        }
    clock = {"start": start, "all": time.perf_counter()}
    record["provenance"] = provenance(torch.device(devices[-1]), clock)
    print(record["provenance"]["hardware"])
    if options.record:
        write_text(options.record, json.dumps(record, indent=1) + "\n")


Work = Callable[[int], int]  # a round's number -> how many were made


def _compare(title: str, yardstick: Work, ours: dict[str, Work], rounds: int) -> dict[str, float]:
    works = {"yardstick": yardstick, **ours}
    rates = {name: [] for name in works}
    for turn in range(rounds + 1):  # the first is not counted
        for name, work in works.items():
            start = time.perf_counter()
            count = work(turn)
            rates[name].append(count / (time.perf_counter() - start))
    medians = {name: float(np.median(values[1:])) for name, values in rates.items()}
    print(f"{title}, {SIDE} x {SIDE}")
    for name, rate in medians.items():
        print(f"  {name:10} {rate:9.0f} a second {rate / medians['yardstick']:7.1f} x")
    return medians


def _periods(turn: int) -> np.ndarray:
    return 2 ** np.random.default_rng(turn).integers(0, MAX_LOG_PERIODS + 1, (32, 2))


def _noise_plain() -> Work:
    def work(turn: int) -> int:
        rng = np.random.default_rng(turn)
        for pair in _periods(turn).tolist():
            plain.perlin_noise((SIDE, SIDE), tuple(pair), rng)
        return 32

    return work


def _noise(device: str) -> Work:
    def work(turn: int) -> int:
        generator = torch.Generator().manual_seed(turn)
        for _ in range(REPEATS[device]):
            perlin_noise((SIDE, SIDE), torch.from_numpy(_periods(turn)), generator, device)
        _wait(device)
        return 32 * REPEATS[device]

    return work


def _images() -> dict[str, torch.Tensor]:
    category = load_category("mini", "weave")
    normals, _ = category.load(category.train_normals, SIDE)
    seen, masks = category.load(category.train_anomalies, SIDE)
    textures = generated_textures(64, SIDE, torch.Generator().manual_seed(0))
    return {"normals": normals, "seen_images": seen, "seen_masks": masks, "textures": textures}


def _anomalies(images: dict[str, torch.Tensor], device: str) -> Work:
    synthesizer = Synthesizer(**images, device=device)

    def work(turn: int) -> int:
        for step in range(REPEATS[device]):
            nothing = torch.empty(0, dtype=torch.int64)
            synthesizer.batch(turn, step, nothing, EXTENDED, SIMULATED)
        _wait(device)
        return REPEATS[device] * (EXTENDED + SIMULATED)

    return work


def _anomalies_plain(images: dict[str, torch.Tensor]) -> Work:
    normals, seen, textures = (
        images[name].permute(0, 2, 3, 1).contiguous().numpy()
        for name in ("normals", "seen_images", "textures")
    )
    masks = images["seen_masks"][:, 0].numpy()

    def work(turn: int) -> int:
        rng, made = np.random.default_rng(turn), []
        for _ in range(EXTENDED):
            k = rng.integers(len(seen))
            normal = normals[rng.integers(len(normals))]
            made.append(plain.extended(normal, seen[k], masks[k], rng))
        for _ in range(SIMULATED):
            normal, shuffle = normals[rng.integers(len(normals))], bool(rng.integers(2))
            bank = normals if shuffle else textures
            made.append(plain.simulated(normal, bank[rng.integers(len(bank))], shuffle, rng))
        for parts in zip(*made, strict=True):  # images, masks: a batch, as training needs it
            torch.from_numpy(np.stack(parts))
        return EXTENDED + SIMULATED

    return work


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
