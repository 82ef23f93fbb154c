"""The page on which defects are painted, in a browser whose network ends at this machine."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from axe import found_by_axe
from prn_lib.cli import main
from prn_lib.datasets import load_category
from prn_lib.runs import Experiment, default_folder, load_result, run

HTML = Path(__file__).parents[2] / "book" / "_build" / "html"
BUTTON = default_folder(Experiment.from_preset("quick", dataset="mini", category="button"))
TOLERANCE = 0.01  # of an image score, between torch and weights of 8 bits in a browser

if not (HTML / "paint/products.json").is_file() and not os.environ.get("CI"):
    pytest.skip("the book is not built: run 'make book' first", allow_module_level=True)


@pytest.fixture(scope="module")
def site(serve):
    return serve(HTML)


def find(browser, selector):
    from selenium.webdriver.common.by import By

    return browser.find_element(By.CSS_SELECTOR, selector)


def press(browser, words):
    """A button, a choice or a fold, by what is written on it, when it is there."""
    from selenium.webdriver.support.ui import WebDriverWait

    def named(_):
        tags = browser.find_elements("css selector", ".paint-a-defect :is(button, label, summary)")
        return next((tag for tag in tags if tag.text.strip() == words), None)

    tag = WebDriverWait(browser, 30).until(named)
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", tag)
    tag.click()


class Seen(NamedTuple):
    """What the page says of what it shows."""

    score: float
    score_map: np.ndarray  # (S, S)
    milliseconds: float  # from stroke to map
    runs: int  # of the network, so far


def settled(browser, after=0):
    """Wait until what is seen is computed, by a later run of the network than ``after``."""
    from selenium.webdriver.support.ui import WebDriverWait

    script = """
        const place = document.querySelector('.paint-a-defect');
        if (!place.found || place.dataset.stale !== 'false') return null;
        const {score, map} = place.found.prn;
        return [score, Array.from(map), place.found.milliseconds, Number(place.dataset.runs)];
    """

    def computed(_):
        found = browser.execute_script(script)
        return found if found and found[3] > after else None

    wait = WebDriverWait(browser, 60, poll_frequency=0.05)
    score, values, milliseconds, runs = wait.until(computed)
    side = round(len(values) ** 0.5)
    return Seen(score, np.array(values).reshape(side, side), milliseconds, runs)


def start(browser, address, words):
    browser.set_window_size(1280, 1000)
    browser.get(address)
    press(browser, words)
    return settled(browser)


def stroke(browser, points):
    """With the mouse, through points given as shares of the picture's side."""
    from selenium.webdriver.common.action_chains import ActionChains

    canvas = find(browser, ".paint-paper canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", canvas)
    side = canvas.size["width"]
    places = [[round((share - 0.5) * side) for share in point] for point in points]
    actions = ActionChains(browser, duration=20).move_to_element_with_offset(canvas, *places[0])
    actions.click_and_hold()
    for x, y in places[1:]:
        actions.move_to_element_with_offset(canvas, x, y)
    actions.release().perform()


def errors_of(browser):
    return [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def test_a_painted_scratch_is_found_where_it_is_and_undone(browser, site):
    """Away from the scratch, by an eighth of the side, the map stays nearly as it was."""
    clean = start(browser, f"{site}/book/paint.html", "button")
    threshold = float(find(browser, ".paint-line input").get_attribute("value"))
    assert clean.score < threshold
    stroke(browser, [(0.3, 0.3), (0.4, 0.33), (0.5, 0.36), (0.62, 0.52)])
    painted = settled(browser, after=clean.runs)
    print(f"from stroke to map: {painted.milliseconds:.0f} ms")
    assert painted.score > threshold
    assert "a defect" in find(browser, ".paint-verdict").text
    side = len(clean.score_map)
    line = np.zeros((side, side), bool)
    for share in np.linspace(0, 1, 100):
        line[int((0.3 + 0.06 * share) * side), int((0.3 + 0.2 * share) * side)] = True
        line[int((0.36 + 0.16 * share) * side), int((0.5 + 0.12 * share) * side)] = True
    away = distance_transform_edt(~line)
    risen = painted.score_map - clean.score_map
    assert risen[line].mean() > 0.2
    assert np.abs(risen[away > side / 8]).mean() < 0.01
    assert away[np.unravel_index(painted.score_map.argmax(), risen.shape)] < 4
    press(browser, "Undo")
    back = settled(browser, after=painted.runs)
    assert back.score == clean.score
    assert np.array_equal(back.score_map, clean.score_map)
    assert errors_of(browser) == []
    hosts = browser.execute_script(
        "return performance.getEntriesByType('resource').map(e => new URL(e.name).origin)"
    )
    assert set(hosts) == {site}


def test_the_keyboard_paints_too_and_the_page_goes_on_while_it_is_computed(browser, site):
    from selenium.webdriver.common.keys import Keys

    clean = start(browser, f"{site}/book/paint.html", "button")
    canvas = find(browser, ".paint-paper canvas")
    browser.execute_script(
        """
        const place = document.querySelector('.paint-a-defect');
        const before = place.found;
        window.frames_meanwhile = 0;
        const count = () => {
            if (place.found !== before) return;
            window.frames_meanwhile++;
            requestAnimationFrame(count);
        };
        requestAnimationFrame(count);
        """
    )
    canvas.send_keys(Keys.ARROW_UP * 12, " ", Keys.ARROW_LEFT * 10, " ")
    painted = settled(browser, after=clean.runs)
    assert painted.score > clean.score
    assert browser.execute_script("return window.frames_meanwhile") > 0
    canvas.send_keys("z")
    undone = settled(browser, after=painted.runs)
    assert undone.score == clean.score
    find(browser, ".paint-pictures button:last-child img").click()  # a choice, not a figure
    assert settled(browser, after=undone.runs).score > clean.score
    assert browser.find_elements("css selector", "dialog.figure") == []
    assert errors_of(browser) == []


def test_twenty_test_images_get_the_scores_of_torch(browser, site):
    """Dropped as files of 256 pixels a side: squashed, and computed with weights of 8 bits."""
    recorded = load_result(BUTTON).scores
    test = load_category("mini", "button").test
    every = len(test) // 20
    seen = start(browser, f"{site}/book/paint.html", "button")
    off = []
    for sample, entry in list(zip(test, recorded, strict=True))[::every][:20]:
        assert sample.name == entry["name"]
        find(browser, ".paint-controls input[type=file]").send_keys(str(sample.image.resolve()))
        seen = settled(browser, after=seen.runs)
        off.append(abs(seen.score - entry["score"]))
    print(f"largest difference of {len(off)} scores: {max(off):.4f}")
    assert len(off) == 20
    assert max(off) < TOLERANCE


def test_without_webassembly_or_a_server_there_are_words_and_the_picture(open_browser, site):
    without = open_browser()
    off = {"source": "delete globalThis.WebAssembly"}
    without.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", off)
    without.get(f"{site}/book/paint.html")
    assert (
        "WebAssembly, with which a page computes, is switched" in find(without, ".paint-words").text
    )
    assert without.execute_script("return document.querySelector('article img').naturalWidth") > 200
    without.get((HTML / "book/paint.html").as_uri())
    assert "python -m http.server" in find(without, ".paint-words").text


def test_a_damaged_network_is_noticed(browser, serve, tmp_path):
    """Another network answers otherwise than the page's maker said."""
    for path in (HTML / "paint").rglob("*"):
        copy = tmp_path / path.relative_to(HTML / "paint")
        copy.mkdir(exist_ok=True) if path.is_dir() else copy.symlink_to(path)
    listed = tmp_path / "products/0/product.json"
    told = json.loads(listed.read_text())
    told["pictures"][0]["scores"]["prn"] += 0.01
    listed.unlink()
    listed.write_text(json.dumps(told))
    browser.get(serve(tmp_path))
    press(browser, "button")
    from selenium.webdriver.support.ui import WebDriverWait

    words = lambda: find(browser, ".paint-words").text  # noqa: E731
    WebDriverWait(browser, 60).until(lambda _: "could not be started" in words())
    assert "computes wrongly" in words()
    errors_of(browser)


def test_a_page_of_ones_own_run(browser, serve, tmp_path, monkeypatch, capsys):
    """By the command: two networks side by side, accessible, on a phone, with its losses told."""
    options = {"use_attention": False, "use_fusion": False, "max_steps": 8, "learning_rate": 0.01}
    real = {"encoder": "efficientnet_lite0", "weights": "imagenet", **options}
    run(Experiment.from_preset("smoke", **real), tmp_path / "run")
    run(Experiment.from_preset("smoke", use_prototypes=False, **real), tmp_path / "plain")
    monkeypatch.setattr("prn_lib.web.folder.runtime_folder", lambda: HTML / "paint/runtime")
    page = tmp_path / "page"
    words = ["export", str(tmp_path / "run"), "--web", "--out", str(page)]
    assert main([*words, "--without", str(tmp_path / "plain")]) == 0
    told = capsys.readouterr().out
    assert "in the record" in told
    assert "no threshold is stored" in told
    assert "mind who may see them" in told
    assert {path.name for path in (page / "page").iterdir()} == {
        "start.js", "app.js", "brush.js", "photo.js", "worker.js", "paint.css",
    }  # fmt: skip
    assert all(path.stat().st_size < 8e6 for path in page.glob("products/*/*.onnx"))
    seen = start(browser, serve(page), "weave")
    recorded = {e["name"]: e["score"] for e in load_result(tmp_path / "run").scores}
    (first, *_) = json.loads((page / "products/0/product.json").read_text())["pictures"]
    assert abs(seen.score - recorded[first["name"]]) < TOLERANCE
    press(browser, "without prototypes, side by side")
    press(browser, "show the prototype's match")
    press(browser, "3, coarse")
    press(browser, "What computes here, and what its smaller file loses")
    browser.set_window_size(420, 900)
    settled(browser, after=seen.runs)
    shown = browser.execute_script(
        """
        const seen = [...document.querySelectorAll('.paint-canvases figure')]
            .filter(f => f.getClientRects().length).map(f => f.textContent);
        const match = document.querySelector('.paint-canvases figure > img');
        return [seen, match.naturalWidth, document.documentElement.scrollWidth, innerWidth];
        """
    )
    names = ["your picture", "residual, scale 3", "score map", "without", "the prototype's match"]
    assert all(map(str.startswith, shown[0], names))
    assert len(shown[0]) == len(names)
    assert shown[1] == 64
    assert shown[2] <= shown[3]
    assert "No threshold is stored" in find(browser, ".paint-board .paint-small").text
    assert found_by_axe(browser) == []
    assert errors_of(browser) == []
