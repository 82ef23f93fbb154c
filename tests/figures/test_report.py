"""The page about a finished run: its numbers, its pictures, and what it does without them."""

import base64
import dataclasses
import io
import json
import math
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from matplotlib.colors import to_rgb
from PIL import Image
from sklearn.metrics import average_precision_score, roc_auc_score

from conftest import save_image, save_mask
from prn_lib.evaluation.metrics import METRICS
from prn_lib.figures.base import CONTOUR
from prn_lib.figures.report import cases, page, render, write_report
from prn_lib.figures.report.evidence import Photos
from prn_lib.inspection.thresholds import Threshold
from prn_lib.paper import paper_metrics
from prn_lib.runs import TITLES, Experiment, load_result, read_category, run

ODD = '<b>&"'  # a defect's name
BIGGEST = 3e6  # bytes


@pytest.fixture(scope="module")
def products(tmp_path_factory):
    """A ``carpet`` of 6 + 3 normals, 4 odd defects and 4 cuts: a category that the paper has."""
    carpet = tmp_path_factory.mktemp("products") / "carpet"
    for i in range(6):
        save_image(carpet / f"train/good/{i:03d}.png", i)
    for i in range(3):
        save_image(carpet / f"test/good/{i:03d}.png", 10 + i)
    for k, (defect, box) in enumerate({ODD: (20, 20, 44, 44), "cut": (60, 10, 66, 80)}.items()):
        for i in range(4):
            save_image(carpet / f"test/{defect}/{i:03d}.png", 20 + 10 * k + i)
            save_mask(carpet / f"ground_truth/{defect}/{i:03d}_mask.png", box)
    return carpet.parent


@pytest.fixture(scope="module")
def made(products, tmp_path_factory):
    few = {"n_anomalies": 3, "max_steps": 2, "data_root": str(products)}
    experiment = Experiment.from_preset("smoke", dataset="mvtec", category="carpet", **few)
    return run(experiment, tmp_path_factory.mktemp("runs") / "a")


@pytest.fixture(scope="module")
def text(made):
    return render(made)


@pytest.fixture(scope="module")
def soup(text):
    return BeautifulSoup(text, "html.parser")


@pytest.fixture
def copied(made, tmp_path, monkeypatch):
    """A copy of the run's folder, to change it; its page shows one image of each group."""
    monkeypatch.setattr(cases, "SHOWN", 1)
    return load_result(shutil.copytree(made.folder, tmp_path / "copy"))


def read(result):
    return BeautifulSoup(render(result), "html.parser")


def rows(soup, name):
    """The cells of a table, by the first of each row."""
    lines = soup.select(f"table.{name} tbody tr")
    return {line.th.text: [cell.text for cell in line.select("td")] for line in lines}


def words(tag):
    return " ".join(tag.text.split())


def cards(soup):
    """What is told of each metric, by the metric's name without its explanation."""
    told = soup.select(".cards > div")
    return {words(card.dt).split(" (")[0]: [words(dd) for dd in card.select("dd")] for card in told}


def pixels(image):
    data = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_the_metrics_are_the_records_beside_the_papers(soup, made):
    printed = paper_metrics("mvtec", "carpet")
    told = cards(soup)
    assert list(told) == [TITLES[name] for name in METRICS]
    for name in METRICS:
        ours, paper, meaning = told[TITLES[name]]
        assert float(ours) == round(100 * made.metrics[name], 1)
        value, difference = re.fullmatch(r"paper: ([\d.]+), difference (\S+)", paper).groups()
        assert float(value) == round(100 * printed[name], 1)
        expected = 100 * (made.metrics[name] - printed[name])
        assert float(difference.replace("\N{MINUS SIGN}", "-")) == round(expected, 1)
        assert len(meaning.split(".")[0].split()) > 5


def test_a_category_that_the_paper_lacks_stands_alone(copied):
    other = dataclasses.replace(copied.experiment, category="flask")
    soup = read(dataclasses.replace(copied, experiment=other))
    assert [len(told) for told in cards(soup).values()] == [2, 2, 2, 2]
    assert "no numbers of the paper" in words(soup.find(id="metrics").parent)


def test_the_head_says_what_when_and_on_what(soup, made):
    assert soup.html["lang"] == "en"
    assert soup.title.text == "mvtec/carpet: report of a PRN run"
    assert [h.text for h in soup.select("h1")] == ["mvtec/carpet"]
    head = words(soup.header)
    year, _, day = made.provenance["date"][:10].split("-")
    assert re.search(rf"Finished on {int(day)} \w+ {year}, \d\d:\d\d UTC", head)
    assert made.provenance["hardware"] in head
    assert "Preset smoke, 2 steps; seed 0." in head


def test_every_image_is_counted_once(soup, made):
    told = {title: int(count) for title, (count,) in rows(soup, "split").items()}
    assert told["normal, to train on"] == 6
    assert told["anomalous, to train on"] == 3
    assert told["normal, to test on"] == 3
    tested = [entry["defect"] for entry in made.scores]
    assert told[f"{ODD}, to test on"] == tested.count(ODD)
    assert told["cut, to test on"] == tested.count("cut")
    assert sum(told.values()) == 6 + 3 + 8


def test_each_type_is_measured_as_others_measure_it(soup, made):
    category = read_category(made.experiment)
    _, masks = category.load(category.test, made.experiment.image_size)
    masks, maps = masks[:, 0].numpy(), made.score_maps()
    defects = np.array([entry["defect"] for entry in made.scores])
    scores = np.array([entry["score"] for entry in made.scores])
    told = rows(soup, "types")
    assert list(told) == ["good", ODD, "cut"]
    assert told["good"][0] == "3"
    for defect, box in ((ODD, 24 * 24), ("cut", 6 * 70)):
        own, among = defects == defect, (defects == defect) | (defects == "good")
        count, auroc, mean, span, area, ap = told[defect]
        assert int(count) == own.sum()
        assert float(auroc) == round(100 * roc_auc_score(own[among], scores[among]), 1)
        assert mean == f"{scores[own].mean():.3f}"
        assert span == f"{scores[own].min():.3f} to {scores[own].max():.3f}"
        assert float(area) == pytest.approx(100 * box / 96**2, abs=0.5)  # 96 pixels became 64
        expected = average_precision_score(masks[among].ravel(), maps[among].ravel())
        assert float(ap) == round(100 * expected, 1)


def test_the_worst_and_the_best_images_are_chosen_by_their_scores(soup, made):
    by_score = sorted(made.scores, key=lambda entry: entry["score"])
    normals = [entry for entry in by_score if entry["defect"] == "good"]
    anomalies = [entry for entry in by_score if entry["defect"] != "good"]
    shown = {
        words(group.find_previous_sibling("h3")).split(":")[0]: group.select("figcaption")
        for group in soup.select(".cases")
    }
    expected = {
        "Most likely missed": anomalies[:3],
        "Most likely false alarms": normals[::-1],
        "Clearest finds": anomalies[3:][::-1],
    }
    assert list(shown) == list(expected)
    for title, entries in expected.items():
        for caption, entry in zip(shown[title], entries, strict=True):
            others = normals if entry["defect"] != "good" else anomalies
            below = sum(other["score"] < entry["score"] for other in others)
            among = {0: f"none of {len(others)}", len(others): f"all {len(others)}"}
            assert caption.b.text == entry["name"]
            assert words(caption).endswith(
                f"{entry['defect']}, score {entry['score']:.3f}, higher than "
                f"{among.get(below, f'{below} of {len(others)}')} "
                f"{'normal images' if others is normals else 'anomalies'}"
            )


def test_defects_are_outlined_in_a_photograph_beside_its_map(soup):
    pink = 255 * np.array(to_rgb(CONTOUR))
    images = soup.select("img.case")
    assert len(images) == 8
    for image in images:
        shown = pixels(image)
        height, width = shown.shape[:2]
        assert width == pytest.approx(2 * height, rel=0.05)
        near = (np.abs(shown - pink).max(axis=2) < 60)[:, : width // 2].sum()
        assert (near > 100) == ("outlined" in image["alt"])
    assert sum("outlined" in image["alt"] for image in images) == 5


def test_the_page_needs_nothing_from_outside_and_every_picture_has_words(text, soup):
    assert not soup.select("script, link, iframe, object, embed, base")
    assert not [tag for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")]
    assert not soup.select("[href], [srcset]")
    assert not re.search(r"url\(|@import|https?://", text)
    images = soup.select("img")
    assert len(images) == 2 + 8
    for image in images:
        assert image["src"].startswith("data:image/png;base64,")
        assert len(image["alt"]) > 40
        assert pixels(image).size
    assert [int(h.name[1]) for h in soup.select("h1, h2, h3")][:3] == [1, 2, 2]
    assert {section["aria-labelledby"] for section in soup.select("section")} == {
        h["id"] for h in soup.select("h2")
    }


def test_names_and_notes_are_text_and_never_markup(text, copied):
    assert ODD not in text
    assert f'<th scope="row">{ODD.replace("&", "&amp;").replace("<", "&lt;")}' not in text
    noted = dataclasses.replace(copied, notes=["<script>alert(1)</script> & more"])
    soup = read(noted)
    assert not soup.select("script")
    assert [item.text for item in soup.select("li")] == noted.notes


def test_settings_that_were_changed_stand_out_and_all_are_there(soup, made):
    assert rows(soup, "changed") == {"n_anomalies": ["3", "10"], "max_steps": ["2", "3"]}
    told = {words(dt): words(dt.find_next("dd")) for dt in soup.select("details dt")}
    assert told == {name: str(v) for name, v in dataclasses.asdict(made.experiment).items()}
    provenance = words(soup.find(id="provenance").parent)
    for name, number in made.provenance["versions"].items():
        assert f"{name} {number}" in provenance
    assert (made.provenance["commit"] or "unknown").removesuffix("+") in provenance


def test_a_run_with_the_presets_settings_says_so_and_one_without_a_step(copied):
    plain = Experiment.from_preset("smoke", dataset="mvtec", category="carpet")
    soup = read(dataclasses.replace(copied, experiment=plain, losses=[]))
    told = words(soup.find(id="training").parent)
    assert "None: the run has all settings of the preset smoke." in told
    assert "The network was not trained" in told
    assert len(soup.select("img.chart")) == 1


def test_a_run_that_was_stopped_says_who_went_on(copied):
    parts = [{"from_step": k, "hardware": f"card {k}", "date": "2026-01-02T03"} for k in (0, 1)]
    soup = read(dataclasses.replace(copied, provenance={**copied.provenance, "sessions": parts}))
    told = words(soup.find(id="provenance").parent)
    assert "from step 0 on card 0, 2026-01-02; from step 1 on card 1, 2026-01-02" in told


def test_without_the_data_the_maps_stand_alone(copied, tmp_path):
    gone = dataclasses.replace(copied.experiment, data_root=str(tmp_path / "gone"))
    soup = read(dataclasses.replace(copied, experiment=gone))
    assert "could not be read again" in soup.select_one(".warning").text
    assert str(tmp_path / "gone") in soup.select_one(".warning").text
    for image in soup.select("img.case"):
        height, width = pixels(image).shape[:2]
        assert width == pytest.approx(height, rel=0.02)
    assert rows(soup, "types")["cut"][-2:] == ["not read", "not read"]


def test_other_images_than_those_of_the_run_are_not_shown(copied, products, tmp_path):
    fewer = shutil.copytree(products, tmp_path / "fewer")
    (fewer / "carpet/test/good/001.png").unlink()
    changed = dataclasses.replace(copied.experiment, data_root=str(fewer))
    soup = read(dataclasses.replace(copied, experiment=changed))
    assert "other images now: test/good/001 is not among" in soup.select_one(".warning").text


def test_a_run_without_masks_has_no_numbers_of_pixels(copied, monkeypatch):
    images = torch.zeros(len(copied.scores), 3, 64, 64, dtype=torch.uint8)
    bare = Photos(images, images[:, :1], np.zeros(len(images), bool))
    monkeypatch.setattr(page, "read_photos", lambda result: bare)
    unknown = {**dict.fromkeys(METRICS, math.nan), "image_auroc": 0.75}
    soup = read(dataclasses.replace(copied, metrics=unknown))
    told = cards(soup)
    assert told["image AUROC"][0] == "75.0"
    for name in METRICS[1:]:
        assert told[TITLES[name]][0] == "no masks"
        assert "difference" not in told[TITLES[name]][1]
    assert rows(soup, "types")["cut"][-2:] == ["no masks", "no masks"]
    captions = [words(caption) for caption in soup.select(".cases figcaption")]
    assert sum(caption.endswith(", no mask") for caption in captions) == 2


def test_a_test_set_without_normal_images_leaves_them_out(copied):
    kept = [i for i, entry in enumerate(copied.scores) if entry["defect"] != "good"]
    np.savez(copied.folder / "scores.npz", score_maps=copied.score_maps()[kept])
    only = dataclasses.replace(
        copied,
        scores=[copied.scores[i] for i in kept],
        metrics={**copied.metrics, "image_auroc": math.nan},
    )
    soup = read(only)
    assert cards(soup)["image AUROC"][0] == "not defined"
    assert rows(soup, "types")["cut"][1] == "not defined"
    assert len(soup.select(".cases")) == 2
    assert "higher than" not in soup.text.split("best and the worst")[1].split("Each type")[0]


def test_without_a_threshold_none_is_drawn(soup):
    chart = soup.select_one("img.chart")
    assert "No threshold stored" in words(chart.parent.figcaption)
    assert "threshold" not in chart["alt"]


def test_a_threshold_is_drawn_and_what_it_does_is_told(copied):
    normals = sorted(e["score"] for e in copied.scores if e["defect"] == "good")
    anomalies = [e["score"] for e in copied.scores if e["defect"] != "good"]
    threshold = (normals[0] + max(anomalies)) / 2
    alarms = sum(score > threshold for score in normals)
    stored = Threshold(threshold, 0.1, 20, 0.01, 0.2)
    (copied.folder / "threshold.json").write_text(json.dumps(dataclasses.asdict(stored)))
    chart = read(copied).select_one("img.chart")
    missed = sum(score <= threshold for score in anomalies)
    told = words(chart.parent.figcaption)
    assert f"{missed} of 5 anomalies would be missed and {alarms} of 3 normal images" in told
    assert f"A dashed line marks the threshold {threshold:.3f}" in chart["alt"]


NOT_A_NUMBER = json.dumps(dataclasses.asdict(Threshold(float("nan"), 0.1, 20, 0.01, 0.2)))


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"value": 0.5}', NOT_A_NUMBER])
def test_a_threshold_that_is_none_is_refused(copied, content):
    (copied.folder / "threshold.json").write_text(content)
    with pytest.raises(ValueError, match=r"threshold\.json holds no threshold; choose it anew"):
        render(copied)


def test_a_run_without_its_score_maps_is_refused(copied):
    path = copied.folder / "scores.npz"
    np.savez(path, score_maps=copied.score_maps()[1:])
    with pytest.raises(ValueError, match="holds 7 score maps of 8 test images; run again"):
        render(copied)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"scores.npz cannot be read .*; run again"):
        render(copied)
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"scores\.npz is missing"):
        render(copied)


def test_the_file_goes_where_it_is_told_to(copied, tmp_path):
    assert write_report(copied.folder) == copied.folder / "report.html"
    told = (copied.folder / "report.html").read_text("utf-8")
    assert told.startswith("<!doctype html>")
    assert told.endswith("</html>")
    assert write_report(copied.folder, tmp_path / "new" / "a.html").read_text("utf-8") == told
    with pytest.raises(IsADirectoryError, match=f"{tmp_path} is a folder; name a file"):
        write_report(copied.folder, tmp_path)
    assert not list(copied.folder.glob(".report*"))


def test_a_name_that_is_no_unicode_does_not_stop_the_page(copied):
    record = json.loads((copied.folder / "result.json").read_text())
    record["notes"] = ["a file called \udcff.png"]
    (copied.folder / "result.json").write_text(json.dumps(record))
    assert "a file called ?.png" in write_report(copied.folder).read_text("utf-8")


def test_five_hundred_noisy_images_stay_below_three_megabytes(copied, monkeypatch):
    """Noise is what a PNG file can compress least; more pictures are as large as the first."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(256, (1, 3, 256, 256), generator=generator, dtype=torch.uint8)
    images = noise.expand(500, -1, -1, -1)
    maps = np.broadcast_to(np.float32(0.5), (500, 256, 256))
    photos = Photos(
        images, torch.zeros(1, 1, 256, 256).expand(500, -1, -1, -1), np.zeros(500, bool)
    )
    monkeypatch.setattr(page, "read_photos", lambda result: photos)
    monkeypatch.setattr(page, "read_maps", lambda result: maps)
    many = [
        {"name": f"test/{kind}/{i:03d}", "defect": kind, "score": i / 500}
        for i, kind in enumerate(["good", "cut"] * 250)
    ]
    text = render(dataclasses.replace(copied, scores=many))
    largest = max(len(tag) for tag in re.findall(r"<img[^>]*>", text))
    shown = text.count('<img class="case"')
    assert shown == 3
    assert largest > 5e4
    assert len(text.encode()) + (18 - shown) * largest < BIGGEST


def test_the_template_is_installed_with_the_library():
    told = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert '"prn_lib.figures.report" = ["page.html"]' in told
