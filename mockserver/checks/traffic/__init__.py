"""Recorded traffic put to the test: an HTTP Archive (HAR 1.2), its requests and its answers."""

from mockserver.checks.traffic.entries import HarEntry, har_entry
from mockserver.checks.traffic.judging import Traffic, judge_traffic
from mockserver.checks.traffic.reading import HarError, HarFile, read_har

__all__ = ["HarEntry", "HarError", "HarFile", "Traffic", "har_entry", "judge_traffic", "read_har"]
