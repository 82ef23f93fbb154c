"""Tables of finished runs, beside the paper's numbers where the paper has them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from prn_lib.metrics import METRICS
from prn_lib.paper import paper_metrics
from prn_lib.run import RECORD, Result, load_result

TITLES = {
    "image_auroc": "image AUROC",
    "pixel_auroc": "pixel AUROC",
    "pro": "PRO",
    "pixel_ap": "pixel AP",
}


def find_results(root: Path | str) -> list[Result]:
    """All finished runs below ``root``, sorted by folder; drafts are passed over."""
    records = sorted(Path(root).rglob(RECORD))
    return [load_result(path.parent) for path in records if not path.parent.name.startswith(".")]


def compare_with_paper(result: Result) -> pd.DataFrame:
    """The four metrics of one run in percent, the paper's, and the difference where it has them."""
    ours = {TITLES[name]: 100 * result.metrics[name] for name in METRICS}
    table = pd.DataFrame({"this run": ours})
    printed = paper_metrics(result.experiment.dataset, result.experiment.category)
    if printed is not None:
        table["paper"] = [100 * printed[name] for name in METRICS]
        table["difference"] = table["this run"] - table["paper"]
    return table.round(1)


def results_table(results: Sequence[Result]) -> pd.DataFrame:
    """One row a run with the four metrics in percent; the last row is their mean.

    Raises ValueError if there is no run.
    """
    if not results:
        raise ValueError("there is no finished run to tabulate; run one with 'make reproduce'")
    rows = [
        {
            "category": result.experiment.category,
            "run": result.experiment.run_name,
            **{TITLES[name]: 100 * result.metrics[name] for name in METRICS},
            "minutes": sum(result.provenance["seconds"].values()) / 60,
        }
        for result in results
    ]
    table = pd.DataFrame(rows)
    mean = {"category": "mean", "run": "", **table.mean(numeric_only=True)}
    return pd.concat([table, pd.DataFrame([mean])], ignore_index=True).round(1)
