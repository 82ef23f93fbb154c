"""Draw ``book/images/decisions.png``: where PRN is right and PatchCore wrong, and the reverse.

Needs finished runs with their score maps, of the mini categories and seed 0: PRN's and, by
``benchmarks/anomalib_methods.py``, PatchCore's. The six images are not picked by eye: they are the
anomalies whose share of good images above them differs most, three each way.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

from prn_lib.common.paths import project_folder
from prn_lib.datasets.mini import CATEGORIES
from prn_lib.figures import show_decisions
from prn_lib.runs import find_results, read_category
from prn_lib.studies.rivals import NAMES, Pair, outranked, pairs_of

RIVAL = "patchcore"
SHOWN = 3  # each way


def main() -> int:
    """Returns 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=project_folder() / "runs" / "mini")
    options = parser.parse_args()
    pairs = [p for p in pairs_of(find_results(options.runs), RIVAL) if p[0].experiment.seed == 0]
    pairs = [pair for pair in pairs if pair[0].experiment.category in CATEGORIES]
    table = pd.concat([_cases(pair) for pair in pairs], ignore_index=True)
    table["gap"] = table["rival"] - table["PRN"]
    ways = [table.sort_values("gap", ascending=way).head(SHOWN) for way in (False, True)]
    chosen = pd.concat(ways, ignore_index=True)
    made = show_decisions(chosen, NAMES[RIVAL], columns=2 * SHOWN)
    made.smaller().write(project_folder() / "book" / "images" / "decisions.png")
    print(chosen[["category", "name", "defect", "PRN", "rival"]].to_string())
    return 0


def _cases(pair: Pair) -> pd.DataFrame:
    """The anomalies of a pair with what is drawn of them."""
    experiment = pair[0].experiment
    table = outranked(pair).assign(category=experiment.category)
    category = read_category(experiment)
    images, masks = category.load(category.test, experiment.image_size)
    maps = [run.score_maps() for run in pair]
    return table.assign(
        image=[images[i] for i in table["place"]],
        mask=[masks[i] for i in table["place"]],
        maps=[tuple(each[i] for each in maps) for i in table["place"]],
    )


if __name__ == "__main__":
    sys.exit(main())
