"""The general supervised setting as a property of every inventory, not of some examples."""

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prn_lib.datasets import DATASETS, load_category
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.sample import Sample
from prn_lib.datasets.split import (
    divide_by_group,
    draw_anomalies,
    split_by_group,
    split_freely,
    split_official,
    with_fewer_normals,
)
from prn_lib.runs.results import find_results

PROJECT = Path(__file__).parents[2]
SHARED = PROJECT.parent / "shared" / "data"
BESIDE = {name: SHARED / name for name in ("magnetic_tile", "mvtec")}
TYPES = st.sampled_from(["hole", "cut", "stain"])
SEEDS = st.integers(0, 2**32 - 1)


def mask_for(defect):
    return None if defect == "good" else Path("mask.png")


def make(prefix, count, defect="good"):
    return tuple(
        Sample(f"{prefix}/{i:03d}", Path(f"{prefix}/{i:03d}.png"), mask_for(defect), defect)
        for i in range(count)
    )


@st.composite
def inventories(draw, least_normals=2, test_normals=3):
    types = draw(st.lists(TYPES, min_size=1, max_size=40))
    anomalies = tuple(
        Sample(f"test/{t}/{i:03d}", Path(f"{i}.png"), Path(f"{i}_mask.png"), t)
        for i, t in enumerate(types)
    )
    return Inventory(
        normals=make("train/good", draw(st.integers(least_normals, 30))),
        test_normals=make("test/good", test_normals),
        anomalies=anomalies,
        left_out=make("left", draw(st.integers(0, 3)), "odd"),
    )


@st.composite
def grouped(draw):
    """Parts with normal and defective shots, some with one shot only; five without a defect."""
    normals, anomalies = [], []
    for part in range(draw(st.integers(12, 20))):
        shots = draw(st.lists(st.sampled_from(["good", "good", "crack"]), min_size=1, max_size=4))
        for k, kind in enumerate(["good"] if part < 5 else shots):
            name = f"{kind}/{part}-{k}"
            sample = Sample(name, Path(f"{name}.jpg"), mask_for(kind), kind, str(part))
            (normals if kind == "good" else anomalies).append(sample)
    return Inventory(normals=tuple(normals), anomalies=tuple(anomalies))


def parts_of(category):
    return (
        category.train_normals, category.train_anomalies, category.test, category.left_out,
    )  # fmt: skip


def assert_sound(category, inventory, asked):
    """Disjoint, complete, no normal among the drawn, as many drawn as promised."""
    names = [sample.name for part in parts_of(category) for sample in part]
    assert len(names) == len(set(names))
    assert set(names) == {sample.name for sample in inventory.samples}
    assert not any(sample.is_anomaly for sample in category.train_normals)
    assert all(sample.is_anomaly for sample in category.train_anomalies)
    pool = len(inventory.anomalies)
    assert len(category.train_anomalies) == min(asked, pool // 2)
    said = any(f"instead of {asked}" in note for note in category.notes)
    assert said == (asked > pool // 2)


@pytest.mark.parametrize("split", [split_official, split_freely])
@given(inventory=inventories(), seed=SEEDS, asked=st.integers(0, 15))
def test_splits_are_disjoint_complete_and_deterministic(split, inventory, seed, asked):
    if split is split_freely:
        inventory = Inventory(**{**vars(inventory), "test_normals": ()})
    if asked and len(inventory.anomalies) == 1:
        with pytest.raises(ValueError, match="has 1 anomaly; at least 2 are needed"):
            split(inventory, "some", "product", seed, asked)
        return
    category = split(inventory, "some", "product", seed, asked)
    assert_sound(category, inventory, asked)
    assert category.left_out == inventory.left_out
    assert category == split(inventory, "some", "product", seed, asked)
    tested = sum(not sample.is_anomaly for sample in category.test)
    expected = 3 if split is split_official else math.ceil(0.2 * len(inventory.normals))
    assert tested == expected


@given(
    outlined=st.lists(st.booleans(), min_size=2, max_size=40), seed=SEEDS, asked=st.integers(0, 15)
)
def test_only_outlined_anomalies_are_drawn(outlined, seed, asked):
    """Those without a mask stay in the test set."""
    anomalies = tuple(
        Sample(f"{i:03d}", Path(f"{i}.png"), Path(f"{i}_mask.png") if masked else None, "cut")
        for i, masked in enumerate(outlined)
    )
    inventory = Inventory(make("n", 4), make("t", 2), anomalies)
    if asked and not any(outlined):
        with pytest.raises(ValueError, match=r"none of the .* has a mask.* n_anomalies=0"):
            split_official(inventory, "some", "product", seed, asked)
        return
    category = split_official(inventory, "some", "product", seed, asked)
    drawn, tested = category.train_anomalies, category.test[2:]
    assert all(sample.mask for sample in drawn)
    assert len(drawn) == min(asked, len(outlined) // 2, sum(outlined))
    assert {*drawn, *tested} == set(anomalies)
    bare = len(outlined) - sum(outlined)
    assert category.is_outlined == (bare == 0)


def assert_no_group_is_divided(category, group_of):
    train = {group_of(sample) for sample in category.train_normals + category.train_anomalies}
    assert not train & {group_of(sample) for sample in category.test}


@given(inventory=grouped(), seed=SEEDS)
def test_groups_stay_whole(inventory, seed):
    try:
        category = split_freely(inventory, "folder", "mug", seed, 3)
    except ValueError as error:
        known = ("holds no anomaly", "has 1 anomaly", "too few parts")
        assert any(words in str(error) for words in known)  # noqa: PT017
        return
    assert_sound(category, inventory, 3)
    assert_no_group_is_divided(category, lambda sample: sample.name.split("/")[1].split("-")[0])
    assert category == split_freely(inventory, "folder", "mug", seed, 3)


def shots(part, *kinds):
    return tuple(
        Sample(f"{kind}/{part}-{k}", Path(f"{kind}/{part}-{k}.jpg"), mask_for(kind), kind, part)
        for k, kind in enumerate(kinds)
    )


def test_groups_by_hand():
    """The part of the one training anomaly is left out; the others' normals are tested."""
    mixed = shots("a", "good", "cut", "dent") + shots("b", "good", "cut", "dent")
    plain = tuple(s for k in range(10) for s in shots(f"p{k}", *["good"] * (1 + k % 3)))
    inventory = Inventory(
        normals=plain + tuple(s for s in mixed if not s.is_anomaly),
        anomalies=tuple(s for s in mixed if s.is_anomaly),
    )
    category = split_freely(inventory, "folder", "mug", 0, 1)
    (drawn,) = category.train_anomalies
    other = "b" if drawn.group == "a" else "a"
    assert set(category.left_out) == {s for s in mixed if s.group == drawn.group} - {drawn}
    assert category.notes == (
        "2 images are left out because they show the part of a training anomaly.",
    )
    assert {s for s in category.test if s in mixed} == {s for s in mixed if s.group == other}
    tested = [s for s in category.test if s in plain]
    assert 0.2 * len(plain) <= len(tested) < 0.2 * len(plain) + 3  # the last part may exceed it
    assert set(category.train_normals) == set(plain) - set(tested)


def test_random_groups_are_never_shared():
    """Whatever the groups, also where some samples have none."""
    for seed in range(50):
        rng = np.random.default_rng(seed)
        samples = [
            replace(sample, group=f"part{rng.integers(60)}" if rng.random() < 0.9 else None)
            for sample in make("good", 80) + make("cut", 20, "cut")
        ]
        inventory = Inventory(normals=tuple(samples[:80]), anomalies=tuple(samples[80:]))
        category = split_freely(inventory, "folder", "mug", seed, 5)
        assert_sound(category, inventory, 5)
        assert_no_group_is_divided(category, lambda sample: sample.group or sample.name)


def test_too_few_parts_are_refused():
    samples = shots("a", "good", "good", "cut", "cut") + shots("b", "good")
    inventory = Inventory(
        normals=tuple(s for s in samples if not s.is_anomaly),
        anomalies=tuple(s for s in samples if s.is_anomaly),
    )
    expected = r"folder/mug has too few parts to split: 0 training normals \(from parts without a "
    with pytest.raises(ValueError, match=expected):
        split_freely(inventory, "folder", "mug", 0, 1)


def test_every_type_can_be_drawn_by_some_seed():
    inventory = Inventory(
        normals=make("train/good", 4),
        test_normals=make("test/good", 2),
        anomalies=make("test/common", 60, "common") + make("test/rare", 1, "rare"),
    )
    drawn = set()
    for seed in range(100):
        category = split_official(inventory, "some", "product", seed, 10)
        drawn |= {sample.defect for sample in category.train_anomalies}
        assert len(category.train_anomalies) == 10
    assert drawn == {"common", "rare"}


def test_drawing_is_uniform_over_images_and_ignores_types():
    samples = [
        Sample(f"{i}", None, Path("mask.png"), "hole" if i < 2 else "cut") for i in range(10)
    ]
    generator = np.random.default_rng(0)
    counts = np.zeros(10)
    for _ in range(3000):
        for sample in draw_anomalies(samples, 4, generator, "x")[0]:
            counts[int(sample.name)] += 1
    assert abs(counts / 3000 - 0.4).max() < 0.04  # 4.5 standard deviations


def test_seeds_and_categories_draw_differently_whatever_the_order_on_disk():
    inventory = Inventory(make("n", 4), make("t", 2), make("a", 40, "cut"))
    shuffled = Inventory(make("n", 4), make("t", 2), tuple(reversed(make("a", 40, "cut"))))

    def drawn(seed, name="x", inventory=inventory):
        return split_official(inventory, "some", name, seed, 10).train_anomalies

    assert drawn(0) == drawn(0, inventory=shuffled)
    assert len({drawn(seed) for seed in range(20)}) == 20
    assert drawn(0) != drawn(0, "y")


@pytest.mark.parametrize(
    ("anomalies", "count", "message"),
    [(5, -1, "n_anomalies=-1 must be 0 or more"), (0, 3, "some/product holds no anomaly")],
)
def test_impossible_requests_are_named(anomalies, count, message):
    inventory = Inventory(make("n", 4), make("t", 2), make("a", anomalies, "cut"))
    with pytest.raises(ValueError, match=message):
        split_official(inventory, "some", "product", 0, count)


@pytest.mark.parametrize("split", [split_freely, split_by_group])
def test_the_tested_normals_do_not_depend_on_the_number_of_anomalies(split):
    """Or Table 7 would compare other test sets."""
    stems = [f"exp1_num_{1000 * i}" for i in range(60)]
    samples = [
        Sample(stem, Path(f"{stem}.jpg"), mask_for(kind), kind)
        for stem, kind in zip(stems, ["good"] * 30 + ["cut"] * 30, strict=True)
    ]
    normals, anomalies = tuple(samples[:30]), tuple(samples[30:])

    def tested(normals, count):
        category = split(Inventory(normals, (), anomalies), "x", "y", 0, count)
        return [sample.name for sample in category.test if not sample.is_anomaly]

    expected = tested(normals, 10)
    assert all(tested(normals, count) == expected for count in (0, 1, 5))
    assert tested(tuple(reversed(normals)), 10) == expected


def test_a_negative_seed_is_named():
    with pytest.raises(ValueError, match="seed=-1 must be 0 or more"):
        split_official(Inventory(make("n", 4), (), make("a", 4, "cut")), "x", "y", -1, 2)


def test_one_normal_image_cannot_be_split():
    with pytest.raises(ValueError, match="has 1 normal images; at least 2 are needed"):
        split_freely(Inventory(make("n", 1), (), make("a", 4, "cut")), "folder", "mug", 0, 2)


@cache
def category_of(dataset, name, root, seed, n_anomalies):
    """Many records share one split."""
    return load_category(dataset, name, root, seed=seed, n_anomalies=n_anomalies)


@pytest.mark.parametrize(
    "result",
    find_results(PROJECT / "results"),
    ids=lambda r: f"{r.folder.parent.name}/{r.folder.name}",
)
def test_recorded_splits_can_be_drawn_again(result):
    e = result.experiment
    root = BESIDE.get(e.dataset)
    if root is not None and not root.is_dir():
        pytest.skip(f"the images of {e.dataset} are not beside the project ({root})")
    if e.dataset == "elpv" and not DATASETS["elpv"].find_package():
        pytest.skip("the package elpv-dataset is not installed: pip install it")
    category = category_of(e.dataset, e.category, root, e.seed, e.n_anomalies)
    if e.n_normals is not None:
        category = with_fewer_normals(category, e.n_normals, e.seed)
    for part, names in result.split.items():
        assert [sample.name for sample in getattr(category, part)] == names


@given(inventories(), SEEDS, st.data())
def test_fewer_normals_are_some_of_the_more_and_the_others_are_left_out(inventory, seed, data):
    whole = split_official(inventory, "d", "c", seed, 0)
    total = len(whole.train_normals)
    more = data.draw(st.integers(1, total))
    fewer = data.draw(st.integers(1, more))
    a, b = (with_fewer_normals(whole, count, seed) for count in (fewer, more))
    assert (len(a.train_normals), len(b.train_normals)) == (fewer, more)
    assert set(a.train_normals) <= set(b.train_normals) <= set(whole.train_normals)
    assert set(a.train_normals) | set(a.left_out) == set(whole.train_normals + whole.left_out)
    assert (a.test, a.train_anomalies) == (whole.test, whole.train_anomalies)
    with pytest.raises(ValueError, match=f"n_normals={total + 1}, but d/c has {total} training"):
        with_fewer_normals(whole, total + 1, seed)


@given(grouped(), st.floats(0.1, 0.9), SEEDS)
def test_groups_go_whole_to_one_part_of_two(inventory, share, seed):
    normals = inventory.normals
    first, second = divide_by_group(normals, share, np.random.default_rng(seed))
    assert sorted(s.name for s in first + second) == sorted(s.name for s in normals)
    assert not {s.group for s in first} & {s.group for s in second}
    largest = max(sum(s.group == x.group for s in normals) for x in normals)
    wanted = share * len(normals)
    assert wanted - 1e-6 <= len(second) < wanted + largest
