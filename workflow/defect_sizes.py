"""Compare image scores on the score maps of finished runs, by size of defect, for the book.

Writes ``results/defect_sizes.json``; what it reads, score maps and masks, is not committed.
"""

import argparse
import json
import sys
from pathlib import Path

from prn_lib.common.files import write_text
from prn_lib.common.paths import project_folder
from prn_lib.common.progress import tqdm
from prn_lib.runs.building import read_category
from prn_lib.runs.results import load_result
from prn_lib.studies.defect_sizes import auroc_by_size, count_by_size


def main() -> int:
    """Reads the named runs; returns 0, or 2 if one is not finished."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of finished runs")
    try:
        results = [load_result(folder) for folder in parser.parse_args().runs]
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    records = []
    for result in tqdm(results, unit="run"):
        e = result.experiment
        category = read_category(e)
        _, masks = category.load(category.test, e.image_size)
        masks, maps = masks[:, 0].numpy(), result.score_maps()
        table = auroc_by_size(maps, masks).round(6)
        records.append(
            {
                "dataset": e.dataset,
                "category": e.category,
                "run": e.run_name,
                "images": count_by_size(masks),
                "image_auroc": {
                    name: {group: None if value != value else value for group, value in row.items()}
                    for name, row in table.to_dict(orient="index").items()
                },
                "commit": result.provenance["commit"],
            }
        )
    write_text(
        project_folder() / "results" / "defect_sizes.json", json.dumps(records, indent=1) + "\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
