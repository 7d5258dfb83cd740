"""A run as one page to look at: one file, which asks for nothing else."""

from mockserver.reports.html.page import html_of

__all__ = ["html_of"]
