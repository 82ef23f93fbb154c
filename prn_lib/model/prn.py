"""The whole network (Fig. 3), and its ablations (Table 4)."""

from collections.abc import Sequence

import torch
from torch import nn

from prn_lib.model.attention import MultiSizeAttention
from prn_lib.model.decoder import Decoder
from prn_lib.model.encoder import CHANNELS, Encoder
from prn_lib.model.fusion import FusionBlock
from prn_lib.model.prototypes import cluster_prototypes, residual

SCALES = 3  # scales with prototypes, fusion and attention


class PRN(nn.Module):
    """Prototypical Residual Network: images in, anomaly logits of the same size out.

    ``prototypes`` P_1 .. P_3, each ``(K, c_j, h_j, w_j)``, or None to leave out MP; ``fusion`` and
    ``attention_blocks`` 0 leave out MF and MSA. Without all three it is Table 4's U-Net baseline.
    """

    def __init__(
        self,
        encoder: Encoder,
        prototypes: Sequence[torch.Tensor] | None,
        *,
        fusion: bool = True,
        attention_blocks: int = 3,
        head_width: float = 1.0,
        attention_scale: str = "c_s",
        residual_kind: str = "absolute",
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.residual_kind = residual_kind
        self.has_prototypes = prototypes is not None
        for j, prototype in enumerate(prototypes or (), start=1):
            self.register_buffer(f"prototypes_{j}", prototype)
        features = CHANNELS[:SCALES]
        skips = [(2 if self.has_prototypes else 1) * channels for channels in features]
        identity = nn.Identity()
        self.fuse_features = FusionBlock(features) if fusion else identity
        self.fuse_residuals = FusionBlock(features) if fusion and self.has_prototypes else identity
        self.attention = nn.ModuleList(
            nn.Sequential(
                *(
                    MultiSizeAttention(channels, head_width=head_width, scale=attention_scale)
                    for _ in range(attention_blocks)
                )
            )
            for channels in skips
        )
        self.fuse_attended = FusionBlock(skips) if fusion else identity
        self.decoder = Decoder(skips)

    @property
    def prototypes(self) -> list[torch.Tensor]:
        """P_1 .. P_3, or nothing where MP is left out."""
        return [self.get_buffer(f"prototypes_{j + 1}") for j in range(SCALES * self.has_prototypes)]

    def residuals(self, features: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """D_j of every scale with prototypes (Eq. 1), shaped like ``features``."""
        return [
            residual(x, prototypes, self.residual_kind)
            for x, prototypes in zip(features, self.prototypes, strict=False)
        ]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``(B, 3, S, S)`` in [0, 1], S a multiple of 32 -> logits ``(B, 1, S, S)``.

        ValueError for another shape.
        """
        if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] != images.shape[3]:
            raise ValueError(f"images must be (B, 3, S, S), not {tuple(images.shape)}")
        if images.shape[2] % 32:
            raise ValueError(f"the images' side {images.shape[2]} must be a multiple of 32")
        *features, bottleneck = self.encoder(images)  # F_1 .. F_3, F_4
        joined = self.fuse_features(features)  # F*_j
        if self.has_prototypes:
            fused_residuals = self.fuse_residuals(self.residuals(features))
            joined = [
                torch.cat(pair, dim=1) for pair in zip(joined, fused_residuals, strict=True)
            ]  # C*_j (B, 2 c_j, h_j, w_j)
        attended = [block(x) for block, x in zip(self.attention, joined, strict=True)]  # T_j
        return self.decoder(bottleneck, self.fuse_attended(attended))  # T*_j in, M_o's logits out


@torch.no_grad()
def fit_prototypes(
    encoder: Encoder,
    normals: torch.Tensor,
    *,
    ratio: float,
    iterations: int,
    seed: int,
    batch_size: int = 32,
) -> list[torch.Tensor]:
    """P_1 .. P_3 of the training normals ``(N, 3, S, S)`` uint8, on the encoder's device."""
    device = encoder.mean.device
    batches = [
        [x.cpu() for x in encoder(images.to(device).float() / 255)[:SCALES]]
        for images in normals.split(batch_size)
    ]
    settings = {"ratio": ratio, "iterations": iterations, "seed": seed}
    return [
        cluster_prototypes(torch.cat(maps), **settings).to(device)
        for maps in zip(*batches, strict=True)
    ]


def image_score(score_maps: torch.Tensor, top_k: int) -> torch.Tensor:
    """Mean of the ``top_k`` highest pixels (Sec. 3.5): ``(B, 1, S, S)`` -> ``(B,)``."""
    return score_maps.flatten(1).topk(top_k, dim=1).values.mean(dim=1)
