"""Finding and decoding image files, for datasets and textures alike."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")  # in lower or upper case


def is_image(path: Path) -> bool:
    """Whether a file's name is an image's; hidden files (``._x.jpg``) are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read_image(path: Path, mode: str) -> Image.Image:
    """Decode an image file into ``mode`` ("RGB" or "L").

    Raises FileNotFoundError or ValueError, naming the file, if it is missing or unreadable.
    """
    try:
        with Image.open(path) as image:
            return image.convert(mode)
    except FileNotFoundError:
        raise FileNotFoundError(f"image {path} is missing; restore it") from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(
            f"cannot read image {path} ({error}); replace it with an intact copy or delete it"
        ) from None
