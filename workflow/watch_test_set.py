"""Make the records of ``results/watched/``: what choosing the checkpoint on the test set gains.

Trains every mini category with the ``quick`` preset at 64 x 64 pixels, which takes minutes, for
each seed, and judges the test set on the way. A record that is there already is kept, so that a
stopped batch goes on where it ended.
"""

import argparse
import sys

from prn_lib.common.paths import project_folder
from prn_lib.datasets import categories
from prn_lib.runs.experiment import Experiment
from prn_lib.studies.selection import watch

SIDE = 64  # pixels


def main() -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--every", type=int, default=20, help="steps between two looks")
    options = parser.parse_args()
    for seed in options.seeds:
        for category in categories("mini"):
            path = project_folder() / "results" / "watched" / f"mini-{category}-seed{seed}.json"
            if not path.is_file():
                experiment = Experiment.from_preset(
                    "quick", category=category, seed=seed, image_size=SIDE
                )
                watch(experiment, options.every).save(path)
            print(path.relative_to(project_folder()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
