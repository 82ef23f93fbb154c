"""PRN's own results as the paper prints them, for comparison (Tables 1, 2, 8, 9 and 10)."""

from prn_lib.metrics import METRICS

# dataset: category, image AUROC, pixel AUROC, PRO, pixel AP; in percent
_PRINTED = {
    "mvtec": """
        carpet      99.7 99.0 97.0 82.0
        grid        99.4 98.4 95.9 45.7
        leather    100.0 99.7 99.2 69.7
        tile       100.0 99.6 98.2 96.5
        wood       100.0 97.8 95.9 82.6
        bottle     100.0 99.4 97.0 92.3
        cable       98.9 98.8 97.2 78.9
        capsule     98.0 98.5 92.5 62.2
        hazelnut   100.0 99.7 97.4 93.8
        metal_nut  100.0 99.7 95.8 98.0
        pill        99.3 99.5 97.2 91.3
        screw       95.9 97.5 92.4 44.9
        toothbrush 100.0 99.6 95.6 78.1
        transistor  99.7 98.4 94.8 85.6
        zipper      99.7 98.8 95.5 77.6
    """,
    "dagm": """
        Class1     100.0 92.7 90.3 50.1
        Class2      96.0 97.1 95.6 44.8
        Class3      99.2 94.2 91.3 32.4
        Class4      99.7 98.2 96.7 67.2
        Class5      96.9 94.9 86.1 30.2
        Class6     100.0 98.4 95.7 71.7
        Class7     100.0 95.1 91.3 51.3
        Class8      93.4 97.1 95.1 34.4
        Class9      97.1 98.7 96.8 46.4
        Class10     99.9 99.6 99.0 65.6
    """,
    "btad": """
        01         100.0 96.6 81.4 38.8
        02          84.1 95.1 54.4 65.7
        03          99.9 99.6 98.3 57.4
    """,
    "ksdd2": """
        all         96.4 97.6 94.9 72.5
    """,
}


def _parse(table: str) -> dict[str, dict[str, float]]:
    rows = (line.split() for line in table.strip().splitlines())
    return {
        name: dict(zip(METRICS, (float(x) / 100 for x in values), strict=True))
        for name, *values in rows
    }


PRINTED = {dataset: _parse(table) for dataset, table in _PRINTED.items()}


def paper_metrics(dataset: str, category: str) -> dict[str, float] | None:
    """The paper's four metrics of a category as fractions, or None where it has none."""
    return PRINTED.get(dataset, {}).get(category)
