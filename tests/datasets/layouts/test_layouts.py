"""Every loader against a full copy in the published layout, irregularities included."""

import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from layouts import (
    GREY_IN_MVTEC,
    Painter,
    make_btad,
    make_dagm,
    make_dtd,
    make_ksdd2,
    make_mvtec,
    make_product,
    make_tiles,
)
from prn_lib.datasets import DATASETS, categories, load_category, overview
from prn_lib.datasets.check import check
from prn_lib.paper.printed import own_results

# as NVIDIA's preparation of DAGM asserts them: images and defective ones of Train, then of Test
NVIDIA_DAGM = {
    **{"Class1": (575, 79, 575, 71), "Class2": (575, 66, 575, 84), "Class3": (575, 66, 575, 84)},
    **{"Class4": (575, 82, 575, 68), "Class5": (575, 70, 575, 80), "Class6": (575, 83, 575, 67)},
    **{f"Class{k}": (1150, 150, 1150, 150) for k in range(7, 11)},
}


@pytest.fixture
def painter(tmp_path):
    return Painter(tmp_path / "templates")


def load_all(dataset, root):
    return {name: load_category(dataset, name, root) for name in categories(dataset, root)}


def defects(category):
    return Counter(s.defect for s in category.train_anomalies + category.test if s.is_anomaly)


def normals_tested(category):
    return sum(not sample.is_anomaly for sample in category.test)


@pytest.mark.parametrize("dataset", ["mvtec", "dagm", "btad", "ksdd2"])
def test_categories_are_those_of_the_papers_tables(dataset):
    assert set(DATASETS[dataset].published) == set(own_results()[dataset])


def test_mvtec(tmp_path, painter):
    make_mvtec(tmp_path / "mvtec", painter, DATASETS["mvtec"].published, shrink=8)
    loaded = load_all("mvtec", tmp_path / "mvtec")
    assert len(loaded) == 15
    assert sum(len(c.train_normals) for c in loaded.values()) == 3629
    assert sum(normals_tested(c) for c in loaded.values()) == 467
    assert sum(defects(c).total() for c in loaded.values()) == 1258
    assert sum(len(defects(c)) for c in loaded.values()) == 73
    for name, category in loaded.items():
        assert len(category.train_anomalies) == 10, name
        assert category.notes == ()  # license.txt and readme.txt are known
    plain = {name for name, category in loaded.items() if category.background}
    assert plain == {
        "bottle", "capsule", "hazelnut", "metal_nut", "pill", "screw", "toothbrush", "zipper",
    }  # fmt: skip
    assert normals_tested(loaded["toothbrush"]) == 12
    assert len(loaded["toothbrush"].test) == 12 + 20
    for name in (*GREY_IN_MVTEC, "carpet"):
        category = loaded[name]
        anomaly = category.train_anomalies[0]
        images, masks = category.load([anomaly, category.train_normals[0]], 256)
        grey = name in GREY_IN_MVTEC
        assert Image.open(anomaly.image).mode == ("L" if grey else "RGB")
        assert images[0].flatten(1)[:, 0].tolist() == ([120] * 3 if grey else [120, 90, 60])
        assert masks.flatten(1).any(1).tolist() == [True, False]


def test_a_whole_mvtec_category_passes_the_check(tmp_path, painter):
    make_mvtec(tmp_path / "mvtec", painter, ["toothbrush"])
    mvtec = DATASETS["mvtec"]
    one = replace(mvtec, published={"toothbrush": mvtec.published["toothbrush"]})
    report = check(one, tmp_path / "mvtec")
    assert (report.troubles, report.notes) == ([], [])
    assert report.table.iloc[0]["width"] == "1024"
    partial = check(mvtec, tmp_path / "mvtec")
    assert partial.troubles == []
    (note,) = partial.notes
    assert note.startswith("14 of 15 published categories are not here: bottle, cable,")


def test_dagm_moves_all_training_anomalies_to_the_test_set_first(tmp_path, painter):
    counts = {name: NVIDIA_DAGM[name] for name in ("Class1", "Class10")}
    make_dagm(tmp_path / "dagm", painter, counts)
    loaded = load_all("dagm", tmp_path / "dagm")
    assert list(loaded) == ["Class1", "Class10"]
    first = loaded["Class1"]
    assert len(first.train_normals) == 575 - 79 == 496
    assert normals_tested(first) == 575 - 71
    assert defects(first) == {"defect": 79 + 71}
    assert len(first.test) == 575 - 71 + 79 + 71 - 10
    folders = {s.name.split("/")[0] for s in first.test if s.is_anomaly}
    assert folders == {"Train", "Test"}
    drawn = [load_category("dagm", "Class1", tmp_path / "dagm", seed=s) for s in range(4)]
    assert {s.name.split("/")[0] for c in drawn for s in c.train_anomalies} == {"Train", "Test"}
    assert any("weak labels" in note for note in first.notes)
    assert "Files passed over, 2 in all: Test/Thumbs.db, Train/Thumbs.db." in first.notes
    images, masks = first.load(first.train_anomalies[:1], 512)
    assert images.unique().tolist() == [120]
    assert masks.sum() == 20 * 40


def test_dagm_totals():
    published = DATASETS["dagm"].published
    for name, (train, train_bad, test, test_bad) in NVIDIA_DAGM.items():
        assert published[name].normals == train - train_bad
        assert published[name].test_normals == test - test_bad
        assert published[name].anomalies == {"defect": train_bad + test_bad}
    row = overview().set_index("name").loc["dagm"]
    assert row["normals"] + row["anomalies"] == 16_100
    assert row["anomalies"] == 1046 + 1054


def test_nested_dagm_and_labels_that_contradict_the_masks(tmp_path, painter):
    make_dagm(tmp_path / "dagm", painter, {"Class2": (30, 6, 30, 6)}, nested=True)
    assert defects(load_category("dagm", "Class2", tmp_path / "dagm", n_anomalies=4)).total() == 12
    (tmp_path / "dagm/Class2/Class2/Test/Label/0002_label.PNG").unlink()
    with pytest.raises(ValueError, match=r"Labels\.txt says that 0002 is defective.*no mask 0002"):
        load_category("dagm", "Class2", tmp_path / "dagm")


def test_btad_pairs_masks_by_name_whatever_their_ending(tmp_path, painter):
    make_btad(tmp_path / "btad", painter)
    loaded = load_all("btad", tmp_path / "btad")
    assert list(loaded) == ["01", "02", "03"]
    assert [len(c.train_normals) for c in loaded.values()] == [400, 399, 1000]
    assert [normals_tested(c) for c in loaded.values()] == [21, 30, 400]
    assert [defects(c)["ko"] for c in loaded.values()] == [49, 200, 41]
    assert len([s for s in loaded["03"].test if s.is_anomaly]) == 31
    endings = {
        name: {(s.image.suffix, s.mask.suffix) for s in c.train_anomalies}
        for name, c in loaded.items()
    }
    assert endings == {"01": {(".bmp", ".png")}, "02": {(".png", ".png")}, "03": {(".bmp", ".bmp")}}
    for category in loaded.values():
        for sample in category.train_anomalies:
            assert sample.image.stem == sample.mask.stem
    _, masks = loaded["03"].load(loaded["03"].train_anomalies[:1], 256)
    assert masks[0, 0, round(15 / 600 * 256), round(25 / 800 * 256)] == 1  # squashed, not cropped


def test_ksdd2(tmp_path, painter):
    root = tmp_path / "ksdd2"
    make_ksdd2(root, painter)
    category = load_category("ksdd2", "all", root)
    assert len(category.train_normals) == 2085
    assert normals_tested(category) == 894
    assert defects(category) == {"defect": 110}
    assert len(category.train_anomalies) == 10
    assert len(category.left_out) == 246
    assert any("246 anomalies of the train folder are left out" in n for n in category.notes)
    everything = category.train_normals + category.train_anomalies + category.test
    assert all(sample.image.stem.isdigit() for sample in everything)
    (strays,) = (note for note in category.notes if note.startswith("Files passed over, 2"))
    assert "10301 (copy).png" in strays
    assert "10301_GT (copy).png" in strays

    report = check(DATASETS["ksdd2"], root)
    assert report.troubles == []
    row = report.table.iloc[0]
    assert (row["normals"], row["test normals"], row["anomalies"]) == (2085, 894, 110)
    assert (row["width"], row["height"]) == ("184-241", "61-665")


def test_tiles_as_published(tmp_path, painter):
    root = tmp_path / "tiles"
    make_tiles(root, painter)
    report = check(DATASETS["magnetic_tile"], root)
    assert report.troubles == []
    assert report.table.iloc[0]["normals"] == 952
    assert report.table.iloc[0]["anomalies"] == 392 - 4
    assert report.table.iloc[0]["soft masks"] == 392 - 4
    (empty,) = (note for note in report.notes if "empty" in note)
    assert empty.count("MT_Uneven/") == 4
    pooled = load_category("magnetic_tile", "all", root)
    assert set(defects(pooled)) == {"blowhole", "break", "crack", "fray", "uneven"}
    crack = load_category("magnetic_tile", "crack", root)
    assert set(defects(crack)) == {"crack"}
    parts = crack.train_normals + crack.train_anomalies + crack.test + crack.left_out
    assert len({s.name for s in parts}) == len(parts) == 1344
    assert any("anomalies of other types than crack are left out" in n for n in crack.notes)


def test_dtd(tmp_path, painter):
    root = tmp_path / "dtd"
    names = list(DATASETS["dtd"].published)
    assert len(names) == 47
    make_dtd(root, painter, names[:2])
    report = check(DATASETS["dtd"], root)
    assert report.troubles == []
    assert report.notes[0].startswith("45 of 47 published categories are not here: ")
    assert report.table["normals"].tolist() == [120, 120]
    assert report.table["grey"].tolist() == [3, 3]
    with pytest.raises(ValueError, match="dtd holds textures, no product; use it by the option"):
        load_category("dtd", "banded", root)


def test_a_folder_of_ones_own(tmp_path, painter):
    make_product(tmp_path / "shop" / "mug", painter)
    make_product(tmp_path / "shop" / "lid", painter)
    assert categories("folder", tmp_path / "shop") == ["lid", "mug"]
    assert categories("folder", tmp_path / "shop" / "mug") == ["mug"]
    category = load_category("folder", "mug", tmp_path / "shop" / "mug", n_anomalies=3)
    again = load_category("folder", "mug", tmp_path / "shop", n_anomalies=3)
    assert category == again
    assert defects(category) == {"scratch": 4, "dent": 3}
    assert len(category.train_normals) == 9
    assert normals_tested(category) == 3  # a fifth of 12, rounded up
    _, masks = category.load(category.train_anomalies, 120)
    assert masks.flatten(1).any(1).all()
    assert check(DATASETS["folder"], tmp_path / "shop").troubles == []


def test_what_does_not_fit_in_a_folder_of_ones_own_is_named(tmp_path, painter):
    mug = tmp_path / "mug"
    make_product(mug, painter)
    painter.image(mug / "good/IMG_0000.png", (160, 120))  # beside IMG_0000.jpg
    painter.image(mug / "dent/no mask.jpg", (160, 120))
    painter.mask(mug / "dent/ghost_mask.png", (160, 120))
    painter.mask(mug / "good/IMG_0001_mask.png", (160, 120))
    painter.mask(mug / "scratch/scratch 9_mask.png", (160, 120), empty=True)
    painter.image(mug / "scratch/scratch 9.jpg", (160, 120))
    dark = np.zeros((120, 160), np.uint8)
    dark[5:9, 5:9] = 1
    (mug / "dent/dent 0_mask.png").unlink()
    Image.fromarray(dark).save(mug / "dent/dent 0_mask.png")
    (mug / "dent/dent 1_mask.png").unlink()
    painter.mask(mug / "dent/dent 1_mask.png", (120, 160))
    (mug / "good/IMG_0099.heic").write_bytes(b"not for Pillow")
    (mug / "good/IMG_0010.gif").write_bytes(b"not for us")
    pages = [Image.new("RGB", (160, 120), (k, k, k)) for k in range(3)]
    pages[0].save(mug / "good/stack.tif", save_all=True, append_images=pages[1:])
    report = check(DATASETS["folder"], mug)
    for sentence in (
        "differ in their endings only; rename one",
        "dent/no mask.jpg has no mask; expected it at",
        "dent/ghost_mask.png belongs to no image",
        "good/IMG_0001_mask.png lies among the normal images",
        "dent 1_mask.png is 120x160 but its image",
        "stack.tif holds 3 pictures; save each as a file of its own",
        "cannot read image",
        "install the package pillow-heif, which reads HEIC, or save it as JPEG",
    ):
        assert sum(sentence in trouble for trouble in report.troubles) == 1, sentence
    assert report.table.iloc[0]["troubles"] == len(report.troubles)
    notes = "\n".join(report.notes)
    assert "Left out for an empty mask, 1 in all: scratch/scratch 9" in notes
    assert "than white, which is the defect: 1 with grey 1." in notes
    assert "IMG_0010.gif" in notes
    with pytest.raises(ValueError, match=r"\(\d more such troubles: 'prn data check "):
        load_category("folder", "mug", mug)


def test_copies_of_a_photograph_are_trouble_in_a_folder_of_ones_own(tmp_path, painter):
    mug = tmp_path / "mug"
    make_product(mug, painter)
    shutil.copy(mug / "good/IMG_0003.bmp", mug / "good/IMG_0003 - Copy.bmp")
    (trouble,) = check(DATASETS["folder"], mug).troubles
    assert "good/IMG_0003.bmp is a copy of" in trouble
    assert "IMG_0003 - Copy.bmp; delete one" in trouble


def test_the_name_of_a_product_is_the_name_of_its_folder_also_of_a_linked_one(tmp_path, painter):
    make_product(tmp_path / "store" / "v2", painter)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "mug").symlink_to(tmp_path / "store" / "v2")
    assert categories("folder", tmp_path / "shop") == ["mug"]
    assert categories("folder", tmp_path / "shop" / "mug") == ["mug"]
    one = load_category("folder", "mug", tmp_path / "shop", n_anomalies=3)
    other = load_category("folder", "mug", tmp_path / "shop" / "mug", n_anomalies=3)
    assert [s.name for s in one.test] == [s.name for s in other.test]


def test_an_inverted_mask_is_noted(tmp_path, painter):
    mug = tmp_path / "mug"
    make_product(mug, painter)
    path = mug / "dent/dent 0_mask.png"
    inverted = 255 - np.asarray(Image.open(path))
    path.unlink()
    Image.fromarray(inverted).save(path)
    notes = load_category("folder", "mug", mug, n_anomalies=2).notes
    assert "Masks that cover more than half of the image; inverted? dent/dent 0." in notes


def test_masks_stored_with_loss_are_refused_where_every_grey_counts(tmp_path, painter):
    make_mvtec(tmp_path / "mvtec", painter, ["toothbrush"])
    truth = tmp_path / "mvtec/toothbrush/ground_truth/defective"
    Image.open(truth / "004_mask.png").save(truth / "004_mask.jpg")
    (truth / "004_mask.png").unlink()
    with pytest.raises(ValueError, match=r"004_mask\.jpg is stored with loss.*restore it as PNG"):
        load_category("mvtec", "toothbrush", tmp_path / "mvtec")


def test_hidden_folders_are_no_defects(tmp_path, painter):
    make_mvtec(tmp_path / "mvtec", painter, ["toothbrush"])
    hidden = tmp_path / "mvtec/toothbrush/test/.ipynb_checkpoints/000-checkpoint.png"
    painter.image(hidden, (1024, 1024))
    category = load_category("mvtec", "toothbrush", tmp_path / "mvtec")
    assert defects(category) == {"defective": 30}
    assert "000-checkpoint.png" in category.notes[0]


def test_dagm_without_its_list_says_what_is_not_verified(tmp_path, painter):
    make_dagm(tmp_path / "dagm", painter, {"Class1": (30, 6, 30, 6), "Class2": (30, 6, 30, 6)})
    label = tmp_path / "dagm/Class1/Test/Label/Labels.txt"
    label.write_bytes("1\n".encode("utf-16"))
    report = check(DATASETS["dagm"], tmp_path / "dagm")
    assert any("cannot read" in t and "Labels.txt" in t for t in report.troubles)
    assert report.table["category"].tolist() == ["Class1", "Class2"]  # the other is checked too
    label.unlink()
    notes = load_category("dagm", "Class1", tmp_path / "dagm", n_anomalies=2).notes
    assert any("Test/Label has no Labels.txt" in note for note in notes)


def test_masks_of_normal_images_are_opened_by_the_check(tmp_path, painter):
    root = tmp_path / "tiles"
    make_tiles(root, painter)
    load_category("magnetic_tile", "all", root)  # fills the cache, which the check must not believe
    masks = sorted((root / "MT_Free/Imgs").glob("*.png"))
    for path, damage in zip(masks[:3], ("paint", "cut", "shrink"), strict=True):
        mask = np.asarray(Image.open(path)).copy()
        path.unlink()
        if damage == "paint":
            mask[:] = 255
        Image.fromarray(mask[:50] if damage == "shrink" else mask).save(path)
        if damage == "cut":
            path.write_bytes(path.read_bytes()[:60])
    troubles = "\n".join(check(DATASETS["magnetic_tile"], root).troubles)
    assert f"{masks[0]} belongs to a normal image and is not black" in troubles
    assert f"cannot read image {masks[1]}" in troubles
    assert f"mask {masks[2]} is" in troubles


@pytest.mark.parametrize("dataset", ["mvtec", "btad", "magnetic_tile", "folder"])
def test_a_root_one_level_too_high_is_explained(tmp_path, painter, dataset):
    root = tmp_path / "holder" / "data"
    if dataset == "mvtec":
        make_mvtec(root, painter, ["toothbrush"])
    elif dataset == "btad":
        make_btad(root, painter)
    elif dataset == "magnetic_tile":
        painter.image(root / "MT_Free/Imgs/exp1_num_1.jpg", (30, 40), "L")
    else:
        make_product(root / "mug", painter)
    with pytest.raises(FileNotFoundError, match=rf"did you mean {root}\?"):
        categories(dataset, tmp_path / "holder")


def test_the_overview_covers_what_the_paper_uses():
    table = overview().set_index("name")
    assert table.loc["mvtec", ["categories", "normals", "anomalies"]].tolist() == [15, 4096, 1258]
    assert table.loc["btad", ["categories", "normals", "anomalies"]].tolist() == [3, 2250, 290]
    assert table.loc["ksdd2", ["categories", "normals", "anomalies"]].tolist() == [1, 2979, 356]
    assert table.loc["magnetic_tile", ["normals", "anomalies"]].tolist() == [952, 392]
    assert (table["licence"].str.len() > 0).all()
    assert (table["how to get it"].str.len() > 0).all()


def test_a_products_file_says_how_masks_and_16_bits_are_read(tmp_path, painter):
    mug = tmp_path / "mug"
    make_product(mug, painter)
    colours = np.zeros((120, 160, 3), np.uint8)
    colours[5:25, 5:45], colours[60:70, 60:70] = (128, 0, 0), (0, 128, 0)
    mask = mug / "dent/dent 0_mask.png"
    mask.unlink()
    Image.fromarray(colours).save(mask)
    with pytest.raises(ValueError, match=r"dent 0_mask\.png is not plainly black and white"):
        load_category("folder", "mug", mug, n_anomalies=3)
    deep = np.full((120, 160), 1500, np.uint16)
    Image.fromarray(deep).save(mug / "good/deep.png")
    (mug / "product.json").write_text('{"masks": "any colour", "grey_range": [1000, 2000]}')
    category = load_category("folder", "mug", mug, n_anomalies=3)
    dent = next(s for s in category.train_anomalies + category.test if s.name == "dent/dent 0")
    assert category.load([dent], 160)[1].float().mean() == pytest.approx(900 / 120 / 160, rel=0.05)
    sample = next(s for s in category.train_normals + category.test if s.name == "good/deep")
    assert set(category.load([sample], 64)[0].flatten().tolist()) == {128}
    report = check(DATASETS["folder"], mug)
    assert report.troubles == []
    assert any('{"grey_range": [1500, 1500]}' in note for note in report.notes)
    assert any("whatever is not black is a defect" in note for note in report.notes)


@pytest.mark.parametrize(("text", "message"), [
    ("{", r"product\.json is no JSON"),
    ("[]", r"product\.json holds no JSON object"),
    ('{"mask": "any colour"}', "unknown key 'mask'; known: masks, grey_range"),
    ('{"masks": "half grey"}', "masks is 'half grey'; choose one of 'two values', 'any colour'"),
    ('{"grey_range": [5, 5]}', "two whole numbers, black and white"),
    ('{"grey_range": [0, 65536]}', "two whole numbers"),
    ('{"grey_range": [0.5, 9]}', "two whole numbers"),
    ('{"grey_range": 9}', "two whole numbers"),
])  # fmt: skip
def test_a_products_file_that_is_wrong_is_refused_by_check_and_run(
    tmp_path, painter, text, message
):
    mug = tmp_path / "mug"
    make_product(mug, painter)
    (mug / "product.json").write_text(text)
    with pytest.raises(ValueError, match=message) as refused:
        load_category("folder", "mug", mug)
    assert check(DATASETS["folder"], mug).troubles == [f"mug: {refused.value}"]


ENOUGH = [(6, ("dent", 2)), (2, ("dent", 2))]


@pytest.mark.parametrize(("good", "defects"), [
    (0, ("dent", 4)), (1, ("dent", 4)), (6, ("dent", 0)), (6, ("dent", 1)), (6, ("dent", 2)),
    (2, ("dent", 2)),
])  # fmt: skip
def test_check_and_run_agree_in_the_same_words(tmp_path, painter, good, defects):
    mug = tmp_path / "mug"
    (mug / "good").mkdir(parents=True)
    make_product(mug, painter, good=good, defects=(defects,))
    refusals = []
    try:
        load_category("folder", "mug", mug)
    except (ValueError, OSError) as error:
        refusals = [f"mug: {error}"]
    assert check(DATASETS["folder"], mug).troubles == refusals
    assert bool(refusals) == ((good, defects) not in ENOUGH)


def test_defects_one_level_too_deep_are_named_with_the_folder_to_move(tmp_path, painter):
    mug = tmp_path / "mug"
    make_product(mug, painter)
    (mug / "bad").mkdir()
    (mug / "dent").rename(mug / "bad/dent")
    (trouble,) = check(DATASETS["folder"], mug).troubles
    assert "bad holds photographs one level too deep, in dent; move the folder dent up" in trouble


def test_endings_that_tell_the_defect_and_transparency_are_noted(tmp_path):
    for i in range(4):
        (tmp_path / "mug/good").mkdir(parents=True, exist_ok=True)
        (tmp_path / "mug/dent").mkdir(exist_ok=True)
        Image.new("RGB", (64, 64), (9 * i, 0, 0)).save(tmp_path / f"mug/good/{i}.jpg")
        Image.new("RGBA", (64, 64), (9 * i, 9, 0, 80)).save(tmp_path / f"mug/dent/{i}.png")
        mask = np.zeros((64, 64), np.uint8)
        mask[3:30, 9:30] = 255
        Image.fromarray(mask).save(tmp_path / f"mug/dent/{i}_mask.png")
    notes = "\n".join(check(DATASETS["folder"], tmp_path / "mug").notes)
    assert "All normals end in .jpg, all anomalies in .png" in notes
    assert "Photographs with transparency are laid on white: dent/0, dent/1, dent/2" in notes
