"""How much is enough: what a longer training on a processor buys.

Each budget is a finished run of its own, with a schedule that ends at its own last step. No score
decides when to stop.
"""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper.variants import setting_of, variant_of
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import Result


def budgets_table(results: Iterable[Result], preset: str = "narrow") -> pd.DataFrame:
    """A row for each run of PRN in ``preset`` on a processor, whatever its number of steps.

    Columns: dataset, category, ``setting`` (the preset and what was changed in it but the steps),
    seed, steps, ``minutes`` of training, the four metrics in percent, hardware; sorted by category
    and steps.
    """
    whole = Experiment.from_preset(preset).max_steps
    rows = [
        {
            "dataset": (e := result.experiment).dataset,
            "category": e.category,
            "setting": setting_of(replace(e, max_steps=whole)),
            "seed": e.seed,
            "steps": len(result.losses),
            "minutes": result.provenance["seconds"]["train"] / 60,
            **{name: 100 * result.metrics[name] for name in METRICS},
            "hardware": result.provenance["hardware"],
        }
        for result in results
        if result.experiment.preset == preset
        and variant_of(result.experiment) == "prn"
        and "CPU" in result.provenance["hardware"]
    ]
    columns = ["dataset", "category", "setting", "seed", "steps", "minutes", *METRICS, "hardware"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["dataset", "category", "steps", "seed"], ignore_index=True)
