"""What the book goes on to ask, beyond the paper.

In come records, score maps and masks of finished runs; out come tables. One file a question: what
does choosing on the test set do (``selection``), where do map and label disagree
(``disagreement``), which defects are too small (``defect_sizes``), who owes the loss
(``loss_shares``), what do other conventions make of PRO (``pro_conventions``), how fast is all of
it (``speed``), what does a longer training buy (``budgets``), what becomes of false alarms and
finds when light or camera change (``conditions``).
"""

from prn_lib.studies.disagreement import rank_disagreements
from prn_lib.studies.selection import Watch, read_watches, watch

__all__ = ["Watch", "rank_disagreements", "read_watches", "watch"]
