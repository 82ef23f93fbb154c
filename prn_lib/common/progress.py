"""Progress bars: a widget in a notebook, text in a terminal.

``PRN_PROGRESS=text`` asks for text in notebooks too: a batch then shows the bar of the notebook it
is running, and a published page holds no widget that waits for a kernel.
"""

import os

if os.environ.get("PRN_PROGRESS") == "text":
    from tqdm.std import tqdm
else:
    from tqdm.auto import tqdm

__all__ = ["tqdm"]
