"""Finding and decoding image files, for datasets and textures alike."""

import re
from pathlib import Path

from PIL import Image, ImageFile, ImageOps

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")  # in lower or upper case
LOSSY = (".jpg", ".jpeg", ".webp")


def is_image(path: Path) -> bool:
    """Whether a file's name is an image's; hidden files (``._x.jpg``) are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name; hidden files and other types are passed over."""
    return sorted(path for path in folder.iterdir() if is_image(path))


def read_image(path: Path, mode: str) -> Image.Image:
    """Decode an image file into ``mode`` ("RGB" or "L"), turned as its EXIF data say.

    For "L", the mode of masks, what is transparent is black. Raises FileNotFoundError or
    ValueError, naming the file, if it is missing or unreadable or has more than 8 bits a channel,
    whose conversion would depend on the camera.
    """
    try:
        with Image.open(path) as image:
            if not _is_deep(image):
                upright = ImageOps.exif_transpose(image)
                return _on_black(upright) if mode == "L" else upright.convert(mode)
            found = image.mode
    except FileNotFoundError:
        raise FileNotFoundError(f"image {path} is missing; restore it") from None
    except Exception as error:  # damaged files make Pillow raise nearly anything
        raise ValueError(
            f"cannot read image {path} ({error}); replace it with an intact copy or delete it"
        ) from None
    raise ValueError(
        f"image {path} has more than 8 bits a channel (mode {found}); save it with 8 bits"
    )


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """16 or 32 bits a channel: Pillow's modes I and F, or colours that it would cut to 8 bits."""
    return image.mode.startswith(("I", "F")) or bool(re.search(r";16[BLN]", str(image.tile)))


def _on_black(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("L")
    image = image.convert("RGBA")
    black = Image.new("RGBA", image.size, (0, 0, 0, 255))
    return Image.alpha_composite(black, image).convert("L")
