"""Draw ``book/images/<category>.png``: what a finished run on MVTec AD finds, and nearly misses.

Needs the images (``--root``) and the run's score maps. The images shown are not picked by eye: of
each kind the one whose image score is the median, and the anomaly with the lowest score of all.
MVTec AD's licence, CC BY-NC-SA 4.0, holds for the figure.
"""

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from prn_lib.common.paths import project_folder
from prn_lib.datasets import load_category
from prn_lib.datasets.sample import GOOD
from prn_lib.figures.base import CONTOUR, image_grid
from prn_lib.runs.results import load_result

ACROSS = 5  # images in a row


def main() -> int:
    """Returns 0; errors of the loader end it with their message."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--root", required=True, type=Path, help="folder that holds the category")
    options = parser.parse_args()
    result = load_result(options.run)
    e = result.experiment
    category = load_category(e.dataset, e.category, options.root, seed=e.seed)
    shown = chosen(pd.DataFrame(result.scores))
    images, masks = category.load([category.test[i] for i in shown.index], e.image_size)
    maps = result.score_maps()[shown.index]

    figure, axes = image_grid(2 * -(-len(shown) // ACROSS), min(ACROSS, len(shown)))
    for k, (label, score) in enumerate(zip(shown["label"], shown["score"], strict=True)):
        above, below = axes[2 * (k // ACROSS) : 2 * (k // ACROSS) + 2, k % ACROSS]
        above.imshow(images[k].permute(1, 2, 0))
        if masks[k].any():
            above.contour(masks[k, 0], levels=[0.5], colors=CONTOUR, linewidths=0.8)
        above.set_title(label, fontsize=7)
        below.imshow(maps[k].astype(np.float32), vmin=0, vmax=1, cmap="inferno")
        below.set_title(f"score {score:.2f}", fontsize=7)
    for axis in axes.flat:
        axis.set_visible(axis.has_data())
    path = project_folder() / "book" / "images" / f"{e.category}.png"
    figure.savefig(path, dpi=110, facecolor="white")
    plt.close(figure)
    print(shown[["name", "label", "score"]].to_string())
    return 0


def chosen(scores: pd.DataFrame) -> pd.DataFrame:
    """The median image of each kind, normals first, and the anomaly with the lowest score."""
    kinds = [GOOD, *sorted(set(scores["defect"]) - {GOOD})]
    rows = []
    for kind in kinds:
        of = scores[scores["defect"] == kind].sort_values("score")
        rows.append(of.iloc[(len(of) - 1) // 2].rename(of.index[(len(of) - 1) // 2]))
    table = pd.DataFrame(rows).assign(label=[kind.replace("_", " ") for kind in kinds])
    lowest = scores[scores["defect"] != GOOD].nsmallest(1, "score")
    told = "lowest: " + lowest["defect"].str.replace("_", " ")
    return pd.concat([table, lowest.assign(label=told)])


if __name__ == "__main__":
    sys.exit(main())
