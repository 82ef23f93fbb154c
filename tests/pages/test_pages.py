"""The built book, read and opened. `make test` builds it first."""

import gzip
import os
import re
from functools import cache
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from axe import found_by_axe

HTML = Path(__file__).parents[2] / "book" / "_build" / "html"
PAGES = sorted(path for path in HTML.glob("book/*.html"))

CHINESE = HTML / "zh" / "book"
CATALOGUES = HTML.parents[1] / "locale/zh_CN/LC_MESSAGES/book"
TRANSLATED = sorted(path.stem for path in CATALOGUES.glob("*.po"))
CHINESE_PAGES = [CHINESE / f"{name}.html" for name in TRANSLATED]


def name_of(path):
    """Such as book-data or zh-index."""
    return f"{path.relative_to(HTML).parts[0]}-{path.stem}"


if not PAGES and not os.environ.get("CI"):
    pytest.skip("the book is not built: run 'make book' first", allow_module_level=True)


def test_the_book_is_built():
    assert {path.stem for path in PAGES} >= {
        "index", "fifteen-minutes", "families", "paint", "data", "own-product",
        "noise", "simulated", "extended", "target-areas",
        "features", "prototypes", "fusion", "attention", "decoder", "network",
        "training", "metrics", "tiny-defects",
        "verdict", "worth-it", "apart", "speed",
        "tables", "ablations", "gallery", "doubtful-labels", "errata",
        "how-to-use", "reproduce", "batch", "questions",
        "notation", "glossary", "paper-to-code", "api", "references",
    }  # fmt: skip


@cache
def soup_of(path):
    """A page's tags, read once; tests only look at them."""
    return BeautifulSoup(path.read_text(), "html.parser")


@cache
def ids_of(path):
    """What a link may lead to on a page."""
    return {tag["id"] for tag in soup_of(path).find_all(id=True)}


@pytest.mark.parametrize("path", [*PAGES, *CHINESE_PAGES], ids=name_of)
def test_pages_ask_no_other_host_for_anything(path):
    page = soup_of(path)
    loaded = [tag.get("src") for tag in page.find_all(["script", "img", "iframe"])]
    loaded += [
        tag.get("href") for tag in page.find_all("link", rel=True) if "canonical" not in tag["rel"]
    ]
    outside = [address for address in loaded if address and address.startswith(("http", "//"))]
    assert outside == []
    inline = "".join(tag.get_text() for tag in page.find_all("script", src=False))
    assert "https://" not in inline


@pytest.mark.parametrize("path", [*PAGES, *CHINESE_PAGES], ids=name_of)
def test_links_inside_the_book_lead_somewhere(path):
    for tag in soup_of(path).find_all("a", href=True):
        target, _, anchor = tag["href"].partition("#")
        if target.startswith(("http", "mailto:", "javascript:")):
            continue
        page = (path.parent / target).resolve() if target else path
        assert page.exists(), tag["href"]
        if anchor and page.suffix == ".html":
            assert anchor in ids_of(page), tag["href"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_image_has_alt_text(path):
    article = soup_of(path).find("article")
    for image in article.find_all("img"):
        assert len(image.get("alt", "")) > 20, image.get("src", "")[:60]


def test_the_reproduce_chapter_shows_its_results():
    article = soup_of(HTML / "book/reproduce.html").find("article")
    assert len(article.find_all("img")) >= 5
    assert len(article.find_all("table")) >= 2
    assert "Traceback" not in article.get_text()


@cache
def sent(file):
    """Bytes of a file, as a web server sends it that compresses text."""
    held = file.read_bytes()
    return len(held if file.suffix in (".png", ".webp") else gzip.compress(held, 6))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_page_is_heavy(path):
    """With what it loads: scripts, styles, pictures and the index of the search."""
    page = soup_of(path)
    loaded = {tag.get("src") for tag in page.find_all(["script", "img"])}
    loaded |= {tag.get("href") for tag in page.find_all("link", rel="stylesheet")}
    own = {name.partition("?")[0] for name in loaded if name and not name.startswith("data:")}
    files = {path, *((path.parent / name).resolve() for name in own)}
    assert sum(map(sent, files)) / 1e6 < (1.5 if path.stem == "index" else 4)


def test_the_chinese_edition_has_what_is_translated_and_what_it_cites():
    assert {path.stem for path in CHINESE.glob("*.html")} == {*TRANSLATED, "references"}


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translated_page_leads_to_the_other_language_and_back(name):
    for here, there in ((HTML / "book", CHINESE), (CHINESE, HTML / "book")):
        link = soup_of(here / f"{name}.html").select_one("p.languages a")
        assert (here / link["href"]).resolve() == (there / f"{name}.html").resolve()
        assert soup_of(there / f"{name}.html").html["lang"][:2] == link["hreflang"]


@pytest.mark.parametrize("name", TRANSLATED)
def test_no_passage_has_changed_since_it_was_translated(name):
    """What Sphinx found no translation for, but for words of code and formulas."""
    article = soup_of(CHINESE / f"{name}.html").find("article")
    open_ones = [
        " ".join(tag.get_text().split())
        for tag in article.select(".untranslated")
        if not tag.select_one(".math, .highlight") and not tag.find_parent(class_="cell_output")
    ]
    changed = [text for text in open_ones if len(re.findall(r"[A-Za-z]{3,}", text)) >= 4]
    assert changed == [], f"run workflow/chinese_edition.py update, then translate {name}.po"


IN_THE_DARK = {  # every kind of content: cards, figures, sliders, tables, formulas, code, names
    "index", "fifteen-minutes", "noise", "errata", "tables", "training", "verdict", "glossary",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "width"),
    [*((path, 1280) for path in PAGES), *((path, 420) for path in [*PAGES, *CHINESE_PAGES])],
    ids=lambda value: name_of(value) if isinstance(value, Path) else value,
)
def test_pages_open_without_errors_and_fit_the_window(browser, path, width):
    browser.set_window_size(width, 900)
    browser.get(path.as_uri())
    measured = browser.execute_async_script(
        """
        const done = arguments[0];
        const measure = () => ({
            page: document.documentElement.scrollWidth,
            window: window.innerWidth,
            broken: [...document.images].filter(i => !i.naturalWidth).map(i => i.src.slice(0, 80)),
            formulas: document.querySelectorAll('mjx-container').length,
            raw: document.querySelectorAll('article .math').length,
        });
        const still = (since) => {  // formulas and sliders come after the page has loaded
            const now = measure();
            const views = document.querySelectorAll('script[type*="widget-view"]').length;
            const handles = document.querySelectorAll('.noUi-handle').length;
            const settled = now.formulas >= now.raw && !now.broken.length && (handles || !views);
            if ((settled && Date.now() > since + 300) || Date.now() > since + 5000) done(now);
            else setTimeout(still, 100, since);
        };
        still(Date.now());
        """
    )
    assert measured["page"] <= measured["window"] + 1
    assert measured["broken"] == []
    assert measured["formulas"] >= measured["raw"]
    errors = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    # Pages opened from a file may not fetch other files; a web server has no such rule.
    assert [e["message"] for e in errors if "file://" not in e["message"]] == []
    if width == 1280:
        for theme in ("light", "dark") if path.stem in IN_THE_DARK else ("light",):
            # Formulas have MathJax' own text for screen readers. Code is looked at on one page: its
            # colours are the same on all. Of the reference, long and even, the first room is.
            left_out = ["mjx-container"] + [".highlight"] * (path.stem != "verdict")
            left_out += ["section section ~ section ~ section"] * (path.stem == "api")
            assert found_by_axe(browser, theme, left_out) == [], theme


def test_a_figure_can_be_opened_at_its_own_size_on_a_phone(browser):
    from selenium.webdriver.common.by import By

    browser.set_window_size(420, 900)
    browser.get((HTML / "book/index.html").as_uri())
    figure = browser.find_element(By.CSS_SELECTOR, "article figure img")
    narrow = figure.size["width"]
    figure.click()
    opened = browser.find_element(By.CSS_SELECTOR, "dialog.figure[open] img")
    assert opened.size["width"] > 1.5 * narrow
    assert opened.get_attribute("alt") == figure.get_attribute("alt")
    opened.click()
    assert browser.find_elements(By.CSS_SELECTOR, "dialog.figure") == []


SLIDERS = {  # on each page
    "noise": 5, "simulated": 3, "extended": 3, "target-areas": 4,
    "features": 2, "prototypes": 3, "fusion": 2, "attention": 4,
    "training": 3, "metrics": 1, "tiny-defects": 2,
}  # fmt: skip


def shown_pictures(browser):
    """The pictures below the sliders that are seen at this moment, by their place on the page."""
    return browser.execute_script(
        """
        return [...document.querySelectorAll('.jupyter-widgets img')]
            .filter(i => i.getClientRects().length && i.naturalWidth)
            .map(i => [i.src, i.alt, Math.round(i.getBoundingClientRect().width)]);
        """
    )


@pytest.mark.parametrize("page", SLIDERS)
def test_every_slider_changes_its_picture_without_a_kernel(browser, page):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    browser.set_window_size(1280, 900)
    browser.get((HTML / f"book/{page}.html").as_uri())
    wait = WebDriverWait(browser, 60)
    find = lambda: browser.find_elements(By.CSS_SELECTOR, ".widget-slider .noUi-handle")  # noqa: E731
    wait.until(lambda _: len(find()) == SLIDERS[page] and shown_pictures(browser))
    for handle in find():
        at, last = (float(handle.get_attribute(f"aria-value{end}")) for end in ("now", "max"))
        there_and_back = [Keys.ARROW_RIGHT, Keys.ARROW_LEFT]
        for key in reversed(there_and_back) if at == last else there_and_back:
            before = shown_pictures(browser)
            handle.send_keys(key)
            wait.until(lambda _, before=before: shown_pictures(browser) != before)
            after = shown_pictures(browser)
            changed = [k for k, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
            assert len(changed) == 1  # its own picture and no other
            (source, alt, width), (old_source, old_alt, old_width) = (
                pictures[changed[0]] for pictures in (after, before)
            )
            assert alt != old_alt
            assert width == old_width > 200
            assert source != old_source
