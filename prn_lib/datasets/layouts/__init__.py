"""How each dataset lies on disk: one file a dataset, each with a ``DATASET`` that knows all of it.

In comes a folder; out comes an :class:`~prn_lib.datasets.category.Inventory`, images paired with
their masks by name. What does not fit is a trouble with a remedy, never passed over in silence. To
add a dataset, write such a file and name it in ``registry.py``.
"""
