"""Encoders by name, with their weights."""

from prn_lib.model.encoder import Encoder
from prn_lib.model.resnet18 import ResNet18, load_weights
from prn_lib.model.timm_models import load_timm_encoder

PAPERS = "resnet18"


def load_encoder(name: str, weights: str, seed: int = 0, *, train_layer4: bool = False) -> Encoder:
    """A frozen encoder: "resnet18" (the paper's), "efficientnet_lite0" or a model of timm.

    ``weights`` is "imagenet" (torchvision's; a package's for EfficientNet-Lite0; else timm's; each
    checked by its SHA-256), "random" (the network's own initialization under ``seed``) or a
    ``.safetensors`` or ``.pth`` file of the whole network's state dict. ``train_layer4`` is for
    "resnet18" alone.

    Raises ValueError for an unknown name, for a network without features at strides 4, 8, 16, 32,
    or weights of another network; FileNotFoundError for a file that is not there; OSError for
    weights that cannot be had or are altered. Pickled code is never run; there is no fallback.
    """
    if name == PAPERS:
        return ResNet18(load_weights(weights, seed), train_layer4=train_layer4)
    if train_layer4:
        raise ValueError(f"train_layer4 is for encoder={PAPERS!r}, not {name!r}")
    return load_timm_encoder(name, weights, seed)
