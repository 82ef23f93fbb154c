"""Choose on images that no test of the book ever sees.

The mini generator draws a second dataset with another seed. The candidates of a question are
trained and scored there, with two seeds each; ``results/choices/<question>.json`` keeps all of
them, not only the best.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import choosing
from prn_lib.common.paths import project_folder
from prn_lib.datasets.mini import CATEGORIES, ensure

DRAW = 1  # the book's images are draw 0
BEFORE: dict[str, Any] = {  # what the preset was, written out: it may change, these may not
    "encoder": "resnet18", "weights": "random", "schedule": "constant", "learning_rate": 1e-3,
    "head_width": 0.25, "attention_blocks": 1, "image_size": 128, "max_steps": 320,
    "normals_per_batch": 2, "extended_per_batch": 1, "simulated_per_batch": 1,
}  # fmt: skip
REAL = {**BEFORE, "encoder": "efficientnet_lite0", "weights": "imagenet"}
COSINE = {**REAL, "schedule": "cosine"}
OF_8 = {
    **COSINE,
    "normals_per_batch": 4,
    "extended_per_batch": 2,
    "simulated_per_batch": 2,
    "max_steps": 160,
}
QUICK: dict[str, dict[str, Any]] = {
    "as it was": BEFORE,
    "real features": REAL,
    "cosine": COSINE,
    "cosine, rate 2e-3": {**COSINE, "learning_rate": 2e-3},
    "cosine, 160 steps of 8": OF_8,
    "cosine, 160 steps of 8, rate 2e-3": {**OF_8, "learning_rate": 2e-3},
    "cosine, twice the width": {**COSINE, "head_width": 0.5},  # chosen
}
# Are prototypes better made of other normal images than those that are trained on?
APART: dict[str, dict[str, Any]] = {
    "PRN": {},
    "apart": {"prototypes_apart": True},
    "apart, every normal a prototype": {"prototypes_apart": True, "prototype_ratio": 1.0},
}
QUESTIONS = {"quick": QUICK, "apart": APART}


def main() -> int:
    """Trains what is not there yet, two at once with a thread each; returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--question", choices=QUESTIONS, default="quick")
    parser.add_argument("--only", help="one candidate")
    options = parser.parse_args()
    root = ensure(project_folder() / "data" / f"mini-draw{DRAW}", seed=DRAW)
    candidates = QUESTIONS[options.question]
    names = [options.only] if options.only else list(candidates)
    work = [
        (n, candidates[n], c, s) for n in names for s in range(options.seeds) for c in CATEGORIES
    ]
    with ThreadPoolExecutor(options.jobs) as pool:
        made = list(pool.map(lambda one: _train(root, *one), work))
    choosing.keep(f"{options.question}.json", made, names)
    return 0


def _train(
    root: Path, name: str, options: dict[str, Any], category: str, seed: int
) -> dict[str, Any]:
    place = project_folder() / "runs" / "choices" / name.replace(" ", "-").replace(",", "")
    where = ["--category", category, "--data-root", str(root)]
    made = choosing.train(place / f"{category}-seed{seed}", seed, options, where)
    return {"candidate": name, "category": category, **made}


if __name__ == "__main__":
    sys.exit(main())
