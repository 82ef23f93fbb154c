"""How fast is it: the benchmarks' records (``results/benchmarks``) as tables.

Each record is what the script of its name in ``benchmarks/`` measured; every function takes one and
gives a table of it. Seconds, gigabytes (1e9 bytes) and ratios, larger for a larger gain.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd

Record = dict[str, Any]
PARTS = (
    "synthesis",
    "encoder",
    "residuals, fusion, attention",
    "decoder",
    "loss and backward",
    "optimizer",
)


def read_benchmark(folder: Path, name: str, device: str = "cpu") -> Record | None:
    """The record ``<name>-<device>.json``, or None if it has not been measured."""
    path = folder / f"{name}-{device}.json"
    return json.loads(path.read_text()) if path.is_file() else None


def measured_on(record: Record | None) -> str:
    """Hardware and day of a record, in words."""
    if record is None:
        return "not measured yet"
    made = record["provenance"]
    return f"{made['hardware']}, {made['date'][:10]}"


def training_table(record: Record) -> pd.DataFrame:
    """A row a setting: images a second, seconds a step, and the parts of a step in percent."""
    settings = {name: made for name, made in record.items() if name != "provenance"}
    rows = {
        name: {
            "images a second": round(made["images_a_second"], 1),
            "seconds a step": round(made["step_seconds"], 2),
            **{part: round(100 * made["shares"][part]) for part in PARTS},
        }
        for name, made in settings.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def network_table(record: Record, device: str = "cpu") -> pd.DataFrame:
    """A row a network: what a training step of 4 images of 256 x 256 costs.

    "% of peak" is its rate of operations beside the machine's own of large matrix products.
    """
    rows = {
        name: {
            "seconds": round(made["step_seconds"], 1),
            "GB": round(made["memory_gb"], 1),
            "trained, M": round(made["trainable_millions"], 1),
            "GFLOP": round(made["step_gflop"]),
            "% of peak": round(100 * made["share_of_matrix_rate"]),
        }
        for name, made in record["steps"][device].items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def prototypes_table(record: Record) -> pd.DataFrame:
    """Seconds of k-means and of the search for the nearest prototype, ours and yardsticks'."""
    kmeans = record["kmeans"]["seconds"]
    rows = {
        f"k-means, {starts} start{'s' if starts > 1 else ''}": {
            "yardstick": kmeans.get(f"scikit_learn_{starts}_starts"),
            "ours": kmeans[f"ours_{starts}_starts"],
        }
        for starts in (1, 10, 100)
    }
    for count, made in record["nearest"].items():
        seconds = made["seconds"]
        for name, way in (("broadcast", "all differences"), ("cdist", "torch.cdist")):
            row = {"yardstick": seconds[name], "ours": seconds["ours"]}
            rows[f"nearest of {count} prototypes, by {way}"] = row
    table = pd.DataFrame.from_dict(rows, orient="index")
    return table.assign(ratio=(table["yardstick"] / table["ours"]).round(1)).round(4)


def synthesis_table(record: Record) -> pd.DataFrame:
    """Made in a second, one at a time (with NumPy and OpenCV) and in the library's batches."""
    rows = {}
    for threads in ("threads_2", "threads_1"):
        cores = f"{threads[-1]} core{'s' if threads[-1] != '1' else ''}"
        for what, rates in record[threads].items():
            made = what.removesuffix("_a_second").replace("_", " ").replace("perlin", "Perlin")
            one, many = rates["yardstick"], rates["cpu"]
            rows[f"{made}, {cores}"] = {
                "one at a time": round(one),
                "in batches": round(many),
                "ratio": round(many / one, 1),
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def metrics_table(record: Record) -> pd.DataFrame:
    """A row a number of images: seconds of ours and of others, and ratios.

    scikit-learn computes the two pixel metrics; "PRO, sorted" is PRO alone, exact from one sort of
    all pixels; "PRO, grid" takes 200 thresholds and is not exact.
    """
    rows = {}
    for count, made in record["compared"].items():
        seconds = made["seconds"]
        rows[f"{count} images"] = {
            "ours, all four": seconds["ours"],
            "scikit-learn": seconds["scikit_learn"],
            "PRO, sorted": seconds["swept_pro"],
            "PRO, grid": seconds["grid_pro"],
            "ratio to scikit-learn": made["ratio_to_scikit_learn"],
            "ratio to both exact": made["ratio_to_all_exact"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").round(2)


def planning_table(record: Record) -> pd.DataFrame:
    """Runs, the seconds that planning them takes, and the hours of a GPU at an assumed speed."""
    tables = {"the paper's tables": record["paper's tables"]}
    many = {f"all variants, {made['runs']} runs": made for made in record["all variants"]}
    table = pd.DataFrame.from_dict({**tables, **many}, orient="index")
    table = table[["runs", "planning_seconds", "gpu_hours"]]
    table.columns = ["runs", "seconds to plan", "hours of a GPU (assumed)"]
    return table.round({"seconds to plan": 2, "hours of a GPU (assumed)": 0})


def gpu_records(folder: Path) -> dict[str, Record]:
    """What ``benchmarks/on_gpu.py`` wrote to ``folder``, by card."""
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("gpu-*.json"))]
    return {record["provenance"]["hardware"]: record for record in found}


def gpu_table(record: Record) -> pd.DataFrame:
    """One column: what a GPU's record tells of training, new images and anomalies."""
    rate = record["rate"]
    rows: dict[str, float] = {
        "images a second, training": round(rate["images_a_second"]),
        "seconds for a step of 64": round(rate["seconds_a_step"], 3),
        "% of its rate of matrix products": round(100 * rate["share_of_matrix_products"], 1),
        "minutes for 700 epochs of 209": round(_whole(rate) / 60, 1),
        "minutes at the rate of matrix products": round(rate["bound_seconds"] / 60, 1),
        "GB of memory, training": round(rate["peak_memory_gb"], 1),
    }
    made = record.get("synthesis", {})
    if "cuda_anomalies_a_second" in made:
        rows["anomalies a second, made alone"] = round(made["cuda_anomalies_a_second"])
    for name, seconds in record.get("inference", {}).items():
        if "batch" in name:
            rows[f"milliseconds an image, {name}"] = round(1000 * seconds, 1)
    column = pd.Series(rows, dtype=object)  # each number with its own digits
    return column.to_frame(measured_on(record))


def _whole(rate: Record) -> float:
    return rate["steps_of_700_epochs"] * rate["seconds_a_step"]


def gpu_step_table(record: Record, before: Record) -> pd.DataFrame:
    """Milliseconds of a step of 64: as the runs on record trained, and with one thing changed.

    ``before`` is a record of the code that used torch's own interpolation.
    """
    step = record["step"]
    rows = {
        "bfloat16, as bottle and pill trained": record["rate"],
        "float32": step["float32"],
        "kernels launched one by one": step["launched one by one"],
        "not deterministic": step["not deterministic"],
        "torch's interpolation": before["rate"],
        "torch's interpolation, not deterministic": before["step"]["not deterministic"],
        "torch's interpolation, compiled": before["step"]["compiled"],
    }
    table = {name: round(1000 * made["seconds_a_step"]) for name, made in rows.items()}
    return pd.DataFrame.from_dict(table, orient="index", columns=["milliseconds a step"])


def gpu_against_processor(record: Record) -> pd.DataFrame:
    """The losses of ten steps from the same weights: by a processor, and by a GPU."""
    table = pd.DataFrame(record["smoke"]["losses"])
    return table.set_axis(range(1, len(table) + 1)).rename_axis("step").round(4)
