"""Gather what ``on_gpu.py`` needs on a machine without a network: images, textures, weights.

Images are resized to 256 x 256 as the loader resizes them, and kept without loss: bottle and pill
are then about 40 MB. Of the textures 100 are taken, spread over all kinds, as JPEG.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from PIL import Image

from prn_lib.common.files import whole_folder, write_text
from prn_lib.common.images import is_image, read_image
from prn_lib.common.progress import tqdm
from prn_lib.common.provenance import commit
from prn_lib.datasets.reading.masks import ANY_COLOUR, read_mask

CATEGORIES = ("bottle", "pill")
TEXTURES = 100
SIDE = 256
ABOUT = "pack.json"


def main() -> int:
    """Returns 0, or 2 for a wrong request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="to be made")
    parser.add_argument("--mvtec", type=Path, required=True, help="holds bottle/ and pill/")
    parser.add_argument("--textures", type=Path, required=True, help="holds images (DTD)")
    parser.add_argument("--weights", type=Path, required=True, help="ResNet-18's, .safetensors")
    options = parser.parse_args()
    try:
        pack(options.folder, options.mvtec, options.textures, options.weights)
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for part in sorted(options.folder.iterdir()):
        size = sum(path.stat().st_size for path in (part, *part.rglob("*")) if path.is_file())
        print(f"{part}: {size / 1e6:.1f} MB")
    return 0


def pack(folder: Path, mvtec: Path, textures: Path, weights: Path) -> None:
    """Write ``folder``, whole or not at all. Raises ValueError for what is missing."""
    images = [p for name in CATEGORIES for p in sorted((mvtec / name).rglob("*")) if is_image(p)]
    found = [path for path in sorted(textures.rglob("*")) if is_image(path)]
    for what, there in (
        (f"--mvtec {mvtec} holds no image in {' or '.join(CATEGORIES)}", images),
        (f"--textures {textures} holds no image", found),
        (f"--weights {weights} is no .safetensors file", weights.suffix == ".safetensors"),
        (f"{folder} exists; name a new folder", not folder.exists()),
    ):
        if not there:
            raise ValueError(what)
    with whole_folder(folder) as draft:
        for path in tqdm(images, desc="packing", unit="image"):
            _shrink(path, draft / "mvtec" / path.relative_to(mvtec))
        for path in found[:: max(1, len(found) // TEXTURES)][:TEXTURES]:
            _shrink(path, draft / "textures" / f"{path.stem}.jpg")
        shutil.copyfile(weights, draft / weights.name)
        write_text(draft / ABOUT, json.dumps({"commit": commit(), "weights": weights.name}) + "\n")


def _shrink(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if "ground_truth" in target.parts:
        mask = Image.fromarray(read_mask(path, ANY_COLOUR).pixels)
        mask.resize((SIDE, SIDE), Image.Resampling.NEAREST).save(target.with_suffix(".png"))
        return
    image = read_image(path, "RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    if target.suffix == ".jpg":
        image.save(target, quality=90)
    else:
        image.save(target.with_suffix(".webp"), lossless=True, quality=90, method=6)


if __name__ == "__main__":
    sys.exit(main())
