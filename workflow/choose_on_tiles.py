"""Why does PRN lose on the magnetic tiles? Changes tried on half of the tiles.

The tiles are divided in two halves, ``choose`` and ``judge``, in the dataset's own layout; tiles
with a defect and tiles without are divided apart, and no tile is in both. Every candidate is
trained and scored on the first half, and those of ``--judged`` on the other, which chose nothing.
``results/choices/tiles.json`` keeps all of them, not only the best.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import choosing
from prn_lib.common.files import whole_folder
from prn_lib.common.paths import project_folder
from prn_lib.datasets.layouts import magnetic_tile
from prn_lib.datasets.sample import GOOD, Sample
from prn_lib.runs.results import load_result
from prn_lib.studies.kinds import by_kind

CHOOSE, JUDGE = "choose", "judge"
CANDIDATES: dict[str, dict[str, Any]] = {
    "PRN": {},
    "nearest patch": {"method": "nearest_patch"},
    "no prototypes": {"use_prototypes": False},
    "a fifth of the prototypes": {"prototype_ratio": 0.02},
    "every normal a prototype": {"prototype_ratio": 1.0},
    "apart": {"prototypes_apart": True},
    "apart, three times the prototypes": {"prototypes_apart": True, "prototype_ratio": 0.3},
    "apart, every normal a prototype": {"prototypes_apart": True, "prototype_ratio": 1.0},
    "four times the steps": {"max_steps": 1280},
    "batches of 16": {
        "normals_per_batch": 8, "extended_per_batch": 4, "simulated_per_batch": 4,
    },
    "apart, every normal a prototype, batches of 16": {
        "prototypes_apart": True, "prototype_ratio": 1.0,
        "normals_per_batch": 8, "extended_per_batch": 4, "simulated_per_batch": 4,
    },
    "extended anomalies alone": {"heterologous": False, "homologous": False},
    "simulated anomalies alone": {"extended": False},
}  # fmt: skip


def main() -> int:
    """Trains what is not there yet, two at once with a thread each; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", required=True, type=Path, help="folder that holds MT_Free")
    parser.add_argument("--seeds", type=int, default=2, help="on the first half")
    parser.add_argument("--judged", nargs="*", default=[], choices=CANDIDATES, metavar="CANDIDATE")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--halves", type=Path, default=project_folder() / "data" / "tile-halves")
    options = parser.parse_args()
    if not options.halves.exists():
        write_halves(options.root, options.halves)
    work = [(n, CHOOSE, s) for s in range(options.seeds) for n in CANDIDATES]
    work += [(n, JUDGE, s) for s in range(3) for n in options.judged]
    with ThreadPoolExecutor(options.jobs) as pool:
        made = list(pool.map(lambda one: _train(options.halves, *one), work))
    choosing.keep("tiles.json", made, list(CANDIDATES))
    return 0


def write_halves(root: Path, out: Path) -> None:
    """Copy the tiles below ``root`` to two folders in ``out``."""
    samples = magnetic_tile.scan(root, magnetic_tile.POOLED).samples
    chosen = half_of_groups(samples, seed=0)
    with whole_folder(out) as draft:
        for sample in samples:
            half = CHOOSE if sample.group in chosen else JUDGE
            folder = draft / half / sample.image.parent.relative_to(root)
            folder.mkdir(parents=True, exist_ok=True)
            for path in (sample.image, sample.image.with_suffix(".png")):  # normals have masks too
                shutil.copyfile(path, folder / path.name)


def half_of_groups(samples: Sequence[Sample], seed: int) -> set[str]:
    """Half of the groups with an anomaly and half of those without, drawn at random."""
    with_anomaly = {str(sample.group): False for sample in samples}
    with_anomaly |= {str(sample.group): True for sample in samples if sample.defect != GOOD}
    generator = np.random.default_rng(seed)
    chosen: set[str] = set()
    for kind in (False, True):
        groups = sorted(group for group in with_anomaly if with_anomaly[group] == kind)
        chosen |= {str(g) for g in generator.permutation(groups)[: len(groups) // 2]}
    return chosen


def _train(halves: Path, name: str, half: str, seed: int) -> dict[str, Any]:
    folder = name.replace(" ", "-").replace(",", "")
    place = project_folder() / "runs" / "choices" / "tiles" / folder
    where = ["--dataset", "magnetic_tile", "--category", "all", "--data-root", str(halves / half)]
    run = place / f"{half}-seed{seed}"
    made = choosing.train(run, seed, CANDIDATES[name], where)
    kinds = by_kind(load_result(run)).round(2).to_dict(orient="index") if half == JUDGE else {}
    return {"candidate": name, "half": half, **made, "kinds": kinds}


if __name__ == "__main__":
    sys.exit(main())
