"""The general supervised setting (App. A.2): ten anomalies to learn from, never to test on."""

import math
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from prn_lib.common.names import natural
from prn_lib.datasets.category import Category, Inventory
from prn_lib.datasets.sample import Sample

N_ANOMALIES = 10  # to train on (App. A.2)
WITHOUT_ANOMALIES = "learn from simulated anomalies alone: n_anomalies=0 and extended=False"
TEST_SHARE = 0.2  # of the normal images, where there is no official split


def split_official(
    inventory: Inventory, dataset: str, name: str, seed: int, n_anomalies: int
) -> Category:
    """Keep the official split and move the drawn anomalies from test to train."""
    generator = split_generator(dataset, name, seed)
    drawn, rest, notes = draw_anomalies(
        inventory.anomalies, n_anomalies, generator, f"{dataset}/{name}"
    )
    return Category(
        dataset=dataset,
        name=name,
        train_normals=inventory.normals,
        train_anomalies=drawn,
        test=inventory.test_normals + rest,
        left_out=inventory.left_out,
        notes=inventory.notes + notes,
        reading=inventory.reading,
    )


def split_freely(
    inventory: Inventory, dataset: str, name: str, seed: int, n_anomalies: int
) -> Category:
    """Draw the test normals too, a fifth of the normals, where there is no official split.

    Where samples have groups, these stay whole: see :func:`split_by_group`. Raises ValueError if
    too little is there to train and test on.
    """
    normals = sorted(inventory.normals, key=lambda sample: sample.name)
    if len(normals) < 2:
        raise ValueError(
            f"{dataset}/{name} has {len(normals)} normal images; at least 2 are needed, one to "
            "train and one to test on (hundreds are better)"
        )
    if any(sample.group is not None for sample in inventory.samples):
        return split_by_group(inventory, dataset, name, seed, n_anomalies)
    # Of its own, so that another number of anomalies leaves the same normals in the test set.
    generator = split_generator(dataset, f"{name}/normals", seed)
    chosen = generator.choice(len(normals), math.ceil(TEST_SHARE * len(normals)), replace=False)
    tested = set(chosen.tolist())
    divided = replace(
        inventory,
        normals=tuple(s for i, s in enumerate(normals) if i not in tested),
        test_normals=tuple(s for i, s in enumerate(normals) if i in tested),
    )
    return split_official(divided, dataset, name, seed, n_anomalies)


def split_by_group(
    inventory: Inventory, dataset: str, name: str, seed: int, n_anomalies: int, part: str = "part"
) -> Category:
    """Draw the training anomalies (App. A.2) and a fifth of the normals for the test, by groups.

    No group is in both train and test. The other images of a drawn anomaly's group are left out
    altogether; the normals of a group with other anomalies go to the test. A sample without a group
    is a group of its own. ``part`` is the word for what a group shows. Raises ValueError if too few
    groups are there.
    """
    drawn_only = split_official(inventory, dataset, name, seed, n_anomalies)
    drawn, rest = drawn_only.train_anomalies, drawn_only.test  # there are no test normals yet
    learned = {_group(sample) for sample in drawn}
    anomalous = {_group(sample) for sample in inventory.samples if sample.is_anomaly}
    siblings = [s for s in inventory.normals + rest if _group(s) in learned]
    mixed_normals = [s for s in inventory.normals if _group(s) in anomalous - learned]
    free = [s for s in inventory.normals if _group(s) not in anomalous]
    normals_generator = split_generator(dataset, f"{name}/normals", seed)
    train_normals, test_normals = divide_by_group(free, TEST_SHARE, normals_generator)
    tested = tuple(s for s in rest if _group(s) not in learned)
    if not (train_normals and tested):
        raise ValueError(
            f"{dataset}/{name} has too few {part}s to split: {len(train_normals)} training normals "
            f"(from {part}s without a defect) and {len(tested)} test anomalies are left; lower "
            f"n_anomalies or add {part}s"
        )
    because = (
        f"{len(siblings)} images are left out because they show the {part} of a training anomaly."
    )
    return replace(
        drawn_only,
        train_normals=_ordered(train_normals),
        test=_ordered(test_normals + mixed_normals) + tested,
        left_out=_ordered([*siblings, *inventory.left_out]),
        notes=(*drawn_only.notes, because) if siblings else drawn_only.notes,
    )


def _group(sample: Sample) -> tuple[str, str]:
    return ("alone", sample.name) if sample.group is None else ("part", sample.group)


def divide_by_group(
    normals: Sequence[Sample], share: float, generator: np.random.Generator
) -> tuple[list[Sample], list[Sample]]:
    """Whole groups, drawn at random, go to the second part until it has its share of the samples.

    A sample without a group is a group of its own.
    """
    groups = defaultdict(list)
    for sample in _ordered(normals):
        groups[_group(sample)].append(sample)
    ordered = sorted(groups, key=lambda group: natural(group[1]))
    wanted = share * len(normals) - 1e-9  # 0.56 * 25 is a little more than 14
    first: list[Sample] = []
    second: list[Sample] = []
    for i in generator.permutation(len(ordered)):
        side = second if len(second) < wanted else first
        side.extend(groups[ordered[i]])
    return first, second


def _ordered(samples: Iterable[Sample]) -> tuple[Sample, ...]:
    return tuple(sorted(samples, key=lambda sample: sample.name))


def with_fewer_normals(category: Category, count: int, seed: int) -> Category:
    """``category`` with ``count`` of its training normals; the others are left out.

    They are drawn by ``seed``: of one seed, the fewer are among the more. Raises ValueError if
    there are not so many.
    """
    normals = category.train_normals
    if count > len(normals):
        raise ValueError(
            f"n_normals={count}, but {category.dataset}/{category.name} has {len(normals)} "
            "training normals; lower it, or leave it out to have all"
        )
    generator = split_generator(category.dataset, f"{category.name}/fewer normals", seed)
    kept = set(generator.permutation(len(normals))[:count].tolist())
    others = tuple(sample for i, sample in enumerate(normals) if i not in kept)
    note = f"{len(others)} training normals are left out, since n_normals is {count}."
    return replace(
        category,
        train_normals=tuple(sample for i, sample in enumerate(normals) if i in kept),
        left_out=category.left_out + others,
        notes=(*category.notes, note),
    )


def split_generator(dataset: str, category: str, seed: int) -> np.random.Generator:
    """A generator of its own for each (dataset, category, seed), the same on every machine.

    Raises ValueError for a negative seed.
    """
    if seed < 0:
        raise ValueError(f"seed={seed} must be 0 or more")
    name = f"{dataset}/{category}".encode(errors="surrogateescape")
    return np.random.default_rng([seed, zlib.crc32(name)])


def draw_anomalies(
    anomalies: Sequence[Sample], count: int, generator: np.random.Generator, where: str
) -> tuple[tuple[Sample, ...], tuple[Sample, ...], tuple[str, ...]]:
    """Draw ``count`` training anomalies from all types; return (drawn, rest, notes).

    The general supervised setting (App. A.2): uniformly, without replacement and without balancing
    the types, of those that have a mask. Drawn and rest are ordered by name. At least half of the
    anomalies stay in the test set: where ``count`` is more than the other half, or than there are
    masks, as many as possible are drawn and a note says so. Raises ValueError for a negative count,
    if there is no anomaly or only one for both sets, or none with a mask to draw.
    """
    if count < 0:
        raise ValueError(f"n_anomalies={count} must be 0 or more")
    if not anomalies:
        raise ValueError(f"{where} holds no anomaly: there is nothing to test on")
    if count and len(anomalies) == 1:
        raise ValueError(
            f"{where} has 1 anomaly; at least 2 are needed, one to learn from and one to test on. "
            f"Photograph more, or {WITHOUT_ANOMALIES}"
        )
    ordered = sorted(anomalies, key=lambda sample: sample.name)
    outlined = [sample for sample in ordered if sample.mask]
    if count and not outlined:
        raise ValueError(
            f"none of the {len(ordered)} anomalies of {where} has a mask, so that none can be "
            f"learnt from. Outline some, or {WITHOUT_ANOMALIES}"
        )
    half = len(ordered) // 2
    possible = min(count, half, len(outlined))
    picks = generator.choice(len(outlined), possible, replace=False).tolist()
    drawn = tuple(outlined[i] for i in sorted(picks))
    taken = set(drawn)
    rest = tuple(sample for sample in ordered if sample not in taken)
    notes: tuple[str, ...] = ()
    if possible < count:
        because = (
            f"{len(ordered)} in all, and half of them stay in the test set"
            if possible == half
            else f"{len(outlined)} with a mask"
        )
        notes = (
            f"Only {possible} training anomalies were drawn instead of {count}: {where} has "
            f"{because}.",
        )
    return drawn, rest, notes
