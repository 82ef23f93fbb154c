"""Images in: every dataset becomes the same :class:`~prn_lib.datasets.category.Category`.

In come a dataset's name, a category's name and a folder; out comes the category, split by the
general supervised setting (App. A.2). Its images are read, as uint8 tensors, when they are needed.
``layouts`` knows how each dataset lies on disk, ``reading`` decodes files once and keeps the
result, ``archives`` downloads and unpacks, ``annotations`` imports what people drew with other
tools, ``mini`` draws the embedded dataset, ``foregrounds`` tells object from background,
``neighbours`` whether several photographs seem to show one part. Chapters:
"The data and the protocol", "Bring your own product", "Where may an anomaly be?".
"""

from prn_lib.datasets.category import Background, Category, Inventory
from prn_lib.datasets.registry import (
    DATASETS,
    categories,
    find_dataset,
    find_root,
    load_category,
    overview,
)
from prn_lib.datasets.sample import Sample

__all__ = [
    "DATASETS",
    "Background",
    "Category",
    "Inventory",
    "Sample",
    "categories",
    "find_dataset",
    "find_root",
    "load_category",
    "overview",
]
