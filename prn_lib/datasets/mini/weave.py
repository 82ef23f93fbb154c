"""``weave``: a 2/2 twill of two thread colours, and five ways in which weaving goes wrong."""

from dataclasses import dataclass, replace

import numpy as np

from prn_lib.datasets.mini.canvas import SIZE, blob, disc, grid, position, smooth_noise

THREADS = 64  # more than any image shows


@dataclass(frozen=True)
class Cloth:
    """All that one piece of cloth is made of, so that a defect can weave it again, differently."""

    warp: np.ndarray  # (SIZE, SIZE) warp thread coordinate; its integer part is the thread
    weft: np.ndarray
    warp_colour: np.ndarray  # (THREADS, 3)
    weft_colour: np.ndarray
    fuzz: np.ndarray  # (SIZE, SIZE)
    warp_on_top: np.ndarray  # bool (SIZE, SIZE)

    def render(self) -> np.ndarray:
        """The image ``(SIZE, SIZE, 3)`` in [0, 1]."""
        warp = _thread(self.warp, self.weft, self.warp_colour)
        weft = _thread(self.weft, self.warp, self.weft_colour)
        image = np.where(self.warp_on_top[..., None], warp, weft)
        return np.clip(image * (1 + 0.05 * self.fuzz[..., None]), 0, 1)


def _thread(across: np.ndarray, along: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """A thread is round (bright in its middle) and twisted (fine oblique lines)."""
    profile = 0.55 + 0.45 * np.sin(np.pi * (across % 1))
    twist = 1 + 0.06 * np.sin(2 * np.pi * (2.5 * along + across))
    return colours[np.floor(across).astype(int) % THREADS] * (profile * twist)[..., None]


def draw(rng: np.random.Generator) -> Cloth:
    """A new piece of good cloth: dye, tension, angle and thread width vary."""
    y, x = grid()
    angle = rng.uniform(-0.06, 0.06)
    period = rng.uniform(9.0, 10.5)
    sag = 1.8 * smooth_noise(rng, 40), 1.8 * smooth_noise(rng, 40)
    warp = (x * np.cos(angle) + y * np.sin(angle) + sag[0]) / period + 4 + rng.uniform()
    weft = (y * np.cos(angle) - x * np.sin(angle) + sag[1]) / period + 4 + rng.uniform()
    dye = rng.normal(0, 0.012, 3)
    return Cloth(
        warp=warp,
        weft=weft,
        warp_colour=_dyed(rng, np.array([0.36, 0.44, 0.62]) + dye),
        weft_colour=_dyed(rng, np.array([0.74, 0.70, 0.60]) + dye),
        fuzz=smooth_noise(rng, 0.8),
        warp_on_top=(np.floor(warp) + np.floor(weft)).astype(int) % 4 < 2,
    )


def _dyed(rng: np.random.Generator, colour: np.ndarray) -> np.ndarray:
    return colour * rng.normal(1, 0.05, (THREADS, 1))


def missing_thread(cloth: Cloth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One warp thread is absent over a long stretch: thin and long."""
    start = position(rng, 40)
    thread = np.floor(cloth.warp[int(start[0]), int(start[1])])
    length = rng.uniform(60, 180)
    y = grid()[0]
    gap = (np.floor(cloth.warp) == thread) & (np.abs(y - start[0]) < length / 2)
    bare = replace(cloth, warp_on_top=cloth.warp_on_top & ~gap).render() * 0.72
    return bare, gap


def hole(cloth: Cloth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A torn hole that shows the dark table: compact."""
    torn = blob(rng, position(rng, 30), rng.uniform(6, 15))
    image = np.full((SIZE, SIZE, 3), 0.16) * (1 + 0.1 * cloth.fuzz[..., None])
    return image, torn


def stain(cloth: Cloth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A pale liquid stain: large, with the weave still visible below."""
    wet = blob(rng, position(rng, 60), rng.uniform(26, 52))
    tint = np.array([0.80, 0.76, 0.66]) * rng.uniform(0.96, 1.06)
    return cloth.render() * tint, wet


def knots(cloth: Cloth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Knots in the yarn: many and tiny."""
    image, mask = cloth.render(), np.zeros((SIZE, SIZE), bool)
    for _ in range(rng.integers(4, 12)):
        knot = disc(position(rng, 12), rng.uniform(2.5, 5.0))
        image[knot] = 0.45 * image[knot] + 0.55 * rng.uniform(0.8, 0.95)
        mask |= knot
    return image, mask


def misweave(cloth: Cloth, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A patch in plain weave: the same threads and colours in another order."""
    patch = blob(rng, position(rng, 45), rng.uniform(18, 38))
    plain = (np.floor(cloth.warp) + np.floor(cloth.weft)).astype(int) % 2 == 0
    return replace(cloth, warp_on_top=plain).render(), patch


DEFECTS = (missing_thread, hole, stain, knots, misweave)
LIGHT = 0.25  # lighting gradient across the image
NOISE = 0.012  # sensor noise
