"""Finding and decoding image files, for datasets and textures alike."""

from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")  # in lower or upper case
DEEP_MODES = ("I", "F")  # Pillow's modes of 16 and 32 bits a pixel start with these


def is_image(path: Path) -> bool:
    """Whether a file's name is an image's; hidden files (``._x.jpg``) are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name; hidden files and other types are passed over."""
    return sorted(path for path in folder.iterdir() if is_image(path))


def read_image(path: Path, mode: str) -> Image.Image:
    """Decode an image file into ``mode`` ("RGB" or "L"), turned as its EXIF data say.

    Raises FileNotFoundError or ValueError, naming the file, if it is missing or unreadable or has
    more than 8 bits a channel, whose conversion would depend on the camera.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith(DEEP_MODES):
                raise ValueError(
                    f"image {path} has more than 8 bits a channel (mode {image.mode}); "
                    "save it with 8 bits"
                )
            return ImageOps.exif_transpose(image).convert(mode)
    except FileNotFoundError:
        raise FileNotFoundError(f"image {path} is missing; restore it") from None
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"cannot read image {path} ({error}); replace it with an intact copy or delete it"
        ) from None
