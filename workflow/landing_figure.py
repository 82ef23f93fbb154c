"""Draw ``book/images/prn.png`` from the finished quick runs of the mini dataset."""

import matplotlib.pyplot as plt
import numpy as np
import torch

from prn_lib.common.paths import project_folder
from prn_lib.datasets import mini
from prn_lib.runs.building import read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import default_folder, load_model, load_result

DEFECTS = {"weave": "stain", "grain": "smear", "button": "crack"}
TITLES = ("a test image", "residual to the\nnearest prototype", "score map", "ground truth")


@torch.inference_mode()
def panels(category: str) -> list[np.ndarray]:
    """Image, mean residual of scale 1, score map and mask of the first test image of a type."""
    experiment = Experiment.from_preset("quick", category=category)
    folder = default_folder(experiment)
    result, model = load_result(folder), load_model(folder)
    images = read_category(experiment)
    sample = next(s for s in images.test if s.defect == DEFECTS[category])
    image, mask = images.load([sample], experiment.image_size)
    features = model.encoder(image.float() / 255)[0]
    strength = model.prototypes[0](features).mean(1)[0]
    index = [entry["name"] for entry in result.scores].index(sample.name)
    score_map = result.score_maps()[index]
    return [image[0].permute(1, 2, 0).numpy(), strength.numpy(), score_map, mask[0, 0].numpy()]


def main() -> None:
    """One row a category, one column a stage."""
    figure, axes = plt.subplots(3, 4, figsize=(7.6, 6.1), layout="constrained")
    for row, category in zip(axes, mini.CATEGORIES, strict=True):
        image, strength, score_map, mask = panels(category)
        row[0].imshow(image)
        row[1].imshow(strength, cmap="viridis")
        row[2].imshow(score_map, cmap="inferno", vmin=0)
        row[3].imshow(mask, cmap="gray", vmin=0, vmax=1)
        row[0].set_ylabel(f"{category}: {DEFECTS[category]}", fontsize=9)
    for axis, title in zip(axes[0], TITLES, strict=True):
        axis.set_title(title, fontsize=9)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    path = project_folder() / "book" / "images" / "prn.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=130, facecolor="white")
    print(path.relative_to(project_folder()))


if __name__ == "__main__":
    main()
