"""One frozen experiment becomes one record.

In comes an :class:`~prn_lib.runs.experiment.Experiment`, every option of a run; out comes a folder
with metrics, score maps, weights and what they were made with. Finished runs are read, listed,
applied to new photographs and exported here too. Chapter: "Reproduce one category".
"""

from prn_lib.runs.building import (
    assemble_model,
    build_model,
    build_synthesizer,
    prepare_training,
    read_category,
    set_up,
)
from prn_lib.runs.experiment import PRESETS, Experiment
from prn_lib.runs.option_words import read_overrides
from prn_lib.runs.results import Result, default_folder, find_results, load_model, load_result
from prn_lib.runs.running import run
from prn_lib.runs.scoring import judge, predict, score_photos
from prn_lib.runs.summaries import TITLES, auroc_by_type, compare_option, results_table

__all__ = [
    "PRESETS",
    "TITLES",
    "Experiment",
    "Result",
    "assemble_model",
    "auroc_by_type",
    "build_model",
    "build_synthesizer",
    "compare_option",
    "default_folder",
    "find_results",
    "judge",
    "load_model",
    "load_result",
    "predict",
    "prepare_training",
    "read_category",
    "read_overrides",
    "results_table",
    "run",
    "score_photos",
    "set_up",
]
