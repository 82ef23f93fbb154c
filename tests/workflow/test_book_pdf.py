"""The PDF of the book; `make pdf` prints it from the built pages."""

import io

import pytest
from pypdf import PdfReader, PdfWriter

import book_pdf


def test_without_chromium_or_a_book_one_line_says_what_is_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("sys.argv", ["book_pdf.py", str(tmp_path / "book.pdf")])
    monkeypatch.setattr(book_pdf.shutil, "which", lambda name: None)
    assert book_pdf.main() == 1
    assert capsys.readouterr().err == "error: chromium and chromedriver missing\n"
    monkeypatch.setattr(book_pdf.shutil, "which", lambda name: name)
    monkeypatch.setattr(book_pdf, "project_folder", lambda: tmp_path)
    assert book_pdf.main() == 1
    assert "is missing: make book" in capsys.readouterr().err
    assert not (tmp_path / "book.pdf").exists()


@pytest.mark.skipif(
    not (book_pdf.shutil.which("chromium") and book_pdf.shutil.which("chromedriver")),
    reason="no Chromium: install 'chromium' and 'chromium-driver'",
)
def test_pages_become_one_file_with_the_contents_as_outline(tmp_path):
    (tmp_path / "book").mkdir()
    for name, text in (("one", "first"), ("two", "second"), ("three", "third")):
        page = f"<title>Page {name} — The PRN book</title><p>{text} text</p>"
        (tmp_path / "book" / f"{name}.html").write_text(page)
    writer = PdfWriter()
    parts = [("", ["book/one"]), ("Part", ["book/two", "book/three"])]
    book_pdf.print_parts(tmp_path, parts, writer)
    made = io.BytesIO()
    writer.write(made)
    reader = PdfReader(made)
    assert [page.extract_text().strip() for page in reader.pages] == [
        "first text", "second text", "third text",
    ]  # fmt: skip
    first, part, inside = reader.outline
    assert (first.title, part.title) == ("Page one", "Part")
    assert [entry.title for entry in inside] == ["Page two", "Page three"]
