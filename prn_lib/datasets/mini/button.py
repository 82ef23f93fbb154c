"""``button``: a turned button with four holes before a plain background, and five defects."""

from dataclasses import dataclass, replace

import numpy as np

from prn_lib.datasets.mini.canvas import SIZE, blob, disc, grid, smooth_noise, wandering_line


@dataclass(frozen=True)
class Button:
    """One button as it lies under the camera."""

    centre: tuple[float, float]
    radius: float
    angle: float
    colour: np.ndarray  # (3,)
    marble: np.ndarray  # (SIZE, SIZE), the material's clouds
    paper: np.ndarray  # (SIZE, SIZE), the background's roughness
    open_holes: tuple[bool, ...] = (True, True, True, True)

    def hole(self, i: int) -> np.ndarray:
        """The i-th hole as a bool mask."""
        turn = self.angle + i * np.pi / 2
        y = self.centre[0] + 0.27 * self.radius * np.sin(turn)
        x = self.centre[1] + 0.27 * self.radius * np.cos(turn)
        return disc((y, x), 0.11 * self.radius)

    def background(self) -> np.ndarray:
        """What lies behind the button, ``(SIZE, SIZE, 3)``."""
        return np.array([0.83, 0.84, 0.82]) * (1 + 0.02 * self.paper[..., None])

    def render(self) -> np.ndarray:
        """The image ``(SIZE, SIZE, 3)`` in [0, 1]."""
        y, x = grid()
        distance = np.hypot(y - self.centre[0], x - self.centre[1]) / self.radius
        rings = 0.03 * np.sin(90 * distance)
        rim = 0.20 * np.exp(-(((distance - 0.86) / 0.05) ** 2))
        groove = -0.22 * np.exp(-(((distance - 0.70) / 0.03) ** 2))
        shade = 1 + rings + rim + groove + 0.07 * self.marble
        image = np.clip(self.colour * shade[..., None], 0, 1)
        through = distance > 1
        for i, is_open in enumerate(self.open_holes):
            if is_open:
                through |= self.hole(i)
        return np.where(through[..., None], self.background(), image)


def draw(rng: np.random.Generator) -> Button:
    """A new good button: its place and turn vary a little, its shade and clouds more."""
    return Button(
        centre=tuple(SIZE / 2 + rng.uniform(-4, 4, 2)),
        radius=rng.uniform(94, 97),
        angle=np.pi / 4 + rng.uniform(-0.12, 0.12),
        colour=np.array([0.46, 0.27, 0.20]) + rng.normal(0, 0.02, 3),
        marble=smooth_noise(rng, 7),
        paper=smooth_noise(rng, 1.0),
    )


def _on_button(
    button: Button, rng: np.random.Generator, inner: float, outer: float
) -> tuple[float, float]:
    """A point (y, x) between two fractions of the radius."""
    angle = rng.uniform(0, 2 * np.pi)
    distance = button.radius * np.sqrt(rng.uniform(inner**2, outer**2))
    return (
        button.centre[0] + distance * np.sin(angle),
        button.centre[1] + distance * np.cos(angle),
    )


def _body(button: Button) -> np.ndarray:
    body = disc(button.centre, button.radius)
    for i in range(4):
        body &= ~button.hole(i)
    return body


def chip(button: Button, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A piece broken out of the rim."""
    lost = blob(rng, _on_button(button, rng, 0.93, 1.0), rng.uniform(10, 24)) & _body(button)
    return button.background(), lost


def crack(button: Button, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A crack from the rim inwards: thin and long."""
    start = _on_button(button, rng, 0.95, 0.99)
    inwards = np.arctan2(button.centre[0] - start[0], button.centre[1] - start[1])
    line = wandering_line(
        rng, start, inwards + rng.normal(0, 0.3), rng.uniform(40, 110), int(rng.integers(3, 6)), 0.3
    )
    return button.render() * 0.55, line & _body(button)


def blocked_hole(button: Button, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A hole that was never drilled: nothing foreign, something absent."""
    i = int(rng.integers(4))
    holes = tuple(k != i for k in range(4))
    return replace(button, open_holes=holes).render(), button.hole(i)


def spots(button: Button, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Splashes of paint: several and small."""
    image, mask = button.render(), np.zeros((SIZE, SIZE), bool)
    colour = rng.uniform(0.55, 0.8, 3)
    for _ in range(rng.integers(3, 10)):
        drop = disc(_on_button(button, rng, 0, 0.9), rng.uniform(2.5, 6.0)) & _body(button)
        image[drop] = 0.3 * image[drop] + 0.7 * colour
        mask |= drop
    return image, mask


def bruise(button: Button, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A scorched area: large, with a low contrast."""
    area = blob(rng, _on_button(button, rng, 0.2, 0.7), rng.uniform(20, 38)) & _body(button)
    return button.render() * np.array([0.70, 0.74, 0.80]), area


DEFECTS = (chip, crack, blocked_hole, spots, bruise)
LIGHT = 0.18
NOISE = 0.010
