"""``python -m prn_lib`` is the command ``prn``."""

import sys

from prn_lib.cli import main

sys.exit(main())
