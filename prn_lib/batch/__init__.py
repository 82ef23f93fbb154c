"""Every run that the wanted tables need: planned, started, watched, reported.

In comes a request (tables, datasets, seeds); out come its runs' records and the tables. Snakemake
and papermill do the work, by ``workflow/`` of the project. Chapter: "Every table from one command".

For use from Python: ``request.Request``, ``plan.plan``, ``driver.start``. Nothing is imported here,
so that a run of the batch starts at once.
"""
