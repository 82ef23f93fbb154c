"""Training batches: normals, extended and simulated anomalies in the paper's proportions."""

import numpy as np
import torch

from prn_lib.synthesis.anomalies import Anomaly, extended_anomaly, simulated_anomaly
from prn_lib.synthesis.target_area import estimate_foreground
from prn_lib.synthesis.textures import TextureSource


class Synthesizer:
    """Makes the batch of a training step from (seed, step) alone.

    ``normals`` ``(N, 3, S, S)`` uint8; ``seen_images`` ``(A, 3, S, S)`` and ``seen_masks``
    ``(A, 1, S, S)`` uint8, the training anomalies; ``kinds`` the kinds of anomaly to make;
    ``plain_background`` limits target areas to the object, found once for every normal.
    ``visible`` ``(A,)`` tells afterwards which of the training anomalies have a pixel to extend.

    Raises ValueError if extended anomalies are asked for and no seen mask has a pixel.
    """

    def __init__(
        self,
        normals: torch.Tensor,
        seen_images: torch.Tensor,
        seen_masks: torch.Tensor,
        textures: TextureSource,
        *,
        kinds: tuple[str, ...] = ("EA", "HEA", "HOA"),
        use_target_area: bool = True,
        plain_background: bool = False,
    ) -> None:
        visible = seen_masks.bool().flatten(1).any(1)  # a tiny region can vanish when resized
        if "EA" in kinds and not visible.any():
            raise ValueError(
                "extended anomalies need a training anomaly whose mask is not empty at this "
                "image_size: raise n_anomalies or set extended=False"
            )
        self.normals = normals
        self.visible = visible
        self.seen_images, self.seen_masks = seen_images[visible], seen_masks[visible]
        self.textures = textures
        self.kinds = kinds
        self.use_target_area = use_target_area
        self.foregrounds = (
            [_foreground(i, image) for i, image in enumerate(normals)]
            if plain_background and use_target_area
            else None
        )

    def batch(
        self, seed: int, step: int, normal_indices: torch.Tensor, n_extended: int, n_simulated: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Images ``(B, 3, S, S)`` float in [0, 1] and masks ``(B, 1, S, S)`` float {0, 1}.

        The normals of ``normal_indices`` come first, then the extended, then the simulated
        anomalies. Places of a kind that is left out (Table 5) go to the others.
        """
        generator = _step_generator(seed, step)
        made = [
            self.draw(kind, generator) for kind in self._plan(n_extended, n_simulated, generator)
        ]
        normals = self.normals[normal_indices].float() / 255
        masks = torch.zeros(len(normals), 1, *normals.shape[-2:])
        images = torch.cat([normals, *(anomaly.image[None] for anomaly in made)])
        return images, torch.cat([masks, *(anomaly.mask[None] for anomaly in made)])

    def _plan(self, n_extended: int, n_simulated: int, generator: torch.Generator) -> list[str]:
        simulated = [kind for kind in self.kinds if kind != "EA"]
        if "EA" not in self.kinds:
            n_extended, n_simulated = 0, n_extended + n_simulated
        if not simulated:
            n_extended, n_simulated = n_extended + n_simulated, 0
        picks = torch.randint(max(1, len(simulated)), (n_simulated,), generator=generator)
        return ["EA"] * n_extended + [simulated[i] for i in picks.tolist()]

    def draw(self, kind: str, generator: torch.Generator) -> Anomaly:
        """One anomaly of ``kind`` on a random normal image."""
        i = _pick(self.normals, generator)
        normal = self.normals[i].float() / 255
        area = {
            "foreground": None if self.foregrounds is None else self.foregrounds[i],
            "use_target_area": self.use_target_area,
        }
        if kind == "EA":
            k = _pick(self.seen_images, generator)
            image, mask = self.seen_images[k].float() / 255, self.seen_masks[k].float()
            return extended_anomaly(normal, image, mask, generator, **area)
        if kind == "HEA":
            source = self.textures(normal.shape[-1], generator)
        else:
            source = self.normals[_pick(self.normals, generator)].float() / 255
        return simulated_anomaly(kind, normal, source, generator, **area)


def _foreground(index: int, image: torch.Tensor) -> torch.Tensor:
    try:
        return estimate_foreground(image.float() / 255)
    except ValueError as error:
        raise ValueError(f"training normal {index}: {error}") from None


def _step_generator(seed: int, step: int) -> torch.Generator:
    """A generator of its own for each (seed, step); torch's on a CPU keeps 32 bits of a seed."""
    mixed = np.random.SeedSequence([seed, step]).generate_state(1)[0]
    return torch.Generator().manual_seed(int(mixed))


def _pick(images: torch.Tensor, generator: torch.Generator) -> int:
    return int(torch.randint(len(images), (), generator=generator))
