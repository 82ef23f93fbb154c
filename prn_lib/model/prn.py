"""The whole network (Fig. 3), and its ablations (Table 4)."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from prn_lib.model.attention import MultiSizeAttention
from prn_lib.model.decoder import Decoder
from prn_lib.model.encoder import Encoder
from prn_lib.model.fusion import FusionBlock
from prn_lib.model.prototypes import SCALES, Prototypes


class PRN(nn.Module):
    """Prototypical Residual Network: images in, anomaly logits of the same size out.

    ``prototypes`` P_1 .. P_3, each ``(K, c_j, h_j, w_j)``, or None to leave out MP; ``fusion`` and
    ``attention_blocks`` 0 leave out MF and MSA. Without all three it is Table 4's U-Net baseline.
    Residuals are fused by a block of their own, or with ``shared_fusion`` by the features' block.
    The other options are those of :class:`prn_lib.model.attention.MultiSizeAttention` and
    :class:`prn_lib.model.prototypes.Prototypes`.
    """

    def __init__(
        self,
        encoder: Encoder,
        prototypes: Sequence[torch.Tensor] | None,
        *,
        fusion: bool = True,
        shared_fusion: bool = False,
        attention_blocks: int = 3,
        image_size: int = 256,
        embedding: str = "convolution",
        head_width: float = 1.0,
        attention_scale: str = "c_s",
        residual_block: str = "bottleneck",
        residual_kind: str = "absolute",
    ) -> None:
        super().__init__()
        if prototypes is not None and len(prototypes) != SCALES:
            raise ValueError(f"prototypes are needed for {SCALES} scales, not {len(prototypes)}")
        self.encoder = encoder
        self.has_prototypes = prototypes is not None
        self.prototypes = nn.ModuleList(
            Prototypes(maps, residual_kind) for maps in prototypes or ()
        )
        features = encoder.channels[:SCALES]
        skips = [(2 if self.has_prototypes else 1) * channels for channels in features]
        self.fuse_features = FusionBlock(features) if fusion else nn.Identity()
        self.shared_fusion = shared_fusion
        if not shared_fusion:
            own = fusion and self.has_prototypes
            self.fuse_residuals = FusionBlock(features) if own else nn.Identity()
        options: dict[str, Any] = {
            "embedding": embedding,
            "head_width": head_width,
            "scale": attention_scale,
            "residual_block": residual_block,
        }
        self.attention = nn.ModuleList(
            nn.Sequential(
                *(
                    MultiSizeAttention(channels, image_size // 2 ** (j + 1), **options)
                    for _ in range(attention_blocks)
                )
            )
            for j, channels in enumerate(skips, start=1)
        )
        self.fuse_attended = FusionBlock(skips) if fusion else nn.Identity()
        self.decoder = Decoder(skips, encoder.channels)
        # The faster layout, on processors and GPUs.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """``(B, 3, S, S)`` in [0, 1], S a multiple of 32 -> logits ``(B, 1, S, S)``.

        ValueError for another shape, and for bytes.
        """
        if not images.is_floating_point():
            raise ValueError(f"images must be floats in [0, 1], not {images.dtype}: divide by 255")
        if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] != images.shape[3]:
            raise ValueError(f"images must be (B, 3, S, S), not {tuple(images.shape)}")
        if images.shape[2] % 32:
            raise ValueError(f"the images' side {images.shape[2]} must be a multiple of 32")
        *features, bottleneck = self.encoder(images)  # F_1 .. F_3, F_4
        return self.decoder(bottleneck, self.skips(features))  # M_o's logits

    def joined(self, features: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """F_1 .. F_3 -> C*_j ``(B, 2 c_j, h_j, w_j)``, joined with the residuals, both fused."""
        fused = self.fuse_features(features)  # F*_j
        if not self.has_prototypes:
            return fused
        nearest = zip(self.prototypes, features, strict=True)
        residuals = [prototypes(x) for prototypes, x in nearest]  # D_j
        fuse = self.fuse_features if self.shared_fusion else self.fuse_residuals
        return [torch.cat(pair, dim=1) for pair in zip(fused, fuse(residuals), strict=True)]

    def skips(self, features: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """F_1 .. F_3 -> T*_j, shaped like C*_j: what the decoder is handed at each scale."""
        pairs = zip(self.attention, self.joined(features), strict=True)
        return self.fuse_attended([blocks(x) for blocks, x in pairs])  # of T_j
