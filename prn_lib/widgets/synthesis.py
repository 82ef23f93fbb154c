"""Sliders over anomaly synthesis: each function is one experiment that a reader can make."""

import ipywidgets
import numpy as np
import torch

from prn_lib.datasets.foregrounds import estimate_foreground
from prn_lib.synthesis import Synthesizer, simulated
from prn_lib.synthesis.augment import COLOURS, aug1, operation_at
from prn_lib.synthesis.blend import blend
from prn_lib.synthesis.extended import move_images, move_regions
from prn_lib.synthesis.perlin import perlin_noise
from prn_lib.synthesis.simulated import rotate_noise
from prn_lib.synthesis.target_area import GEOMETRIES, RADIUS, fill_convex, random_outlines
from prn_lib.synthesis.warp import source_maps
from prn_lib.widgets.explore import Controls, explore
from prn_lib.widgets.pictures import outlined, side_by_side

SIDE = 160  # of the pictures of noise, in pixels


def explore_noise() -> ipywidgets.VBox:
    """Perlin noise against its periods along y and x."""

    def render(rows: int, columns: int, seed: int) -> np.ndarray:
        return side_by_side(perlin_noise((SIDE, SIDE), [(rows, columns)], _generator(seed))[0])

    powers = {str(2**k): 2**k for k in range(simulated.MAX_LOG_PERIODS + 1)}
    controls = {"periods along y": powers, "periods along x": powers}
    alt = "Perlin noise in grey: finer with more periods, streaks where they differ"
    return explore(render, controls, alt=alt, width=320)


def explore_octaves() -> ipywidgets.VBox:
    """A sum of noises: each twice as fine as the last, and half as strong."""

    def render(octaves: int, seed: int) -> np.ndarray:
        generator = _generator(seed)
        layers = [perlin_noise((SIDE, SIDE), [(2**k,) * 2], generator)[0] for k in range(1, 7)]
        return side_by_side(sum(layer / 2**k for k, layer in enumerate(layers[:octaves])))

    controls = {"octaves": {str(n): n for n in range(1, 7)}}
    alt = "A sum of Perlin noises in grey: soft hills, rougher with each octave"
    return explore(render, controls, alt=alt, width=320)


def explore_noise_mask() -> ipywidgets.VBox:
    """Rotated noise, and the mask that a threshold makes of it."""

    def render(degrees: int, threshold: float, seed: int) -> np.ndarray:
        noise = perlin_noise((SIDE, SIDE), [(4, 8)], _generator(seed))[:, None]
        turned = rotate_noise(noise, torch.tensor([float(degrees)]))[0, 0]
        return side_by_side(turned, turned > threshold)

    angles = {f"{a} degrees": a for a in range(-90, 91, 30)}
    thresholds = {f"{t / 10:.1f}": t / 10 for t in range(1, 10)}
    alt = "Noise on the left; on the right in white where it is above the threshold"
    return explore(render, {"rotation": angles, "threshold": thresholds}, alt=alt)


def explore_opacity(synthesizer: Synthesizer, kind: str) -> ipywidgets.VBox:
    """A simulated anomaly of ``kind``, the largest of eight, against beta, with source and mask."""

    def render(beta: float, seed: int) -> np.ndarray:
        made = synthesizer.make([kind] * 8, _generator(seed))
        k = int(made.masks.sum((1, 2, 3)).argmax())
        stages, mask = made.render(k, k + 1), made.masks[k : k + 1]
        image = blend(stages.normals, stages.pasted, mask, beta)[0]
        return side_by_side(stages.sources[0], mask[0, 0], image)

    betas = {f"{b / 10:.1f}": b / 10 for b in range(11)}
    alt = f"The source of a {kind} anomaly, its mask, and the anomaly on a normal image"
    return explore(render, {"beta": betas}, alt=alt, width=660, start={"beta": "0.1"})


def explore_colours(image: torch.Tensor) -> ipywidgets.VBox:
    """Aug1 on ``image`` ``(3, H, W)`` in [0, 1]: any two operations, each of middle strength."""

    def render(first: str, second: str, seed: int) -> np.ndarray:
        share = torch.rand((), generator=_generator(seed)).item() if seed else 0.5
        pair = operation_at(first, share), operation_at(second, share)
        return side_by_side(image, aug1(image[None], [pair])[0])

    names = {name: name for name in COLOURS}
    alt = "An image, and the same with its colours changed by two operations"
    controls = {"first operation": names, "second operation": names}
    start = {"first operation": "gamma", "second operation": "invert"}
    return explore(render, controls, alt=alt, start=start)


def explore_extension(
    normal: torch.Tensor, seen: torch.Tensor, region: torch.Tensor
) -> ipywidgets.VBox:
    """Turn and shift a seen region over a round target area in the middle of a normal image.

    ``normal`` N and ``seen`` ``(3, H, W)`` in [0, 1], ``region`` ``(1, H, W)`` bool.
    """
    side = normal.shape[-1]
    centre = torch.tensor([side / 2, side / 2])
    outline = random_outlines(["circle"], torch.tensor([[0.25]]), _generator(0))
    circle = fill_convex(side * outline + centre, (side, side))

    def render(degrees: int, shift: float, beta: float, seed: int) -> np.ndarray:
        transforms = torch.tensor([[degrees, 0, 0, shift * side, 0]], dtype=torch.float32)
        maps = source_maps(transforms, (side, side))
        moved = move_regions(region[None], maps)
        source = move_images(seen[None], maps)
        image = blend(normal[None], source, moved & circle, beta)[0]
        pasted = torch.where(moved[0], source[0], 0.85)
        return side_by_side(outlined(pasted, circle[0]), outlined(image, circle[0]))

    controls: Controls = {
        "rotation": {f"{a} degrees": a for a in range(-45, 46, 15)},
        "shift along x": {f"{s:.2f}": s for s in (-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)},
        "beta": {f"{b:.1f}": b for b in (0.0, 0.4, 0.8)},
    }
    alt = (
        "On the left the moved region, on the right the extended anomaly; the target area, a "
        "circle, is outlined in both"
    )
    return explore(render, controls, alt=alt, start={"beta": "0.0"})


def explore_target_areas(image: torch.Tensor, foreground: torch.Tensor) -> ipywidgets.VBox:
    """Target areas on ``image`` ``(3, H, W)``, cut to ``foreground`` ``(1, H, W)`` bool or not."""
    side = image.shape[-1]

    def render(geometry: str, radius: float, on_object: bool, seed: int) -> np.ndarray:
        centre = torch.tensor([0.4 * side, 0.35 * side])
        outline = random_outlines([geometry], torch.tensor([[radius]]), _generator(seed))
        area = fill_convex(side * outline + centre, (side, side))[0]
        area = area & foreground if on_object else area
        return side_by_side(torch.where(area, image, 0.35 * image))

    low, high = RADIUS
    controls = {
        "geometry": {name: name for name in GEOMETRIES},
        "radius": {f"{r:.2f}": r for r in np.linspace(low, high, 6).tolist()},
        "cut to": {"nothing": False, "the object": True},
    }
    return explore(render, controls, alt="An image, bright inside the target area", width=320)


def explore_foreground(image: torch.Tensor) -> ipywidgets.VBox:
    """The foreground of ``image`` ``(3, H, W)`` uint8 against the tolerance."""

    def render(tolerance: int | None, seed: int) -> np.ndarray:
        mask = estimate_foreground(image, tolerance=tolerance)
        return side_by_side(outlined(image / 255, mask), mask[0])

    tolerances: dict[str, int | None] = {
        str(t): t for t in (5, 10, 20, 40, 60, 80, 100, 120, 140, 160)
    }
    tolerances["by Otsu"] = None
    alt = "An object with its estimated foreground outlined, and that foreground in white"
    return explore(render, {"tolerance": tolerances}, alt=alt)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
