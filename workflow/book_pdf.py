"""The whole book as one PDF, printed page by page from the built book by a headless Chromium.

``make pdf``, or ``python workflow/book_pdf.py OUT``. Folded solutions are opened, sliders show
their first picture. The outline of the PDF is the table of contents.
"""

import argparse
import base64
import io
import shutil
import sys
from pathlib import Path

import yaml
from pypdf import PdfReader, PdfWriter
from selenium import webdriver
from tqdm.auto import tqdm

from prn_lib.common.files import whole_file
from prn_lib.common.paths import project_folder

A4 = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True, "scale": 0.8}
PREPARE = """
document.documentElement.dataset.theme = 'light';
document.querySelectorAll('details').forEach(e => e.open = true);
document.querySelectorAll('.toggle-hidden').forEach(e => e.classList.remove('toggle-hidden'));
const done = arguments[0];
const begin = Date.now();
(function wait() {
    const open = document.querySelectorAll('article .math').length
        > document.querySelectorAll('mjx-container').length;
    if (open && Date.now() < begin + 10000) setTimeout(wait, 100); else setTimeout(done, 300);
})();
"""


def main() -> int:
    """Returns 0, or 1 with one line where the book or Chromium is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = project_folder() / "book" / "_build" / "prn-book.pdf"
    parser.add_argument("out", nargs="?", type=Path, default=default)
    out = parser.parse_args().out
    html = project_folder() / "book" / "_build" / "html"
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    if missing or not html.is_dir():
        trouble = f"{' and '.join(missing)} missing" if missing else f"{html} is missing: make book"
        print(f"error: {trouble}", file=sys.stderr)
        return 1
    toc = yaml.safe_load((project_folder() / "_toc.yml").read_text())
    parts = [("", [toc["root"]])]
    parts += [(p["caption"], [c["file"] for c in p["chapters"]]) for p in toc["parts"]]
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out) as draft, PdfWriter() as writer:
        print_parts(html, parts, writer)
        writer.write(draft)
    print(f"{out}: {len(PdfReader(out).pages)} pages, {out.stat().st_size / 1e6:.1f} MB")
    return 0


def print_parts(html: Path, parts: list[tuple[str, list[str]]], writer: PdfWriter) -> None:
    """Every page of every part, with an entry in the outline."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,1400"):
        options.add_argument(flag)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    bar = tqdm(total=sum(len(pages) for _, pages in parts), desc="printing", unit="page")
    try:
        for caption, pages in parts:
            above = None
            for page in pages:
                driver.get((html / f"{page}.html").as_uri())
                driver.execute_async_script(PREPARE)
                title = driver.title.removesuffix(" — The PRN book")
                made = driver.execute_cdp_cmd("Page.printToPDF", A4)["data"]
                first = len(writer.pages)
                writer.append(io.BytesIO(base64.b64decode(made)), import_outline=False)
                if caption and above is None:
                    above = writer.add_outline_item(title=caption, page_number=first)
                writer.add_outline_item(title=title, page_number=first, parent=above)
                bar.update()
    finally:
        bar.close()
        driver.quit()


if __name__ == "__main__":
    sys.exit(main())
