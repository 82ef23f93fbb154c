"""A trained network as a page: paint a defect, and see what the network says of it.

In comes a finished run; out comes a folder that any web server can hand out, with no program behind
it: the reader's own browser computes. Chapter: "Paint a defect".
"""

from prn_lib.web.folder import write_page
from prn_lib.web.product import Product

__all__ = ["Product", "write_page"]
