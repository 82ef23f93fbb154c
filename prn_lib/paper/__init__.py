"""What the paper prints, and our runs beside it.

In come the paper's tables (``data/paper``) and records of runs; out come tables with both, and the
difference that each part of PRN makes. Variants and readings of the paper are data here. Chapters:
"The paper's tables and ours", "What does each part do?", "Checking the printed numbers".
"""

from prn_lib.paper.comparison import compare, compare_with_paper, runs_of
from prn_lib.paper.differences import effects
from prn_lib.paper.printed import AVERAGED, averages, doubtful, paper_metrics, read_table
from prn_lib.paper.readings import Reading, all_readings
from prn_lib.paper.records import all_runs, made_with, settings_of
from prn_lib.paper.variants import (
    EFFECTS,
    IN_COMPANY,
    OTHER_READINGS,
    TARGETS,
    VARIANTS,
    make_experiment,
    setting_of,
    variant_of,
)

__all__ = [
    "AVERAGED",
    "EFFECTS",
    "IN_COMPANY",
    "OTHER_READINGS",
    "TARGETS",
    "VARIANTS",
    "Reading",
    "all_readings",
    "all_runs",
    "averages",
    "compare",
    "compare_with_paper",
    "doubtful",
    "effects",
    "made_with",
    "make_experiment",
    "paper_metrics",
    "read_table",
    "runs_of",
    "setting_of",
    "settings_of",
    "variant_of",
]
