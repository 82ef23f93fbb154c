"""The figures that the batch draws: Figure 6 of a finished run, Figure 8 of a category.

    python workflow/run_figures.py figure6 <run folder> <out.png>
    python workflow/run_figures.py figure8 <dataset> <category> <out.png> [<parameters>]

Nothing is picked by hand. ``<parameters>`` are those of a run's notebook as one JSON object: they
say where the images lie, at which size they are read, and which options make the anomalies.
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("agg")

from prn_lib import figures
from prn_lib.runs.building import build_synthesizer, read_category
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.option_words import usual_preset
from prn_lib.runs.results import load_result

PER_KIND = 4  # anomalies of each strategy
COLOURS = 256  # of Figure 8, which has photographs and masks only


def main() -> int:
    """Draws what the command line names; returns 0, or 2 with one line that says what is wrong."""
    try:
        match sys.argv[1:]:
            case ["figure6", folder, out]:
                draw_figure6(Path(folder), Path(out))
            case ["figure8", dataset, category, out, *parameters] if len(parameters) < 2:
                draw_figure8(_experiment(dataset, category, *parameters), Path(out))
            case _:
                raise ValueError("wrong arguments; the beginning of this script shows them")
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def draw_figure6(folder: Path, out: Path) -> None:
    """Image, ground truth and score map of a test image of each type, the first by name.

    Raises FileNotFoundError or ValueError if the run is not finished or its images have changed.
    """
    result = load_result(folder)
    category = read_category(result.experiment)
    shown = figures.one_of_each_type(category)
    unknown = {sample.name for sample in shown} - {entry["name"] for entry in result.scores}
    if unknown:
        raise ValueError(
            f"{folder} was run on other images: it has no score of {min(unknown)}; delete that "
            "folder and run again"
        )
    figures.show_score_maps(result, category, shown).write(out)


def draw_figure8(experiment: Experiment, out: Path) -> None:
    """Anomalies of each strategy on the category's normal images, drawn by the run's seed."""
    synthesizer = build_synthesizer(experiment, read_category(experiment))
    picture = figures.show_anomalies(synthesizer, experiment.seed, PER_KIND)
    picture.write(out, COLOURS)


def _experiment(dataset: str, category: str, parameters: str = "{}") -> Experiment:
    """PRN in the preset that suits the dataset, with a notebook's parameters."""
    told = json.loads(parameters)
    preset, overrides = told.get("preset", usual_preset(dataset)), told.get("overrides", {})
    own = {name: told[name] for name in ("data_root", "seed") if name in told}
    return Experiment.from_preset(preset, dataset=dataset, category=category, **own, **overrides)


if __name__ == "__main__":
    sys.exit(main())
