"""Copy the records of finished runs into ``results/``, which is committed."""

import shutil
import sys
from pathlib import Path

from prn_lib.paths import project_folder
from prn_lib.results import find_results
from prn_lib.run import RECORD


def main() -> int:
    """Copies every record below the folders named on the command line; returns 0, or 2 if none."""
    runs = project_folder() / "runs"
    results = [r for folder in sys.argv[1:] for r in find_results(Path(folder).resolve())]
    if not results:
        print("error: no finished run below the given folders", file=sys.stderr)
        return 2
    for result in results:
        target = project_folder() / "results" / result.folder.relative_to(runs)
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(result.folder / RECORD, target)
        print(target.relative_to(project_folder()) / RECORD)
    return 0


if __name__ == "__main__":
    sys.exit(main())
