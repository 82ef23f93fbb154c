"""The three READMEs: short, in the words of today, and with numbers that come from records."""

import json
import re
from pathlib import Path

import pytest

from prn_lib.datasets import DATASETS, overview
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper import paper_metrics
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import load_result

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
DATA = (PROJECT / "data" / "README.md").read_text()
RESULTS = (PROJECT / "results" / "README.md").read_text()
QUOTED = {
    "button": "mini/button",
    "grain": "mini/grain",
    "weave": "mini/weave",
    "magnetic tiles": "magnetic_tile/all",
}


def test_the_readme_fits_a_screen_and_a_half():
    assert len(README.splitlines()) <= 80
    assert max(len(line) for line in README.splitlines() if not line.startswith("![")) <= 132


@pytest.mark.parametrize("label", QUOTED)
def test_the_readme_quotes_every_seed_of_the_records(label):
    places = [PROJECT / f"results/{QUOTED[label]}/quick-seed{seed}" for seed in range(3)]
    runs = [load_result(place) for place in places]
    cells = [" / ".join(f"{100 * run.metrics[name]:.1f}" for run in runs) for name in METRICS]
    assert f"| {label} | {' | '.join(cells)} |" in README


def test_the_readme_tells_what_rounding_alone_did_on_another_machine():
    """The same options, split and threads; the losses begin alike, and then part."""
    moved = {}
    for category in ("button", "grain", "weave"):
        record = json.loads(
            (PROJECT / f"results/mini/{category}/quick-seed0/result.json").read_text()
        )
        other = json.loads(
            (PROJECT / f"results/rounding/mini-{category}-quick-seed0.json").read_text()
        )
        assert Experiment(**other["experiment"]) == Experiment(**record["experiment"])
        assert other["split"] == record["split"]
        assert other["provenance"]["threads"] == record["provenance"]["threads"]
        assert other["losses"][0] == pytest.approx(record["losses"][0], rel=1e-6)
        assert other["losses"] != record["losses"]
        pair = [100 * made["metrics"]["image_auroc"] for made in (record, other)]
        moved[abs(pair[1] - pair[0])] = (category, *pair)
    most, before, after = moved[max(moved)]
    told = f"moved {most}'s first image AUROC from {before:.1f} to {after:.1f}"
    assert told in " ".join(README.split())


def test_the_readme_quotes_the_run_of_the_papers_setting():
    run = load_result(next((PROJECT / "results/mvtec/bottle").glob("paper-seed0-*")))
    told = " ".join(README.split())
    assert " / ".join(f"{100 * run.metrics[name]:.1f}" for name in METRICS) in told
    epochs = len(run.losses) * run.experiment.normals_per_batch / len(run.split["train_normals"])
    minutes = run.provenance["seconds"]["train"] / 60
    assert f"{epochs:.0f} of its 700 epochs in {minutes:.1f} minutes" in told
    assert f"on an {run.provenance['hardware']}, one seed" in told
    assert run.experiment.precision in told
    paper = paper_metrics("mvtec", "bottle")
    assert " / ".join(f"{100 * paper[name]:.1f}" for name in METRICS) in told.replace(
        "has 100 /", "has 100.0 /"
    )


def test_the_data_page_shows_the_datasets_as_the_code_knows_them():
    assert overview().to_markdown(index=False) in DATA
    for key in DATASETS:
        assert f"| `{key}` |" in DATA


@pytest.mark.parametrize("text", [README, DATA, RESULTS], ids=["project", "data", "results"])
def test_links_and_paths_lead_somewhere(text):
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (PROJECT / target).exists(), target
    for path in re.findall(r"`((?:prn_lib|workflow|benchmarks|book|data)/[\w./-]+)`", text):
        made_later = path.startswith(("data/", "book/_build"))
        assert made_later or (PROJECT / path).exists(), path
