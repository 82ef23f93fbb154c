"""The words by which a script here is told its experiment."""

import argparse
from typing import Any

from prn_lib.runs.experiment import Experiment
from prn_lib.runs.option_words import read_options


def add_words(parser: argparse.ArgumentParser) -> None:
    """Dataset, category, folder, preset and single options."""
    parser.add_argument("--dataset", default="mini")
    parser.add_argument("--category", required=True)
    parser.add_argument("--data-root")
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE", dest="words")


def experiment_of(told: argparse.Namespace, **options: Any) -> Experiment:
    """What the words of :func:`add_words` say, and further ``options``."""
    return Experiment.from_preset(
        told.preset,
        dataset=told.dataset,
        category=told.category,
        data_root=told.data_root,
        **options,
        **read_options(told.words),
    )
