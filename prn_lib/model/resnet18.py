"""The paper's encoder, a ResNet-18 (Sec. 4.1), and where its weights come from."""

import pickle
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file
from torch import nn
from torchvision.models import ResNet18_Weights, resnet18

from prn_lib.common.checks import one_line
from prn_lib.model.encoder import Encoder

CHANNELS = (64, 128, 256, 512)  # c_j of layers 1 to 4


class ResNet18(Encoder):
    """Layers 1 to 4 of a ResNet-18 with torchvision's ``state_dict``.

    With ``train_layer4`` the last layer is trained like the rest of the network; the paper names
    layers 1 to 3 as frozen and says nothing of it (Sec. 4.1).
    """

    def __init__(self, state_dict: dict[str, torch.Tensor], *, train_layer4: bool = False) -> None:
        super().__init__(CHANNELS)
        self.train_layer4 = train_layer4
        network = resnet18(weights=None)
        network.load_state_dict(state_dict)
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        self.layers = nn.ModuleList([getattr(network, f"layer{j}") for j in range(1, 5)])
        self.requires_grad_(False)
        self.layers[3].requires_grad_(train_layer4)
        self.train(False)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, but for a trained layer 4."""
        super().train(False)
        self.layers[3].train(mode and self.train_layer4)
        return self

    def features(self, x: torch.Tensor, layers: int) -> list[torch.Tensor]:
        """The first ``layers`` maps of normalized images."""
        learns = self.train_layer4 and torch.is_grad_enabled()
        with torch.no_grad():
            x = self.stem(x)
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
            "downloaded, or give that file's path as weights, or choose "
            "encoder='efficientnet_lite0', whose weights are installed, or weights='random'"
        ) from None


def _from_file(path: Path) -> dict[str, torch.Tensor]:
    state = read_state(path)
    try:
        resnet18(weights=None).load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise ValueError(
            f"weights file {path} is no ResNet-18 state dict in torchvision's format "
            f"({one_line(error)}); save torchvision.models.resnet18(...).state_dict() as "
            ".safetensors or .pth"
        ) from None
    return state


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a ``.safetensors`` or ``.pth`` file; pickled code is not run.

    Raises FileNotFoundError or ValueError, naming the file.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"weights={str(path)!r} is neither 'imagenet', 'random' nor a file; check the path"
        )
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        pickled = isinstance(error, pickle.UnpicklingError)  # its own words advise to run the code
        reason = "it is damaged, or holds more than tensors" if pickled else one_line(error)
        raise ValueError(
            f"weights file {path} cannot be read ({reason}); give a .safetensors or .pth file of "
            "tensors alone"
        ) from None
