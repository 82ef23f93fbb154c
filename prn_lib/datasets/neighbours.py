"""Do photographs taken one after another look alike, as several shots of one part do?

If a part is photographed several times and its shots are divided at random, the test repeats what
was trained on. File names mostly follow the order of the shots. So for each image the one most
similar to it is looked for among all others: is it the one just before or after it?
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image
from sklearn.neighbors import NearestNeighbors

from prn_lib.common.names import natural

SIDE = 32  # of a fingerprint, in pixels
SHUFFLES = 9999
RARE = 1e-3  # shuffled names agree as well in fewer than this share of cases
SHARE = 0.1  # of the images; k shots in a row, all equally alike, give 2 / k: up to 20 a part


def fingerprint(image: Image.Image) -> np.ndarray:
    """The image in grey, small and without its mean: ``(SIDE * SIDE,)`` grey values."""
    small = image.convert("F").resize((SIDE, SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, float).ravel()
    return grey - grey.mean()


def alike_neighbours(names: Sequence[str], fingerprints: Sequence[np.ndarray]) -> int:
    """How many images look most like the one before or after them by name; 0 where it is by chance.

    ``names`` are put in natural order (img2 before img10). In random order the expected number is 2
    at any number of images. More are no chance if at least ``SHARE`` of the images have such a
    neighbour, and fewer than ``RARE`` of the orders shuffled at random give as many. A binomial
    test would be too easily convinced: the nearest is mostly a mutual relation, and some images are
    the nearest of many.
    """
    order = sorted(range(len(names)), key=lambda i: natural(names[i]))
    if len(order) < 3:
        return 0
    vectors = np.stack([fingerprints[i] for i in order])
    nearest = NearestNeighbors(n_neighbors=1).fit(vectors).kneighbors(return_distance=False)[:, 0]

    def count(places: np.ndarray) -> int:
        return int(np.count_nonzero(np.abs(places - places[nearest]) == 1))

    found = count(np.arange(len(order)))
    if found < SHARE * len(order):
        return 0
    generator = np.random.default_rng(0)
    as_many = sum(count(generator.permutation(len(order))) >= found for _ in range(SHUFFLES))
    return found if (1 + as_many) / (1 + SHUFFLES) < RARE else 0
