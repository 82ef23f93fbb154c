"""Every run that the wanted tables need: planned, started, watched, reported.

In comes a request (tables, datasets, seeds); out come its runs' records and the tables. Snakemake
and papermill do the work, by ``workflow/`` of the project. Chapter: "Every table from one command".
"""

from prn_lib.batch.estimates import Estimates
from prn_lib.batch.plan import Job
from prn_lib.batch.request import Request

__all__ = ["Estimates", "Job", "Request"]
