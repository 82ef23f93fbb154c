"""Finding and decoding image files, for datasets, textures and new photographs alike."""

import re
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps

with suppress(ImportError):  # an extra: photographs of phones
    from pillow_heif import register_heif_opener

    register_heif_opener()
# Pillow warns of pictures half as large as the largest that it opens; those are read.
warnings.simplefilter("ignore", Image.DecompressionBombWarning)

HEIF = (".heic", ".heif")
SUFFIXES = (  # in lower or upper case
    *(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".tif", ".tiff", ".webp", ".avif"),
    *HEIF,
)
LOSSY = (".jpg", ".jpeg", ".jfif", ".webp", ".avif", *HEIF)
FULL_RANGE = (0, 65535)  # of 16-bit grey values: black and white

# EXIF's orientations, by the turn that shows the picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112


def is_image(path: Path) -> bool:
    """Whether a file's name is an image's; hidden files (``._x.jpg``) are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def image_files(folder: Path) -> list[Path]:
    """The image files of a folder, sorted by name; hidden files and other types are passed over."""
    return sorted(path for path in folder.iterdir() if is_image(path))


def no_image(folder: Path) -> str:
    """That ``folder`` holds no image, what it holds instead, and which endings are read."""
    others = sorted({path.suffix or path.name for path in folder.iterdir() if path.is_file()})
    found = f" but files ending in {', '.join(others)}" if others else ""
    return f"folder {folder} holds no image{found}; endings that are read: {', '.join(SUFFIXES)}"


def read_image(path: Path, mode: str, grey_range: tuple[int, int] = FULL_RANGE) -> Image.Image:
    """Decode an image file into ``mode``, "RGB" or "RGBA", turned as its EXIF data say.

    In RGB what is transparent is white. Grey values of 16 bits are spread from ``grey_range``
    (black, white) to 0..255, and cut off beyond.

    Raises FileNotFoundError or ValueError, naming the file, if it is missing, unreadable or too
    large, holds several pictures, or has more than 8 bits a channel in another form.
    """
    try:
        with Image.open(path) as image:
            _check_kind(image)
            deep = image.mode.startswith("I;16")
            upright = ImageOps.exif_transpose(_spread(image, grey_range) if deep else image)
            return (_on_white(upright) if mode == "RGB" else upright).convert(mode)
    except FileNotFoundError:
        raise FileNotFoundError(f"image {path} is missing; restore it") from None
    except Image.DecompressionBombError:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise ValueError(
            f"image {path} has more than {limit} megapixels; save it smaller (it is reduced to "
            "image_size in any case), or cut it into parts in which defects stay visible"
        ) from None
    except _OtherKind as error:
        raise ValueError(f"image {path} {error}") from None
    except Exception as error:  # damaged files make Pillow raise nearly anything
        if path.suffix.lower() in HEIF:
            remedy = "install the package pillow-heif, which reads HEIC, or save it as JPEG or PNG"
        else:
            remedy = "replace it with an intact copy or delete it"
        raise ValueError(f"cannot read image {path} ({error}); {remedy}") from None


class _OtherKind(Exception):
    """A sound file of a kind that is not read."""


def _check_kind(image: ImageFile.ImageFile) -> None:
    pages = getattr(image, "n_frames", 1)
    if pages > 1 and image.format != "MPO":  # phones keep previews behind the photograph
        raise _OtherKind(f"holds {pages} pictures; save each as a file of its own")
    if image.mode in ("I", "F"):
        raise _OtherKind(
            f"has 32 bits a pixel (mode {image.mode}); save it with 8 bits, or as 16-bit grey"
        )
    if not image.mode.startswith("I") and re.search(r";16[BLN]", str(image.tile)):
        raise _OtherKind(f"has more than 8 bits a channel (mode {image.mode}); save it with 8 bits")
    if image.info.get("compression") == "raw" and image.getexif().get(_ORIENTATION, 1) > 4:
        # Pillow 13 garbles these: it lays the rows out as if they were turned already.
        raise _OtherKind("is an uncompressed TIFF that its EXIF data turn; save it upright")


def _spread(image: Image.Image, grey_range: tuple[int, int]) -> Image.Image:
    low, high = grey_range
    image.load()  # Pillow turns a TIFF file when it loads it
    shares = (np.asarray(image).astype(np.float32) - low) / (high - low)
    grey = Image.fromarray(np.rint(255 * shares.clip(0, 1)).astype(np.uint8))
    grey.info["exif"] = image.getexif().tobytes()
    return grey


def _on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def orientation(path: Path) -> int:
    """EXIF's orientation of a photograph; 1 is upright. Of a PNG file it may lie at the end."""
    with Image.open(path) as image:
        return image.getexif().get(_ORIENTATION, 1)
