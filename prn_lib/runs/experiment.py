"""One frozen configuration: every option of a run, its paper value, its range."""

import dataclasses
import difflib
import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from prn_lib.common.checks import check_choice
from prn_lib.evaluation.image_scores import KINDS, count_at
from prn_lib.model.attention import EMBEDDINGS, EXPONENTS, RESIDUAL_BLOCKS
from prn_lib.model.encoders import PAPERS
from prn_lib.model.residuals import RESIDUALS
from prn_lib.model.timm_models import LITE0
from prn_lib.training.loop import PRECISIONS, SCHEDULES


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run. The defaults are the paper's (Sec. 4.1)."""

    dataset: str = "mini"
    category: str = "weave"
    data_root: str | None = None  # None: the generated mini dataset
    preset: str = "paper"  # where the other fields come from, for the record
    seed: int = 0  # split, weights, batches and synthesis
    n_anomalies: int = 10  # training anomalies (App. A.2, Table 7)
    n_normals: int | None = None  # of the training normals, drawn by the seed; None: all
    image_size: int = 256  # images are resized to a square of this side

    method: str = "prn"  # or "nearest_patch", which learns nothing, or one of OF_ANOMALIB
    encoder: str = "resnet18"  # or "efficientnet_lite0", or a model of timm
    weights: str = "imagenet"  # or "random", or a file
    use_prototypes: bool = True  # MP (Table 4)
    use_attention: bool = True  # MSA
    use_fusion: bool = True  # MF
    prototype_ratio: float = 0.1  # K as a share of the normals (Table 6)
    kmeans_iterations: int = 300
    kmeans_starts: int = 1  # the best of several is kept
    prototypes_apart: bool = False  # half of the normals make prototypes, the others train
    residual: str = "absolute"  # D in Eq. 1; or "squared", "signed"
    shared_fusion: bool = False  # one fusion block for features and residuals (Sec. 3.2)
    attention_blocks: int = 3  # N in Sec. 3.3
    attention_scale: str = "c_s"  # Eq. 3 as printed; or "sqrt"
    embedding: str = "convolution"  # of patches (Sec. 3.3); or "elementwise"
    head_width: float = 1.0  # a head's channels as a share of its input's
    residual_block: str = "bottleneck"  # that joins the heads (Sec. 3.3); or "basic"
    train_layer4: bool = False  # the encoder's last layer (Sec. 4.1)

    textures: str | None = None  # folder of texture images (DTD); None: generated textures
    extended: bool = True  # EA (Table 5)
    heterologous: bool = True  # HEA
    homologous: bool = True  # HOA
    use_target_area: bool = True  # TA
    use_foreground: bool = True  # target areas lie on the object, where its background is plain
    foreground_masks: str | None = None  # folder of corrected masks (prn foregrounds)

    normals_per_batch: int = 32
    extended_per_batch: int = 16
    simulated_per_batch: int = 16
    epochs: int = 700  # passes over the normals
    max_steps: int | None = None  # ends training earlier; 0 leaves the network untrained
    learning_rate: float = 1e-4
    schedule: str = "constant"  # of the learning rate; or "cosine", to 0 at the last step
    weight_decay: float = 1e-5  # the text has 1e-5 and 1e-2; see the chapter on training
    focal_weight: float = 5.0  # lambda in Eq. 5
    focal_alpha: float = 0.5
    focal_gamma: float = 4.0
    precision: str = "float32"  # or "bfloat16": mixed
    image_score: str = "top"  # of a map's pixels (Sec. 3.5); or "smoothed", "region"
    top_pixels: int = 100  # averaged into the image score, counted at 256 x 256

    def __post_init__(self) -> None:
        hints = _hints()
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, os.PathLike):
                value = os.fspath(value)
                object.__setattr__(self, field.name, value)
            _check_type(field.name, value, hints[field.name])
            if hints[field.name] is float:  # 1 and 1.0 are the same experiment, and the same run
                object.__setattr__(self, field.name, float(value))
        for name, known in _CHOICES.items():
            check_choice(name, getattr(self, name), known)
        check_choice("preset", self.preset, PRESETS)
        for name, (holds, wanted) in _RANGES.items():
            value = getattr(self, name)
            if not holds(value):
                raise ValueError(f"option {name}={value!r} must be {wanted}")
        self._check_what_would_do_nothing()
        if self.embedding == "elementwise" and self.head_width != 1:
            raise ValueError(
                f"embedding='elementwise' scales whole patches, so head_width={self.head_width} "
                "must be 1"
            )
        if self.train_layer4 and self.encoder != PAPERS:
            raise ValueError(
                f"train_layer4 is for encoder={PAPERS!r}, not {self.encoder!r}; "
                "leave one of them out"
            )
        if not self.anomaly_kinds:
            raise ValueError(
                "extended, heterologous and homologous are all False: there is nothing to learn "
                "from; leave at least one True"
            )

    def _check_what_would_do_nothing(self) -> None:
        trained = {"epochs"} if self.method in ("stfpm", "draem") else set()
        idle = self.changed.keys() - OF_RIVALS - trained if self.method != "prn" else ()
        if idle:
            raise ValueError(
                f"{min(idle)} would do nothing, since method is {self.method!r}; leave one of them "
                "out"
            )
        for name, switch in _PARTS_OF.items():
            if not getattr(self, switch) and getattr(self, name) != getattr(type(self), name):
                raise ValueError(
                    f"{name}={getattr(self, name)!r} would do nothing, since {switch} is False; "
                    "leave one of them out"
                )
        if self.image_score != "top" and self.top_pixels != type(self).top_pixels:
            raise ValueError(
                f"top_pixels={self.top_pixels} would do nothing, since image_score is "
                f"{self.image_score!r}; leave one of them out"
            )
        for name in ("textures", "foreground_masks"):
            if getattr(self, name) == "":
                raise ValueError(f"option {name} is empty; name a folder, or leave it None")
        if self.foreground_masks and not (self.use_foreground and self.use_target_area):
            raise ValueError(
                "foreground_masks is given, but use_foreground or use_target_area is False, so it "
                "would not be used; leave one of them out"
            )

    @classmethod
    def from_preset(cls, preset: str, /, **overrides: Any) -> "Experiment":
        """The preset's experiment with some fields replaced.

        Raises ValueError for an unknown preset or field, or a value of a wrong type or range.
        """
        check_choice("preset", preset, PRESETS)
        known = [field.name for field in dataclasses.fields(cls) if field.name != "preset"]
        for name in overrides:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
                raise ValueError(f"unknown option {name!r} in overrides; {hint}")
        return cls(**{"preset": preset, **PRESETS[preset], **overrides})

    @property
    def anomaly_kinds(self) -> tuple[str, ...]:
        """The kinds of anomaly to synthesize."""
        kinds = {"EA": self.extended, "HEA": self.heterologous, "HOA": self.homologous}
        return tuple(kind for kind, wanted in kinds.items() if wanted)

    @property
    def top_k(self) -> int:
        """Pixels averaged into the image score at ``image_size``: the count scales with area."""
        return count_at(self.image_size, self.top_pixels)

    @property
    def changed(self) -> dict[str, Any]:
        """The fields that differ from the preset's, beside those that say which images and seed."""
        ignored = {"dataset", "category", "data_root", "preset", "seed"}
        base = {**{f.name: f.default for f in dataclasses.fields(self)}, **PRESETS[self.preset]}
        return {
            name: value
            for name, value in dataclasses.asdict(self).items()
            if name not in ignored and value != base[name]
        }

    @property
    def run_name(self) -> str:
        """``<preset>-seed<seed>``, with a short hash of every other field that was overridden."""
        changed = self.changed
        digest = hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:8]
        return f"{self.preset}-seed{self.seed}" + (f"-{digest}" if changed else "")


OF_ANOMALIB = ("padim", "patchcore", "stfpm", "draem")  # made by benchmarks/anomalib_methods.py
METHODS = ("prn", "nearest_patch", *OF_ANOMALIB)
# Options of the rivals. They learn from no anomaly; n_anomalies are taken out of the test set all
# the same, so that it is that of PRN's run, whose extended may be False.
OF_RIVALS = {
    "method", "n_anomalies", "n_normals", "extended", "image_size", "encoder", "weights",
    "image_score", "top_pixels",
}  # fmt: skip
# Options of a module that may be left out.
_PARTS_OF = {
    "residual": "use_prototypes",
    "kmeans_starts": "use_prototypes",
    "prototypes_apart": "use_prototypes",
    "shared_fusion": "use_fusion",
    "attention_scale": "use_attention",
    "embedding": "use_attention",
    "residual_block": "use_attention",
}

_CHOICES: dict[str, Iterable[str]] = {
    "residual": RESIDUALS,
    "attention_scale": EXPONENTS,
    "embedding": EMBEDDINGS,
    "residual_block": RESIDUAL_BLOCKS,
    "precision": PRECISIONS,
    "schedule": SCHEDULES,
    "image_score": KINDS,
    "method": METHODS,
}

Range = tuple[Callable[[Any], bool], str]
_POSITIVE: Range = (lambda x: x >= 1, "1 or more")
_NOT_NEGATIVE: Range = (lambda x: x >= 0, "0 or more")
_SHARE: Range = (lambda x: 0 < x <= 1, "in (0, 1]")
_RANGES: dict[str, Range] = {
    "image_size": (lambda x: x >= 64 and x % 32 == 0, "a multiple of 32, at least 64"),
    "n_anomalies": _NOT_NEGATIVE,
    "n_normals": (lambda x: x is None or x >= 1, "None, or 1 or more"),
    "weight_decay": _NOT_NEGATIVE,
    "focal_weight": _NOT_NEGATIVE,
    "prototype_ratio": _SHARE,
    "head_width": _SHARE,
    "focal_alpha": _SHARE,
    "kmeans_iterations": _POSITIVE,
    "kmeans_starts": _POSITIVE,
    "attention_blocks": _POSITIVE,
    "normals_per_batch": _POSITIVE,
    "extended_per_batch": _POSITIVE,
    "simulated_per_batch": _POSITIVE,
    "epochs": _POSITIVE,
    # Between 0 and 1, the gradient of a pixel that is certain would be 0 / 0.
    "focal_gamma": (lambda x: x == 0 or x >= 1, "0, or 1 or more"),
    "max_steps": (lambda x: x is None or x >= 0, "None, or 0 or more"),
    "seed": (lambda x: 0 <= x < 2**32, "0 to 2**32 - 1"),
    "top_pixels": (lambda x: 1 <= x <= 256 * 256, "1 to 256 * 256"),
    "learning_rate": (lambda x: x > 0, "above 0"),
}

# What a preset changes in the paper's settings.
PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    # The paper's network and images, with heads of half the width and one of three blocks, in small
    # batches: under an hour on two processor cores.
    "narrow": {
        "head_width": 0.5,
        "attention_blocks": 1,
        "normals_per_batch": 4,
        "extended_per_batch": 2,
        "simulated_per_batch": 2,
        "max_steps": 1200,
        "learning_rate": 1e-3,
        "schedule": "cosine",
    },
    # A minute on two processor cores; the encoder's weights install with pip.
    "quick": {
        "encoder": LITE0,
        "image_size": 128,
        "head_width": 0.5,
        "attention_blocks": 1,
        "normals_per_batch": 2,
        "extended_per_batch": 1,
        "simulated_per_batch": 1,
        "max_steps": 320,
        "learning_rate": 1e-3,
        "schedule": "cosine",
    },
    # Seconds, for tests: nothing is learnt.
    "smoke": {
        "weights": "random",
        "image_size": 64,
        "head_width": 0.25,
        "attention_blocks": 1,
        "normals_per_batch": 2,
        "extended_per_batch": 1,
        "simulated_per_batch": 1,
        "max_steps": 3,
        "learning_rate": 1e-3,
    },
}


@cache
def _hints() -> dict[str, Any]:
    return get_type_hints(Experiment)


def _check_type(name: str, value: Any, expected: Any) -> None:
    allowed = get_args(expected) or (expected,)
    if float in allowed:
        allowed = (*allowed, int)
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        wanted = " or ".join("None" if t is type(None) else t.__name__ for t in allowed)
        raise ValueError(f"option {name}={value!r} must be {wanted}, not {type(value).__name__}")
