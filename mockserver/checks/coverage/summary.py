"""Coverage in numbers, for programs: what the admin API answers and `coverage combine --json` writes."""

from __future__ import annotations

from typing import Any

from mockserver.checks.coverage.coverage import Coverage
from mockserver.checks.coverage.items import DIMENSIONS, Count, Missing


def summary(coverage: Coverage, limit: int | None = None) -> dict[str, Any]:
    """`total`, `dimensions` and `apis` by name, each as `touched`, `total` and `percent`; `missing`: what was not
    touched, the most worthwhile first, at most `limit` of it."""
    return {
        "total": _count(coverage.count()),
        "dimensions": _dimensions(coverage, None),
        "apis": {
            name: {"total": _count(coverage.count(name)), "dimensions": _dimensions(coverage, name)}
            for name in coverage.apis
        },
        "missing": [_missing(each) for each in coverage.missing(limit)],
    }


def percent_of(count: Count) -> float:
    """The percentage with two decimals; rounded down, so that 100 means all."""
    return int(count.percent * 100) / 100


def _dimensions(coverage: Coverage, api: str | None) -> dict[str, Any]:
    return {name: _count(count) for name in DIMENSIONS if (count := coverage.count(api, name)).total}


def _count(count: Count) -> dict[str, Any]:
    return {"touched": count.touched, "total": count.total, "percent": percent_of(count)}


def _missing(missing: Missing) -> dict[str, Any]:
    place = missing.place.as_json() if missing.place is not None else None
    return {**missing.item._asdict(), "worth": missing.worth, "why": missing.why, "place": place}
