"""The model's speed and memory: ``prn_lib.model`` against plain ways.

Prototypes: k-means against scikit-learn's on 209 feature maps of scale 1, the nearest prototype
against the broadcast difference. Network: a training step of 4 images of 256 x 256 against a plain
transcription (``plain_model.py``), each in processes of its own, in turn, so that memory can be
told apart and a busy machine slows all. The library's row "elementwise basic" is the network of the
transcription; the others are other readings of the paper, with other numbers of operations. Then
the share of the machine's rate of matrix products that a step reaches, and seconds an image. A GPU
is measured too where there is one, under autocast in bfloat16, which training does not use yet.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from plain_model import plain_nearest, plain_network
from sklearn.cluster import KMeans
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from prn_lib.common.devices import pick_device
from prn_lib.common.files import write_text
from prn_lib.common.provenance import provenance
from prn_lib.datasets import load_category
from prn_lib.model import PRN, load_encoder
from prn_lib.model.kmeans import cluster, gram_matrix, inertia, lloyd
from prn_lib.model.prototypes import Prototypes, cluster_prototypes
from prn_lib.training.losses import total_loss

SIDE, BATCH, NORMALS, RATIO = 256, 4, 209, 0.1
SHAPES = [(64, 64), (128, 32), (256, 16)]  # channels and side of each scale
NETWORKS = {
    "yardstick": None,
    "elementwise basic": {"embedding": "elementwise", "residual_block": "basic"},
    "basic": {"residual_block": "basic"},
    "bottleneck": {"residual_block": "bottleneck"},
}
STEPS = 5  # of a process; the first two are not counted


def main() -> None:
    """Prints figures and ratios; ``--record`` keeps them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--child", nargs=2, metavar=("NETWORK", "DEVICE"), help="for itself")
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_train(*options.child)))
        return
    device = pick_device().type
    start = time.perf_counter()
    features = _features()
    record = {
        "kmeans": _compare_kmeans(features),
        "nearest": {str(count): _compare_nearest(features, count) for count in (21, 100)},
        "matrix_rate": {kind: matrix_rate(kind) for kind in _kinds(device)},
        "steps": {kind: _compare_networks(kind, options.rounds) for kind in _kinds(device)},
        "seconds_an_image": {kind: _inference(kind) for kind in _kinds(device)},
    }
    _shares(record)
    clock = {"start": start, "all": time.perf_counter()}
    record["provenance"] = provenance(torch.device(device), clock)
    print(json.dumps(record, indent=1))
    if options.record:
        write_text(options.record, json.dumps(record, indent=1) + "\n")


def _kinds(device: str) -> list[str]:
    return ["cpu", *(["cuda"] if device == "cuda" else [])]


def _features() -> torch.Tensor:
    """Scale 1 of the mini normals and their mirror images ``(209, 64, 64, 64)``."""
    category = load_category("mini", "weave")
    images, _ = category.load(category.train_normals, SIDE)
    images = torch.cat([images.flip(axes) for axes in ((), (3,), (2,), (2, 3))])[:NORMALS]
    encoder = load_encoder("resnet18", "random", 0)
    with torch.no_grad():
        maps = [encoder(batch.float() / 255, layers=1)[0] for batch in images.split(16)]
    return torch.cat(maps)


def _compare_kmeans(features: torch.Tensor) -> dict[str, Any]:
    points, count = features.flatten(1), round(RATIO * NORMALS)
    array = points.numpy()
    seconds = {f"ours_{n}_starts": _median(_ours(points, count, n)) for n in (1, 10, 100)}
    for n in (1, 10):
        seconds[f"scikit_learn_{n}_starts"] = _median(_theirs(array, count, n), rounds=3)
    first = torch.randperm(NORMALS, generator=torch.Generator().manual_seed(0))[:count]
    gram = gram_matrix(points)
    labels = lloyd(gram, first, 300)
    reference = KMeans(count, init=array[first.numpy()], n_init=1, max_iter=300, tol=0).fit(array)
    return {
        "maps": list(points.shape),
        "clusters": count,
        "seconds": seconds,
        "extra_mb": _extra(
            lambda: cluster_prototypes(features, ratio=RATIO, iterations=300, seed=0)
        ),
        "same_labels": bool((labels.numpy() == reference.labels_).all()),
        "inertia_differs_by": abs(inertia(gram, labels) / float(reference.inertia_) - 1),
    }


def _ours(points: torch.Tensor, count: int, starts: int) -> Callable[[], Any]:
    return lambda: cluster(points, count, iterations=300, seed=0, starts=starts)


def _theirs(points: Any, count: int, starts: int) -> Callable[[], Any]:
    made = KMeans(count, init="random", n_init=starts, max_iter=300, random_state=0)
    return lambda: made.fit(points)


def _compare_nearest(features: torch.Tensor, count: int) -> dict[str, Any]:
    """Eight noisy maps; the layouts are those that each way likes best."""
    chosen = torch.randperm(NORMALS, generator=torch.Generator().manual_seed(count))[:count]
    maps = features[chosen]
    noise = torch.randn(8, *maps.shape[1:], generator=torch.Generator().manual_seed(1))
    asked = features[:8] + 0.1 * features.std() * noise
    prototypes, last = Prototypes(maps), asked.contiguous(memory_format=torch.channels_last)
    exact = torch.stack([(x.double() - maps).square().sum((1, 2, 3)).argmin() for x in asked])
    plain = _median(lambda: plain_nearest(asked, maps))
    distances = _median(lambda: torch.cdist(asked.flatten(1), maps.flatten(1)).argmin(1))
    ours = _median(lambda: prototypes.nearest(last), rounds=15)
    return {
        "seconds": {"broadcast": plain, "cdist": distances, "ours": ours},
        "ratio": plain / ours,
        "extra_mb": {
            "broadcast": _extra(lambda: plain_nearest(asked, maps)),
            "ours": _extra(lambda: prototypes.nearest(last)),
        },
        "picks_of_double_precision": bool((prototypes.nearest(last) == exact).all()),
    }


def _compare_networks(device: str, rounds: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child"]
    made: dict[str, list[dict[str, float]]] = {name: [] for name in NETWORKS}
    for _ in range(rounds):
        for name in NETWORKS:
            done = subprocess.run([*command, name, device], capture_output=True, text=True)
            if done.returncode:
                raise SystemExit(f"the measurement of {name} failed:\n{done.stderr}")
            made[name].append(json.loads(done.stdout))
    return {
        name: {key: sorted(one[key] for one in runs)[len(runs) // 2] for key in runs[0]}
        for name, runs in made.items()
    }


def _network(name: str, count: int) -> PRN:
    generator = torch.Generator().manual_seed(0)
    maps = [torch.rand(count, c, side, side, generator=generator) for c, side in SHAPES]
    encoder = load_encoder("resnet18", "random", 0)
    options = NETWORKS[name]
    return plain_network(encoder, maps, SIDE) if options is None else PRN(encoder, maps, **options)


def _train(name: str, device: str) -> dict[str, float]:
    """Medians of seconds, the peak of memory above what was there before the network, and FLOPs."""
    before = _resident()
    model = _network(name, round(RATIO * NORMALS)).to(device).train()
    learns = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(learns, lr=1e-4, fused=True)
    layout = torch.contiguous_format if name == "yardstick" else torch.channels_last
    images = torch.rand(BATCH, 3, SIDE, SIDE, device=device).to(memory_format=layout)
    masks = (torch.rand(BATCH, 1, SIDE, SIDE, device=device) > 0.99).float()
    forward, step = [], []
    for _ in range(STEPS):
        start = _now(device)
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            logits = model(images)
        forward.append(_now(device) - start)
        loss = total_loss(logits.float(), masks, weight=5, alpha=0.5, gamma=4)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step.append(_now(device) - start)
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else _resident() - before
    return {
        "forward_seconds": sorted(forward[2:])[1],
        "step_seconds": sorted(step[2:])[1],
        "memory_gb": peak / 1e9,
        "trainable_millions": sum(p.numel() for p in learns) / 1e6,
        "step_gflop": step_flops(model, device) / 1e9,
    }


def step_flops(model: PRN, device: str, side: int = SIDE) -> int:
    """Operations of forward and backward on 4 images, counted in one more step."""
    images = torch.rand(BATCH, 3, side, side, device=device)
    every = sdpa_kernel(SDPBackend.MATH)  # fused kernels are not counted on a processor
    with every, FlopCounterMode(display=False) as counter:
        model(images).sum().backward()
    return counter.get_total_flops()


def matrix_rate(device: str, side: int = 4096) -> float:
    """GFLOP a second of a square matrix product: float32, on a GPU bfloat16."""
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    a, b = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
    repeats = 50 if device == "cuda" else 1

    def work() -> None:
        for _ in range(repeats):
            a @ b
        _now(device)

    return repeats * 2 * side**3 / _median(work) / 1e9


def _inference(device: str) -> dict[str, float]:
    """Seconds an image of the default network: float32 on a processor, bfloat16 on a GPU."""
    model = _network("bottleneck", round(RATIO * NORMALS)).to(device).eval()
    made = {}
    for batch in (1, 32):
        images = torch.rand(batch, 3, SIDE, SIDE, device=device)

        def work(images: torch.Tensor = images) -> None:
            with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
                model(images).sigmoid()
            _now(device)

        with torch.inference_mode():
            made[f"batch_{batch}"] = _median(work, rounds=5) / batch
    return made


def _shares(record: dict[str, Any]) -> None:
    for kind, networks in record["steps"].items():
        for made in networks.values():
            made["gflop_a_second"] = made["step_gflop"] / made["step_seconds"]
            made["share_ofmatrix_rate"] = made["gflop_a_second"] / record["matrix_rate"][kind]


def _median(work: Callable[[], Any], rounds: int = 5) -> float:
    seconds = []
    for _ in range(rounds + 1):  # the first is not counted
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds[1:])[rounds // 2]


def _extra(work: Callable[[], Any]) -> float:
    """The peak of what torch allocates during ``work``, in MB."""
    with torch.profiler.profile(profile_memory=True) as recorded:
        work()
    held = peak = 0
    for event in recorded.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak / 1e6


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def _resident() -> int:
    """The peak of this process's memory in bytes (Linux); ``getrusage`` counts the parent's too."""
    status = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
