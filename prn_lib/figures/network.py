"""Our Fig. 3: the network, drawn from its modules."""

from typing import cast

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from prn_lib.figures.base import Picture, picture
from prn_lib.model import PRN
from prn_lib.model.costs import costs_of_parts, output_shapes
from prn_lib.model.prototypes import Prototypes

FROZEN, FIXED, LEARNT, PLAIN = "#d3e1f5", "#e4daf2", "#fbdfc6", "#f4f4f4"
COLUMNS = {"encoder": 0, "prototypes": 1.75, "fusion": 3.1, "joined": 4.35, "attention": 5.75,
           "fusion again": 7.1, "decoder": 8.4}  # fmt: skip
WIDTH, HEIGHT, STEP = 1.12, 0.72, 1.35


def show_network(model: PRN, image_size: int) -> Picture:
    """Every part of ``model`` and what it gives for an image of ``image_size``, as C x H x W.

    What is left out of the model is left out of the drawing.
    """
    shapes = {
        name: [" x ".join(map(str, shape[1:])) for shape in made]
        for name, made in output_shapes(model, image_size).items()
    }
    millions = costs_of_parts(model, image_size)["trainable"]
    figure, axis = plt.subplots(figsize=(9.6, 5.6), layout="constrained")
    axis.set(xlim=(-0.65, 9.05), ylim=(-4.85, 2.1), aspect="equal")
    axis.axis("off")
    _draw_encoder(axis, model, shapes, image_size)
    for j in range(3):
        _draw_branch(axis, model, j, shapes, millions[f"attention {j + 1}"])
    _draw_fusions(axis, model, millions)
    _draw_decoder(axis, shapes, millions["decoder"])
    for x, colour, meaning in (
        (1.3, FROZEN, "frozen"),
        (2.6, FIXED, "fixed after k-means"),
        (4.7, LEARNT, "trained"),
    ):
        _box(axis, x, -4.65, "", colour, width=0.25, height=0.25)
        axis.text(x + 0.25, -4.65, meaning, va="center", fontsize=7)
    return picture(figure, _describe(model, image_size, millions))


def _draw_encoder(axis: Axes, model: PRN, shapes: dict[str, list[str]], side: int) -> None:
    x = COLUMNS["encoder"]
    _box(axis, x, STEP, f"image\n3 x {side} x {side}", PLAIN)
    for j, shape in enumerate(shapes["encoder"]):
        learns = j == 3 and model.encoder.train_layer4
        _box(
            axis, x, -STEP * j, f"layer {j + 1}: $F_{j + 1}$\n{shape}", LEARNT if learns else FROZEN
        )
        _arrow(axis, (x, -STEP * (j - 1) - HEIGHT / 2), (x, -STEP * j + HEIGHT / 2))


def _draw_branch(
    axis: Axes, model: PRN, j: int, shapes: dict[str, list[str]], millions: float
) -> None:
    """The skip connection of scale ``j`` + 1, from left to right."""
    y, scale = -STEP * j, j + 1
    blocks = len(list(model.attention[j].children()))
    joined, last = shapes["fuse_attended"][j], "encoder"
    if model.has_prototypes:
        count = len(cast(Prototypes, model.prototypes[j]).maps)
        text = f"nearest of {count}\nresidual $D_{scale}$"
        _box(axis, COLUMNS["prototypes"], y - 0.12, text, FIXED, height=0.5)
        _arrow(axis, (WIDTH / 2, y - 0.12), (COLUMNS["prototypes"] - WIDTH / 2, y - 0.12))
        _box(axis, COLUMNS["joined"], y, f"joined $C^*_{scale}$\n{joined}", PLAIN)
        target = COLUMNS["joined"] - WIDTH / 2
        _arrow(axis, (COLUMNS["prototypes"] + WIDTH / 2, y - 0.12), (target, y - 0.12))
        _arrow(axis, (WIDTH / 2, y + 0.26), (target, y + 0.26))
        last = "joined"
    if blocks:
        text = f"attention x {blocks}: $T_{scale}$\n{joined}\n{_told(millions)}"
        _box(axis, COLUMNS["attention"], y, text, LEARNT)
        _arrow(axis, (COLUMNS[last] + WIDTH / 2, y), (COLUMNS["attention"] - WIDTH / 2, y))
        last = "attention"
    _arrow(axis, (COLUMNS[last] + WIDTH / 2, y), (COLUMNS["decoder"] - WIDTH / 2, y))


def _draw_fusions(axis: Axes, model: PRN, millions: dict[str, float]) -> None:
    """Tall boxes: a fusion block takes all scales and gives all scales."""
    before = [millions.get(name, 0) for name in ("fuse features", "fuse residuals")]
    told = "\n+ ".join(_told(m) for m in before if m)
    for column, text in (
        ("fusion", f"fusion\n$F^*$, $D^*$\n{told}" if model.has_prototypes else f"fusion\n{told}"),
        ("fusion again", f"fusion\n$T^*$\n{_told(millions.get('fuse attended', 0))}"),
    ):
        if sum(before):
            _box(axis, COLUMNS[column], -STEP, text, LEARNT, width=0.78, height=2 * STEP + HEIGHT)


def _draw_decoder(axis: Axes, shapes: dict[str, list[str]], millions: float) -> None:
    x = COLUMNS["decoder"]
    _arrow(axis, (WIDTH / 2, -3 * STEP), (x, -3 * STEP), (x, -2 * STEP - HEIGHT / 2))
    axis.text((WIDTH + x) / 2, -3 * STEP + 0.14, "bottleneck $F_4$", ha="center", fontsize=7)
    for k in range(3):
        y = -STEP * (2 - k)
        _box(axis, x, y, f"decoder\n{shapes[f'decoder.blocks.{k}'][0]}", LEARNT)
        _arrow(axis, (x, y + HEIGHT / 2), (x, y + STEP - HEIGHT / 2))
    text = f"up twice: logits\n{shapes['decoder'][0]}"
    _box(axis, x, STEP, text, LEARNT)
    axis.text(x, STEP + 0.5, f"decoder: {_told(millions)}", ha="center", fontsize=7)


def _describe(model: PRN, side: int, millions: dict[str, float]) -> str:
    fused = any(millions.get(name, 0) for name in ("fuse features", "fuse attended"))
    stages = ["the residual to the nearest prototype, joined with the features"] * (
        model.has_prototypes
    )
    stages += ["fusion with the other scales"] * fused
    blocks = len(list(model.attention[0].children()))
    stages += [f"{blocks} attention blocks"] * bool(blocks)
    through = f"through {', '.join(stages)}, " if stages else ""
    trained = ", ".join(f"{name} {_told(m)}" for name, m in millions.items() if m)
    return (
        f"The network for an image of {side} x {side} pixels. On the left the encoder's layers, "
        "one below the other. A branch leads from each of the first three to the right, "
        f"{through}to the decoder, which climbs from layer 4 at the bottom to the logits at the "
        f"top. Trained numbers in millions: {trained}."
    )


def _told(millions: float) -> str:
    return f"{millions:.1f} M" if millions >= 0.95 else f"{millions:.2f} M"


def _box(
    axis: Axes, x: float, y: float, text: str, colour: str, *, width: float = WIDTH,
    height: float = HEIGHT,
) -> None:  # fmt: skip
    corner = (x - width / 2, y - height / 2)
    shape = "round,pad=0,rounding_size=0.08"
    axis.add_patch(
        FancyBboxPatch(corner, width, height, boxstyle=shape, facecolor=colour, edgecolor="0.5")
    )
    axis.text(x, y, text, ha="center", va="center", fontsize=7.2, linespacing=1.35)


def _arrow(axis: Axes, *points: tuple[float, float]) -> None:
    """A line through ``points`` with a head at the last."""
    axis.plot(*zip(*points[:-1], strict=True), color="0.4", linewidth=0.9, zorder=0)
    style = {"arrowstyle": "-|>", "color": "0.4", "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", points[-1], points[-2], arrowprops=style, zorder=0)
