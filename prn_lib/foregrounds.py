"""See and correct the foregrounds that target areas are restricted to.

``python -m prn_lib.foregrounds --dataset mvtec --category screw --root <images> --out <folder>``
writes a mask for every normal image and a picture of them. Look at it; try other settings, or
mend masks in any paint program; then give the folder as the option ``foreground_masks``.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from prn_lib.datasets import Background, Category, load_category
from prn_lib.files import whole_file
from prn_lib.images import read_image
from prn_lib.progress import tqdm
from prn_lib.synthesis.foreground import check_foregrounds, estimate_foreground, odd_foregrounds

OVERVIEW = "overview.png"
SHOWN = 24  # images in the overview, the odd ones first
SMALLEST = 32  # side of a mask in pixels
WHITE = 127  # a corrected mask is foreground above this grey value


def estimate_foregrounds(images: torch.Tensor, background: Background) -> torch.Tensor:
    """Foregrounds ``(N, 1, H, W)`` bool of ``images`` ``(N, 3, H, W)`` uint8."""
    bar = tqdm(images, desc="foregrounds", unit="image", leave=False, delay=1)
    masks = [estimate_foreground(image, background.grey, background.tolerance) for image in bar]
    return torch.stack(masks)


def read_foregrounds(folder: Path, category: Category, size: int) -> torch.Tensor:
    """The corrected masks ``(N, 1, size, size)`` bool of the training normals.

    Raises FileNotFoundError for a missing mask, ValueError, naming it, for one that cannot be read
    or is (nearly) empty or full.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(
            f"foreground_masks={folder} is no folder; 'python -m prn_lib.foregrounds' makes one"
        )
    masks = np.empty((len(category.train_normals), 1, size, size), bool)
    for mask, sample in zip(masks, category.train_normals, strict=True):
        path = mask_path(folder, sample.name)
        if not path.is_file():
            raise FileNotFoundError(
                f"foreground mask {path} is missing: foreground_masks needs one for every training "
                "normal; 'python -m prn_lib.foregrounds' writes them"
            )
        mask[0] = _read(path, size)
    foregrounds = torch.from_numpy(masks)
    check_foregrounds(foregrounds, [sample.name for sample in category.train_normals])
    return foregrounds


def mask_path(folder: Path, name: str) -> Path:
    """Where the mask of the normal image called ``name`` lies."""
    return folder / f"{name}.png"


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 if every mask is usable, 1 if some must be corrected, 2 for a wrong request."""
    options = _parser().parse_args(arguments)
    try:
        if options.size < SMALLEST:
            raise ValueError(f"--size {options.size} must be at least {SMALLEST} pixels")
        category = load_category(options.dataset, options.category, options.root)
        # All of them: which normals are for training can depend on the seed.
        normals = [s for s in (*category.train_normals, *category.test) if not s.is_anomaly]
        images, _ = category.load(normals, options.size)
        given = category.background or Background()
        background = Background(
            given.grey if options.background is None else options.background,
            given.tolerance if options.tolerance is None else options.tolerance,
        )
        masks = estimate_foregrounds(images, background)
        names = [sample.name for sample in normals]
        written = _write(masks, names, options.out, options.again)
        kept = [_read(mask_path(options.out, name), options.size) for name in names]
        masks = torch.from_numpy(np.stack(kept))[:, None]
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{background}; {written} of {len(names)} masks written to {options.out}")
    if written < len(names):
        print("the others were there already and are kept; --again replaces them")
    odd = odd_foregrounds(masks, names)
    _overview(images, masks, names, odd, options.out / OVERVIEW)
    print(f"foregrounds cover {masks.float().mean((1, 2, 3)).median():.0%} of the image (median)")
    for name, share in odd.items():
        print(f"  CORRECT {mask_path(options.out, name)}: it covers {share:.1%}")
    print(f"look at {options.out / OVERVIEW}; then set foreground_masks to {options.out}")
    return 1 if odd else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m prn_lib.foregrounds", description=__doc__)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--category", required=True)
    parser.add_argument("--root", help="folder of its images; default data/<dataset>")
    parser.add_argument("--out", required=True, type=Path, help="folder for the masks")
    parser.add_argument("--size", type=int, default=256, help="side of the masks in pixels")
    parser.add_argument("--background", type=int, help="its grey value, 0 to 255; default: known")
    parser.add_argument("--tolerance", type=int, help="difference in grey that belongs to it still")
    parser.add_argument("--again", action="store_true", help="replace masks that are there")
    return parser


def _write(masks: torch.Tensor, names: list[str], folder: Path, again: bool) -> int:
    written = 0
    for mask, name in zip(masks, names, strict=True):
        path = mask_path(folder, name)
        if again or not path.is_file():
            with whole_file(path) as draft:
                Image.fromarray(mask[0].numpy().astype(np.uint8) * 255).save(draft, format="PNG")
            written += 1
    return written


def _read(path: Path, size: int) -> np.ndarray:
    grey = read_image(path, "L").resize((size, size), Image.Resampling.NEAREST)
    return np.asarray(grey) > WHITE


def _overview(
    images: torch.Tensor, masks: torch.Tensor, names: list[str], odd: dict[str, float], path: Path
) -> None:
    from prn_lib.figures.synthesis import show_foregrounds  # figures are not needed elsewhere

    order = sorted(range(len(names)), key=lambda i: names[i] not in odd)[:SHOWN]
    shown = show_foregrounds(images[order], masks[order], [names[i] for i in order])
    with whole_file(path) as draft:
        draft.write_bytes(shown.png)


if __name__ == "__main__":
    sys.exit(main())
