"""Records of runs that were never made."""

import dataclasses
import json

import pytest

from prn_lib.common.paths import project_folder
from prn_lib.evaluation.metrics import METRICS


@pytest.fixture
def record(tmp_path):
    """Writes the record of a run that was never made."""
    like = next((project_folder() / "results").glob("mini/*/quick-seed0"))
    template = json.loads((like / "result.json").read_text())

    def write(folder, experiment, value):
        path = tmp_path / folder / experiment.dataset / experiment.category / experiment.run_name
        path.mkdir(parents=True)
        told = {
            **template,
            "experiment": dataclasses.asdict(experiment),
            "metrics": dict.fromkeys(METRICS, value),
        }
        (path / "result.json").write_text(json.dumps(told))

    return write
