"""DTD, the Describable Textures Dataset (Cimpoi et al., CVPR 2014): photographs of textures.

``<root>/images/<category>/<category>_0001.jpg``. It holds no product: its images are the foreign
textures of heterologous anomalies (Sec. 3.4), given by the option ``textures``.
"""

from pathlib import Path

import torch

from prn_lib.common.images import SUFFIXES, is_image
from prn_lib.datasets.category import Inventory
from prn_lib.datasets.dataset import Archive, Dataset, Published
from prn_lib.datasets.layouts.pairing import normals_of
from prn_lib.datasets.reading.samples import read_samples
from prn_lib.datasets.sample import Sample

IMAGES_EACH = 120
_NAMES = """
    banded blotchy braided bubbly bumpy chequered cobwebbed cracked crosshatched crystalline dotted
    fibrous flecked freckled frilly gauzy grid grooved honeycombed interlaced knitted lacelike lined
    marbled matted meshed paisley perforated pitted pleated polka-dotted porous potholed scaly
    smeared spiralled sprinkled stained stratified striped studded swirly veined waffled woven
    wrinkled zigzagged
"""


def categories(root: Path) -> list[str]:
    """Names of the kinds of texture: the folders below ``images``."""
    return sorted(path.name for path in (root / "images").glob("*") if path.is_dir())


def scan(root: Path, name: str) -> Inventory:
    """The images of one kind of texture. Raises FileNotFoundError if there is none."""
    folder = root / "images" / name
    troubles: list[str] = []
    images = normals_of(folder, f"images/{name}", troubles)
    return Inventory(normals=images, troubles=tuple(troubles), folders=(folder,))


def read_textures(folder: Path, size: int) -> torch.Tensor:
    """The images in ``folder`` and below, ``(T, 3, size, size)`` uint8, squashed as DRAEM does.

    Kept in the cache; all of DTD at 256 pixels is 1.1 GB. Raises FileNotFoundError if there is no
    image, ValueError, naming the file, for one that cannot be read.
    """
    files = sorted(
        path for path in folder.expanduser().rglob("*") if is_image(path) and path.is_file()
    )
    if not files:
        raise FileNotFoundError(
            f"texture folder {folder} holds no image ({', '.join(SUFFIXES)}); "
            "point textures at the folder of DTD's images, or leave it out for generated textures"
        )
    textures, _ = read_samples([Sample(path.stem, path) for path in files], size)
    return textures


DATASET = Dataset(
    key="dtd",
    title="Describable Textures Dataset (DTD)",
    page="https://www.robots.ox.ac.uk/~vgg/data/dtd/",
    licence="for research purposes only",
    holds="images/",
    categories=categories,
    scan=scan,
    published={name: Published(IMAGES_EACH) for name in _NAMES.split()},  # sizes vary
    split=None,
    archive=Archive(
        name="dtd-r1.0.1.tar.gz",
        size=625_239_812,
        checksum="sha256:e42855a52a4950a3b59612834602aa253914755c95b0cff9ead6d07395f8e205",
        url="https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz",
    ),
)
