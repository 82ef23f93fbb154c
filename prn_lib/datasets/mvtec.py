"""The MVTec AD folder layout, which the embedded mini dataset shares.

``<root>/<category>/train/good/000.png``, ``test/{good,<defect>}/000.png`` and
``ground_truth/<defect>/000_mask.png``. File numbers restart in every folder, so masks are paired by
name, never by order.
"""

from pathlib import Path

from prn_lib.datasets.category import (
    GOOD,
    Category,
    Sample,
    draw_anomalies,
    existing_folder,
    image_files,
    split_generator,
)

MASK_SUFFIX = "_mask"

# The categories whose object a threshold separates from its background; two public
# implementations (MemSeg, NSA) agree on these eight. cable and transistor are objects too, but
# fill the image; the other five are textures.
PLAIN_BACKGROUND = {
    "mvtec": {
        "bottle", "capsule", "hazelnut", "metal_nut", "pill", "screw", "toothbrush", "zipper",
    },
    "mini": {"button"},
}  # fmt: skip


def categories(root: Path) -> list[str]:
    """Names of the categories under ``root``: the folders that hold ``train/good``."""
    return sorted(path.parent.parent.name for path in root.glob("*/train/good") if path.is_dir())


def load(dataset: str, name: str, root: Path, seed: int, n_anomalies: int) -> Category:
    """Read the file lists of one category and draw its training anomalies (App. A.2).

    Raises FileNotFoundError for a missing folder or mask, ValueError for an unknown category or a
    mask that belongs to no image; each names the thing.
    """
    remedy = f"point data_root at the folder that holds the {dataset} categories"
    existing_folder(root, f"data_root of {dataset}", remedy)
    known = categories(root)
    if name not in known:
        raise ValueError(
            f"unknown category {name!r} of {dataset} in {root}; "
            f"there: {', '.join(known) if known else f'no category at all: {remedy}'}"
        )
    folder = root / name
    test_folder = existing_folder(folder / "test", "the test images' folder", "restore it")
    anomalies = []
    for defect in sorted(path.name for path in test_folder.iterdir() if path.is_dir()):
        if defect != GOOD:
            anomalies += _anomalies_of_type(folder, defect)
    _refuse_stray_masks(folder, {sample.mask for sample in anomalies})
    drawn, rest = draw_anomalies(
        anomalies, n_anomalies, split_generator(dataset, name, seed), f"{dataset}/{name}"
    )
    return Category(
        dataset=dataset,
        name=name,
        train_normals=_normals(folder, "train"),
        train_anomalies=drawn,
        test=_normals(folder, "test") + rest,
        plain_background=name in PLAIN_BACKGROUND.get(dataset, ()),
    )


def _normals(folder: Path, split: str) -> tuple[Sample, ...]:
    good = existing_folder(folder / split / GOOD, f"the {split} normals' folder", "restore it")
    samples = tuple(Sample(f"{split}/{GOOD}/{path.stem}", path) for path in image_files(good))
    if not samples:
        raise FileNotFoundError(f"folder {good} holds no image; restore the normal images")
    return samples


def _anomalies_of_type(folder: Path, defect: str) -> list[Sample]:
    samples = []
    for image in image_files(folder / "test" / defect):
        mask = folder / "ground_truth" / defect / f"{image.stem}{MASK_SUFFIX}.png"
        if not mask.is_file():
            raise FileNotFoundError(f"image {image} has no mask; expected it at {mask}")
        samples.append(Sample(f"test/{defect}/{image.stem}", image, mask, defect))
    return samples


def _refuse_stray_masks(folder: Path, used: set[Path | None]) -> None:
    for mask in sorted((folder / "ground_truth").glob("*/*.png")):
        if mask not in used and not mask.name.startswith("."):
            raise ValueError(
                f"mask {mask} belongs to no image; expected "
                f"{folder / 'test' / mask.parent.name / mask.stem.removesuffix(MASK_SUFFIX)}.png: "
                "add the image or delete the mask"
            )
