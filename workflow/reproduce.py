"""Run ``book/reproduce.ipynb`` once for every category with papermill, then print the table.

A category that fails leaves its notebook to read, the others go on, and the exit status says that
something failed. Finished runs are kept and unfinished ones go on from their last checkpoint:
starting again continues where the last batch ended.
"""

import argparse
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

os.environ["PRN_PROGRESS"] = "text"  # the notebooks' bars appear in this terminal
if not sys.stderr.isatty():
    os.environ.setdefault("TQDM_MININTERVAL", "10")  # seconds between two lines of a log

import papermill

from prn_lib.datasets import categories
from prn_lib.experiment import PRESETS, Experiment
from prn_lib.paths import project_folder
from prn_lib.results import results_table
from prn_lib.run import RECORD, Result, default_folder, load_result, run

NOTEBOOK = project_folder() / "book" / "reproduce.ipynb"
NOTEBOOK_PARAMETERS = ("dataset", "category", "data_root", "seed")  # not given a second time


def main() -> int:
    """Returns 0 if every run finished, 1 if some failed, 2 if the request itself is wrong."""
    options = _options()
    try:
        overrides = _overrides(options.overrides)
        data_root = _absolute(options.data_root)
        common = {"dataset": options.dataset, "data_root": data_root, "seed": options.seed}
        template = Experiment.from_preset(options.preset, **{**common, **overrides})
        names = options.categories or categories(template.dataset, template.data_root)
        experiments = [replace(template, category=name) for name in names]
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    results, failures = [], []
    for number, experiment in enumerate(experiments, start=1):
        print(f"[{number}/{len(experiments)}] {experiment.dataset}/{experiment.category}")
        try:
            results.append(_run(experiment, overrides, _absolute(options.tensorboard)))
        except papermill.PapermillExecutionError as error:
            failures.append(f"{experiment.category}: {error.ename}: {error.evalue}")
            print(f"    failed; read {_failed_notebook(experiment)}", file=sys.stderr)
        except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: the kernel was killed
            failures.append(f"{experiment.category}: {error}")
    if results:
        _report(results)
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", default="mini")
    parser.add_argument("--data-root", default="", help="folder of the dataset's images")
    parser.add_argument(
        "--categories", default="", type=_words, help="comma-separated; default all"
    )
    parser.add_argument("--preset", default="quick", help=", ".join(PRESETS))
    parser.add_argument("--seed", default=0, type=int)
    parser.add_argument("--tensorboard", default="", help="folder for TensorBoard events")
    parser.add_argument("--overrides", default="", help="JSON, such as '{\"max_steps\": 50}'")
    return parser.parse_args()


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _absolute(path: str) -> str | None:
    """Notebooks run in ``book/``, where a relative path would mean something else."""
    return str(Path(path).expanduser().resolve()) if path else None


def _overrides(text: str) -> dict:
    try:
        overrides = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise ValueError(f"overrides are not JSON ({error}): {text}") from None
    if not isinstance(overrides, dict):
        raise ValueError(f"overrides must be a JSON object of option names and values, not {text}")
    for name in ("textures", "foreground_masks"):
        if overrides.get(name):
            overrides[name] = _absolute(overrides[name])
    if overrides.get("weights") not in (None, "imagenet", "random"):
        overrides["weights"] = _absolute(overrides["weights"])
    return overrides


def _run(experiment: Experiment, overrides: dict, tensorboard: str | None) -> Result:
    folder = default_folder(experiment)
    events = tensorboard and str(Path(tensorboard, *folder.parts[-3:]))
    if (folder / RECORD).is_file() and (folder / NOTEBOOK.name).is_file():
        print("    finished earlier, kept")
        return run(experiment, folder)
    failed = _failed_notebook(experiment)
    failed.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        NOTEBOOK,
        failed,  # stays here only if a cell fails
        parameters={
            "dataset": experiment.dataset,
            "category": experiment.category,
            "data_root": experiment.data_root,
            "preset": experiment.preset,
            "seed": experiment.seed,
            "overrides": {k: v for k, v in overrides.items() if k not in NOTEBOOK_PARAMETERS},
            "out_dir": str(folder),
            "tensorboard": events,
        },
        progress_bar=False,
        stderr_file=sys.stderr,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        cwd=str(NOTEBOOK.parent),
    )
    shutil.move(failed, folder / NOTEBOOK.name)
    return load_result(folder)


def _failed_notebook(experiment: Experiment) -> Path:
    folder = default_folder(experiment)
    return folder.with_name(f"{folder.name}.failed.ipynb")


def _report(results: list[Result]) -> None:
    table = results_table(results).to_markdown(index=False, floatfmt=".1f")
    first = results[0]
    path = project_folder() / "runs" / first.experiment.dataset
    path = path / f"{first.experiment.run_name}.md"
    path.write_text(table + "\n")
    print(f"\n{table}\n\n{first.provenance['hardware']}; table also in {path}")


if __name__ == "__main__":
    sys.exit(main())
