"""The variants of PRN that the paper's tables compare, and those of how the text may be read.

They are data, in ``variants.json``: a variant is a title and the options that it changes; a target
(``table1`` to ``table10``, ``readings``) is a list of datasets and rows of variants. A row has
several variants where the printed marks can be read in several ways.
"""

import dataclasses
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from prn_lib.common.checks import check_choice
from prn_lib.runs.experiment import Experiment

PLACES = ("textures", "foreground_masks", "weights")  # options that may name a folder or a file
NO_PLACES = (None, "", "imagenet", "random")  # what such an option may be else
SETTING = ("encoder", "image_size", "precision", "max_steps")  # in which any variant may be run


@dataclass(frozen=True)
class Variant:
    """A name, a title for tables, and the options changed in the preset."""

    name: str
    title: str
    options: dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A table of the paper: its datasets, and for each printed row the variants that it may be."""

    name: str
    datasets: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]

    @property
    def variants(self) -> tuple[str, ...]:
        """The variants of all rows, each once, in order."""
        return tuple(dict.fromkeys(name for row in self.rows.values() for name in row))


@dataclass(frozen=True)
class Effect:
    """What a part does: pairs of a variant that has it and the one that lacks it alone.

    ``target`` is the table that prints the pair, or None.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    target: str | None = None


_DATA = json.loads(files("prn_lib.paper").joinpath("variants.json").read_text(encoding="utf-8"))
VARIANTS = {name: Variant(name, **told) for name, told in _DATA["variants"].items()}
TARGETS = {
    name: Target(name, tuple(told["datasets"]), {k: tuple(v) for k, v in told["rows"].items()})
    for name, told in _DATA["targets"].items()
}
EFFECTS = {
    name: Effect(name, tuple(map(tuple, told["pairs"])), told["target"])
    for name, told in _DATA["effects"].items()
}


def _in_company() -> dict[str, Effect]:
    """Each module beside some of the others, and the mean over these."""
    effects = []
    for part, company in _DATA["company"].items():
        pairs = tuple(map(tuple, company.values()))
        effects += [
            Effect(f"{part} {beside}", (pair,)) for beside, pair in zip(company, pairs, strict=True)
        ]
        effects.append(Effect(f"{part}, mean of the three", pairs))
    return {effect.name: effect for effect in effects}


IN_COMPANY = _in_company()
# What another reading of the paper does: runs with it minus runs with ours.
OTHER_READINGS = {
    VARIANTS[name].title: Effect(VARIANTS[name].title, ((name, "prn"),))
    for name in TARGETS["readings"].variants
    if name != "prn"
}


def make_experiment(variant: str, preset: str, overrides: dict[str, Any]) -> Experiment:
    """The variant's experiment in a preset; ``overrides`` are further options.

    Raises ValueError for an unknown variant, or if ``overrides`` has an option of the variant's.
    """
    check_choice("variant", variant, VARIANTS)
    options = VARIANTS[variant].options
    twice = sorted(set(options) & set(overrides))
    if twice:
        raise ValueError(
            f"overrides has {twice[0]!r}, which the variant {variant!r} sets itself; leave it out"
        )
    return Experiment.from_preset(preset, **{**overrides, **options})


def goes_with(variant: str, preset: str) -> bool:
    """Whether the variant's options go with the preset's, such as with its encoder.

    Raises ValueError for an unknown preset or variant.
    """
    Experiment.from_preset(preset)
    check_choice("variant", variant, VARIANTS)
    try:
        make_experiment(variant, preset, {})
    except ValueError:
        return False
    return True


def variant_of(experiment: Experiment) -> str | None:
    """The variant that an experiment is in its setting, or None if it is none of them.

    Whether textures and foregrounds were given, and where, does not count here; see :func:`given`.
    Neither does the seed, nor in which file weights lie, nor what :func:`setting_of` names.
    """
    usual = dataclasses.asdict(Experiment.from_preset(experiment.preset))
    told = dataclasses.asdict(experiment)
    free = {"dataset", "category", "data_root", "seed", *SETTING, *_places(experiment)}
    changed = {k: v for k, v in told.items() if k not in free and v != usual[k]}
    for variant in VARIANTS.values():
        if changed == {k: v for k, v in variant.options.items() if v != usual[k]}:
            return variant.name
    return None


def setting_of(experiment: Experiment) -> str:
    """The preset's name, and what of :data:`SETTING` differs from it: "narrow, bfloat16"."""
    usual = Experiment.from_preset(experiment.preset)
    told = {
        "encoder": experiment.encoder,
        "image_size": f"{experiment.image_size} pixels",
        "precision": experiment.precision,
        "max_steps": f"{experiment.max_steps} steps" if usual.max_steps else "cut short",
    }
    changed = [name for name in SETTING if getattr(experiment, name) != getattr(usual, name)]
    return ", ".join([experiment.preset, *(told[name] for name in changed)])


def given(experiment: Experiment) -> str:
    """Which folders and files of one's own an experiment uses beside its images, in words."""
    return ", ".join(_places(experiment))


def _places(experiment: Experiment) -> list[str]:
    return [name for name in PLACES if getattr(experiment, name) not in NO_PLACES]
