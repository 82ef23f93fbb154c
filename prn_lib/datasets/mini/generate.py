"""The embedded mini dataset: generated images in MVTec's own layout, with exact masks.

Three categories (a woven texture, a grained texture, an object before a background), five defect
types each. Every image has a random generator of its own, so any of them can be made again alone.
Outside its mask an anomalous image equals its defect-free twin bit for bit.
"""

import hashlib
import json
import shutil
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from prn_lib.common.files import whole_folder
from prn_lib.common.progress import tqdm
from prn_lib.datasets.category import Background
from prn_lib.datasets.dataset import Dataset, Published
from prn_lib.datasets.layouts import mvtec
from prn_lib.datasets.mini import button, grain, weave
from prn_lib.datasets.mini.canvas import SIZE, lighting, photograph

CATEGORIES: dict[str, ModuleType] = {"button": button, "grain": grain, "weave": weave}
TRAIN_NORMALS, TEST_NORMALS, PER_DEFECT = 60, 20, 8
MANIFEST = "mini.json"


def make_image(
    category: str, defect: str | None, index: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One image, its defect-free twin and its mask.

    Returns uint8 ``(256, 256, 3)``, uint8 ``(256, 256, 3)`` and bool ``(256, 256)``. With
    ``defect=None`` the first two are equal and the mask is empty.
    """
    module = CATEGORIES[category]
    rng = np.random.default_rng([seed, zlib.crc32(f"{category}/{defect}/{index}".encode())])
    scene = module.draw(rng)
    light = lighting(rng, module.LIGHT)
    noise = rng.normal(0, module.NOISE, (SIZE, SIZE, 3))
    clean = scene.render()
    twin = photograph(clean, light, noise)
    if defect is None:
        return twin, twin, np.zeros((SIZE, SIZE), bool)
    draw_defect = next(d for d in module.DEFECTS if d.__name__ == defect)
    spoilt, mask = draw_defect(scene, rng)
    return photograph(np.where(mask[..., None], spoilt, clean), light, noise), twin, mask


def ensure(root: Path, seed: int = 0) -> Path:
    """Generate the dataset into ``root`` unless it is there already, complete and current.

    Written beside ``root`` first and moved there whole, so it is never found half made. A folder
    that this function did not make is refused with FileExistsError, never overwritten.
    """
    identity = {"seed": seed, "generator": _generator_hash()}
    if root.exists():
        manifest = root / MANIFEST
        if not manifest.is_file():
            raise FileExistsError(
                f"folder {root} exists and is not the generated mini dataset (no {MANIFEST}); "
                "move it away or choose another data_root"
            )
        if json.loads(manifest.read_text()) == identity:
            return root
        shutil.rmtree(root)
    try:
        with whole_folder(root) as draft:
            _write(draft, seed)
            (draft / MANIFEST).write_text(json.dumps(identity, indent=2) + "\n")
    except OSError:
        if not (root / MANIFEST).is_file():
            raise  # else another process has made it meanwhile
    return root


def _generator_hash() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()


def _plan() -> list[tuple[str, str | None, str, int]]:
    """(category, defect, folder, index) of every image. Train and test normals are numbered on."""
    plan: list[tuple[str, str | None, str, int]] = []
    for category, module in CATEGORIES.items():
        plan += [(category, None, "train/good", i) for i in range(TRAIN_NORMALS)]
        plan += [(category, None, "test/good", TRAIN_NORMALS + i) for i in range(TEST_NORMALS)]
        for defect in (d.__name__ for d in module.DEFECTS):
            plan += [(category, defect, f"test/{defect}", i) for i in range(PER_DEFECT)]
    return plan


def _write(root: Path, seed: int) -> None:
    for category, defect, folder, index in tqdm(_plan(), desc="mini dataset", unit="image"):
        image, _, mask = make_image(category, defect, index, seed)
        number = index - TRAIN_NORMALS if folder == "test/good" else index
        _save(image, root / category / folder / f"{number:03d}.png")
        if defect is not None:
            truth = root / category / "ground_truth" / defect
            _save(mask.astype(np.uint8) * 255, truth / f"{number:03d}_mask.png")


def _save(pixels: np.ndarray, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, compress_level=1)


DATASET = Dataset(
    key="mini",
    title="Mini dataset (generated)",
    page="",
    licence="Apache-2.0, as the code that draws it",
    holds="button/, grain/ and weave/",
    categories=mvtec.categories,
    scan=mvtec.scan,
    published={
        name: Published(
            normals=TRAIN_NORMALS,
            test_normals=TEST_NORMALS,
            anomalies={defect.__name__: PER_DEFECT for defect in module.DEFECTS},
            sizes=((SIZE, SIZE),),
        )
        for name, module in CATEGORIES.items()
    },
    backgrounds={"button": Background()},
    generate=ensure,
)
