"""The three READMEs: short, in the words of today, and with numbers that come from records."""

import json
import re
from pathlib import Path

import pytest

from prn_lib.datasets import DATASETS, overview
from prn_lib.evaluation.metrics import METRICS
from prn_lib.paper import paper_metrics, setting_of
from prn_lib.runs.experiment import Experiment
from prn_lib.runs.results import find_results, load_result
from prn_lib.studies.rivals import method_of

PROJECT = Path(__file__).parents[2]
README = (PROJECT / "README.md").read_text()
DATA = (PROJECT / "data" / "README.md").read_text()
RESULTS = (PROJECT / "results" / "README.md").read_text()
QUOTED = {
    "button": "mini/button/quick-seed{}",
    "grain": "mini/grain/quick-seed{}",
    "weave": "mini/weave/quick-seed{}",
    "bottle": "mvtec/bottle/quick-seed{}-*",
    "pill": "mvtec/pill/quick-seed{}-*",
}


def in_percent(metrics: dict[str, float]) -> str:
    return " | ".join(f"{100 * metrics[name]:.1f}" for name in METRICS)


def test_the_readme_fits_a_screen_and_a_half():
    assert len(README.splitlines()) <= 80
    assert max(len(line) for line in README.splitlines() if not line.startswith("![")) <= 132


@pytest.mark.parametrize("label", QUOTED)
def test_the_readme_quotes_every_seed_of_the_records(label):
    runs = []
    for seed in range(3):
        places = (PROJECT / "results").glob(QUOTED[label].format(seed))
        (run,) = (r for r in map(load_result, places) if method_of(r) == "prn")
        runs.append(run)
    assert {setting_of(run.experiment) for run in runs} == {
        "quick, resnet18" if "mvtec" in QUOTED[label] else "quick"
    }
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


@pytest.mark.parametrize("category", ["bottle", "pill"])
def test_the_readme_quotes_the_runs_of_the_papers_setting(category):
    run = load_result(next((PROJECT / "results/mvtec" / category).glob("paper-seed0-*")))
    epochs = len(run.losses) * run.experiment.normals_per_batch / len(run.split["train_normals"])
    minutes = run.provenance["seconds"]["train"] / 60
    hardware = run.provenance["hardware"].removeprefix("NVIDIA ")
    training = f"`paper`, {epochs:.0f} of 700 epochs, {minutes:.1f} min on an {hardware}"
    assert f"| {category} | {training} | {in_percent(run.metrics)} |" in README
    assert run.experiment.precision == "bfloat16"
    assert f"| | *the paper* | {in_percent(paper_metrics('mvtec', category))} |" in README


@pytest.mark.parametrize("category", ["bottle", "pill"])
def test_the_readme_quotes_the_whole_runs_on_a_processor(category):
    """Of the preset `narrow`; those of fewer steps are for the page on speed."""
    whole = Experiment.from_preset("narrow").max_steps
    found = find_results(PROJECT / "results/mvtec" / category)
    (run,) = (r for r in found if r.experiment.preset == "narrow" and len(r.losses) == whole)
    minutes = run.provenance["seconds"]["train"] / 60
    assert run.provenance["hardware"].endswith("2 CPU cores")
    training = f"`narrow`, half the width, {minutes:.0f} min on 2 cores"
    assert f"| | {training} | {in_percent(run.metrics)} |" in README
    assert run.experiment.precision == "bfloat16"


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
