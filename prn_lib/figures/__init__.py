"""The book's figures.

In come images, records and tables; out come pictures, each with a text for those who cannot see it:
:func:`picture` asks for it.
"""

from prn_lib.figures.attention import (
    attention_table,
    attention_weights,
    show_patches,
    show_weights,
)
from prn_lib.figures.base import Picture, picture, read_picture
from prn_lib.figures.conditions import show_conditions
from prn_lib.figures.data import (
    one_of_each_type,
    show_category,
    show_defect_areas,
    show_split,
)
from prn_lib.figures.decoder import show_decoding
from prn_lib.figures.defect_sizes import show_auroc_by_area, show_scored_maps
from prn_lib.figures.disagreement import show_disagreements, show_map_and_label
from prn_lib.figures.features import show_channels, show_rows
from prn_lib.figures.fusion import show_fusion, show_impulses
from prn_lib.figures.loss_terms import show_loss_terms, show_pixel_losses
from prn_lib.figures.metrics import show_cells, show_curves, show_rivals
from prn_lib.figures.network import show_network
from prn_lib.figures.noise import show_fade, show_lattice
from prn_lib.figures.paper import show_differences, show_doubtful, show_readings, show_words
from prn_lib.figures.plan import show_targets
from prn_lib.figures.prototypes import show_by_count, show_inertias, show_lloyd, show_residual_sizes
from prn_lib.figures.rivals import show_amounts, show_decisions, show_methods, show_quality_and_cost
from prn_lib.figures.runs import (
    show_histogram,
    show_image_scores,
    show_loss,
    show_score_maps,
    show_scored,
)
from prn_lib.figures.saved import saved_pictures
from prn_lib.figures.selection import show_watched
from prn_lib.figures.speed import show_budgets, show_steps
from prn_lib.figures.synthesis import (
    show_anomalies,
    show_extension,
    show_foregrounds,
    show_images,
    show_made,
    show_maps,
    show_seen,
    show_simulation,
    show_tries,
)
from prn_lib.figures.tables import show_effects, show_runs, show_seeds, show_table, show_verdicts

__all__ = [
    "Picture",
    "attention_table",
    "attention_weights",
    "one_of_each_type",
    "picture",
    "read_picture",
    "saved_pictures",
    "show_amounts",
    "show_anomalies",
    "show_auroc_by_area",
    "show_budgets",
    "show_by_count",
    "show_category",
    "show_cells",
    "show_channels",
    "show_conditions",
    "show_curves",
    "show_decisions",
    "show_decoding",
    "show_defect_areas",
    "show_differences",
    "show_disagreements",
    "show_doubtful",
    "show_effects",
    "show_extension",
    "show_fade",
    "show_foregrounds",
    "show_fusion",
    "show_histogram",
    "show_image_scores",
    "show_images",
    "show_impulses",
    "show_inertias",
    "show_lattice",
    "show_lloyd",
    "show_loss",
    "show_loss_terms",
    "show_made",
    "show_map_and_label",
    "show_maps",
    "show_methods",
    "show_network",
    "show_patches",
    "show_pixel_losses",
    "show_quality_and_cost",
    "show_readings",
    "show_residual_sizes",
    "show_rivals",
    "show_rows",
    "show_runs",
    "show_score_maps",
    "show_scored",
    "show_scored_maps",
    "show_seeds",
    "show_seen",
    "show_simulation",
    "show_split",
    "show_steps",
    "show_table",
    "show_targets",
    "show_tries",
    "show_verdicts",
    "show_watched",
    "show_weights",
    "show_words",
]
