"""The frozen ResNet-18 encoder (Sec. 3.1, 4.1)."""

import pickle
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision.models import ResNet18_Weights, resnet18

from prn_lib.model.precision import full_precision

CHANNELS = (64, 128, 256, 512)  # c_j of layers 1 to 4
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's


class Encoder(nn.Module):
    """Layers 1 to 4 of a ResNet-18, frozen: no gradient, BatchNorm always in evaluation mode.

    With ``train_layer4`` the last layer is trained like the rest of the network; the paper names
    layers 1 to 3 as frozen and says nothing of it (Sec. 4.1).

    Features are never computed under autocast: a residual is the small difference of features
    and prototypes that are much alike, so that bfloat16's rounding would be a large share of it.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, state_dict: dict[str, torch.Tensor], *, train_layer4: bool = False) -> None:
        super().__init__()
        self.train_layer4 = train_layer4
        network = resnet18(weights=None)
        network.load_state_dict(state_dict)
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        self.layers = nn.ModuleList([getattr(network, f"layer{j}") for j in range(1, 5)])
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)
        self.requires_grad_(False)
        self.layers[3].requires_grad_(train_layer4)
        self.train(False)

    def train(self, mode: bool = True) -> "Encoder":
        """Stay in evaluation mode, whatever a parent is set to; but for a trained layer 4."""
        super().train(False)
        self.layers[3].train(mode and self.train_layer4)
        return self

    def forward(self, images: torch.Tensor, layers: int = 4) -> list[torch.Tensor]:
        """Images ``(B, 3, S, S)`` in [0, 1] -> F_1 .. F_4, F_j ``(B, c_j, S/2^(j+1), S/2^(j+1))``.

        Images are normalized with ImageNet's statistics here and nowhere before. ``layers`` (1 to
        4) leaves out the last ones.
        """
        learns = self.train_layer4 and torch.is_grad_enabled()
        with full_precision(images.device):
            with torch.no_grad():
                x = self.stem((images.float() - self.mean) / self.std)
                features = []
                for layer in self.layers[: min(layers, 3)]:
                    x = layer(x)
                    features.append(x)
            if layers == 4:
                with torch.set_grad_enabled(learns):
                    features.append(self.layers[3](x))
        return features


def load_weights(weights: str, seed: int) -> dict[str, torch.Tensor]:
    """ResNet-18 weights in torchvision's format.

    ``weights`` is ``"imagenet"`` (torchvision's, downloaded once and checked against the SHA-256 in
    its name), ``"random"`` (torchvision's initialization under ``seed``) or a ``.safetensors`` or
    ``.pth`` file.
    Pickled code is never run. Raises OSError if ImageNet's weights cannot be had, FileNotFoundError
    or ValueError for a file that is missing or does not fit; there is no fallback.
    """
    if weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return resnet18(weights=None).state_dict()
    if weights == "imagenet":
        return _imagenet()
    return _from_file(Path(weights).expanduser())


def _imagenet() -> dict[str, torch.Tensor]:
    source = ResNet18_Weights.IMAGENET1K_V1
    try:
        return source.get_state_dict(check_hash=True, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        raise OSError(
            f"weights='imagenet' cannot be had ({error}): connect once so that {source.url} can be "
            "downloaded, or give that file's path as weights, or choose weights='random'"
        ) from None


def _from_file(path: Path) -> dict[str, torch.Tensor]:
    if not path.is_file():
        raise FileNotFoundError(
            f"weights={str(path)!r} is neither 'imagenet', 'random' nor a file; check the path"
        )
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
        resnet18(weights=None).load_state_dict(state)
    except Exception as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ValueError(
            f"weights file {path} is no ResNet-18 state dict in torchvision's format ({reason}); "
            "save torchvision.models.resnet18(...).state_dict() as .safetensors or .pth"
        ) from None
    return state
