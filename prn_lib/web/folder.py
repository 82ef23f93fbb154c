"""The folder that a web server hands out: the page, what computes, and the products."""

import json
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from prn_lib.common.files import whole_folder
from prn_lib.web.example import show_painted
from prn_lib.web.product import Product, write_product
from prn_lib.web.runtime import FILES, runtime_folder

SCRIPTS = (".js", ".css")


def write_page(
    folder: Path, products: Sequence[Product], *, bits: int = 8, runtime: Path | None = None
) -> list[dict[str, Any]]:
    """Write a page on which defects can be painted onto ``products``, several or one.

    ``folder`` must not exist, or be empty. Most weights take ``bits``, 8 or 16, each. ``runtime``
    is that of :func:`prn_lib.web.runtime.runtime_folder`. Returns what is said of each product.

    Raises FileExistsError for a folder with files, ImportError for a missing package, and what
    :func:`prn_lib.web.product.write_product` raises; nothing is left then.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} holds files already; name a new folder")
    computes = runtime or runtime_folder()
    with whole_folder(folder) as draft:
        told = []
        for number, product in enumerate(products):
            place = draft / "products" / str(number)
            place.mkdir(parents=True)
            told.append(write_product(place, product, bits))
        example = show_painted(products[0].run_folder)
        example.write(draft / "example.png")
        shutil.copytree(computes, draft / "runtime")
        (draft / "page").mkdir()
        for script in files(__package__).joinpath("page").iterdir():
            if script.name.endswith(SCRIPTS):
                (draft / "page" / script.name).write_bytes(script.read_bytes())
        sizes = {name: (computes / name).stat().st_size for name in FILES.values()}
        listed = {"runtime": sizes, "products": [each["name"] for each in told]}
        (draft / "products.json").write_text(json.dumps(listed, indent=1) + "\n")
        environment = Environment(autoescape=True, undefined=StrictUndefined)
        template = environment.from_string(
            files(__package__).joinpath("page", "index.html").read_text("utf-8")
        )
        text = template.render(products=told, example=example)
        (draft / "index.html").write_bytes(text.encode("utf-8", "replace"))  # of names of files
    return told
