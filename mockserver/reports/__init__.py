"""Verdicts for people and for machines. What runs the checks knows nothing of who listens."""
