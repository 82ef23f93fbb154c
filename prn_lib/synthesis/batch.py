"""Training batches: normals, extended and simulated anomalies in the paper's proportions."""

from collections.abc import Sequence

import numpy as np
import torch

from prn_lib.synthesis.anomalies import KINDS, Anomalies
from prn_lib.synthesis.augment import random_operations
from prn_lib.synthesis.blend import OPACITY
from prn_lib.synthesis.draws import integers, pick, pick_images, to_device, uniform
from prn_lib.synthesis.extended import move_regions, place
from prn_lib.synthesis.simulated import GRID, noise_masks, random_tiles
from prn_lib.synthesis.target_area import (
    TargetAreas,
    on_foregrounds,
    random_target_areas,
    whole_images,
)

# Anomalies rendered at once: on a processor so few that their images stay in its cache, which is
# several times faster than memory; elsewhere all of a batch.
PARTS = {"cpu": 1}


class Synthesizer:
    """Makes the batch of a training step from (seed, step) alone, on ``device``.

    ``normals`` ``(N, 3, S, S)`` uint8; ``seen_images`` ``(A, 3, S, S)`` and ``seen_masks``
    ``(A, 1, S, S)`` uint8, the training anomalies; ``textures`` ``(T, 3, S, S)`` uint8, or None
    without HEA; ``kinds`` the kinds of anomaly to make; ``foregrounds`` ``(N, 1, S, S)`` bool,
    where anomalies may be on each normal, or None for anywhere. Images stay uint8 on the device
    until they are used. ``visible`` ``(A,)`` tells afterwards which of the training anomalies have
    a pixel to extend.

    Raises ValueError if a kind lacks its images, if extended anomalies are asked for and no seen
    mask has a pixel, and for tensors of another shape or type, which it names.
    """

    def __init__(
        self,
        normals: torch.Tensor,
        seen_images: torch.Tensor,
        seen_masks: torch.Tensor,
        textures: torch.Tensor | None,
        *,
        kinds: tuple[str, ...] = KINDS,
        use_target_area: bool = True,
        foregrounds: torch.Tensor | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        _check(normals, seen_images, seen_masks, textures, kinds, foregrounds)
        visible = seen_masks.bool().flatten(1).any(1)  # a tiny region can vanish when resized
        if "EA" in kinds and not visible.any():
            lost = f"the masks of all {len(seen_masks)} are empty at this size: raise image_size"
            raise ValueError(
                "extended anomalies are made from training anomalies; "
                f"{lost if len(seen_masks) else 'there is none: raise n_anomalies'}, or set "
                "extended=False"
            )
        self.kinds, self.visible, self.use_target_area = kinds, visible, use_target_area
        self.normals = normals.to(device)
        self.banks = {
            "EA": seen_images[visible].to(device),
            "HEA": self.normals[:0] if textures is None else textures.to(device),
            "HOA": self.normals,
        }
        self.seen_masks = seen_masks[visible].bool().to(device)
        self.foregrounds = None if foregrounds is None else foregrounds.to(device)

    def batch(
        self, seed: int, step: int, normal_indices: torch.Tensor, n_extended: int, n_simulated: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Images ``(B, 3, S, S)`` float in [0, 1] and masks ``(B, 1, S, S)`` float {0, 1}.

        The normals of ``normal_indices`` come first, then the extended, then the simulated
        anomalies. Places of a kind that is left out (Table 5) go to the others.
        """
        made = self.draw(seed, step, n_extended, n_simulated)
        count, (height, width) = len(normal_indices), self.normals.shape[-2:]
        images = torch.empty(count + len(made), 3, height, width, device=self.normals.device)
        masks = torch.zeros(count + len(made), 1, height, width, device=self.normals.device)
        masks[count:] = made.masks
        images[:count] = pick_images(self.normals, normal_indices.tolist())
        part = PARTS.get(self.normals.device.type, len(made)) or 1
        for start in range(0, len(made), part):
            made.render(start, start + part, out=images[count + start :][:part])
        return images, masks

    def draw(self, seed: int, step: int, n_extended: int, n_simulated: int) -> Anomalies:
        """The anomalies of a step's batch, drawn but not rendered."""
        generator = _step_generator(seed, step)
        return self.make(self._plan(n_extended, n_simulated, generator), generator)

    def _plan(self, n_extended: int, n_simulated: int, generator: torch.Generator) -> list[str]:
        simulated = [kind for kind in self.kinds if kind != "EA"]
        if "EA" not in self.kinds:
            n_extended, n_simulated = 0, n_extended + n_simulated
        if not simulated:
            n_extended, n_simulated = n_extended + n_simulated, 0
        picks = integers(0, max(0, len(simulated) - 1), (n_simulated,), generator)
        return ["EA"] * n_extended + [simulated[i] for i in picks.tolist()]

    def make(self, kinds: Sequence[str], generator: torch.Generator) -> Anomalies:
        """Draw one anomaly for each of ``kinds``, on random normal images."""
        kinds = sorted(kinds, key=KINDS.index)
        count, extended = len(kinds), kinds.count("EA")
        normals = integers(0, len(self.normals) - 1, (count,), generator).tolist()
        shares = uniform(0, 1, (count,), generator).tolist()
        picks = [int(s * len(self.banks[k])) for s, k in zip(shares, kinds, strict=True)]
        operations = random_operations(count, generator)
        opacity = uniform(*OPACITY, (count,), generator)
        areas = self._areas(normals, generator)
        seen = pick(self.seen_masks, picks[:extended])
        placements = place(seen, areas.first(extended), generator)
        regions = move_regions(seen, placements.maps)
        noise = noise_masks(areas.masks[extended:], generator)
        tiles = random_tiles(kinds.count("HOA"), generator)
        return Anomalies(
            kinds=kinds,
            masks=torch.cat([regions & areas.masks[:extended], noise.masks]),
            banks=self.banks,
            normal_indices=normals,
            source_indices=picks,
            operations=operations,
            opacity=to_device(opacity, self.normals.device),
            areas=areas,
            regions=regions,
            placements=placements,
            noise=noise,
            tiles=to_device(tiles, self.normals.device),
        )

    def _areas(self, normals: list[int], generator: torch.Generator) -> TargetAreas:
        shape, device = self.normals.shape[-2:], self.normals.device
        if not self.use_target_area:
            return whole_images(len(normals), shape, generator, device)
        if self.foregrounds is None:
            return random_target_areas(len(normals), shape, generator, device)
        return on_foregrounds(pick(self.foregrounds, normals), generator)


def _check(
    normals: torch.Tensor,
    seen_images: torch.Tensor,
    seen_masks: torch.Tensor,
    textures: torch.Tensor | None,
    kinds: tuple[str, ...],
    foregrounds: torch.Tensor | None,
) -> None:
    """Raise ValueError for what would fail at some later step."""
    if not kinds or not set(kinds) <= set(KINDS):
        raise ValueError(f"kinds={kinds} must be some of {', '.join(KINDS)}")
    size = tuple(normals.shape[2:])
    images = {"normals": normals, "seen_images": seen_images, "textures": textures}
    for name, bank in images.items():
        if bank is not None and (bank.dtype != torch.uint8 or bank.shape[1:] != (3, *size)):
            raise ValueError(
                f"{name} are {bank.dtype} {tuple(bank.shape)}; they must be uint8 (N, 3, H, W) of "
                "the normals' size"
            )
    for name, masks, count in (
        ("seen_masks", seen_masks, len(seen_images)),
        ("foregrounds", foregrounds, len(normals)),
    ):
        if masks is not None and masks.shape != (count, 1, *size):
            raise ValueError(f"{name} are {tuple(masks.shape)} but must be {(count, 1, *size)}")
    if len(normals) == 0 or ("HEA" in kinds and (textures is None or len(textures) == 0)):
        raise ValueError("anomalies need normal images, and HEA needs textures")
    if "HOA" in kinds and (size[0] % GRID or size[1] % GRID):
        raise ValueError(f"HOA needs sides that are multiples of {GRID}, not {size}")
    if foregrounds is not None and not foregrounds.flatten(1).any(1).all():
        raise ValueError("a foreground has no pixel, so that no anomaly can be on it")


def _step_generator(seed: int, step: int) -> torch.Generator:
    """A generator of its own for each (seed, step); torch's on a CPU keeps 32 bits of a seed."""
    mixed = np.random.SeedSequence([seed, step]).generate_state(1)[0]
    return torch.Generator().manual_seed(int(mixed))
