"""Magnetic tile surface defects (Huang et al.): real grey images with soft pixel masks.

``<root>/MT_<type>/Imgs/exp<E>_num_<N>.jpg`` with a ``.png`` mask of the same stem; ``MT_Free`` is
the defect-free type. There is no official split. Neighbouring numbers N show one tile under several
exposures E, so whole runs of neighbouring numbers ("tiles") go to one side of the split only.
"""

import re
from pathlib import Path

import numpy as np

from prn_lib.datasets.category import (
    GOOD,
    Category,
    Sample,
    draw_anomalies,
    existing_folder,
    image_files,
    split_generator,
)
from prn_lib.images import read_image

CATEGORY = "all"  # the five defect types pooled
FREE = "MT_Free"
MASK_THRESHOLD = 127  # masks have soft edges; half grey is the border
MIN_DEFECT_PIXELS = 10  # six masks have 0 to 3 pixels above the threshold: no region to score
MAX_NUMBER_GAP = 100  # numbers closer than this show the same tile (checked by eye)
TEST_SHARE = 0.2  # of the defect-free images

_STEM = re.compile(r"exp\d+_num_(\d+)")


def categories(root: Path) -> list[str]:
    """The one pooled category, if the folder holds the dataset."""
    return [CATEGORY] if (root / FREE).is_dir() else []


def load(dataset: str, name: str, root: Path, seed: int, n_anomalies: int) -> Category:
    """Read the file lists, split by tile, and draw the training anomalies (App. A.2).

    The other images of a drawn anomaly's tile are left out altogether. Raises as
    :func:`prn_lib.datasets.mvtec.load` does.
    """
    existing_folder(root, f"data_root of {dataset}", "point it at the folder that holds MT_Free")
    if name != CATEGORY:
        raise ValueError(f"unknown category {name!r} of {dataset}; there is one: {CATEGORY}")
    existing_folder(root / FREE, f"{dataset} needs {FREE}:", "point data_root one level up or down")
    samples = _read_samples(root)
    unscorable = [sample for sample in samples if _is_unscorable(sample)]
    generator = split_generator(dataset, name, seed)
    anomalies = [s for s in samples if s.is_anomaly and s not in unscorable]
    drawn, rest = draw_anomalies(anomalies, n_anomalies, generator, f"{dataset}/{name}")
    free_tiles, train_siblings, mixed_normals = [], [], []
    for tile in group_by_tile(samples):
        if not any(sample.is_anomaly for sample in tile):
            free_tiles.append(tile)
        elif set(tile) & set(drawn):
            train_siblings += [s for s in tile if s not in drawn and s not in unscorable]
        else:
            mixed_normals += [sample for sample in tile if not sample.is_anomaly]
    train_normals, test_normals = _split_normals(free_tiles, generator)
    left_out = set(train_siblings)
    tested = tuple(sample for sample in rest if sample not in left_out)
    if not (train_normals and tested):
        raise ValueError(
            f"{root} has too few tiles to split: {len(train_normals)} training normals and "
            f"{len(tested)} test anomalies are left; lower n_anomalies or add images"
        )
    return Category(
        dataset=dataset,
        name=name,
        train_normals=_by_name(train_normals),
        train_anomalies=drawn,
        test=_by_name(test_normals + mixed_normals) + tested,
        left_out=_by_name(train_siblings + unscorable),
        notes=_notes(train_siblings, unscorable),
        mask_threshold=MASK_THRESHOLD,
    )


def group_by_tile(samples: list[Sample]) -> list[list[Sample]]:
    """Group samples whose numbers follow each other with gaps of at most MAX_NUMBER_GAP."""
    ordered = sorted(samples, key=lambda sample: (_number(sample.image), sample.name))
    tiles: list[list[Sample]] = []
    for sample in ordered:
        near = tiles and _number(sample.image) - _number(tiles[-1][-1].image) <= MAX_NUMBER_GAP
        if near:
            tiles[-1].append(sample)
        else:
            tiles.append([sample])
    return tiles


def _number(image: Path) -> int:
    match = _STEM.fullmatch(image.stem)
    if match is None:
        raise ValueError(f"image {image} is not named exp<E>_num_<N>; rename or remove it")
    return int(match.group(1))


def _read_samples(root: Path) -> list[Sample]:
    samples = []
    for folder in sorted(root.glob("MT_*/Imgs")):
        kind = folder.parent.name
        defect = GOOD if kind == FREE else kind.removeprefix("MT_").lower()
        files = image_files(folder)
        masks = {path.stem: path for path in files if path.suffix.lower() == ".png"}
        images = {path.stem: path for path in files if path.suffix.lower() != ".png"}
        for stem in sorted(masks.keys() - images.keys()):
            raise ValueError(
                f"mask {masks[stem]} belongs to no image; add {stem}.jpg or delete the mask"
            )
        for stem, image in images.items():
            mask = None if defect == GOOD else masks.get(stem)
            if defect != GOOD and mask is None:
                raise FileNotFoundError(
                    f"image {image} has no mask; expected {folder / stem}.png beside it"
                )
            samples.append(Sample(f"{kind}/{stem}", image, mask, defect))
    return samples


def _is_unscorable(sample: Sample) -> bool:
    if sample.mask is None:
        return False
    mask = np.asarray(read_image(sample.mask, "L")) > MASK_THRESHOLD
    return np.count_nonzero(mask) < MIN_DEFECT_PIXELS


def _split_normals(
    tiles: list[list[Sample]], generator: np.random.Generator
) -> tuple[list[Sample], list[Sample]]:
    target = TEST_SHARE * sum(len(tile) for tile in tiles)
    train: list[Sample] = []
    test: list[Sample] = []
    for i in generator.permutation(len(tiles)):
        (test if len(test) < target else train).extend(tiles[i])
    return train, test


def _by_name(samples: list[Sample]) -> tuple[Sample, ...]:
    return tuple(sorted(samples, key=lambda sample: sample.name))


def _notes(siblings: list[Sample], unscorable: list[Sample]) -> tuple[str, ...]:
    notes = []
    if siblings:
        notes.append(
            f"{len(siblings)} images are left out because they show the tile of a training anomaly."
        )
    if unscorable:
        names = ", ".join(sample.name for sample in unscorable)
        notes.append(
            f"{len(unscorable)} anomalies are left out because their masks have fewer than "
            f"{MIN_DEFECT_PIXELS} pixels above {MASK_THRESHOLD}: {names}."
        )
    return tuple(notes)
