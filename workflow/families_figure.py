"""Draw ``book/images/families.png``: what families of anomaly detection learn from."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt

from prn_lib.common.paths import project_folder
from prn_lib.figures.base import picture

NEEDS = ("normal\nimages", "invented\nanomalies", "anomalous\nimages", "outlined\ndefects")
FAMILIES = (  # name, an example, what of NEEDS it learns from
    ("memory of features", "PatchCore, PaDiM", "1000"),
    ("student and teacher", "STFPM, EfficientAD", "1000"),
    ("normalizing flow", "CFLOW", "1000"),
    ("reconstruction", "autoencoders", "1000"),
    ("invented anomalies", "DRAEM, NSA", "1100"),
    ("labels of images", "DevNet, DRA", "1010"),
    ("PRN", "this book", "11hh"),
)
BORROWED = (0, 4)  # the families that PRN takes an idea from
FILL = {"1": "full", "h": "left", "0": "none"}  # needed, used if there is any, not used
WHITE = {"markerfacecoloralt": "white"}
FIRST, STEP = 6.3, 1.3  # where the columns stand
INK, BLUE = "#222222", "#1f5fa8"


def main() -> None:
    """Draws and writes the picture."""
    figure, axis = plt.subplots(figsize=(7.6, 3.9))
    last = len(FAMILIES) - 1
    for row, (name, example, needs) in enumerate(FAMILIES):
        own = row == last
        colour = BLUE if own else INK
        axis.text(0, -row, name, va="center", color=colour, weight="bold" if own else "normal")
        axis.text(3.0, -row, example, va="center", fontsize=8.5, color=colour if own else "#555555")
        for column, needed in enumerate(needs):
            style = {"color": "#cccccc" if needed == "0" else colour, "fillstyle": FILL[needed]}
            axis.plot(FIRST + STEP * column, -row, "o", markersize=10, **style, **WHITE)
    for column, need in enumerate(NEEDS):
        axis.text(FIRST + STEP * column, 0.95, need, ha="center", va="center", fontsize=8.5)
    for row in BORROWED:
        axis.annotate(
            "",
            (-0.12, -last + 0.05),
            (-0.12, -row),
            arrowprops={
                "arrowstyle": "->", "color": BLUE, "lw": 1.4, "connectionstyle": "arc3,rad=0.45",
            },
        )  # fmt: skip
    axis.axhline(-last + 0.5, color="#dddddd", lw=1)
    axis.axhline(0.5, color="#dddddd", lw=1)
    axis.set(xlim=(-1.3, 10.8), ylim=(-last - 0.6, 1.5))
    axis.axis("off")
    told = "; ".join(f"{name}: {needs}" for name, _, needs in FAMILIES)
    shown = picture(figure, f"Families of anomaly detection and what they learn from. {told}.")
    shown.write(project_folder() / "book" / "images" / "families.png", colours=64)


if __name__ == "__main__":
    main()
