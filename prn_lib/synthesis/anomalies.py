"""What was drawn for some anomalies: enough to make their images, and to explain them."""

from dataclasses import dataclass

import torch

from prn_lib.synthesis.augment import Operation, aug1
from prn_lib.synthesis.blend import blend
from prn_lib.synthesis.draws import pick_images
from prn_lib.synthesis.extended import Placements, move_images
from prn_lib.synthesis.simulated import NoiseMasks, shuffle_grids
from prn_lib.synthesis.target_area import TargetAreas

KINDS = ("EA", "HEA", "HOA")


@dataclass(frozen=True)
class Stages:
    """Images on the way to some anomalies, ``(B, 3, H, W)`` float in [0, 1], as in Fig. 5 and 7.

    ``normals`` N; ``sources`` A, after Aug1 (HOA: and the shuffled grid); ``pasted``, what shows
    through the mask: A, for EA moved by Aug2; ``images``, the result: E (Eq. 4) or S (Eq. 6).
    """

    normals: torch.Tensor
    sources: torch.Tensor
    pasted: torch.Tensor
    images: torch.Tensor


@dataclass(frozen=True)
class Anomalies:
    """Anomalies, sorted EA, HEA, HOA, with all that was drawn for them; nothing is left to chance.

    ``masks`` M ``(B, 1, H, W)`` bool. Indices count in ``banks``: ``(N, 3, H, W)`` uint8 by kind,
    for the images beneath in that of "HOA", the normals. ``regions`` R ``(E, 1, H, W)`` bool are
    the seen regions of the E extended ones, moved; ``tiles`` order the grids of the homologous.
    """

    kinds: list[str]
    masks: torch.Tensor
    banks: dict[str, torch.Tensor]
    normal_indices: list[int]
    source_indices: list[int]
    operations: list[tuple[Operation, Operation]]  # Aug1
    opacity: torch.Tensor  # beta (B,)
    areas: TargetAreas
    regions: torch.Tensor
    placements: Placements  # Aug2 of the extended ones
    noise: NoiseMasks  # of the simulated ones
    tiles: torch.Tensor

    def __len__(self) -> int:
        return len(self.kinds)

    def render(
        self, start: int = 0, stop: int | None = None, out: torch.Tensor | None = None
    ) -> Stages:
        """Compute the images of anomalies ``start`` to ``stop`` (all of them by default).

        ``out`` is written to if given.
        """
        part = slice(start, len(self) if stop is None else min(stop, len(self)))
        normals = pick_images(self.banks["HOA"], self.normal_indices[part])
        sources = aug1(self._sources(part), self.operations[part])
        extended = self.kinds[part].count("EA")
        homologous = self.kinds[part].count("HOA")
        if homologous:
            first = len(self) - len(self.tiles)
            tiles = self.tiles[max(part.start - first, 0) :][:homologous]
            sources[-homologous:] = shuffle_grids(sources[-homologous:], tiles)
        pasted = sources
        if extended:
            maps = self.placements.maps[part.start :][:extended]
            moved = move_images(sources[:extended], maps)
            pasted = moved if extended == len(sources) else torch.cat([moved, sources[extended:]])
        images = blend(normals, pasted, self.masks[part], self.opacity[part], out)
        return Stages(normals, sources, pasted, images)

    def _sources(self, part: slice) -> torch.Tensor:
        pairs = list(zip(self.kinds[part], self.source_indices[part], strict=True))
        picks = {kind: [index for k, index in pairs if k == kind] for kind in KINDS}
        parts = [pick_images(self.banks[kind], picks[kind]) for kind in KINDS if picks[kind]]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def describe(self, index: int) -> str:
        """One line that tells how an anomaly was made."""
        colours = " + ".join(_in_words(operation) for operation in self.operations[index])
        kind, extended = self.kinds[index], len(self.regions)
        source = {"EA": "seen anomaly", "HEA": "texture", "HOA": "normal image"}[kind]
        shape = self._moved(index) if index < extended else self._painted(index - extended)
        return (
            f"{kind}: {source} {self.source_indices[index]}, {colours}; {shape}; "
            f"area: {self.areas.geometries[index]}; on normal image {self.normal_indices[index]}, "
            f"beta {self.opacity[index].item():.2f}"
        )

    def _moved(self, i: int) -> str:
        angle, shear_x, shear_y, x, y = self.placements.transforms[i].tolist()
        tries = int(self.placements.tries[i])
        told = f"draw {tries}" if tries else "no draw met the area: shifted onto it"
        return (
            f"turned by {angle:.0f} degrees, sheared by {shear_x:.0f} and {shear_y:.0f}, "
            f"shifted by ({x:.0f}, {y:.0f}) pixels ({told})"
        )

    def _painted(self, i: int) -> str:
        rows, columns = self.noise.periods[i].tolist()
        lowered = f", threshold lowered to {self.noise.thresholds[i].item():.2f}"
        return (
            f"{rows} x {columns} periods turned by {self.noise.rotations[i].item():.0f} degrees"
            f"{'' if self.noise.tries[i] else lowered}"
        )


def _in_words(operation: Operation) -> str:
    name, strength = operation
    return name if strength is None else f"{name} {strength:.2g}"
