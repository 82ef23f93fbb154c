"""A finished run as one page to send to a colleague: no other file, host or script."""

from prn_lib.figures.report.page import PAGE, render, write_report

__all__ = ["PAGE", "render", "write_report"]
