"""PRN's network and the plain one of ``plain_model.py``, trained and judged alike: is one better?

Same images, synthesis, batches, steps and metrics; only attention and prototypes are written in
the plain way. The networks take turns, seed by seed, so that a busy machine slows both::

    PYTHONPATH=. python benchmarks/plain_training.py --dataset mvtec --category bottle \\
        --data-root data/mvtec --set encoder=resnet18 --set weights=imagenet \\
        --record results/benchmarks/plain-bottle.json
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import torch
from experiment_words import add_words, experiment_of
from plain_model import plain_network

from prn_lib.common.devices import pick_device
from prn_lib.common.files import write_text
from prn_lib.common.provenance import provenance
from prn_lib.runs.building import Setup, prepare_training, set_up
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.running import deterministic
from prn_lib.runs.scoring import judge

NETWORKS = ("library", "plain")


def main() -> None:
    """Prints a line for each training; ``--record`` keeps all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_words(parser)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    told = parser.parse_args()
    experiment = experiment_of(told)
    if experiment.method != "prn" or not experiment.use_prototypes:
        parser.error("the plain network needs PRN's prototypes: leave method, use_prototypes alone")
    start, device, runs = time.perf_counter(), pick_device(None), []
    for seed in told.seeds:
        for network in NETWORKS:
            runs.append(_run(dataclasses.replace(experiment, seed=seed), network, device))
            print(json.dumps(runs[-1]), flush=True)
    if told.record:
        made = provenance(device, {"start": start, "all": time.perf_counter()})
        kept = {"experiment": dataclasses.asdict(experiment), "runs": runs, "provenance": made}
        write_text(told.record, json.dumps(kept, indent=1) + "\n")


def _run(experiment: Experiment, network: str, device: torch.device) -> dict[str, Any]:
    with deterministic(device):
        setup = set_up(experiment, device)
        if network == "plain":
            setup = _made_plain(setup)
        training = prepare_training(setup)
        start = time.perf_counter()
        training.run()
        trained = time.perf_counter()
        metrics = judge(setup).metrics
        tested = time.perf_counter()
    learns = sum(p.numel() for p in setup.model.parameters() if p.requires_grad)
    return {
        "network": network,
        "seed": experiment.seed,
        "metrics": metrics,
        "seconds": {"train": trained - start, "test": tested - trained},
        "steps": len(training.losses),
        "test_images": len(setup.test_images),
        "trainable_millions": learns / 1e6,
    }


def _made_plain(setup: Setup) -> Setup:
    """With the plain network around the same encoder and prototypes; the seed sets its weights."""
    model, experiment = setup.model, setup.experiment
    maps = [scale.maps for scale in model.prototypes]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(experiment.seed)
        plain = plain_network(model.encoder, maps, experiment.image_size)
    return dataclasses.replace(setup, model=plain.to(model.encoder.mean.device))


if __name__ == "__main__":
    main()
